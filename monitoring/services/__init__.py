"""The only writers of conclusions: each a named function with its audit event inside."""

from __future__ import annotations

from monitoring.keepers import keepers_of
from monitoring.services.answers import acknowledge_alert, close_alert, request_imaging, request_repeat
from monitoring.services.evaluate import EvaluationSummary, evaluate, sweep
from monitoring.services.keeping import hand_over_alert, snooze_alert, wake_alert
from monitoring.services.marks import due_patients, hold_nudges, mark, mark_everybody, mark_outdated, nudge
from monitoring.services.notes import (
    LONGEST_NOTE,
    LONGEST_REASON,
    amend_note,
    read_mention,
    take_back_note,
    write_note,
)
from monitoring.services.places import fill_missing_places, restate_everybody, restate_once, restate_places
from monitoring.services.status import PipelineStatus, pipeline_status
from monitoring.services.steps import LONGEST_COMMENT

__all__ = [
    "LONGEST_COMMENT",
    "LONGEST_NOTE",
    "LONGEST_REASON",
    "EvaluationSummary",
    "PipelineStatus",
    "acknowledge_alert",
    "amend_note",
    "close_alert",
    "due_patients",
    "evaluate",
    "fill_missing_places",
    "hand_over_alert",
    "hold_nudges",
    "keepers_of",
    "mark",
    "mark_everybody",
    "mark_outdated",
    "nudge",
    "pipeline_status",
    "read_mention",
    "request_imaging",
    "request_repeat",
    "restate_everybody",
    "restate_once",
    "restate_places",
    "snooze_alert",
    "sweep",
    "take_back_note",
    "wake_alert",
    "write_note",
]
