"""From points on record to the engine's arrays."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from monitoring.errors import RuleProblem
from monitoring.evaluation import Course, build_series, date_of, day_of, load_material, moment_of, segments_of
from monitoring.parameters import marker_parameters
from monitoring.rules import read_sample_conditions, read_treatment_windows, sample_conditions, treatment_windows
from monitoring.trends import engine
from patients.catalogue import catalogue
from patients.selectors import SeriesPoint
from patients.services import record_treatment
from tests.cast import give_draw, make_cast, make_patient

START = dt.datetime(2025, 3, 3, 8, tzinfo=dt.UTC)
POINT = SeriesPoint(
    patient_id=1,
    marker="CEA",
    draw_id=1,
    collected_at=START,
    time_known=True,
    laboratory="",
    assay="",
    fasting="unknown",
    haemolysis="unknown",
    comparator="",
    value="2.5",
    unit="ng/mL",
    canonical=Decimal("2.5"),
    factor=Decimal(1),
    reference_low="",
    reference_high="",
    version=1,
    result_ids=(1,),
)


def named(*names: tuple[str, str]) -> list[SeriesPoint]:
    return [replace(POINT, laboratory=laboratory, assay=assay) for laboratory, assay in names]


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone_offset", [0, 8, -5])
def test_midnight_of_any_zone_comes_back_as_the_same_moment(zone_offset: int) -> None:
    zone = dt.timezone(dt.timedelta(hours=zone_offset))
    midnight = dt.datetime(2025, 3, 3, tzinfo=zone)
    assert moment_of(day_of(midnight)) == midnight
    assert date_of(day_of(midnight), tz=zone) == dt.date(2025, 3, 3)


def test_a_second_before_midnight_is_the_day_before() -> None:
    zone = dt.timezone(dt.timedelta(hours=8))
    assert date_of(day_of(dt.datetime(2025, 3, 2, 23, 59, 59, tzinfo=zone)), tz=zone) == dt.date(2025, 3, 2)


# --- segments -----------------------------------------------------------------------------------------------------


def test_another_laboratory_or_assay_begins_a_new_segment() -> None:
    points = named(("North", "A"), ("North", "A"), ("South", "A"), ("South", "B"), ("North", "B"))
    assert segments_of(points) == [0, 0, 1, 2, 3]


def test_what_is_not_named_does_not_break_a_series() -> None:
    points = named(("", ""), ("North", ""), ("", ""), ("", "A"), ("North", ""), ("", "A"))
    assert segments_of(points) == [0, 0, 0, 0, 0, 0]


def test_a_blank_does_not_hide_a_change_from_one_name_to_another() -> None:
    assert segments_of(named(("North", ""), ("", ""), ("South", ""))) == [0, 0, 1]


def test_the_same_name_in_another_spelling_is_the_same_laboratory() -> None:
    assert segments_of(named(("North  lab", ""), ("north lab ", ""))) == [0, 0]


# --- exclusions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "fasting", "haemolysis", "expected"),
    [
        ("BCTX", "no", "unknown", "not_fasting"),
        ("BCTX", "yes", "unknown", ""),
        ("BCTX", "unknown", "unknown", ""),
        ("BCTX", "yes", "present", ""),
        ("CEA", "no", "present", ""),
        ("NSE", "no", "present", "haemolysed"),
        ("NSE", "no", "none", ""),
        ("PHOS", "yes", "present", "haemolysed"),
        ("LDH", "yes", "present", "haemolysed"),
    ],
)
def test_a_sample_condition_excludes_only_the_markers_it_spoils(
    marker: str, fasting: str, haemolysis: str, expected: str
) -> None:
    point = replace(POINT, marker=marker, fasting=fasting, haemolysis=haemolysis)
    assert build_series(1, marker, [point], courses=[]).exclusions == (expected,)


@pytest.mark.parametrize(
    ("marker", "kind", "days_after", "expected"),
    [
        ("CEA", "chemotherapy", -1, ""),
        ("CEA", "chemotherapy", 0, ""),
        ("CEA", "chemotherapy", 1, "treatment_window"),
        ("CEA", "targeted", 42, "treatment_window"),
        ("CEA", "immunotherapy", 43, ""),
        ("CEA", "bone_agent", 10, ""),
        ("CEA", "radiotherapy", 10, ""),
        ("ALP", "chemotherapy", 10, ""),
        ("ALP", "bone_agent", 0, ""),
        ("ALP", "bone_agent", 28, "treatment_window"),
        ("ALP", "bone_agent", 29, ""),
    ],
)
def test_a_treatment_window_opens_and_shuts_to_the_day(marker: str, kind: str, days_after: int, expected: str) -> None:
    course = Course(kind, START.date() - dt.timedelta(days=days_after))
    assert build_series(1, marker, [replace(POINT, marker=marker)], courses=[course]).exclusions == (expected,)


def test_the_window_counts_days_of_the_clinic(settings: Settings) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"
    late = replace(POINT, collected_at=dt.datetime(2025, 3, 3, 17, tzinfo=dt.UTC))  # 01:00 on the 4th in Shanghai
    course = Course("chemotherapy", dt.date(2025, 3, 3))
    assert build_series(1, "CEA", [late], courses=[course]).exclusions == ("treatment_window",)


def test_what_is_wrong_with_the_sample_is_said_before_the_treatment() -> None:
    point = replace(POINT, marker="BCTX", fasting="no")
    course = Course("bone_agent", START.date() - dt.timedelta(days=3))
    assert build_series(1, "BCTX", [point], courses=[course]).exclusions == ("not_fasting",)


# --- the series ---------------------------------------------------------------------------------------------------


def test_comparators_become_censoring() -> None:
    points = [
        replace(POINT, draw_id=at, collected_at=START + dt.timedelta(days=at), comparator=comparator)
        for at, comparator in enumerate(["", "<", "<=", ">", ">="])
    ]
    assert build_series(1, "CEA", points, courses=[]).censoring.tolist() == [0, -1, -1, 1, 1]


def test_two_values_at_one_instant_stay_in_the_order_of_their_draws_and_are_read() -> None:
    later = replace(POINT, draw_id=3, canonical=Decimal("9.0"))
    points = [later, POINT, replace(POINT, draw_id=5, collected_at=START + dt.timedelta(days=42))]
    series = build_series(1, "CEA", points, courses=[])
    assert series.draw_ids == (1, 3, 5)
    assert series.days.tolist() == [series.days[0], series.days[0], series.days[0] + 42]
    (finding,) = engine.evaluate([series], marker_parameters())
    assert [reading.draw_id for reading in finding.markers[0].readings] == [1, 3, 5]


def test_a_value_is_the_nearest_float_of_its_decimal() -> None:
    series = build_series(1, "CEA", [replace(POINT, canonical=Decimal("0.1"))], courses=[])
    assert (series.values.dtype, series.values.tolist()) == (np.dtype("float64"), [0.1])


@pytest.mark.django_db
def test_many_patients_are_loaded_in_two_queries_with_their_treatments() -> None:
    cast = make_cast()
    patients = [make_patient(cast.team, name=f"Person {at}") for at in range(4)]
    for patient in patients:
        give_draw(patient, dt.date(2025, 3, 3), {"CEA": "2.5", "ALP": "80"})
    record_treatment(
        actor="test", patient_id=patients[2].pk, kind="targeted", name="osimertinib", started_on=dt.date(2025, 3, 1)
    )
    with CaptureQueriesContext(connection) as queries:
        material = load_material([patient.pk for patient in patients])
    assert len(queries) == 2
    assert [(one.patient, one.marker) for one in material.series] == [
        (patient.pk, marker) for patient in patients for marker in ("ALP", "CEA")
    ]
    excluded = {one.patient for one in material.series if "treatment_window" in one.exclusions}
    assert excluded == {patients[2].pk}
    assert all(len(material.result_ids[patient.pk]) == 2 for patient in patients)


# --- the rules as data --------------------------------------------------------------------------------------------


def test_every_marker_that_must_be_drawn_fasting_has_its_rule() -> None:
    must = {marker.code for marker in catalogue().markers if marker.fasting == "required_morning"}
    assert must == {one.marker for one in sample_conditions() if one.code == "not_fasting"}


def test_the_shipped_rules_name_their_sources() -> None:
    assert len(sample_conditions()) == 4
    assert [(one.from_day, one.to_day) for one in treatment_windows()] == [(1, 42), (1, 28)]
    assert all(one.source and one.grade for one in sample_conditions())
    assert all(one.source and one.grade for one in treatment_windows())


CONDITION = """
[[condition]]
marker = "NSE"
field = "haemolysis"
value = "present"
code = "haemolysed"
source = "somewhere"
grade = "P"
"""
WINDOW = """
[[window]]
treatments = ["targeted"]
families = ["tumour"]
from_day = 1
to_day = 42
code = "treatment_window"
source = "somewhere"
grade = "S"
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('marker = "NSE"', 'marker = "NSX"', "rule_value_invalid", "marker"),
        ('field = "haemolysis"', 'field = "note"', "rule_value_invalid", "field"),
        ('value = "present"', 'value = "no"', "rule_value_invalid", "value"),
        ('grade = "P"', 'grade = "Q"', "rule_value_invalid", "grade"),
        ('source = "somewhere"', 'source = " "', "rule_value_invalid", "source"),
        ('grade = "P"', "", "rule_key_missing", "grade"),
        ('grade = "P"', 'grade = "P"\ncolour = "red"', "rule_key_unknown", "colour"),
        ("[[condition]]", "[[conditions]]", "rule_key_unknown", "conditions"),
    ],
)
def test_a_sample_condition_that_says_nonsense_is_refused(
    tmp_path: Path, old: str, new: str, code: str, key: str
) -> None:
    file = tmp_path / "conditions.toml"
    file.write_text(CONDITION.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleProblem) as refused:
        read_sample_conditions(file)
    assert (refused.value.code, refused.value.params["key"]) == (code, key)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('["targeted"]', '["hope"]', "treatments"),
        ('["targeted"]', "[]", "treatments"),
        ('["tumour"]', '"tumour"', "families"),
        ("to_day = 42", "to_day = 0", "to_day"),
        ("to_day = 42", "to_day = true", "to_day"),
        ("from_day = 1", "from_day = -1", "to_day"),
    ],
)
def test_a_treatment_window_that_says_nonsense_is_refused(tmp_path: Path, old: str, new: str, key: str) -> None:
    file = tmp_path / "windows.toml"
    file.write_text(WINDOW.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleProblem) as refused:
        read_treatment_windows(file)
    assert (refused.value.code, refused.value.params["key"]) == ("rule_value_invalid", key)


