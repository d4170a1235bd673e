from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from monitoring.models import EvaluationMark, Trend
from monitoring.services import acknowledge_alert
from monitoring.worklist import WorklistRow, worklist
from monitoring.worklist_filters import Filters, read_filters
from patients.models import Patient
from patients.services import (
    pause_plan,
    record_call,
    record_imaging,
    record_treatment,
    set_plan,
    stop_plan,
)
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.scenes import CALM, FIRST_DRAW, NOW, RISING, day, patient_with, run, the_alert

SPIKE = (*CALM, "4.5")  # one draw beyond what was expected: to watch


def only(cast: Cast, show: str) -> Filters:
    """As the short form in an address asks."""
    return read_filters(QueryDict(f"show={show}"), teams=[cast.team])


def rows(cast: Cast, *, show: str = "", query: str = "") -> list[WorklistRow]:
    return list(worklist(cast.clinician, now=NOW, filters=only(cast, show), query=query).rows)


def test_patients_stand_by_concern_and_then_by_the_age_of_the_alert(cast: Cast) -> None:
    calm = patient_with(cast.team, CALM, name="Calm")
    fresh = patient_with(cast.team, CALM, name="Fresh")
    watch = patient_with(cast.team, SPIKE, name="Watch")
    answered = patient_with(cast.team, RISING, name="Answered")
    newer = patient_with(cast.team, RISING, name="Newer")
    older = patient_with(cast.team, RISING, name="Older")
    run(older, now=NOW - dt.timedelta(days=3))
    run(calm, watch, answered, newer)
    acknowledge_alert(
        actor=ACTOR, user=cast.clinician, alert_id=the_alert(answered).pk, comment="CT asked for", now=NOW
    )
    assert [(row.name, row.level) for row in rows(cast)] == [
        ("Older", "alert"),
        ("Newer", "alert"),
        ("Answered", "alert"),
        ("Watch", "watch"),
        ("Fresh", ""),
        ("Calm", "none"),
    ]
    assert fresh.pk == rows(cast)[4].patient_id


def test_a_row_says_what_rises_since_when_and_how_strong(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING)
    record_imaging(actor=ACTOR, patient_id=patient.pk, performed_on=dt.date(2025, 7, 1), modality="ct", finding="none")
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=2, starts_on=FIRST_DRAW)
    run(patient)
    (row,) = rows(cast)
    (cell,) = row.markers
    assert (cell.short_name, cell.value, cell.unit, cell.flag, cell.moved) == ("CEA", "6.0", "ng/mL", "H", True)
    assert cell.since == day(4)
    assert cell.change.startswith("+")
    assert len(cell.spark.dots) == 6
    assert (row.alert_state, row.alert_age, row.number[:2]) == ("open", "today", "T-")
    assert (row.last_draw_on, row.due, row.overdue) == (day(5), "overdue by 14 days", True)
    assert row.imaging is not None
    assert (row.imaging.modality, row.imaging.label) == ("CT", "no bone metastasis seen")


def test_across_a_change_of_assay_a_row_says_so_in_place_of_a_percentage(cast: Cast) -> None:
    patient = make_patient(cast.team)
    for at, value in enumerate(RISING):
        give_draw(patient, day(at), {"CEA": value}, laboratory="North" if at < 4 else "South")
    give_draw(patient, day(6), {"CEA": "14"}, laboratory="South")
    give_draw(patient, day(7), {"CEA": "30"}, laboratory="South")
    run(patient)
    (row,) = rows(cast)
    assert [(cell.value, cell.change) for cell in row.markers] == [("30", "assay changed")]


