"""From the evidence of each marker to two indices and a level (D11 to D13)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from monitoring.trends.detection import DetectionParameters, Gate, Thresholds
from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.fusion import threshold
from monitoring.trends.types import MarkerParameters, PatientFinding, Series
from tests.monitoring.trends.builders import (
    ALONE,
    ALP,
    BAP,
    CEA,
    PANEL,
    PARAMETERS,
    analysis_of,
    every,
    flat_thresholds,
    history_of,
    parameters,
    patient_of,
    series,
)

CALM = [1.0, 1.02, 0.98, 1.0, 1.01, 1.0]
RISING = [1.0, 1.02, 0.98, 1.0, 2.2, 3.3]
HIGH_ONCE = [1.0, 1.02, 0.98, 1.0, 1.0, 4.0]
LEVELS = {
    "CEA": 2.2,
    "CYFRA211": 1.7,
    "ALP": 78.0,
    "BAP": 13.0,
    "BCTX": 0.3,
    "CA": 2.3,
    "ALB": 42.0,
    "HGB": 140.0,
    "SCC": 1.0,
}


def course(marker: str, factors: list[float]) -> Series:
    return series([LEVELS[marker] * factor for factor in factors], marker=marker)


def codes(found: PatientFinding) -> list[tuple[str, str]]:
    return [(reason.marker, reason.code) for reason in found.reasons]


# --- who may carry what ---
def test_a_quiet_patient_has_no_level_and_no_reason() -> None:
    found = patient_of(course("CEA", CALM), course("ALP", CALM))

    assert (found.level, found.pattern, found.reasons, found.since_day) == ("none", "", (), None)
    assert found.alert_index is None
    assert found.next_draw_days is None


def test_a_tumour_marker_that_rises_carries_an_alert_alone() -> None:
    found = patient_of(course("CEA", RISING), course("ALP", CALM))

    assert (found.level, found.pattern, found.since_day) == ("alert", "tumour", 20_168.0)
    assert codes(found) == [("CEA", "tumour_marker_sustained")]
    assert found.reasons[0].draw_ids == (5, 6)


def test_a_lone_bone_marker_is_a_watch_however_much_it_rises() -> None:
    found = patient_of(course("ALP", [*RISING, 5.0, 8.0]))

    assert (found.level, found.pattern, found.alert_index) == ("watch", "bone", None)
    assert found.watch_index is not None
    assert found.watch_index > 10.0
    assert codes(found) == [("ALP", "bone_marker_sustained")]


def test_alkaline_phosphatase_and_its_bone_part_are_one_bone_marker() -> None:
    found = patient_of(course("ALP", RISING), course("BAP", RISING))

    assert (found.level, found.alert_index) == ("watch", None)
    assert codes(found) == [("ALP", "bone_marker_sustained"), ("BAP", "bone_marker_sustained")]


def test_two_independent_bone_markers_carry_an_alert() -> None:
    found = patient_of(course("ALP", RISING), course("BCTX", RISING))

    assert (found.level, found.pattern) == ("alert", "bone")
    assert codes(found) == [("ALP", "bone_markers_sustained"), ("BCTX", "bone_markers_sustained")]


def test_a_lone_bone_marker_carries_an_alert_in_the_company_of_a_marker_that_is_not_confirmed() -> None:
    quiet = patient_of(course("ALP", RISING), course("CEA", CALM))
    company = patient_of(course("ALP", RISING), course("CEA", HIGH_ONCE))

    assert quiet.level == "watch"
    assert (company.level, company.pattern) == ("alert", "bone")
    assert codes(company) == [("ALP", "bone_marker_sustained"), ("CEA", "single_supporting_draw")]
    assert company.since_day == 20_168.0


@pytest.mark.parametrize(("asked", "level"), [(0.999, "alert"), (1.001, "watch")])
def test_the_company_a_lone_bone_marker_needs_is_counted_in_what_the_others_add(asked: float, level: str) -> None:
    of_patient = (course("ALP", RISING), course("CEA", HIGH_ONCE))
    (cea,) = (one for one in patient_of(*of_patient).markers if one.marker == "CEA")
    assert cea.evidence is not None

    assert patient_of(*of_patient, using=replace(PARAMETERS, company=cea.evidence.part * asked)).level == level


def test_a_tumour_and_a_bone_marker_are_named_together() -> None:
    found = patient_of(course("CEA", RISING), course("BCTX", RISING))

    assert (found.level, found.pattern) == ("alert", "tumour_and_bone")
    assert codes(found) == [("CEA", "tumour_marker_sustained"), ("BCTX", "bone_marker_sustained")]


def test_counts_and_minerals_add_to_the_index_and_never_carry_an_alert() -> None:
    strong = [*RISING, 5.0, 8.0]
    found = patient_of(course("CA", strong), course("ALB", [1.0 / factor for factor in strong]))

    assert (found.level, found.pattern, found.alert_index) == ("watch", "other", None)
    assert codes(found) == [("ALB", "other_marker_sustained"), ("CA", "other_marker_sustained")]
    assert [reason.direction for reason in found.reasons] == ["down", "both"]


def test_one_high_draw_in_every_marker_is_a_watch_for_what_is_not_confirmed() -> None:
    found = patient_of(course("CEA", HIGH_ONCE), course("BCTX", HIGH_ONCE))

    assert (found.level, found.pattern, found.since_day) == ("watch", "tumour_and_bone", 20_210.0)
    assert codes(found) == [("CEA", "single_supporting_draw"), ("BCTX", "single_supporting_draw")]


def test_a_watch_of_many_weak_markers_names_those_that_bring_most() -> None:
    low = replace(PARAMETERS, thresholds=flat_thresholds(watch=0.2, alert=9.0))
    weak = {f"M{at}": parameters(f"M{at}", participation=0.3) for at in range(5)}
    batch = [series([2.2, 2.3, 2.25, 2.5], marker=marker) for marker in weak]

    (found,) = evaluate(batch, weak, low)

    assert found.level == "watch"
    assert {marker.state for marker in found.markers} == {"calm"}
    # None of five equal parts is a quarter of the index, and a level without a ground would be no explanation.
    assert [reason.marker for reason in found.reasons] == ["M0", "M1", "M2", "M3", "M4"]
    assert found.since_day == 20_126.0


def test_of_weak_markers_those_below_a_quarter_of_the_index_are_not_named() -> None:
    low = replace(PARAMETERS, thresholds=flat_thresholds(watch=0.1, alert=9.0))

    found = patient_of(course("CEA", [1.0, 1.02, 0.98, 1.15]), course("ALP", [1.0, 1.02, 0.98, 1.0]), using=low)

    assert [one.state for one in found.markers] == ["calm", "calm"]
    assert [reason.marker for reason in found.reasons] == ["CEA"]


# --- what is weighed ---
def test_the_watch_index_is_the_sum_of_what_the_independent_markers_add() -> None:
    found = patient_of(course("CEA", RISING), course("BCTX", HIGH_ONCE), course("CA", CALM), using=ALONE)

    parts = []
    for finding in found.markers:
        share = PANEL[finding.marker].participation
        assert share is not None
        assert finding.evidence is not None
        assert finding.evidence.odds == pytest.approx(math.exp(-6.5 + finding.evidence.log_evidence), rel=1e-12)
        assert finding.evidence.part == pytest.approx(
            math.log(1.0 + share / (1.0 - share) * finding.evidence.odds), rel=1e-12
        )
        parts.append(finding.evidence.part)
    assert found.watch_index == pytest.approx(sum(parts), abs=1e-12)
    assert found.weighed == ("BCTX", "CA", "CEA")


def test_the_members_of_a_group_are_counted_once_at_their_strongest() -> None:
    alp, bap = course("ALP", RISING), course("BAP", HIGH_ONCE)
    alone = [patient_of(one, using=ALONE).watch_index for one in (alp, bap)]
    together = patient_of(alp, bap, using=ALONE)
    apart = {"ALP": replace(ALP, group="ALP"), "BAP": replace(BAP, group="BAP")}

    assert None not in alone
    assert together.watch_index == max(one for one in alone if one is not None)
    (separate,) = evaluate([alp, bap], apart, ALONE)
    assert separate.watch_index == pytest.approx(sum(one for one in alone if one is not None), abs=1e-12)


def test_one_marker_under_two_names_of_a_group_adds_nothing_to_the_index_and_counts_twice_in_the_weight() -> None:
    twice = {"CEA": CEA, "CEA2": replace(CEA, marker="CEA2")}
    values = [2.2 * factor for factor in RISING]

    (once,) = level_history([series(values)], twice, ALONE)
    (both,) = level_history([series(values), series(values, marker="CEA2")], twice, ALONE)

    assert [one.watch_index for one in both.draws] == [one.watch_index for one in once.draws]
    assert [one.alert_index for one in both.draws] == [one.alert_index for one in once.draws]
    doubled = analysis_of(series(values), series(values, marker="CEA2"), markers=twice, using=ALONE)
    # Each is a chance more to be the larger of the two, so both count in the weight of the panel.
    assert doubled.patients.weight[0].tolist() == pytest.approx([0.0, 3.0, 3.0, 3.0, 3.0, 3.0], abs=1e-12)


def test_without_the_bone_layer_bone_markers_weigh_nothing() -> None:
    off = replace(PARAMETERS, bone_layer=False)
    bone = (course("ALP", RISING), course("BCTX", RISING))

    found, with_tumour = patient_of(*bone, using=off), patient_of(*bone, course("CEA", HIGH_ONCE), using=off)

    assert (found.level, found.watch_index, found.alert_index, found.weighed) == ("none", 0.0, None, ())
    assert found.watch_threshold is None
    assert {one.state for one in found.markers} == {"sustained_rise"}  # what they did is still shown
    assert (with_tumour.level, with_tumour.pattern) == ("watch", "tumour")
    assert codes(with_tumour) == [("CEA", "single_supporting_draw")]
    assert with_tumour.weighed == ("CEA",)


def test_a_marker_that_is_never_weighed_is_shown_and_is_no_ground_for_a_level() -> None:
    found = patient_of(course("HGB", RISING), course("CEA", HIGH_ONCE))

    hgb = next(one for one in found.markers if one.marker == "HGB")
    assert hgb.state == "sustained_rise"
    assert hgb.evidence is not None
    assert hgb.evidence.part == 0.0
    assert codes(found) == [("CEA", "single_supporting_draw")]
    assert found.weighed == ("CEA",)


def test_a_marker_without_a_variation_estimate_never_weighs() -> None:
    shown = replace(PANEL["SCC"], participation=0.6)

    (found,) = evaluate([course("SCC", [*RISING, 9.0])], {"SCC": shown}, PARAMETERS)

    assert (found.level, found.watch_index, found.alert_index) == ("none", 0.0, None)
    assert found.markers[0].state == "no_verdict"
    assert found.markers[0].evidence is None


def test_a_marker_says_nothing_before_its_second_draw() -> None:
    one, two = history_of(course("CEA", [9.0])), history_of(course("CEA", [9.0, 30.0]))

    assert one.draws[0].watch_index == 0.0
    assert two.draws[1].watch_index > 0.0


# --- the levels ---
@pytest.mark.parametrize(
    ("watch", "alert", "level"),
    [(1.0001, 1.0001, "none"), (0.9999, 1.0001, "watch"), (0.9999, 0.9999, "alert"), (1.0001, 0.9999, "alert")],
)
def test_a_level_begins_exactly_at_its_threshold(watch: float, alert: float, level: str) -> None:
    one = course("CEA", RISING)
    index = patient_of(one).watch_index
    assert index is not None

    found = patient_of(
        one, using=replace(PARAMETERS, thresholds=flat_thresholds(watch=watch * index, alert=alert * index))
    )

    assert found.level == level
    assert (found.watch_threshold, found.alert_threshold) == (watch * index, alert * index)


def test_without_thresholds_no_level_is_reached() -> None:
    found = patient_of(course("CEA", RISING), using=replace(PARAMETERS, thresholds=None))

    assert (found.level, found.watch_threshold, found.alert_threshold) == ("none", None, None)


CURVE = Thresholds(
    curve={"watch": (1.2, -0.4, 0.1, 0.5, 0.25), "alert": (2.0, -0.9, 0.3, 0.8, -0.5)},
    weight=3.0,
    interval_days=(21.0, 140.0),
    weight_range=(0.5, 6.0),
)
LN2 = math.log(2)


@pytest.mark.parametrize(
    ("gate", "interval", "weight", "expected"),
    [
        ("alert", 63.0, 3.0, 2.0),
        ("watch", 63.0, 3.0, 1.2),
        ("alert", 126.0, 3.0, 2.0 - 0.9 * LN2 + 0.3 * LN2**2),
        ("watch", 31.5, 6.0, 1.2 + 0.4 * LN2 + 0.1 * LN2**2 + 1.0 * (0.5 - 0.25 * LN2)),
        ("alert", 126.0, 1.5, 2.0 - 0.9 * LN2 + 0.3 * LN2**2 - 0.5 * (0.8 - 0.5 * LN2)),
        ("alert", 7.0, 3.0, 2.0 - 0.9 * math.log(21 / 63) + 0.3 * math.log(21 / 63) ** 2),
        ("alert", 365.0, 3.0, 2.0 - 0.9 * math.log(140 / 63) + 0.3 * math.log(140 / 63) ** 2),
        ("alert", 63.0, 100.0, 2.0 + 0.8 * (6 / 3 - 1)),
        ("alert", 63.0, 0.1, 2.0 + 0.8 * (0.5 / 3 - 1)),
        ("alert", 63.0, 0.0, math.inf),
    ],
)
def test_the_threshold_is_the_curve_over_interval_and_weight_held_inside_what_it_was_fitted_on(
    gate: Gate, interval: float, weight: float, expected: float
) -> None:
    using = replace(PARAMETERS, thresholds=CURVE)

    (found,) = threshold(using, gate, np.array([interval]), np.array([weight]))

    assert found == pytest.approx(expected, abs=1e-12)


def test_a_threshold_never_falls_to_what_a_quiet_marker_brings() -> None:
    steep = replace(CURVE, curve={"watch": (0.1, 0.0, 0.0, 1.0, 0.0), "alert": (0.1, 0.0, 0.0, 1.0, 0.0)})

    (found,) = threshold(replace(PARAMETERS, thresholds=steep), "watch", np.array([63.0]), np.array([0.5]))

    assert found == 0.05


def intervals(*of_patient: Series, using: DetectionParameters = PARAMETERS) -> list[float]:
    found: list[float] = analysis_of(*of_patient, using=using).patients.interval[0].tolist()
    return found


def test_the_interval_is_the_median_gap_so_far_and_the_usual_one_until_three_are_known() -> None:
    days = [20_000.0, 20_030.0, 20_070.0, 20_080.0, 20_200.0]

    assert intervals(series([2.2] * 5, days=days)) == [63.0, 63.0, 63.0, 30.0, 35.0]


def test_two_samples_of_a_day_and_draws_of_several_markers_are_one_visit() -> None:
    days = [20_000.0, 20_000.9, 20_040.0, 20_040.0, 20_080.0, 20_120.0]
    cea = series([2.2] * 6, days=days)
    alp = series([78.0] * 2, marker="ALP", days=[20_040.2, 20_120.5], draw_ids=[11, 12])

    assert intervals(cea, alp)[-1] == 40.0


def test_a_draw_that_was_not_used_is_no_visit() -> None:
    days = every(20.0, 6)
    exclusions = ["", "haemolysed", "", "haemolysed", "", ""]

    assert intervals(series([2.2] * 6, days=days, exclusions=exclusions))[-1] == 40.0


def test_the_parameters_of_a_marker_carry_their_family_into_the_finding() -> None:
    known: dict[str, MarkerParameters] = {"CEA": replace(CEA, family="bone_turnover", group="")}

    (found,) = evaluate([course("CEA", RISING)], known, PARAMETERS)

    assert (found.level, found.pattern, found.markers[0].family) == ("watch", "bone", "bone_turnover")
