"""What waits for a second person is shown, and said where it is urgent; no trend, chart or alert reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from exchange.previous import PreviousValues
from monitoring.entry_bands import bands
from monitoring.models import Alert, AlertState, Evaluation, Trend
from monitoring.patient_page import patient_page
from monitoring.selectors import measured_markers
from patients.due import due_draws
from patients.models import Draw, Patient, Result
from patients.selectors import held_points, series_points
from patients.services import SecondEntry, correct_result, enter_second_time, set_plan, verify_results
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.scenes import FIRST_DRAW, NOW, RISING, day, marked, patient_with, result_of, run, the_alert
from tests.patients.holds import ask, type_draw, typed

pytestmark = pytest.mark.django_db


def moment(draw: int) -> dt.datetime:
    return dt.datetime.combine(day(draw), dt.time(8), tzinfo=dt.UTC)


def typed_course(patient: Patient, by: User, values: Sequence[str], also: Mapping[str, str] | None = None) -> None:
    for at, value in enumerate(values):
        type_draw(patient, by, {"CEA": value, **(also or {})}, at=moment(at))


def release(patient: Patient, by: User) -> None:
    for draw in Draw.objects.filter(patient=patient):
        rows = Result.objects.on_hold().filter(draw=draw)
        if verify := list(rows.filter(awaiting_check="verify").values_list("pk", flat=True)):
            verify_results(actor=by.audit_name, by=by, draw_id=draw.pk, result_ids=verify)
        entries = [
            SecondEntry(result_id=row.pk, new=typed(row.marker_id, row.as_typed))
            for row in rows.filter(awaiting_check="blind")
        ]
        if entries:
            enter_second_time(actor=by.audit_name, by=by, draw_id=draw.pk, entries=entries)


def concluded(patient: Patient) -> dict[str, Any]:
    """What the latest evaluation says, without its own ids and times."""
    evaluation = Evaluation.objects.filter(patient=patient).latest("at", "pk")
    trends = Trend.objects.filter(patient=patient).order_by("marker_id")
    fields = ("marker_id", "state", "since", "last_value", "change_percent")
    return {
        "level": evaluation.level,
        "pattern": evaluation.pattern,
        "since": evaluation.since,
        "read": len(evaluation.input_results),
        "trends": list(trends.values_list(*fields)),
        "alerts": list(Alert.objects.filter(patient=patient).values_list("state", "markers")),
    }


@pytest.mark.parametrize("kind", ["verify", "blind"])
def test_no_trend_reads_what_waits_and_once_released_it_is_as_if_it_had_never_waited(cast: Cast, kind: str) -> None:
    plain, held = (make_patient(cast.team) for _ in range(2))
    also = {"CA": "2.30", "ALB": "40"}
    typed_course(plain, cast.nurse, RISING, also)
    ask(kind)
    typed_course(held, cast.nurse, RISING, also)
    run(plain, held)
    assert concluded(held) == {
        "level": "none",
        "pattern": "",
        "since": None,
        "read": 0,
        "trends": [],
        "alerts": [],
    }
    release(held, cast.clinician)
    assert marked(held)
    later = NOW + dt.timedelta(hours=1)
    run(held, now=later)
    assert concluded(held) == concluded(plain)
    assert concluded(held)["alerts"] == [("open", ["CEA"])]


def test_one_value_on_hold_leaves_the_reading_of_the_others_as_it_was(cast: Cast) -> None:
    before, with_held = (patient_with(cast.team, RISING[:5]) for _ in range(2))
    ask("verify")
    type_draw(with_held, cast.nurse, {"CEA": RISING[5]}, at=moment(5))
    run(before, with_held)
    assert concluded(with_held) == concluded(before)
    release(with_held, cast.clinician)
    run(with_held, now=NOW + dt.timedelta(hours=1))
    assert the_alert(with_held).state == AlertState.OPEN


def test_a_correction_on_hold_withdraws_the_alert_of_the_old_value_and_released_it_raises_it_again(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING[:5])
    ask("verify")
    type_draw(patient, cast.nurse, {"CEA": RISING[5]}, at=moment(5))
    release(patient, cast.clinician)
    run(patient)
    assert the_alert(patient).state == AlertState.OPEN
    correct_result(
        actor=cast.nurse.audit_name,
        result_id=result_of(patient, 5).pk,
        new=typed("CEA", "6.5"),
        status="corrected",
        reason="typed wrongly",
        recorded_by=cast.nurse,
    )
    run(patient, now=NOW + dt.timedelta(hours=1))
    assert the_alert(patient).state == AlertState.WITHDRAWN
    release(patient, cast.clinician)
    run(patient, now=NOW + dt.timedelta(hours=2))
    assert Alert.objects.filter(patient=patient, state=AlertState.OPEN).exists()
    assert concluded(patient)["level"] == "alert"


def test_computed_markers_wait_with_their_inputs(cast: Cast) -> None:
    patient = make_patient(cast.team)
    ask("verify")
    give_draw(patient, moment(0), {"NEUT": "4.2"}, laboratory="Central")
    type_draw(patient, cast.nurse, {"LYMPH": "1.4"}, at=moment(0))
    assert set(series_points([patient.pk])[patient.pk]) == {"NEUT"}
    held = [(point.marker, point.value) for point in held_points([patient.pk])[patient.pk]]
    assert held == [("LYMPH", "1.4"), ("NLR", "3.000")]
    release(patient, cast.clinician)
    assert set(series_points([patient.pk])[patient.pk]) == {"NEUT", "LYMPH", "NLR"}
    assert held_points([patient.pk]) == {patient.pk: []}


def test_bands_lists_and_files_read_only_what_is_released(cast: Cast) -> None:
    patient = make_patient(cast.team)
    ask("verify")
    typed_course(patient, cast.nurse, RISING)
    ids = [patient.pk]

    def everywhere() -> tuple[bool, bool, bool]:
        previous = PreviousValues()
        previous.load(ids)
        own_band = "CEA" in bands(ids, at=NOW).get(patient.pk, {})
        return "CEA" in measured_markers(ids).get(patient.pk, []), bool(previous._on_record), own_band

    assert everywhere() == (False, False, False)
    release(patient, cast.clinician)
    assert everywhere() == (True, True, True)


def test_a_draw_that_waits_is_a_draw_that_was_taken(cast: Cast) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=FIRST_DRAW)
    ask("verify")
    type_draw(patient, cast.nurse, {"CEA": "2.0"}, at=moment(0))
    assert due_draws([patient.pk], tz=dt.UTC)[patient.pk].last_draw_on == FIRST_DRAW


# --- the patient's page ---------------------------------------------------------------------------------------------


def cells(patient: Patient, marker: str) -> list[tuple[str, list[str]] | None]:
    table = patient_page(patient, now=NOW).table
    assert table is not None
    row = next(row for row in table.rows if row.code == marker)
    return [(cell.value, [letter for letter, _meaning in cell.marks]) if cell else None for cell in row.cells]


def test_the_table_marks_what_waits_and_the_chart_does_not_hold_it(cast: Cast) -> None:
    patient = patient_with(cast.team, ("2.0", "2.1"))
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "2.25", "ALP": "500", "NSE": "haemolysed"}, at=moment(2))
    page = patient_page(patient, now=NOW)
    assert cells(patient, "CEA") == [("2.0", []), ("2.1", []), ("2.25", ["?"])]
    assert cells(patient, "ALP") == [None, None, ("500", ["?"])]
    assert cells(patient, "NSE") == [None, None, ("haemolysed", ["?"])]
    assert page.table is not None
    alp = next(row for row in page.table.rows if row.code == "ALP")
    assert (alp.unit, alp.cells[2] and alp.cells[2].flag) == ("U/L", "H")
    assert page.on_hold is not None
    assert (page.on_hold.count, page.on_hold.draws) == (3, ((draw.pk, "31-Mar-2025"),))
    assert page.last_draw_on == day(2)
    assert page.chart is not None
    assert "2.25" not in str(page.chart)
    release(patient, cast.clinician)
    assert patient_page(patient, now=NOW).on_hold is None
    assert cells(patient, "CEA")[2] == ("2.25", [])


def test_a_first_draw_that_waits_is_a_table_without_a_chart(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    ask("verify")
    type_draw(patient, cast.nurse, {"CEA": "2.25"}, at=moment(0))
    page = patient_page(patient, now=NOW)
    assert (page.has_results, page.chart) == (False, None)
    client.force_login(cast.clinician)
    shown = client.get(reverse("patient", args=[patient.pk])).content.decode()
    assert "2.25" in shown
    assert "1 value waits for a second person and is in no trend yet:" in shown
    assert "No results yet." not in shown


def test_an_urgent_value_is_said_before_it_is_checked_and_a_calm_one_ends_nothing(cast: Cast) -> None:
    patient = make_patient(cast.team)

    def said() -> list[str]:
        return [one.day for one in patient_page(patient, now=NOW).urgent]

    ask("verify")
    type_draw(patient, cast.nurse, {"CA": "3.30"}, at=moment(0))
    assert said() == ["06-Jan-2025"]
    release(patient, cast.clinician)
    assert said() == ["06-Jan-2025"]
    type_draw(patient, cast.nurse, {"CA": "2.30"}, at=moment(1))
    assert said() == ["06-Jan-2025"]
    release(patient, cast.clinician)
    assert said() == []


def test_every_urgent_value_that_waits_is_said_until_a_later_one_is_released(cast: Cast) -> None:
    """A later value that waits too may be the mistake of the two: it hides nothing."""
    patient = make_patient(cast.team)

    def said() -> list[tuple[str, str]]:
        return [(one.day, one.text.split(" is ")[0]) for one in patient_page(patient, now=NOW).urgent]

    ask("verify")
    type_draw(patient, cast.nurse, {"CA": "3.30"}, at=moment(0))
    type_draw(patient, cast.nurse, {"CA": "2.30"}, at=moment(1))
    assert said() == [("06-Jan-2025", "URGENT: Ca 3.3 mmol/L")]
    type_draw(patient, cast.nurse, {"CA": "3.40"}, at=moment(2))
    assert said() == [("31-Mar-2025", "URGENT: Ca 3.4 mmol/L"), ("06-Jan-2025", "URGENT: Ca 3.3 mmol/L")]
    release(patient, cast.clinician)
    assert said() == [("31-Mar-2025", "URGENT: Ca 3.4 mmol/L")]


def test_a_calcium_that_is_urgent_once_corrected_for_albumin_is_said_before_it_is_checked(cast: Cast) -> None:
    patient = make_patient(cast.team)
    ask("verify")
    type_draw(patient, cast.nurse, {"CA": "3.00", "ALB": "20"}, at=moment(0))
    assert [one.day for one in patient_page(patient, now=NOW).urgent] == ["06-Jan-2025"]


def test_the_page_asks_as_many_queries_for_fifty_values_on_hold_as_for_one(cast: Cast) -> None:
    ask("verify")
    one, many = (patient_with(cast.team, ("2.0",)) for _ in range(2))
    type_draw(one, cast.nurse, {"CEA": "2.2"}, at=moment(1))
    for at in range(1, 26):
        type_draw(many, cast.nurse, {"CEA": "2.2", "ALP": "80"}, at=moment(at))

    def queries(patient: Patient) -> int:
        with CaptureQueriesContext(connection) as seen:
            patient_page(patient, now=NOW)
        return len(seen)

    queries(one)
    assert queries(one) == queries(many)
