"""The one signal of the record. The record knows no one; who draws conclusions from it listens here.

Receivers: `monitoring.receivers.mark_for_evaluation` (writes the mark in the sender's transaction).
"""

from __future__ import annotations

from django.dispatch import Signal

# Sent INSIDE the transaction of the write, with `patient_ids: tuple[int, ...]` and `reason: str`.
results_changed = Signal()
