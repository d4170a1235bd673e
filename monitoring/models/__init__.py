"""Conclusions: one file a noun."""

from __future__ import annotations

from monitoring.models.alerts import (
    HANDED_OVER,
    OPEN_STATES,
    RESTATED,
    SNOOZED,
    UNSNOOZED,
    WOKEN,
    Alert,
    AlertEvent,
    AlertState,
    Outcome,
)
from monitoring.models.conclusions import Evaluation, EvaluationMark, Level, Trend
from monitoring.models.incidents import Incident, Pulse
from monitoring.models.notes import Mention, Note, NoteVersion
from monitoring.models.notifications import (
    ALERT_KINDS,
    INCIDENT_KINDS,
    ONCE_KINDS,
    Bounce,
    DeliveryState,
    Notification,
    NotificationKind,
)
from monitoring.models.telling import (
    AlertHow,
    Audience,
    Escalation,
    EscalationCause,
    LadderStep,
    TellingSettings,
    WatchHow,
)
from monitoring.models.worklist import NEVER, Reading, WorklistPlace

__all__ = [
    "ALERT_KINDS",
    "HANDED_OVER",
    "INCIDENT_KINDS",
    "NEVER",
    "ONCE_KINDS",
    "OPEN_STATES",
    "RESTATED",
    "SNOOZED",
    "UNSNOOZED",
    "WOKEN",
    "Alert",
    "AlertEvent",
    "AlertHow",
    "AlertState",
    "Audience",
    "Bounce",
    "DeliveryState",
    "Escalation",
    "EscalationCause",
    "Evaluation",
    "EvaluationMark",
    "Incident",
    "LadderStep",
    "Level",
    "Mention",
    "Note",
    "NoteVersion",
    "Notification",
    "NotificationKind",
    "Outcome",
    "Pulse",
    "Reading",
    "TellingSettings",
    "Trend",
    "WatchHow",
    "WorklistPlace",
]
