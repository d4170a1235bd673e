"""Of whom nothing came, one day either side of each limit."""

from __future__ import annotations

import datetime as dt

import pytest

from patients.models import Patient, ResultStatus
from patients.services import correct_result, pause_plan, record_call, set_plan, stop_plan
from patients.silence import months_later, silent_patients
from tests.cast import ACTOR, Cast, give_draw, make_patient

TODAY = dt.date(2025, 9, 1)
ONE = dt.timedelta(days=1)
LONG_AGO = dt.date(2024, 1, 1)


def silent(patient: Patient, *, today: dt.date = TODAY) -> bool:
    return patient.pk in silent_patients(Patient.objects.all(), today=today, tz=dt.UTC)


def plan(patient: Patient, *, starts_on: dt.date = LONG_AGO, markers: tuple[str, ...] = ("CEA",)) -> None:
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=list(markers), every_weeks=4, starts_on=starts_on)


@pytest.mark.parametrize(("days", "expected"), [(28, False), (29, True)])
def test_with_a_plan_it_is_longer_than_its_interval(cast: Cast, days: int, expected: bool) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, TODAY - days * ONE, {"CEA": "2.0"})
    plan(patient)
    assert silent(patient) is expected


def test_without_a_plan_it_is_more_than_six_months(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2025, 2, 28), {"CEA": "2.0"})
    assert silent(patient, today=dt.date(2025, 8, 28)) is False
    assert silent(patient, today=dt.date(2025, 8, 29)) is True


@pytest.mark.parametrize(("after", "expected"), [(0, False), (1, True)])
def test_a_patient_of_whom_nothing_ever_came_is_silent_half_a_year_after_the_record_was_made(
    cast: Cast, after: int, expected: bool
) -> None:
    patient = make_patient(cast.team)
    Patient.objects.filter(pk=patient.pk).update(created_at=dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC))
    assert silent(patient, today=dt.date(2025, 9, 1) + after * ONE) is expected


@pytest.mark.parametrize(("after", "expected"), [(0, False), (1, True)])
def test_before_the_first_draw_the_plan_says_from_when_it_is_missed(cast: Cast, after: int, expected: bool) -> None:
    patient = make_patient(cast.team)
    plan(patient, starts_on=TODAY - after * ONE)
    assert silent(patient) is expected


def test_a_promise_ends_no_silence_and_any_value_does(cast: Cast) -> None:
    """The other way round than overdue."""
    promised = make_patient(cast.team)
    give_draw(promised, TODAY - 40 * ONE, {"CEA": "2.0"})
    plan(promised)
    now = dt.datetime.combine(TODAY - ONE, dt.time(9), tzinfo=dt.UTC)
    record_call(actor=ACTOR, patient_id=promised.pk, outcome="will_come", comes_on=TODAY + 5 * ONE, now=now)
    incomplete = make_patient(cast.team)
    give_draw(incomplete, TODAY - 5 * ONE, {"CEA": "2.0"})
    plan(incomplete, markers=("CEA", "NSE"))
    assert (silent(promised), silent(incomplete)) == (True, False)


def test_a_pause_is_kept_to_its_last_day(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, TODAY - 90 * ONE, {"CEA": "2.0"})
    plan(patient)
    until = TODAY + 7 * ONE
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=until, reason="abroad", today=TODAY)
    assert (silent(patient), silent(patient, today=until), silent(patient, today=until + ONE)) == (False, False, True)


def test_a_plan_that_was_stopped_leaves_the_half_year(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, TODAY - 40 * ONE, {"CEA": "2.0"})
    plan(patient)
    assert silent(patient) is True
    stop_plan(actor=ACTOR, patient_id=patient.pk, reason="elsewhere", today=TODAY)
    assert silent(patient) is False


def test_a_draw_without_a_number_is_nothing_that_came(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, TODAY - 40 * ONE, {"CEA": "2.0"})
    plan(patient)
    draw = give_draw(patient, TODAY - 2 * ONE, {"CEA": "2.1"})
    assert silent(patient) is False
    correct_result(
        actor=ACTOR, result_id=draw.created[0], new=None, status=ResultStatus.ENTERED_IN_ERROR, reason="not hers"
    )
    assert silent(patient) is True


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (dt.date(2025, 3, 1), dt.date(2025, 9, 1)),
        (dt.date(2025, 8, 31), dt.date(2026, 2, 28)),
        (dt.date(2023, 8, 31), dt.date(2024, 2, 29)),
        (dt.date(2025, 6, 30), dt.date(2025, 12, 30)),
    ],
)
def test_half_a_year_later_is_the_same_day_or_the_last_of_the_month(day: dt.date, later: dt.date) -> None:
    assert months_later(day, 6) == later
