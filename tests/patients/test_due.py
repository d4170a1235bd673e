from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.due import Due, LastCall, due_draws
from patients.models import Patient, Result
from patients.services import correct_result, pause_plan, record_call, set_plan, stop_plan
from tests.cast import ACTOR, Cast, give_draw, make_patient

DAY = dt.date(2026, 3, 2)
WEEK = dt.timedelta(weeks=1)
ONE = dt.timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def due_of(patient: Patient, *, tz: dt.tzinfo = dt.UTC) -> Due | None:
    return due_draws([patient.pk], tz=tz).get(patient.pk)


def the_due(patient: Patient) -> Due:
    due = due_of(patient)
    assert due is not None
    return due


def planned(cast: Cast, *markers: str, starts_on: dt.date = DAY, weeks: int = 6) -> Patient:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=markers or ["CEA"], every_weeks=weeks, starts_on=starts_on)
    return patient


def called(patient: Patient, outcome: str, day: dt.date, **days: Any) -> None:
    at = dt.datetime.combine(day, dt.time(10), tzinfo=dt.UTC)
    record_call(actor=ACTOR, patient_id=patient.pk, outcome=outcome, note="said so", now=at, **days)


# --- by the plan ----------------------------------------------------------------------------------------------------
def test_without_a_plan_nothing_is_due(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, DAY, {"CEA": "3"})
    assert due_of(patient) is None


def test_the_first_draw_is_due_when_the_plan_begins_and_each_next_after_the_last(cast: Cast) -> None:
    patient = planned(cast)
    assert due_of(patient) == Due(patient.pk, 6, DAY, None)
    give_draw(patient, DAY + ONE, {"CEA": "3"})
    assert due_of(patient) == Due(patient.pk, 6, DAY + ONE + 6 * WEEK, DAY + ONE)


def test_a_plan_that_begins_later_is_not_due_before(cast: Cast) -> None:
    patient = planned(cast, starts_on=DAY + 20 * WEEK)
    give_draw(patient, DAY, {"CEA": "3"})
    assert the_due(patient).due_on == DAY + 20 * WEEK


def test_the_day_of_the_last_draw_is_the_clinics(cast: Cast) -> None:
    patient = planned(cast)
    give_draw(patient, dt.datetime(2026, 3, 2, 18, tzinfo=dt.UTC), {"CEA": "3"})
    there = due_of(patient, tz=SHANGHAI)
    assert there is not None
    assert (there.last_draw_on, there.due_on) == (dt.date(2026, 3, 3), dt.date(2026, 4, 14))


def test_a_draw_that_was_taken_back_does_not_put_the_next_one_off(cast: Cast) -> None:
    patient = planned(cast)
    give_draw(patient, DAY, {"CEA": "3"})
    give_draw(patient, DAY + 5 * WEEK, {"CEA": "4"})
    result = Result.objects.latest("pk").pk
    correct_result(actor=ACTOR, result_id=result, new=None, status="entered-in-error", reason="other patient")
    assert due_of(patient) == Due(patient.pk, 6, DAY + 6 * WEEK, DAY)


@pytest.mark.parametrize(
    ("today", "late", "overdue", "due"),
    [
        (DAY - 8 * ONE, -8, False, False),
        (DAY - 7 * ONE, -7, False, True),
        (DAY, 0, False, True),
        (DAY + ONE, 1, True, False),
    ],
)
def test_a_draw_is_due_for_seven_days_and_its_own_and_late_from_the_next(
    today: dt.date, late: int, overdue: bool, due: bool
) -> None:
    one = Due(1, 6, DAY, None)
    assert (one.days_overdue(today), one.is_overdue(today), one.is_due(today)) == (late, overdue, due)


# --- by the panel ---------------------------------------------------------------------------------------------------
def test_a_draw_without_a_planned_marker_does_not_put_it_off_and_the_marker_is_named(cast: Cast) -> None:
    patient = planned(cast, "CEA", "NSE", "ALP")
    give_draw(patient, DAY, {"CEA": "3", "NSE": "10", "ALP": "80"})
    give_draw(patient, DAY + 5 * WEEK, {"CEA": "3", "ALP": "80"})
    due = the_due(patient)
    assert (due.due_on, due.last_draw_on) == (DAY + 6 * WEEK, DAY + 5 * WEEK)
    assert due.panel_missing == ("NSE",)
    give_draw(patient, DAY + 6 * WEEK, {"NSE": "10"})
    assert (the_due(patient).due_on, the_due(patient).panel_missing) == (DAY + 11 * WEEK, ())


def test_a_marker_that_was_never_measured_is_due_since_the_plan_began(cast: Cast) -> None:
    patient = planned(cast, "CEA", "NSE", starts_on=DAY)
    give_draw(patient, DAY + WEEK, {"CEA": "3"})
    assert the_due(patient) == Due(patient.pk, 6, DAY, DAY + WEEK, panel_missing=("NSE",))


def test_a_draw_of_other_markers_alone_puts_nothing_off(cast: Cast) -> None:
    patient = planned(cast, "CEA")
    give_draw(patient, DAY, {"CEA": "3"})
    give_draw(patient, DAY + 3 * WEEK, {"CA": "2.3"})
    assert the_due(patient) == Due(patient.pk, 6, DAY + 6 * WEEK, DAY + 3 * WEEK, panel_missing=("CEA",))


