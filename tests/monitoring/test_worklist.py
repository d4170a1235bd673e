from __future__ import annotations

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.models import EvaluationMark, Trend
from monitoring.services import acknowledge_alert
from monitoring.worklist import WorklistRow, worklist
from patients.services import NewDraw, record_draw, record_imaging, set_plan
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.monitoring.scenes import CALM, FIRST_DRAW, NOW, RISING, day, patient_with, run, the_alert

SPIKE = (*CALM, "4.5")  # one draw beyond what was expected: to watch


def rows(cast: Cast, **asked: str) -> list[WorklistRow]:
    return list(worklist(cast.clinician, now=NOW, **asked).rows)  # type: ignore[arg-type]


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


def queries(cast: Cast) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        worklist(cast.clinician, now=NOW)
    return len(captured)


def test_fifty_rows_cost_as_many_queries_as_one(cast: Cast) -> None:
    run(patient_with(cast.team, RISING))
    one = queries(cast)
    others = [patient_with(cast.team, RISING[:3]) for _ in range(49)]
    run(*others)
    assert len(worklist(cast.clinician, now=NOW).rows) == 50
    assert queries(cast) == one


def test_a_change_is_not_shown_beside_a_value_it_is_not_the_change_of(cast: Cast) -> None:
    """The newest NSE came from a haemolysed sample: shown, and not what rose."""
    patient = make_patient(cast.team)
    for at, value in enumerate(("10", "11", "10", "10", "24", "30")):
        give_draw(patient, day(at), {"NSE": value})
    run(patient)
    assert [(cell.value, cell.change[:1]) for cell in rows(cast)[0].markers] == [("30", "+")]
    record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=dt.datetime.combine(day(6), dt.time(8), tzinfo=dt.UTC), haemolysis="present"),
        results=[reading("NSE", "90")],
    )
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
