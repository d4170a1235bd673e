"""Alerts at any stage and version, in patients who were watched for a known time, for the tests of the scorecard.

What a person does with an alert goes through the services; what the engine wrote is written as it writes it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.models import Team, User
from monitoring.models import Alert, AlertEvent, Evaluation
from monitoring.scorecard import AlertFacts
from monitoring.services import acknowledge_alert, close_alert, request_repeat
from patients.models import Patient
from patients.services import record_imaging
from tests.cast import ACTOR, give_draw, make_patient

NOW = dt.datetime(2025, 9, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
FIRST = NOW - 400 * DAY
VERSION = "2.0.0+aaaaaaaa"
NEWER = "2.1.0+bbbbbbbb"


def facts(alert: int = 1, **said: Any) -> AlertFacts:
    """An alert that nobody answered for a day, raised by VERSION in a watched patient."""
    given: dict[str, Any] = {
        "patient": 1,
        "version": VERSION,
        "day": dt.date(2025, 6, 2),
        "fresh": True,
        "waited_hours": 24.0,
        "answered": False,
        "repeat": "",
        "stage": "standing",
        "outcome": "",
        "imaged": False,
        "lead_days": None,
    }
    return AlertFacts(alert=alert, **{**given, **said})


def shown(alert: int, *, lead: int = 30, **said: Any) -> AlertFacts:
    """One that a scan showed to be bone metastasis."""
    closed = {"stage": "closed", "outcome": "bone_metastasis", "imaged": True, "lead_days": lead, "answered": True}
    return facts(alert, **{**closed, **said})


def read(patient: Patient, at: dt.datetime, version: str = VERSION) -> Evaluation:
    return Evaluation.objects.create(patient=patient, at=at, engine_version=version, level="none")


def watched(
    team: Team, *, first: dt.datetime = FIRST, last: dt.datetime = NOW - DAY, synthetic: bool = False
) -> Patient:
    """A patient evaluated since `first`, whose last draw was at `last`."""
    patient = make_patient(team)
    Patient.objects.filter(pk=patient.pk).update(is_synthetic=synthetic)
    give_draw(patient, last, {"CEA": "2.0"})
    read(patient, first)
    return patient


def raised(patient: Patient, at: dt.datetime, *, version: str = VERSION) -> Alert:
    """As an evaluation raises it; a draw of that day stands behind it."""
    give_draw(patient, at - HOUR, {"CEA": "9.0"})
    reading = Evaluation.objects.create(patient=patient, at=at, engine_version=version, level="alert")
    alert = Alert.objects.create(patient=patient, evaluation=reading, markers=["CEA"], raised_at=at)
    move(alert, "open", at=at, evaluation=reading)
    return alert


def move(alert: Alert, to: str, *, at: dt.datetime, evaluation: Evaluation | None = None, **said: Any) -> None:
    """A step that the engine takes: it names its evaluation."""
    by = evaluation or Evaluation.objects.create(
        patient=alert.patient, at=at, engine_version=alert.evaluation.engine_version, level="alert"
    )
    alert.refresh_from_db()
    old = "" if not alert.events.exists() else alert.state
    AlertEvent.objects.create(
        alert=alert, at=at, actor="task:evaluate", old_state=old, new_state=to, evaluation=by, **said
    )
    Alert.objects.filter(pk=alert.pk).update(state=to)
    alert.refresh_from_db()


def seen_of(alert: Alert) -> int:
    return AlertEvent.objects.filter(alert=alert).latest("pk").pk


def acknowledged(alert: Alert, user: User, *, at: dt.datetime) -> Alert:
    acknowledge_alert(actor=user.audit_name, user=user, alert_id=alert.pk, comment="seen", now=at)
    return alert


def repeat_said(alert: Alert, user: User, verdict: str, *, at: dt.datetime) -> Alert:
    """A repeat is asked for, and a later draw says `verdict`; '' where it has not come."""
    request_repeat(
        actor=user.audit_name,
        user=user,
        alert_id=alert.pk,
        seen=seen_of(alert),
        due_on=at.date() + 14 * DAY,
        now=at,
    )
    if verdict:
        move(alert, verdict, at=at + 10 * DAY)
    return alert


def closed(
    alert: Alert, user: User, outcome: str, *, at: dt.datetime, scan: dt.date | None = None, finding: str = ""
) -> Alert:
    study = (
        record_imaging(
            actor=ACTOR,
            patient_id=alert.patient_id,
            performed_on=scan,
            modality="mri",
            finding=finding or ("bone_metastasis" if outcome == "bone_metastasis" else "none"),
        )
        if scan
        else None
    )
    close_alert(
        actor=user.audit_name,
        user=user,
        alert_id=alert.pk,
        seen=seen_of(alert),
        outcome=outcome,
        study_id=study.pk if study else None,
        comment="seen on the scan",
        now=at,
    )
    return alert


def busy_clinic(team: Team, user: User, *, now: dt.datetime) -> list[Alert]:
    """24 patients over two versions with an alert each, at every stage: enough for all figures of all together.

    14 closed with a scan (7 bone metastasis, 2 other progression, 5 nothing found), 2 without, 2 withdrawn, 6 standing.
    """
    alerts = []
    for at in range(24):
        patient = watched(team, first=now - (700 - at) * DAY, last=now - (5 + at) * DAY, synthetic=True)
        version = NEWER if at % 3 else VERSION
        on = now - (300 - 10 * at) * DAY
        if version == NEWER:
            read(patient, on - 60 * DAY, NEWER)
        alert = raised(patient, on, version=version)
        alerts.append(alert)
        if at < 18:
            acknowledged(alert, user, at=on + (1 + at * at / 3) * HOUR)
        if at < 13:
            repeat_said(alert, user, "not_confirmed" if at % 4 == 3 else "confirmed", at=on + 7 * DAY)
        scan = (on + (30 * at - 20) * DAY).date() if at < 7 else (on + 20 * DAY).date()
        outcome = ["bone_metastasis"] * 7 + ["other_progression"] * 2 + ["nothing_found"] * 5 + ["benign"] * 2
        if at < 16:
            closed(alert, user, outcome[at], at=now - (17 - at) * HOUR, scan=scan if at < 14 else None)
        if at in {18, 19}:
            move(alert, "withdrawn", at=on + 2 * DAY)
    return alerts
