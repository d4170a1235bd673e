from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.evaluation import segments_of
from patients.models import Draw, Patient, Result
from patients.selectors import holds_patients, primary_numbers, series_points
from patients.services import NewDraw, correct_result, record_draw
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading

DAY = dt.date(2026, 3, 2)
WEEK = dt.timedelta(weeks=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def panel(patient: Patient, day: dt.date | dt.datetime = DAY, **results: str) -> None:
    give_draw(patient, day, results)


def values(patient: Patient, marker: str) -> list[str]:
    points = series_points([patient.pk])[patient.pk].get(marker, [])
    return [f"{point.comparator}{point.value}" for point in points]


def queries(read: Callable[[], object]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        read()
    return len(asked)


# --- series ---------------------------------------------------------------------------------------------------------
def test_a_series_goes_by_the_time_of_the_draw_and_not_of_the_entry(cast: Cast) -> None:
    patient = make_patient(cast.team)
    panel(patient, DAY + WEEK, CEA="3")
    panel(patient, DAY, CEA="<0.50")
    panel(patient, DAY + 2 * WEEK, CEA="0")
    assert values(patient, "CEA") == ["<0.50", "3", "0"]


def test_a_point_keeps_what_was_reported_beside_what_it_means(cast: Cast) -> None:
    patient = make_patient(cast.team)
    at = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
    draw = NewDraw(collected_at=at, laboratory="Central", fasting="yes", haemolysis="none")
    made = record_draw(actor=ACTOR, patient_id=patient.pk, draw=draw, results=[reading("BCTX", "412", "pg/mL")])
    (point,) = series_points([patient.pk])[patient.pk]["BCTX"]
    assert (point.value, point.unit, point.canonical, point.factor) == (
        "412",
        "pg/mL",
        Decimal("0.412"),
        Decimal("0.001"),
    )
    assert (point.collected_at, point.laboratory, point.fasting, point.haemolysis) == (at, "Central", "yes", "none")
    assert (point.assay, point.derived, point.version) == ("", False, 1)
    assert point.result_ids == made.created


def test_a_point_knows_what_the_patient_had_taken_a_computed_one_too(cast: Cast) -> None:
    patient = make_patient(cast.team)
    draw = NewDraw(collected_at=dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC), biotin="yes", g_csf="no", steroid="yes")
    results = [reading("NEUT", "4"), reading("LYMPH", "2")]
    made = record_draw(actor=ACTOR, patient_id=patient.pk, draw=draw, results=results)
    series = series_points([patient.pk])[patient.pk]
    assert set(series) == {"NEUT", "LYMPH", "NLR"}
    for (point,) in series.values():
        assert (point.biotin, point.g_csf, point.steroid) == ("yes", "no", "yes")
    assert series["NLR"][0].result_ids == made.created


def test_the_corrected_value_takes_the_place_of_the_first_and_a_cancelled_one_has_none(cast: Cast) -> None:
    patient = make_patient(cast.team)
    panel(patient, DAY, CEA="3", NSE="12")
    cea, nse = (Result.objects.get(marker_id=code).pk for code in ("CEA", "NSE"))
    correct_result(actor=ACTOR, result_id=cea, new=reading("CEA", "5"), status="corrected", reason="typed wrongly")
    correct_result(actor=ACTOR, result_id=nse, new=None, status="cancelled", reason="wrong tube")
    (point,) = series_points([patient.pk])[patient.pk]["CEA"]
    assert (point.value, point.version) == ("5", 2)
    assert values(patient, "NSE") == []


@pytest.mark.parametrize("status", ["registered", "preliminary", "unknown"])
def test_what_may_still_change_is_not_read_into_a_trend(cast: Cast, status: str) -> None:
    patient = make_patient(cast.team)
    panel(patient, DAY, CEA="3")
    correct_result(actor=ACTOR, result_id=Result.objects.get().pk, new=None, status=status, reason="not released yet")
    assert values(patient, "CEA") == []


def test_derived_markers_stand_with_their_inputs_and_only_where_all_are_of_one_draw(cast: Cast) -> None:
    patient = make_patient(cast.team)
    panel(patient, DAY, NEUT="4.2", LYMPH="1.4", PLT="250", CA="2.30", ALB="30")
    panel(patient, DAY + WEEK, NEUT="5")
    panel(patient, DAY + 2 * WEEK, LYMPH="1")
    panel(patient, DAY + 3 * WEEK, NEUT="5", LYMPH="0")
    panel(patient, DAY + 4 * WEEK, NEUT="5", LYMPH="<0.1")
    series = series_points([patient.pk])[patient.pk]
    assert [point.canonical for point in series["NLR"]] == [Decimal("3.000")]
    assert [point.canonical for point in series["SII"]] == [Decimal("750.0")]
    assert [point.canonical for point in series["CA_CORR"]] == [Decimal("2.500")]
    inputs = {result.marker_id: result.pk for result in Draw.objects.earliest("collected_at").results.all()}
    assert series["NLR"][0].result_ids == (inputs["NEUT"], inputs["LYMPH"])
    assert series["SII"][0].result_ids == (inputs["PLT"], inputs["NEUT"], inputs["LYMPH"])


def test_a_derived_series_breaks_where_the_assay_of_an_input_does(cast: Cast) -> None:
    patient = make_patient(cast.team)
    for week, assay in enumerate(("Arsenazo", "NM-BAPTA")):
        record_draw(
            actor=ACTOR,
            patient_id=patient.pk,
            draw=NewDraw(collected_at=dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC) + week * WEEK),
            results=[replace(reading("CA", "2.30"), assay=assay), reading("ALB", "41")],
        )
    points = series_points([patient.pk])[patient.pk]["CA_CORR"]
    assert [point.assay for point in points] == ["CA Arsenazo", "CA NM-BAPTA"]
    assert segments_of(points) == [0, 1]


