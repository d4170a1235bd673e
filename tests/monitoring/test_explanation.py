from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from monitoring.explanation import MarkerWhy, against, explain_marker, grade_text, reason_text, state_text
from monitoring.trends.types import Baseline, DoublingTime, MarkerFinding, Slope
from patients.catalogue import catalogue
from tests.monitoring.figures import finding, panel, point, reading

RISE = finding(
    [reading(1), reading(2), reading(3, stance="supports"), reading(4, stance="supports")], state="sustained_rise"
)
VALUES = ("2.0", "2.1", "4.5", "7.40")


def why(found: MarkerFinding = RISE) -> MarkerWhy:
    shown = panel([point("CEA", value, draw=at) for at, value in enumerate(VALUES, start=1)], found)
    return explain_marker(found, marker=shown.marker, views=shown.views, since=dt.date(2026, 3, 30))


def test_a_rise_is_told_from_the_persons_level_to_the_last_value_as_reported() -> None:
    said = why()
    assert (said.baseline, said.last, said.unit, said.change) == ("2.04", "7.40", "ng/mL", "+263\xa0%")
    assert (said.state_label, said.since) == ("sustained rise", "30-Mar-2026")


def test_the_supporting_draws_are_named_by_date() -> None:
    assert why().support == ("30-Mar-2026", "11-May-2026")


def test_expected_noise_and_what_would_lower_it_are_numbers() -> None:
    said = why()
    assert said.expected == "1.5–2.6 ng/mL"
    assert said.noise == "up to +55\xa0% between two draws may be chance"
    assert said.lower == "a next CEA below 3.1 ng/mL"


def test_a_doubling_time_has_its_interval_or_a_reason_why_not() -> None:
    slope = Slope(per_day=0.008, low=0.0046, high=0.0115, draws=4, span_days=84.0, method="rise")
    stated = replace(RISE, slope=slope, doubling_time=DoublingTime(days=86.2, low=60.1, high=150.4))
    interval = "approximate 95 % interval 60 to 150"
    assert why(stated).doubling == f"about 86 days, averaged over 4 draws in 84 days ({interval})"
    assert why().doubling == "not given: the draws lie too close together in time"


def test_a_single_draw_or_a_fall_has_no_doubling_time() -> None:
    assert why(replace(RISE, state="single_rise")).doubling == ""
    assert why(replace(RISE, direction="down")).doubling == ""


def test_a_figure_not_seen_in_a_source_says_so() -> None:
    said = why()
    assert (said.grade, said.grade_is_weak) == ("recalled, not seen in a source", True)
    assert grade_text("") == ""


def test_what_was_left_out_is_named_with_its_reason() -> None:
    found = finding([reading(1), reading(2, stance="not_used", reason="not_fasting")], marker="BCTX")
    shown = panel([point("BCTX", "0.3", draw=1), point("BCTX", "0.2", draw=2)], found)
    said = explain_marker(found, marker=shown.marker, views=shown.views, since=None)
    assert [(one.day, one.value, one.reason) for one in said.left_out] == [("16-Feb-2026", "0.2", "drawn after food")]


def test_a_calm_marker_of_the_same_family_speaks_against() -> None:
    calm = finding([reading(1)], marker="CYFRA211")
    below = finding([reading(1, stance="against")], marker="NSE")
    elsewhere = finding([reading(1)], marker="PLT")
    findings = {"CEA": RISE, "CYFRA211": calm, "NSE": below, "PLT": elsewhere}
    assert against(findings, {code: catalogue().marker(code) for code in findings}) == [
        "CYFRA 21-1 is as expected (1.5–2.6 ng/mL).",
        "NSE lies at or below this person's own level (expected 1.5–2.6 ng/mL).",
    ]


def test_nothing_moved_means_nothing_to_speak_against() -> None:
    assert against({"CEA": finding([reading(1)])}, {"CEA": catalogue().marker("CEA")}) == []


@pytest.mark.parametrize(
    "code", ["not_fasting", "haemolysed", "treatment_window", "limit_above_band", "first_in_segment"]
)
def test_each_reason_has_words(code: str) -> None:
    assert reason_text(code) != code


def test_a_reason_without_words_is_shown_and_not_dropped() -> None:
    assert reason_text("something_new") == "something_new"


def test_the_change_stands_beside_the_value_it_is_the_change_of() -> None:
    """The newest draw was left out, so the change is that of the draw before it."""
    readings = [
        reading(1),
        reading(2),
        replace(reading(3, stance="supports"), value=4.5),
        replace(reading(4, stance="not_used", reason="haemolysed"), value=30.0),
    ]
    found = replace(finding(readings, marker="NSE", state="single_rise"), last_value=4.5, last_day=3.0)
    values = ("2.0", "2.1", "4.5", "30")
    shown = panel([point("NSE", value, draw=at) for at, value in enumerate(values, start=1)], found)
    said = explain_marker(found, marker=shown.marker, views=shown.views, since=None)
    assert (said.last, said.change) == ("4.5", "+263\xa0%")
    assert [(one.value, one.reason) for one in said.left_out] == [("30", "sample haemolysed")]


def test_a_value_reported_in_another_unit_is_never_set_beside_a_bare_number() -> None:
    level = Baseline(level=41.9, low=40.0, high=43.8, draws=2, draw_ids=(1, 2), start="series")
    found = replace(finding([reading(1), reading(2)], marker="ALB"), baseline=level)
    values = [
        replace(point("ALB", text, draw=at), unit="g/dL", canonical=Decimal(text) * 10, factor=Decimal(10))
        for at, text in enumerate(("4.20", "3.3"), start=1)
    ]
    shown = panel(values, found)
    said = explain_marker(found, marker=shown.marker, views=shown.views, since=None)
    assert (said.baseline, said.last, said.unit, said.converted) == ("41.9 g/L", "3.3", "g/dL", "33 g/L")
    assert why().converted == ""


def test_a_marker_whose_fall_matters_speaks_against_from_above() -> None:
    albumin = replace(finding([reading(1, stance="against", band=(40, 44))], marker="ALB"), direction="down")
    findings = {"CA": replace(RISE, marker="CA"), "ALB": albumin}
    assert against(findings, {code: catalogue().marker(code) for code in findings}) == [
        "Alb lies at or above this person's own level (expected 40–44 g/L)."
    ]


@pytest.mark.parametrize(
    ("value", "direction", "said"),
    [
        (2.0, "up", "as expected"),
        (2.61, "up", "above expected, within noise"),
        (1.49, "up", "below expected"),
        (1.49, "down", "below expected, within noise"),
        (2.61, "down", "above expected"),
        (1.49, "both", "below expected"),
    ],
)
def test_a_calm_value_outside_its_band_is_not_called_as_expected(value: float, direction: str, said: str) -> None:
    found = replace(finding([replace(reading(1), value=value)]), direction=direction)  # type: ignore[arg-type]  # a literal
    assert state_text(found) == said
    sentences = against({"CEA": RISE, "NSE": replace(found, marker="NSE")}, catalogue().by_code)
    assert sentences == (["NSE is as expected (1.5–2.6 ng/mL)."] if said == "as expected" else [])
