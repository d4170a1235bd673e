"""From points on record to the engine's arrays."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from monitoring.detection import detection_parameters
from monitoring.evaluation import (
    Course,
    build_series,
    date_of,
    day_of,
    events_of_courses,
    load_material,
    moment_of,
    segments_of,
)
from monitoring.events import EVENT_KINDS, ClinicalEvent, DrawState, read_draws
from monitoring.parameters import marker_parameters
from monitoring.rules import event_rules
from monitoring.trends import engine
from monitoring.trends.types import Series
from patients.catalogue import catalogue
from patients.models import TreatmentKind
from patients.selectors import SeriesPoint
from patients.services import record_condition, record_skeletal_event, record_treatment
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


# --- events and samples -------------------------------------------------------------------------------------------


def test_the_window_counts_days_of_the_clinic(settings: Settings) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"
    late = replace(POINT, collected_at=dt.datetime(2025, 3, 3, 17, tzinfo=dt.UTC))  # 01:00 on the 4th in Shanghai
    events = events_of_courses([Course("chemotherapy", dt.date(2025, 3, 3))])
    assert build_series(1, "CEA", [late], events=events).exclusions == ("treatment_window",)
    settings.CLINIC_TIME_ZONE = "UTC"
    assert build_series(1, "CEA", [late], events=events).exclusions == ("",)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((("North", "A"), ("North", "B")), "assay_change"),
        ((("North", "A"), ("South", "A")), "laboratory_change"),
        ((("North", "A"), ("South", "B")), "assay_change"),
        ((("North", "A"), ("", "")), ""),
    ],
)
def test_the_first_draw_from_another_assay_or_laboratory_is_re_based(
    names: tuple[tuple[str, str], ...], code: str
) -> None:
    series = build_series(1, "CEA", named(*names))
    assert series.segments.tolist() == [0, 1 if code else 0]
    assert series.rebase_codes == ("", code)
    assert series.rebase_sd.tolist() == [0.0, 0.3 if code else 0.0]


def test_a_marker_that_left_the_catalogue_still_has_its_series() -> None:
    events = events_of_courses([Course("chemotherapy", START.date() - dt.timedelta(days=3))])
    series = build_series(1, "CA125", [replace(POINT, marker="CA125")], events=events)
    assert (series.exclusions, series.values.tolist()) == (("",), [2.5])


FIRST = dt.date(2025, 1, 6)


def courses_of(*spans: tuple[int, int | None], kind: str = "bone_agent") -> list[Course]:
    return [
        Course(kind, FIRST + dt.timedelta(days=start), None if end is None else FIRST + dt.timedelta(days=end))
        for start, end in spans
    ]


@pytest.mark.parametrize(
    ("kind", "event", "detail"),
    [
        ("chemotherapy", "treatment_start", "chemotherapy"),
        ("targeted", "treatment_start", "targeted"),
        ("immunotherapy", "treatment_start", "immunotherapy"),
        ("radiotherapy", "treatment_start", "radiotherapy"),
        ("surgery", "surgery", ""),
        ("bone_agent", "bone_agent_start", ""),
        ("g_csf", "g_csf", ""),
        ("steroid", "steroid", ""),
    ],
)
def test_each_kind_of_treatment_is_an_event_the_rules_know(kind: str, event: str, detail: str) -> None:
    (started,) = events_of_courses(courses_of((3, None), kind=kind))
    assert started == ClinicalEvent(event, float(FIRST.toordinal() + 3), None, "", detail)
    assert started.kind in EVENT_KINDS


def test_every_kind_of_treatment_was_looked_at() -> None:
    assert len(TreatmentKind.values) == 8


@pytest.mark.parametrize(
    ("spans", "stops"),
    [
        ([(0, None)], []),
        ([(0, 90)], [90]),
        ([(0, 0)], []),  # a dose
        ([(0, 90), (91, None)], []),  # another agent took over
        ([(0, 90), (92, None)], [90]),
        ([(0, 90), (30, 60)], [90]),
        ([(0, 90), (30, 120)], [120]),
        ([(0, 90), (0, 90)], [90, 90]),
        ([(0, 90), (91, 91)], [90]),
    ],
)
def test_a_bone_agent_is_stopped_where_none_follows(spans: list[tuple[int, int | None]], stops: list[int]) -> None:
    events = events_of_courses(courses_of(*spans))
    assert [one.day - FIRST.toordinal() for one in events if one.kind == "bone_agent_stop"] == stops


def test_the_end_of_another_treatment_stops_no_bone_agent() -> None:
    events = events_of_courses([*courses_of((0, None)), *courses_of((0, 50), kind="chemotherapy")])
    assert [one.kind for one in events] == ["bone_agent_start", "treatment_start"]


# --- the series ---------------------------------------------------------------------------------------------------


def test_comparators_become_censoring() -> None:
    points = [
        replace(POINT, draw_id=at, collected_at=START + dt.timedelta(days=at), comparator=comparator)
        for at, comparator in enumerate(["", "<", "<=", ">", ">="])
    ]
    assert build_series(1, "CEA", points).censoring.tolist() == [0, -1, -1, 1, 1]


def test_two_values_at_one_instant_stay_in_the_order_of_their_draws_and_are_read() -> None:
    later = replace(POINT, draw_id=3, canonical=Decimal("9.0"))
    points = [later, POINT, replace(POINT, draw_id=5, collected_at=START + dt.timedelta(days=42))]
    series = build_series(1, "CEA", points)
    assert series.draw_ids == (1, 3, 5)
    assert series.days.tolist() == [series.days[0], series.days[0], series.days[0] + 42]
    (finding,) = engine.evaluate([series], marker_parameters(), detection_parameters())
    assert [reading.draw_id for reading in finding.markers[0].readings] == [1, 3, 5]


def test_a_value_is_the_nearest_float_of_its_decimal() -> None:
    series = build_series(1, "CEA", [replace(POINT, canonical=Decimal("0.1"))])
    assert (series.values.dtype, series.values.tolist()) == (np.dtype("float64"), [0.1])


@pytest.mark.django_db
def test_many_patients_are_loaded_in_four_queries_with_what_happened_to_them() -> None:
    cast = make_cast()
    patients = [make_patient(cast.team, name=f"Person {at}") for at in range(4)]
    for patient in patients:
        give_draw(patient, dt.date(2025, 3, 3), {"CEA": "2.5", "ALP": "80"})
    record_treatment(
        actor="test", patient_id=patients[2].pk, kind="targeted", name="osimertinib", started_on=dt.date(2025, 3, 1)
    )
    with CaptureQueriesContext(connection) as queries:
        material = load_material([patient.pk for patient in patients])
    assert len(queries) == 4  # results, treatments, skeletal events, conditions
    assert [(one.patient, one.marker) for one in material.series] == [
        (patient.pk, marker) for patient in patients for marker in ("ALP", "CEA")
    ]
    excluded = {one.patient for one in material.series if "treatment_window" in one.exclusions}
    assert excluded == {patients[2].pk}
    assert all(len(material.result_ids[patient.pk]) == 2 for patient in patients)


def marks_of(series: Series) -> list[list[object]]:
    return [
        list(series.exclusions),
        list(series.rebase_codes),
        series.rebase_sd.tolist(),
        list(series.extra_codes),
        series.extra_sd.tolist(),
        list(series.watch_only),
    ]


@pytest.mark.django_db
def test_the_record_is_marked_as_the_same_history_in_a_file_would_be(settings: Settings) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"
    patient = make_patient(make_cast().team)
    evening = dt.datetime(2025, 1, 6, 17, tzinfo=dt.UTC)  # 01:00 on the 7th in Shanghai
    weeks = range(0, 60, 4)
    values = {"CEA": "2.5", "CYFRA211": "2.0", "BAP": "12", "BCTX": "0.3", "PLT": "250"}
    for week in weeks:
        give_draw(patient, evening + dt.timedelta(weeks=week), values, fasting="no" if week == 8 else "yes")

    def day(number: int) -> dt.date:
        return dt.date(2025, 1, 7) + dt.timedelta(days=number)

    who: dict[str, Any] = {"actor": "test", "patient_id": patient.pk}
    record_treatment(**who, kind="immunotherapy", name="pembrolizumab", started_on=day(28))
    record_treatment(**who, kind="bone_agent", name="denosumab", started_on=day(20), ended_on=day(110))
    record_skeletal_event(**who, kind="fracture", occurred_on=day(60))
    record_condition(**who, kind="infection", occurred_on=day(140), ended_on=day(150))
    record_condition(**who, kind="renal_impairment", occurred_on=day(200))

    history = [
        ClinicalEvent("infection", 140, 150),
        ClinicalEvent("renal_impairment", 200),
        ClinicalEvent("fracture", 60),
        ClinicalEvent("bone_agent_stop", 110),
        ClinicalEvent("bone_agent_start", 20),
        ClinicalEvent("treatment_start", 28, detail="immunotherapy"),
    ]
    draws = [DrawState(7.0 * week, "no" if week == 8 else "yes") for week in weeks]
    series = load_material([patient.pk]).series
    assert {one.marker for one in series} == set(values)
    for one in series:
        marks = read_draws(one.marker, catalogue().marker(one.marker).family, draws, history, event_rules())
        assert marks_of(one) == [
            list(marks.exclusions),
            list(marks.rebase_codes),
            marks.rebase_sd.tolist(),
            list(marks.extra_codes),
            marks.extra_sd.tolist(),
            list(marks.watch_only),
        ]
        assert any(code for code in (*one.exclusions, *one.extra_codes, *one.watch_only))


# --- blood that may be on record twice ----------------------------------------------------------------------------


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
    (found,) = engine.evaluate([build_series(1, "CEA", points)], marker_parameters(), detection_parameters())
    return found.markers[0].state


def test_blood_of_one_day_does_not_confirm_itself_whether_it_was_taken_twice_or_is_on_record_twice() -> None:
    assert rise_on_one_day(hour_known=False) == "single_rise"
    assert rise_on_one_day(hour_known=True) == "single_rise"


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
    days = build_series(1, "CEA", points).days.tolist()
    whole = [day_of(points[at].collected_at) for at in (0, 2, 2, 3, 4)]
    assert days == whole