def rise_on_one_day(*, hour_known: bool) -> str:
    """A calm person whose sixth day has two raised values, at 00:00 and at 14:00, the first perhaps only a day."""
    calm = [("2.0", 0), ("2.1", 42), ("1.9", 84), ("2.0", 126), ("2.1", 168)]
    points = [
        replace(POINT, canonical=Decimal(value), draw_id=at, collected_at=START + dt.timedelta(days=days))
        for at, (value, days) in enumerate(calm, start=1)
    ]
    midnight = (START + dt.timedelta(days=210)).replace(hour=0)
    raised = replace(POINT, canonical=Decimal("6.0"))
    points.append(replace(raised, draw_id=6, collected_at=midnight, time_known=hour_known))
    points.append(replace(raised, draw_id=7, collected_at=midnight.replace(hour=14)))
    (found,) = engine.evaluate([build_series(1, "CEA", points, courses=())], marker_parameters())
    return found.markers[0].state


def test_blood_that_may_be_on_record_twice_does_not_confirm_itself() -> None:
    assert rise_on_one_day(hour_known=False) == "single_rise"
    assert rise_on_one_day(hour_known=True) == "sustained_rise"  # blood was taken twice that day


def test_a_draw_without_an_hour_counts_as_taken_with_the_first_of_its_day_in_the_clinics_zone(
    settings: Settings,
) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"
    day_only = dt.datetime(2025, 3, 3, 16, tzinfo=dt.UTC)  # 4 March, 00:00 in Shanghai
    points = [
        replace(POINT, draw_id=1, collected_at=day_only - dt.timedelta(hours=1)),  # 3 March, 23:00
        replace(POINT, draw_id=2, collected_at=day_only, time_known=False),
        replace(POINT, draw_id=3, collected_at=day_only + dt.timedelta(hours=9)),
        replace(POINT, draw_id=4, collected_at=day_only + dt.timedelta(hours=20)),
        replace(POINT, draw_id=5, collected_at=day_only + dt.timedelta(days=2), time_known=False),
    ]
    days = build_series(1, "CEA", points, courses=()).days.tolist()
    whole = [day_of(points[at].collected_at) for at in (0, 2, 2, 3, 4)]
    assert days == whole
