from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from monitoring.explanation import NO_WEIGHT, MarkerWhy, Weight, against, explain_marker, grade_text, state_text
from monitoring.trends.types import Baseline, Direction, DoublingTime, MarkerFinding
from patients.catalogue import catalogue
from tests.monitoring.figures import evidence, finding, panel, point, reading

RISE = finding(
    [reading(1), reading(2), reading(3, stance="supports"), reading(4, stance="supports")], state="sustained_rise"
)
VALUES = ("2.0", "2.1", "4.5", "7.40")


def why(found: MarkerFinding = RISE, *, weight: Weight = NO_WEIGHT) -> MarkerWhy:
    shown = panel([point("CEA", value, draw=at) for at, value in enumerate(VALUES, start=1)], found)
    return explain_marker(found, marker=shown.marker, views=shown.views, since=dt.date(2026, 3, 30), weight=weight)


def test_a_rise_is_told_from_the_persons_level_to_the_last_value_as_reported() -> None:
    said = why()
    assert (said.baseline, said.last, said.unit, said.change) == ("2.04", "7.40", "ng/mL", "×3.6")
    assert (said.state_label, said.since) == ("sustained rise", "30-Mar-2026")


def test_across_a_change_of_assay_no_percentage_is_told() -> None:
    found = replace(RISE, change_percent=None)
    shown = panel([point("CEA", value, draw=at, assay="B" if at > 3 else "A") for at, value in enumerate(VALUES, 1)])
    told = explain_marker(found, marker=shown.marker, views=shown.views, since=None)
    assert told.change == "not comparable (another assay)"
    alike = panel([point("CEA", value, draw=at, assay="A") for at, value in enumerate(VALUES, 1)])
    assert explain_marker(found, marker=alike.marker, views=alike.views, since=None).change == ""


def test_the_supporting_draws_are_named_by_date() -> None:
    assert why().support == ("30-Mar-2026", "11-May-2026")


@pytest.mark.parametrize(
    ("values", "direction", "said"),
    [
        (("2.7", "7.4"), "up", ""),
        (("2.6", "2.61"), "up", "by itself beyond what was expected from 11-May-2026 on"),
        (("2.5", "2.6"), "up", "each value by itself as expected of this person"),
        (("1.5", "1.49"), "down", "by itself beyond what was expected from 11-May-2026 on"),
        (("1.4", "1.3"), "down", ""),
    ],
)
def test_where_the_first_draw_of_a_rise_showed_nothing_by_itself_it_is_said_which_did(
    values: tuple[str, str], direction: Direction, said: str
) -> None:
    found = replace(RISE, direction=direction)
    shown = panel([point("CEA", value, draw=at) for at, value in enumerate(("2.0", "2.1", *values), start=1)], found)
    told = explain_marker(found, marker=shown.marker, views=shown.views, since=dt.date(2026, 3, 30))
    assert (told.since, told.visible) == ("30-Mar-2026", said)


def test_without_a_band_or_a_rise_nothing_is_said_of_its_first_draw() -> None:
    unknown = replace(RISE, readings=(reading(1), reading(2), reading(3, band=None), reading(4, stance="supports")))
    assert why(unknown).visible == ""
    calm = panel([point("CEA", value, draw=at) for at, value in enumerate(("2.0", "2.1", "2.2", "2.3"), 1)], RISE)
    assert explain_marker(RISE, marker=calm.marker, views=calm.views, since=None).visible == ""


def test_the_level_before_the_rise_has_its_interval_and_its_draws() -> None:
    assert why().own_level == "2.04 ng/mL (95 % interval 1.8–2.3), from 3 draws"
    assert RISE.baseline is not None
    moved = replace(RISE, baseline=replace(RISE.baseline, draws=1, start="segment"))
    assert why(moved).own_level == "2.04 ng/mL (95 % interval 1.8–2.3), from 1 draw, re-based by an event"


def test_the_inferred_start_has_its_interval() -> None:
    risen = replace(RISE, evidence=evidence())
    assert why(risen).onset == "about 16-Feb-2026 (approximate 95 % interval 19-Jan-2026 to 16-Mar-2026)"
    known = replace(evidence(), onset_low=20_500.0, onset_high=20_500.0)
    assert why(replace(RISE, evidence=known)).onset == "about 16-Feb-2026"
    assert why().onset == ""


def test_whether_a_second_draw_confirms_it_is_said_with_the_reason_why_not() -> None:
    assert (
        why(replace(RISE, evidence=evidence())).confirmed
        == "yes, the latest draw speaks for it, and so do the others without the strongest one"
    )
    once = replace(RISE, state="single_rise", evidence=evidence(confirmed=False))
    assert why(once).confirmed == "not yet: the latest draw and another one must both speak for it"
    held = [reading(1), reading(2, stance="supports", watch_only="bone_flare_window"), reading(3, stance="not_used")]
    assert why(replace(once, readings=tuple(held))).confirmed == (
        "no, the last draw carries no alert: early in targeted therapy, when healing bone can raise this marker"
    )