def test_who_is_being_evaluated_is_never_called_calm(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    run(patient)
    assert rows(cast)[0].level == "none"
    give_draw(patient, day(6), {"CEA": "9.9"})
    (row,) = rows(cast)
    assert row.level == ""
    assert row.pending_since == EvaluationMark.objects.get(patient=patient).marked_at
    assert row.markers[0].value == "9.9"


def test_a_patient_without_results_has_a_row_that_says_nothing_it_does_not_know(cast: Cast) -> None:
    make_patient(cast.team)
    (row,) = rows(cast)
    assert (row.level, row.markers, row.last_draw, row.due, row.imaging) == ("", (), "", "", None)


def test_counts_are_those_of_the_viewers_teams_and_filters_show_what_they_count(cast: Cast) -> None:
    alert, watch = patient_with(cast.team, RISING), patient_with(cast.team, SPIKE)
    late = patient_with(cast.team, CALM)
    theirs = patient_with(cast.other_team, RISING)
    set_plan(actor=ACTOR, patient_id=late.pk, markers=["CEA"], every_weeks=2, starts_on=FIRST_DRAW)
    run(alert, watch, late, theirs)
    counts = worklist(cast.clinician, now=NOW).counts
    assert (counts.alerts, counts.watch, counts.overdue, counts.patients) == (1, 1, 1, 3)
    shown = {show: [row.patient_id for row in rows(cast, show=show)] for show in ("alerts", "watch", "overdue")}
    assert shown == {"alerts": [alert.pk], "watch": [watch.pk], "overdue": [late.pk]}


def test_the_search_finds_by_name_and_by_number_within_the_teams(cast: Cast) -> None:
    make_patient(cast.team, name="Wang Meili", number="A-77")
    make_patient(cast.team, name="Zhuo Quibble", number="B-12")
    make_patient(cast.other_team, name="Wang Other", number="A-78")
    assert [row.name for row in rows(cast, query="wang")] == ["Wang Meili"]
    assert [row.name for row in rows(cast, query="b-1")] == ["Zhuo Quibble"]
    assert rows(cast, query="nobody") == []


def test_pages_hold_so_many_rows_and_a_page_too_far_is_the_last(cast: Cast) -> None:
    for at in range(5):
        make_patient(cast.team, name=f"Person {at}")
    found = worklist(cast.clinician, now=NOW, page=9, page_size=2)
    assert (found.page, found.pages, [row.name for row in found.rows]) == (3, 3, ["Person 4"])


def queries(cast: Cast, *, show: str = "") -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        worklist(cast.clinician, now=NOW, filters=only(cast, show))
    return len(captured)


def test_fifty_rows_cost_as_many_queries_as_one(cast: Cast) -> None:
    run(patient_with(cast.team, RISING))
    one = queries(cast)
    others = [patient_with(cast.team, RISING[:3]) for _ in range(49)]
    run(*others)
    assert len(worklist(cast.clinician, now=NOW).rows) == 50
    assert queries(cast) == one


def test_a_change_is_not_shown_beside_a_value_it_is_not_the_change_of(cast: Cast) -> None:
    """The newest NSE was drawn too soon after a treatment was started: shown, and not what rose."""
    patient = make_patient(cast.team)
    for at, value in enumerate(("10", "11", "10", "10", "24", "30")):
        give_draw(patient, day(at), {"NSE": value})
    run(patient)
    assert [(cell.value, cell.change[:1]) for cell in rows(cast)[0].markers] == [("30", "+")]
    start = day(6) - dt.timedelta(days=3)
    record_treatment(actor=ACTOR, patient_id=patient.pk, kind="chemotherapy", name="docetaxel", started_on=start)
    give_draw(patient, day(6), {"NSE": "90"})
    run(patient)
    assert [(cell.value, cell.change, cell.moved) for cell in rows(cast)[0].markers] == [("90", "", True)]


def test_a_value_that_is_only_a_limit_has_no_change_as_if_it_were_exact(cast: Cast) -> None:
    run(patient_with(cast.team, (*CALM[:4], "4.5", ">=6.0")))
    ((cell,),) = [row.markers for row in rows(cast)]
    assert (cell.value, cell.moved, cell.change[:10]) == (">=6.0", True, "at least +")


def test_a_weak_sign_that_is_a_reason_stands_before_what_is_only_shown(cast: Cast) -> None:
    """Calm for itself, so its state does not say it: its trend says since when."""
    patient = patient_with(cast.team, CALM, also={"CYFRA211": "1.5", "LDH": "180", "ALP": "80"})
    run(patient)
    assert [cell.code for cell in rows(cast)[0].markers] == ["CEA", "CYFRA211"]
    Trend.objects.filter(patient=patient, marker_id="LDH").update(since=day(3))
    assert [(cell.code, cell.moved, cell.since) for cell in rows(cast)[0].markers] == [
        ("LDH", True, day(3)),
        ("CEA", False, None),
    ]


def test_the_age_of_an_alert_is_counted_in_days_of_the_calendar(cast: Cast) -> None:
    run(patient_with(cast.team, RISING), now=dt.datetime(2025, 8, 31, 23, 30, tzinfo=dt.UTC))
    assert [row.alert_age for row in rows(cast)] == ["1 day ago"]


# --- due and overdue --------------------------------------------------------------------------------------------------
TODAY = NOW.date()
ONE = dt.timedelta(days=1)


def due_on(cast: Cast, due: dt.date, *, name: str, values: tuple[str, ...] = CALM) -> Patient:
    """A patient whose next draw is due that day."""
    patient = patient_with(cast.team, values, name=name)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=1, starts_on=due)
    return patient


def called(patient: Patient, outcome: str, **days: dt.date) -> None:
    record_call(actor=ACTOR, patient_id=patient.pk, outcome=outcome, now=NOW - 2 * ONE, **days)  # type: ignore[arg-type]