def test_a_derived_value_follows_the_correction_of_its_input(cast: Cast) -> None:
    patient = make_patient(cast.team)
    panel(patient, DAY, NEUT="4.2", LYMPH="1.4")
    neut = Result.objects.get(marker_id="NEUT").pk
    newer = correct_result(actor=ACTOR, result_id=neut, new=reading("NEUT", "7"), status="corrected", reason="slip")
    (nlr,) = series_points([patient.pk])[patient.pk]["NLR"]
    assert (nlr.canonical, newer.pk in nlr.result_ids, neut in nlr.result_ids) == (Decimal("5.000"), True, False)
    correct_result(actor=ACTOR, result_id=newer.pk, new=None, status="entered-in-error", reason="other patient")
    assert "NLR" not in series_points([patient.pk])[patient.pk]


def test_two_draws_of_one_moment_are_two_points_and_share_no_derived_value(cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, DAY, {"NEUT": "4", "CEA": "2"}, laboratory="A")
    give_draw(patient, DAY, {"LYMPH": "1", "CEA": "3"}, laboratory="B")
    assert values(patient, "CEA") == ["2", "3"]
    assert values(patient, "NLR") == []


def test_only_the_markers_that_are_asked_for_are_read_with_the_inputs_of_derived_ones(cast: Cast) -> None:
    patient, other = make_patient(cast.team), make_patient(cast.team)
    for one in (patient, other):
        panel(one, DAY, CEA="3", NEUT="4", LYMPH="2", NSE="12")
    found = series_points([patient.pk, other.pk], only={patient.pk: ["NLR"], other.pk: ["CEA"]})
    assert set(found[patient.pk]) == {"NEUT", "LYMPH", "NLR"}
    assert set(found[other.pk]) == {"CEA"}


def test_a_patient_without_results_has_an_empty_entry(cast: Cast) -> None:
    patient = make_patient(cast.team)
    assert series_points([patient.pk]) == {patient.pk: {}}


# --- the rest -------------------------------------------------------------------------------------------------------
def test_the_first_number_on_record_is_the_one_that_is_shown(cast: Cast) -> None:
    patient = make_patient(cast.team, number="H-9")
    patient.identifiers.create(system="study", value="A-1")
    assert primary_numbers([patient.pk]) == {patient.pk: "H-9"}
    assert primary_numbers([]) == {}


def test_whether_there_are_synthetic_or_real_patients(cast: Cast) -> None:
    assert (holds_patients(synthetic=True), holds_patients(synthetic=False)) == (False, False)
    patient = make_patient(cast.team)
    assert (holds_patients(synthetic=True), holds_patients(synthetic=False)) == (False, True)
    Patient.objects.filter(pk=patient.pk).update(is_synthetic=True)
    assert (holds_patients(synthetic=True), holds_patients(synthetic=False)) == (True, False)


READS: list[tuple[str, Callable[[Collection[int]], object], int]] = [
    ("series_points", series_points, 1),
    ("primary_numbers", primary_numbers, 1),
]


@pytest.mark.parametrize(("name", "read", "asked"), READS, ids=[name for name, _, _ in READS])
def test_fifty_patients_cost_as_many_queries_as_one(
    cast: Cast, name: str, read: Callable[[Collection[int]], object], asked: int
) -> None:
    patients = [make_patient(cast.team) for _ in range(50)]
    for patient in patients:
        panel(patient, DAY, CEA="3", NEUT="4", LYMPH="2")
        panel(patient, DAY + WEEK, CEA="3", NEUT="4", LYMPH="2")
    ids = [patient.pk for patient in patients]
    assert queries(lambda: read(ids[:1])) == asked
    assert queries(lambda: read(ids)) == asked