@pytest.mark.parametrize(
    ("odds", "word"),
    [(0.5, "weak"), (1.0, "moderate"), (3.0, "clear"), (20.0, "strong"), (150.0, "very strong")],
)
def test_the_strength_is_a_word_and_a_share_of_the_index_and_never_a_probability(odds: float, word: str) -> None:
    said = why(replace(RISE, evidence=evidence(odds=odds)), weight=Weight(tells=True, share="72 % of the index"))
    assert said.strength == f"{word}, 72 % of the index"


def test_the_persons_own_noise_is_set_against_the_stated_one() -> None:
    chance = "up to +55\xa0% between two draws may be chance"
    twice = why(replace(RISE, evidence=evidence(noise=1.69))).noise
    assert twice == f"{chance}; this person varies 1.3 times as much as stated"
    assert why(replace(RISE, evidence=evidence(noise=1.05))).noise == f"{chance}; this person varies as stated"


def test_a_marker_too_weak_alone_is_told_beside_those_that_moved() -> None:
    weak = replace(RISE, state="calm", evidence=evidence(odds=0.3, confirmed=False))
    told = why(weak, weight=Weight(tells=True, share="40 % of the index"))
    assert (told.moved, told.state_label, told.doubling) == (True, "weak sign, only beside others", "")
    assert (told.strength, len(told.draws)) == ("weak, 40 % of the index", 4)
    assert (why(weak).moved, why(weak).draws) == (False, ())


def test_expected_noise_and_what_would_lower_it_are_numbers() -> None:
    said = why()
    assert said.expected == "1.5–2.6 ng/mL"
    assert said.noise == "up to +55\xa0% between two draws may be chance"
    assert said.lower == "a next CEA below 3.1 ng/mL"


def test_a_doubling_time_has_its_interval_or_a_reason_why_not() -> None:
    stated = replace(RISE, doubling_time=DoublingTime(days=86.2, low=60.1, high=150.4))
    assert why(stated).doubling == (
        "what is added to the own level doubles in about 86 days (approximate 95 % interval 60 to 150)"
    )
    assert why().doubling == "not given: the draws lie too close together in time"


def test_what_is_not_confirmed_has_no_doubling_time_and_a_fall_has_no_word_of_it() -> None:
    once = replace(RISE, state="single_rise", doubling_time_reason="not_rising")
    assert why(once).doubling == "not given: the rise is not confirmed"
    assert why(replace(RISE, direction="down")).doubling == ""


def test_a_figure_not_seen_in_a_source_says_so() -> None:
    said = why()
    assert (said.grade, said.grade_is_weak) == ("recalled, not seen in a source", True)
    assert grade_text("") == ""


def test_what_was_left_out_is_named_with_its_reason() -> None:
    found = finding([reading(1), reading(2, stance="not_used", reason="not_fasting")], marker="BCTX")
    shown = panel([point("BCTX", "0.3", draw=1), point("BCTX", "0.2", draw=2)], found)
    said = explain_marker(found, marker=shown.marker, views=shown.views, since=None)
    assert [(one.day, one.value, one.text) for one in said.notes] == [
        ("16-Feb-2026", "0.2", "not used: drawn after food")
    ]


def test_a_calm_marker_of_the_same_family_speaks_against() -> None:
    calm = finding([reading(1)], marker="CYFRA211")
    below = finding([reading(1, stance="against")], marker="NSE")
    elsewhere = finding([reading(1)], marker="PLT")
    findings = {"CEA": RISE, "CYFRA211": calm, "NSE": below, "PLT": elsewhere}
    assert against(findings, {code: catalogue().marker(code) for code in findings}) == [
        "CYFRA 21-1 is as expected (1.5–2.6 ng/mL).",
        "NSE lies at or below this person's own level (expected 1.5–2.6 ng/mL).",
    ]


def test_a_calm_marker_that_is_a_reason_never_speaks_against() -> None:
    calm = {code: finding([reading(1)], marker=code) for code in ("CEA", "CYFRA211")}
    markers = {code: catalogue().marker(code) for code in calm}
    assert against(calm, markers, told=("CEA",)) == ["CYFRA 21-1 is as expected (1.5–2.6 ng/mL)."]
    assert against(calm, markers, told=("CEA", "CYFRA211")) == []


def test_nothing_moved_means_nothing_to_speak_against() -> None:
    assert against({"CEA": finding([reading(1)])}, {"CEA": catalogue().marker("CEA")}) == []


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
    assert (said.last, said.change) == ("4.5", "×3.6")
    assert [(one.value, one.text) for one in said.notes] == [("30", "not used: sample haemolysed")]


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
