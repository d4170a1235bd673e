"""Alerts in any state and each step with them, for the tests of the loop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from accounts.models import User
from audit.models import AuditEvent
from monitoring.models import Alert, AlertEvent, Evaluation
from monitoring.services import (
    acknowledge_alert,
    close_alert,
    hand_over_alert,
    request_imaging,
    request_repeat,
    restate_places,
    snooze_alert,
    wake_alert,
)
from patients.models import ImagingStudy, Patient
from patients.services import record_imaging
from tests.cast import ACTOR
from tests.monitoring.scenes import NOW

TODAY = NOW.date()
ONE = dt.timedelta(days=1)
HALF_A_YEAR = dt.timedelta(days=180)
# What the database wants of an alert in that state.
FACTS: dict[str, dict[str, Any]] = {
    "repeat_requested": {"due_on": TODAY, "asked_at": NOW},
    "imaging_requested": {"modality": "mri", "asked_at": NOW},
    "closed": {"outcome": "nothing_found"},
}
Step = Callable[..., Alert]
# Each step of a person as it would be taken, what it needs said, and where it leads ('' where the state stays).
STEPS: dict[str, tuple[Step, dict[str, Any], str]] = {
    "acknowledge": (acknowledge_alert, {"comment": "CT ordered"}, "acknowledged"),
    "repeat": (request_repeat, {"due_on": TODAY + 14 * ONE}, "repeat_requested"),
    "imaging": (request_imaging, {"modality": "mri"}, "imaging_requested"),
    "close": (close_alert, {"outcome": "benign", "comment": "a rib fracture"}, "closed"),
    "snooze": (snooze_alert, {"until": TODAY + 7 * ONE, "comment": "abroad"}, ""),
    "wake": (wake_alert, {}, ""),
    "hand_over": (hand_over_alert, {"owner_id": None, "comment": "please call"}, ""),
}


def alert_in(patient: Patient, state: str = "open", **facts: Any) -> Alert:
    """An alert that stands where the test begins, as the engine raised it, with nobody's."""
    reading = Evaluation.objects.create(patient=patient, at=NOW, engine_version="1", level="alert")
    alert = Alert.objects.create(
        patient=patient,
        evaluation=reading,
        state=state,
        markers=["CEA"],
        raised_at=NOW,
        **{**FACTS.get(state, {}), **facts},
    )
    AlertEvent.objects.create(alert=alert, at=NOW, actor="task:evaluate", new_state=state, evaluation=reading)
    restate_places([patient.pk])
    return alert


def seen_of(alert: Alert) -> int:
    return AlertEvent.objects.filter(alert=alert).latest("pk").pk


def take(name: str, alert: Alert, user: User, **said: Any) -> Alert:
    step, facts, _to = STEPS[name]
    given = {"seen": seen_of(alert), "now": NOW, **facts, **said}
    return step(actor=user.audit_name, user=user, alert_id=alert.pk, **given)


def scan(patient: Patient, finding: str = "bone_metastasis", *, on: dt.date = TODAY) -> ImagingStudy:
    return record_imaging(actor=ACTOR, patient_id=patient.pk, performed_on=on, modality="mri", finding=finding)


def rows() -> list[Any]:
    return [list(table._default_manager.order_by("pk").values()) for table in (Alert, AlertEvent, AuditEvent)]