def shown(cast: Cast, show: str) -> tuple[list[str], int]:
    found = worklist(cast.clinician, now=NOW, filters=only(cast, show))
    return [row.name for row in found.rows], getattr(found.counts, show)


def test_due_are_seven_days_from_today_and_overdue_what_lies_before(cast: Cast) -> None:
    for name, days in (("Late", -1), ("Today", 0), ("Week", 7), ("Later", 8)):
        due_on(cast, TODAY + days * ONE, name=name)
    assert shown(cast, "overdue") == (["Late"], 1)
    assert shown(cast, "due") == (["Today", "Week"], 2)


def test_overdue_are_those_at_risk_first_and_then_who_was_waited_for_longest(cast: Cast) -> None:
    run(due_on(cast, TODAY - 40 * ONE, name="Calm, long"), due_on(cast, TODAY - 50 * ONE, name="Calm, longest"))
    run(due_on(cast, TODAY - 5 * ONE, name="Alert, short", values=RISING))
    run(due_on(cast, TODAY - 9 * ONE, name="Alert, long", values=RISING))
    run(due_on(cast, TODAY - 2 * ONE, name="Watch", values=SPIKE))
    order = ["Alert, long", "Alert, short", "Watch", "Calm, longest", "Calm, long"]
    assert shown(cast, "overdue") == (order, 5)
    pages = [
        worklist(cast.clinician, now=NOW, filters=only(cast, "overdue"), page=page, page_size=2) for page in (1, 2, 3)
    ]
    assert [row.name for page in pages for row in page.rows] == order
    assert {page.pages for page in pages} == {3}


def test_a_promise_takes_a_row_from_overdue_to_due_until_its_day_has_passed(cast: Cast) -> None:
    standing = due_on(cast, TODAY - 9 * ONE, name="Comes today")
    called(standing, "will_come", comes_on=TODAY)
    broken = due_on(cast, TODAY - 9 * ONE, name="Did not come")
    called(broken, "will_come", comes_on=TODAY - ONE)
    far = due_on(cast, TODAY - 9 * ONE, name="Comes in eight days")
    called(far, "will_come", comes_on=TODAY + 8 * ONE)
    assert shown(cast, "overdue") == (["Did not come"], 1)
    assert shown(cast, "due") == (["Comes today"], 1)
    said = {row.name: (row.due, row.call, row.overdue, row.needs_a_draw) for row in rows(cast)}
    assert said == {
        "Comes today": ("was due 23-Aug-2025", "called 2 days ago: comes today", False, True),
        "Did not come": ("overdue by 9 days", "called 2 days ago: was to come 31-Aug-2025", True, True),
        "Comes in eight days": ("was due 23-Aug-2025", "called 2 days ago: comes 09-Sep-2025", False, True),
    }


def test_a_draw_without_a_planned_marker_leaves_the_row_overdue_and_says_which(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA", "NSE"], every_weeks=26, starts_on=day(0))
    (row,) = rows(cast, show="overdue")
    assert (row.due, row.missing) == ("overdue by 238 days", "not in the draw of 23-Jun-2025: NSE")
    give_draw(patient, day(4), {"NSE": "10"}, laboratory="Ward")
    assert rows(cast, show="overdue") == []


def test_a_paused_or_stopped_plan_is_neither_due_nor_overdue(cast: Cast) -> None:
    paused = due_on(cast, TODAY - 9 * ONE, name="Paused")
    pause_plan(actor=ACTOR, patient_id=paused.pk, until=TODAY + 8 * ONE, reason="abroad", today=TODAY)
    stopped = due_on(cast, TODAY - 9 * ONE, name="Stopped")
    stop_plan(actor=ACTOR, patient_id=stopped.pk, reason="moved", today=TODAY)
    assert (shown(cast, "overdue"), shown(cast, "due")) == (([], 0), ([], 0))
    assert {row.name: (row.due, row.needs_a_draw) for row in rows(cast)} == {
        "Paused": ("paused until 09-Sep-2025", False),
        "Stopped": ("", False),
    }


@pytest.mark.parametrize("show", ["", "overdue", "due"])
def test_fifty_rows_with_plans_and_calls_cost_as_many_queries_as_one(cast: Cast, show: str) -> None:
    day_due = TODAY + ONE if show == "due" else TODAY - 9 * ONE

    def add(count: int) -> None:
        for number in range(count):
            called(due_on(cast, day_due, name=f"Person {number}", values=CALM[:1]), "no_answer")

    add(1)
    one = queries(cast, show=show)
    add(49)
    assert len(worklist(cast.clinician, now=NOW, filters=only(cast, show)).rows) == 50
    assert queries(cast, show=show) == one