def test_a_panel_drawn_in_two_parts_within_a_week_lacks_nothing(cast: Cast) -> None:
    patient = planned(cast, "CEA", "NSE")
    give_draw(patient, DAY, {"CEA": "3"})
    give_draw(patient, DAY + WEEK, {"NSE": "10"})
    assert (the_due(patient).due_on, the_due(patient).panel_missing) == (DAY + 6 * WEEK, ())
    give_draw(patient, DAY + WEEK + ONE, {"NSE": "10"})
    assert the_due(patient).panel_missing == ("CEA",)


def test_of_a_weekly_plan_the_week_before_is_another_round(cast: Cast) -> None:
    patient = planned(cast, "CEA", "NSE", weeks=1)
    give_draw(patient, DAY, {"CEA": "3", "NSE": "10"})
    give_draw(patient, DAY + WEEK, {"CEA": "3"})
    assert (the_due(patient).due_on, the_due(patient).panel_missing) == (DAY + WEEK, ("NSE",))


def test_a_planned_marker_that_is_computed_asks_for_what_it_is_computed_from(cast: Cast) -> None:
    patient = planned(cast, "NLR")
    give_draw(patient, DAY, {"NEUT": "4"})
    assert the_due(patient).panel_missing == ("LYMPH",)
    give_draw(patient, DAY, {"LYMPH": "2"}, laboratory="Ward")
    assert the_due(patient) == Due(patient.pk, 6, DAY + 6 * WEEK, DAY)


# --- pause, stop and calls ------------------------------------------------------------------------------------------
def test_a_paused_plan_is_due_again_on_the_day_the_pause_ends(cast: Cast) -> None:
    patient = planned(cast)
    give_draw(patient, DAY, {"CEA": "3"})
    until = DAY + 10 * WEEK
    pause_plan(actor=ACTOR, patient_id=patient.pk, until=until, reason="abroad", today=DAY)
    due = the_due(patient)
    assert (due.due_on, due.is_paused(until - ONE), due.is_paused(until)) == (until, True, False)
    assert [due.is_overdue(day) for day in (until, until + ONE)] == [False, True]


def test_a_stopped_plan_asks_for_nothing(cast: Cast) -> None:
    patient = planned(cast)
    stop_plan(actor=ACTOR, patient_id=patient.pk, reason="treatment ended")
    assert due_of(patient) is None


def test_a_promised_day_keeps_a_draw_from_being_late_until_it_has_passed(cast: Cast) -> None:
    patient = planned(cast)
    promised = DAY + 2 * WEEK
    called(patient, "will_come", DAY + WEEK, comes_on=promised)
    due = the_due(patient)
    assert due.call == LastCall(outcome="will_come", called_on=DAY + WEEK, comes_on=promised)
    assert [due.is_overdue(day) for day in (DAY + WEEK, promised, promised + ONE)] == [False, False, True]
    assert [due.is_due(day) for day in (promised - 8 * ONE, promised - 7 * ONE, promised)] == [False, True, True]
    assert [due.days_overdue(day) for day in (promised, promised + ONE)] == [0, 15]  # counted from the due day


def test_a_promise_to_come_early_makes_nothing_late(cast: Cast) -> None:
    patient = planned(cast)
    called(patient, "will_come", DAY - 6 * ONE, comes_on=DAY - 3 * ONE)
    assert [the_due(patient).is_overdue(day) for day in (DAY - ONE, DAY, DAY + ONE)] == [False, False, True]


def test_the_last_call_counts_so_that_no_answer_ends_the_silence_of_a_promise(cast: Cast) -> None:
    patient = planned(cast)
    called(patient, "will_come", DAY + WEEK, comes_on=DAY + 3 * WEEK)
    called(patient, "no_answer", DAY + WEEK + ONE, call_again_on=DAY + 2 * WEEK)
    due = the_due(patient)
    assert due.call == LastCall(outcome="no_answer", called_on=DAY + WEEK + ONE, call_again_on=DAY + 2 * WEEK)
    assert (due.promised_on, due.is_overdue(DAY + 2 * WEEK)) == (None, True)


def test_the_whole_panel_answers_the_calls_before_it(cast: Cast) -> None:
    patient = planned(cast)
    called(patient, "will_come", DAY + WEEK, comes_on=DAY + 2 * WEEK)
    give_draw(patient, DAY + WEEK, {"CEA": "3"})
    assert the_due(patient) == Due(patient.pk, 6, DAY + 7 * WEEK, DAY + WEEK)


def test_a_draw_of_part_of_the_panel_leaves_a_promise_for_a_later_day_standing(cast: Cast) -> None:
    patient = planned(cast)
    called(patient, "will_come", DAY + WEEK, comes_on=DAY + 2 * WEEK)
    give_draw(patient, DAY + WEEK + ONE, {"CA": "2.3"})
    assert the_due(patient).promised_on == DAY + 2 * WEEK
    give_draw(patient, DAY + 2 * WEEK, {"CA": "2.3"})
    assert the_due(patient).call is None


# --- cost -----------------------------------------------------------------------------------------------------------
def queries(patients: list[Patient]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        due_draws([patient.pk for patient in patients], tz=dt.UTC)
    return len(asked)


def test_fifty_patients_cost_as_many_queries_as_one(cast: Cast) -> None:
    patients = [planned(cast, "CEA", "NSE") for _ in range(50)]
    for patient in patients:
        give_draw(patient, DAY, {"CEA": "3"})
        called(patient, "no_answer", DAY + WEEK)
    assert (queries(patients[:1]), queries(patients)) == (3, 3)
    assert len(due_draws([patient.pk for patient in patients], tz=dt.UTC)) == 50
