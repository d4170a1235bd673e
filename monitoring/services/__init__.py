"""The only writers of conclusions: each a named function with its audit event inside."""

from __future__ import annotations

from monitoring.services.answers import LONGEST_COMMENT, acknowledge_alert
from monitoring.services.evaluate import EvaluationSummary, evaluate, sweep
from monitoring.services.marks import due_patients, hold_nudges, mark, mark_everybody, mark_outdated, nudge
from monitoring.services.status import PipelineStatus, pipeline_status

__all__ = [
    "LONGEST_COMMENT",
    "EvaluationSummary",
    "PipelineStatus",
    "acknowledge_alert",
    "due_patients",
    "evaluate",
    "hold_nudges",
    "mark",
    "mark_everybody",
    "mark_outdated",
    "nudge",
    "pipeline_status",
    "sweep",
]
