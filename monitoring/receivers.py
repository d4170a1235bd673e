"""Where the record meets the conclusions: each change of what is known asks for a new evaluation."""

from __future__ import annotations

from collections.abc import Collection

from monitoring.services.marks import mark, nudge


def mark_for_evaluation(sender: object, *, patient_ids: Collection[int], reason: str, **_signal: object) -> None:
    """Marks in the sender's transaction, so that a change and its mark are committed together or not at all."""
    mark(patient_ids, reason=reason)
    nudge(patient_ids)
