"""Patients whose markers rise, stay calm or fall back, for the tests of what follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from accounts.models import Team
from monitoring.models import Alert, AlertEvent, AlertState, EvaluationMark, Outcome
from monitoring.services import EvaluationSummary, evaluate
from patients.models import Patient, Result, ResultStatus
from patients.services import correct_result
from tests.cast import ACTOR, give_draw, make_patient, reading

FIRST_DRAW = dt.date(2025, 1, 6)
EVERY = dt.timedelta(days=42)
NOW = dt.datetime(2025, 9, 1, 12, tzinfo=dt.UTC)
CALM = ("2.0", "2.1", "1.9", "2.0", "2.1")
RISING = ("2.0", "2.1", "1.9", "2.0", "4.5", "6.0")  # CEA: a watch at the fifth draw, an alert at the sixth
LOW = "2.0"
NOTHING_ELSE: Mapping[str, str] = {}


def day(draw: int) -> dt.date:
    """The day of the draw of this number, counted from 0."""
    return FIRST_DRAW + draw * EVERY


def patient_with(
    team: Team, values: Sequence[str] = RISING, *, name: str = "Zhuo Quibble", also: Mapping[str, str] = NOTHING_ELSE
) -> Patient:
    """One draw of CEA a value, with `also` the same other markers at each."""
    patient = make_patient(team, name=name)
    for at, value in enumerate(values):
        give_draw(patient, day(at), {"CEA": value, **also})
    return patient


def run(*patients: Patient, now: dt.datetime = NOW) -> EvaluationSummary:
    return evaluate(patient_ids=[patient.pk for patient in patients], now=now)


def result_of(patient: Patient, draw: int, marker: str = "CEA") -> Result:
    """The current version of a result."""
    return Result.objects.current().get(draw__patient=patient, draw__collected_at__date=day(draw), marker_id=marker)


def correct(patient: Patient, draw: int, value: str | None, *, marker: str = "CEA") -> Result:
    """Correct a value, or with None take it back."""
    return correct_result(
        actor=ACTOR,
        result_id=result_of(patient, draw, marker).pk,
        new=None if value is None else reading(marker, value),
        status=ResultStatus.CORRECTED if value is not None else ResultStatus.ENTERED_IN_ERROR,
        reason="typed wrongly",
    )


def the_alert(patient: Patient) -> Alert:
    return Alert.objects.get(patient=patient)


def history(alert: Alert) -> list[tuple[str, str]]:
    return list(alert.events.values_list("old_state", "new_state"))


def close(alert: Alert, *, at: dt.datetime) -> None:
    """As closing an alert writes it, in a moment of the test's choice."""
    AlertEvent.objects.create(alert=alert, at=at, actor=ACTOR, old_state=alert.state, new_state=AlertState.CLOSED)
    Alert.objects.filter(pk=alert.pk).update(state=AlertState.CLOSED, outcome=Outcome.NOTHING_FOUND)


def marked(patient: Patient) -> bool:
    return EvaluationMark.objects.filter(patient=patient).exists()
