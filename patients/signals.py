"""The signals of the record. The record knows no one; who draws conclusions from it listens here.

Receivers, in `monitoring.receivers`: `mark_for_evaluation` (writes the mark in the sender's transaction) and
`restate_place` (where the patient stands on the worklist, in the same transaction).
"""

from __future__ import annotations

from django.dispatch import Signal

# Sent INSIDE the transaction of the write, with `patient_ids: tuple[int, ...]` and `reason: str`.
results_changed = Signal()

# Sent INSIDE the transaction too, with `patient_ids`: nothing to evaluate anew, but somebody is new on the record, or
# is waited for on another day (a plan, a call).
follow_up_changed = Signal()
