"""What is known of a sample and asked at its draw: what that takes away from a marker's evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from monitoring.detection import detection_parameters
from monitoring.evaluation import build_series, load_material
from monitoring.events import ClinicalEvent, DrawMarks, DrawState, clock_of, given_at_draw, read_draws
from monitoring.parameters import marker_parameters
from monitoring.rules import event_rules
from monitoring.trends import engine
from monitoring.trends.types import MarkerFinding
from patients.catalogue import catalogue
from patients.models import Draw
from patients.selectors import SeriesPoint
from patients.services import NewDraw, record_draw
from tests.cast import give_draw, make_cast, make_patient, reading
from tests.monitoring.figures import FIRST, point

DAY = 739_000.0


def marks_of(marker: str, *states: DrawState, events: Sequence[ClinicalEvent] = ()) -> DrawMarks:
    return read_draws(marker, catalogue().marker(marker).family, states, events, event_rules())


def columns(marks: DrawMarks) -> list[list[object]]:
    return [
        list(marks.exclusions),
        list(marks.rebase_codes),
        marks.rebase_sd.tolist(),
        list(marks.extra_codes),
        marks.extra_sd.tolist(),
        list(marks.watch_only),
    ]


# --- the shipped conditions -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("marker", "fasting", "haemolysis", "left_out", "uncertain"),
    [
        ("BCTX", "no", "unknown", "", "not_fasting"),
        ("BCTX", "yes", "unknown", "", ""),
        ("BCTX", "unknown", "unknown", "", ""),
        ("BCTX", "yes", "present", "", ""),
        ("CEA", "no", "present", "", ""),
        ("NSE", "no", "none", "", ""),
        ("PHOS", "yes", "present", "haemolysed", ""),
        ("LDH", "yes", "present", "haemolysed", ""),
    ],
)
def test_the_state_of_a_sample_counts_for_the_markers_it_spoils(
    marker: str, fasting: str, haemolysis: str, left_out: str, uncertain: str
) -> None:
    marks = marks_of(marker, DrawState(DAY, fasting, haemolysis))
    assert (marks.exclusions, marks.extra_codes) == ((left_out,), (uncertain,))
    assert marks.extra_sd.tolist() == [0.196 if uncertain else 0.0]


def test_what_is_wrong_with_the_sample_is_said_before_the_event() -> None:
    draw = DrawState(DAY + 3, haemolysis="present")
    marks = marks_of("LDH", draw, events=[ClinicalEvent("g_csf", DAY)])
    assert columns(marks) == [["haemolysed"], [""], [0.0], [""], [0.0], [""]]


def test_a_haemolysed_nse_is_used_with_doubt_and_carries_no_alert() -> None:
    marks = marks_of("NSE", *(DrawState(DAY, haemolysis=state) for state in ("none", "present", "unknown")))
    assert marks.exclusions == ("", "", "")
    assert marks.extra_codes == marks.watch_only == ("", "haemolysed", "")
    assert marks.extra_sd.tolist() == [0.0, 0.58, 0.0]


def test_a_haemolysed_nse_in_a_window_without_evidence_is_left_out_for_that() -> None:
    draw = DrawState(DAY + 3, haemolysis="present")
    marks = marks_of("NSE", draw, events=[ClinicalEvent("treatment_start", DAY, detail="targeted")])
    assert columns(marks) == [["treatment_window"], [""], [0.0], [""], [0.0], [""]]


@pytest.mark.parametrize(
    ("marker", "clock", "code"),
    [
        ("BCTX", "later", "not_in_the_morning"),
        ("BCTX", "morning", ""),
        ("BCTX", "unknown", ""),
        ("P1NP", "later", ""),
        ("CEA", "later", ""),
    ],
)
def test_the_hour_counts_for_beta_ctx_alone(marker: str, clock: str, code: str) -> None:
    marks = marks_of(marker, DrawState(DAY, clock=clock))
    assert (marks.exclusions, marks.extra_codes, marks.watch_only) == (("",), (code,), ("",))
    assert marks.extra_sd.tolist() == [0.34 if code else 0.0]


def test_of_a_meal_and_a_late_hour_the_larger_doubt_counts_once() -> None:
    marks = marks_of("BCTX", DrawState(DAY, fasting="no", clock="later"))
    assert (marks.extra_codes, marks.extra_sd.tolist()) == (("not_in_the_morning",), [0.34])


@pytest.mark.parametrize("marker", ["CEA", "CYFRA211", "NSE", "P1NP", "BCTX"])
def test_biotin_makes_a_value_uncertain_and_keeps_it_from_an_alert(marker: str) -> None:
    marks = marks_of(marker, *(DrawState(DAY, biotin=said) for said in ("yes", "no", "unknown")))
    assert marks.exclusions == ("", "", "")
    assert marks.extra_codes == marks.watch_only == ("biotin", "", "")
    assert marks.extra_sd.tolist() == [0.69, 0.0, 0.0]


@pytest.mark.parametrize(
    ("assay", "code"),
    [
        ("", "biotin"),
        ("Cobas e801", "biotin"),
        ("ROCHE  elecsys", "biotin"),
        ("罗氏 E602", "biotin"),
        ("Abbott Alinity", ""),
        ("IDS iSYS", ""),
    ],
)
def test_biotin_counts_for_assays_of_one_maker_and_for_those_nobody_named(assay: str, code: str) -> None:
    marks = marks_of("CEA", DrawState(DAY, biotin="yes", assay=assay))
    assert (marks.extra_codes, marks.watch_only) == ((code,), (code,))


@pytest.mark.parametrize("marker", ["SCC", "PROGRP", "ALP", "BAP", "PLT"])
def test_biotin_says_nothing_of_a_marker_no_source_names(marker: str) -> None:
    marks = marks_of(marker, DrawState(DAY, biotin="yes"))
    assert columns(marks) == [[""], [""], [0.0], [""], [0.0], [""]]


def test_what_the_patient_was_on_at_a_draw_reaches_as_far_as_a_course_that_ended_that_day() -> None:
    days = [DrawState(DAY + day) for day in (-1, 0, 21, 22)]
    told = columns(marks_of("NEUT", *days, events=[given_at_draw("g_csf", DAY)]))
    assert told[0] == ["", "g_csf_window", "g_csf_window", ""]
    ended = columns(marks_of("NEUT", *days[1:], events=[ClinicalEvent("g_csf", DAY - 5, DAY)]))
    assert ended == [column[1:] for column in told]
    days = [DrawState(DAY + day) for day in (-1, 0, 14, 15)]
    steroid = marks_of("NEUT", *days, events=[given_at_draw("steroid", DAY)])
    assert steroid.extra_codes == steroid.watch_only == ("", "steroid_window", "steroid_window", "")


@pytest.mark.parametrize("kind", ["g_csf", "steroid"])
def test_what_is_said_at_a_draw_holds_for_that_draw(kind: str) -> None:
    """It is dated a day back, which is right as long as the rules of these kinds begin on the day after."""
    assert {rule.from_day for rule in event_rules().events if kind in rule.kinds} == {1}


@pytest.mark.parametrize(
    ("at", "known", "clock"),
    [
        ((1, 59, 59), True, "morning"),  # 09:59:59 in Shanghai
        ((2, 0, 0), True, "later"),
        ((15, 59, 0), True, "later"),
        ((16, 0, 0), True, "morning"),  # 00:00 of the next day
        ((2, 0, 0), False, "unknown"),
    ],
)
def test_the_morning_ends_at_ten_on_the_clock_of_the_clinic(at: tuple[int, int, int], known: bool, clock: str) -> None:
    moment = dt.datetime(2025, 3, 3, *at, tzinfo=dt.UTC)
    assert clock_of(moment, tz=ZoneInfo("Asia/Shanghai"), time_known=known) == clock


# --- from the record ------------------------------------------------------------------------------------------------
def test_the_state_of_a_sample_reaches_the_series() -> None:
    fed = build_series(1, "BCTX", [point("BCTX", "0.3", fasting="no")])
    assert (fed.exclusions, fed.extra_codes, fed.extra_sd.tolist()) == (("",), ("not_fasting",), [0.196])
    haemolysed = build_series(1, "NSE", [point("NSE", "12", haemolysis="present")])
    assert (haemolysed.exclusions, haemolysed.extra_codes) == (("",), ("haemolysed",))
    assert (haemolysed.extra_sd.tolist(), haemolysed.watch_only) == ([0.58], ("haemolysed",))
    biotin = build_series(1, "CEA", [point("CEA", "2", taken=["biotin"], assay="Elecsys")])
    assert (biotin.extra_codes, biotin.watch_only) == (("biotin",), ("biotin",))
    elsewhere = build_series(1, "CEA", [point("CEA", "2", taken=["biotin"], assay="Alinity")])
    assert (elsewhere.extra_codes, elsewhere.watch_only) == (("",), ("",))


def test_the_hour_is_that_of_the_clinic_and_none_where_only_the_day_is_known(settings: Settings) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"
    late = point("BCTX", "0.3", hour=2)  # 10:00 in Shanghai
    assert build_series(1, "BCTX", [late]).extra_codes == ("not_in_the_morning",)
    assert build_series(1, "BCTX", [replace(late, time_known=False)]).extra_codes == ("",)
    settings.CLINIC_TIME_ZONE = "UTC"
    assert build_series(1, "BCTX", [late]).extra_codes == ("",)


@pytest.mark.django_db
def test_what_a_patient_was_on_at_a_draw_counts_for_that_draw_and_those_after_it_of_every_marker() -> None:
    patient = make_patient(make_cast().team)

    def drawn(day: int, values: dict[str, str], *, g_csf: str = "unknown", steroid: str = "unknown") -> None:
        draw = NewDraw(collected_at=FIRST + dt.timedelta(days=day), g_csf=g_csf, steroid=steroid)
        results = [reading(marker, text) for marker, text in values.items()]
        record_draw(actor="test", patient_id=patient.pk, draw=draw, results=results)

    drawn(0, {"NEUT": "4", "ALP": "80"})
    drawn(28, {"ALP": "80"}, g_csf="yes")  # the neutrophils of that day were not measured
    drawn(49, {"NEUT": "4", "ALP": "80"}, g_csf="no")
    drawn(50, {"NEUT": "4", "ALP": "80"}, steroid="yes")
    alp, neut = load_material([patient.pk]).series
    assert alp.watch_only == alp.extra_codes == ("", "g_csf_window", "g_csf_window", "")
    assert alp.extra_sd.tolist() == [0.0, 0.32, 0.32, 0.0]
    assert neut.exclusions == ("", "g_csf_window", "")
    assert neut.watch_only == ("", "", "steroid_window")


@pytest.mark.django_db
def test_what_is_learnt_of_a_sample_later_counts_from_then_on() -> None:
    patient = make_patient(make_cast().team)
    outcome = give_draw(patient, FIRST, {"NSE": "20"})
    assert load_material([patient.pk]).series[0].extra_codes == ("",)
    Draw.objects.filter(pk=outcome.draw_id).update(haemolysis="present")
    assert load_material([patient.pk]).series[0].extra_codes == ("haemolysed",)


def nse_that_rises(*, haemolysis: str) -> list[SeriesPoint]:
    """Seven quiet draws, then two that have doubled; of the last is said whether it was haemolysed."""
    values = ["11.0", "11.4", "10.8", "11.2", "11.1", "10.9", "11.3", "22", "24"]
    points = [point("NSE", value, draw=at) for at, value in enumerate(values, start=1)]
    return [*points[:-1], replace(points[-1], haemolysis=haemolysis)]


def test_a_haemolysed_nse_is_in_the_trend_and_confirms_nothing() -> None:
    def found(haemolysis: str) -> MarkerFinding:
        series = [build_series(1, "NSE", nse_that_rises(haemolysis=haemolysis))]
        (patient,) = engine.evaluate(series, marker_parameters(), detection_parameters())
        return patient.markers[0]

    sound, haemolysed = found("none"), found("present")
    assert (sound.state, haemolysed.state) == ("sustained_rise", "single_rise")
    last = haemolysed.readings[-1]
    assert (last.reason, last.uncertain, last.watch_only) == ("", "haemolysed", "haemolysed")
    assert last.z is not None
    assert sound.readings[-1].z is not None
    assert 0 < last.z < sound.readings[-1].z
