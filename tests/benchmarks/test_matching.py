"""Rules are matched at one rate of false alerts before anything else is compared."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.detection.baselines import COMMON, SHARED, as_rarity, statistics_of
from benchmarks.detection.matched import judged, judged_engine
from benchmarks.detection.matching import Resamples, at_rate, central_95, summary
from benchmarks.detection.material import Material, draws_before_onset, protocol_material, reached
from benchmarks.detection.shipped import Shipped, shipped
from monitoring.calibration.counting import count_false
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import FloatArray

TUNED = 102  # nothing is judged here


@pytest.fixture(scope="module")
def engine() -> Shipped:
    return shipped()


@pytest.fixture(scope="module")
def material(engine: Shipped) -> Material:
    return protocol_material(engine, THREE_MARKERS, 600, seed=TUNED)


def rate(statistic: FloatArray, threshold: float, material: Material) -> float:
    counts = count_false(statistic[material.is_quiet] >= threshold, material.quiet)
    return 100.0 * float(np.sum(counts)) / material.quiet.total_years


def only(material: Material, code: str) -> Material:
    return replace(material, panel=(code,))


def test_a_summary_counts_misses_as_no_lead() -> None:
    found = summary(5.0, np.array([100.0, 60.0, math.nan, 30.0]))
    assert (found.sensitivity, found.early, found.earlier) == (75.0, 50.0, 25.0)
    assert (found.median_lead, found.mean_lead, found.progressors) == (60.0, 47.5, 4)


def test_every_rule_is_matched_at_no_more_than_the_target_and_close_to_it(engine: Shipped, material: Material) -> None:
    rules = judged(material, engine)
    assert {one.rule for one in rules} == set(RULES)
    for one in (judged_engine(material), *rules):
        assert 4.0 < one.found.rate <= 5.0, one.rule
        assert one.found.rate == pytest.approx(rate(np.where(one.fired, 1.0, 0.0), 0.5, material))
    shares = [one.found.sensitivity for one in rules]
    assert shares == sorted(shares, reverse=True)


def test_a_common_threshold_is_the_largest_statistic_of_any_marker(engine: Shipped, material: Material) -> None:
    alone = [next(statistics_of(only(material, code), engine.told.markers, ["peb"]))[2] for code in material.panel]
    together = {way: one for _, way, one in statistics_of(material, engine.told.markers, ["peb"])}
    assert np.array_equal(together[COMMON], np.maximum.reduce(alone))
    assert set(together) == {COMMON, SHARED}


def test_an_equal_share_gives_every_marker_the_same_rate_of_its_own(engine: Shipped, material: Material) -> None:
    """Where the shared statistic comes to a rate of 5 a marker, each marker alone does; to the steps of the counts."""
    wanted = 5.0
    for code in material.panel:
        alone = only(material, code)
        (_, _, own), *_ = statistics_of(alone, engine.told.markers, ["ols_slope"])
        (threshold,) = [at for at in np.sort(np.unique(own[np.isfinite(own)])) if rate(own, at, material) <= wanted][:1]
        shared = as_rarity(own, material)
        fired = shared >= -math.log(wanted)
        assert rate(np.where(fired, 1.0, 0.0), 0.5, material) == pytest.approx(rate(own, threshold, material), abs=0.8)


def test_resamples_come_to_the_matched_sensitivity_on_average(material: Material) -> None:
    resamples = Resamples.of(material.cohort, resamples=60, seed=1)
    assert np.all(resamples.times.sum(axis=1) == 600)
    again = resamples.sensitivity(material.index.alert, material, 5.0)
    found, _ = at_rate(material.index.alert, material, 5.0)
    low, high = central_95(again)
    assert low < found.sensitivity < high
    assert float(np.mean(again)) == pytest.approx(found.sensitivity, abs=3.0)


def test_the_same_patients_once_each_are_the_cohort_itself(material: Material) -> None:
    once = Resamples(np.ones((1, 600)))
    (again,) = once.sensitivity(material.index.alert, material, 5.0)
    assert again == pytest.approx(at_rate(material.index.alert, material, 5.0)[0].sensitivity, abs=1.0)


def test_an_alert_is_also_a_watch(engine: Shipped, material: Material) -> None:
    alert, watch = (reached(material, engine, gate) for gate in ("alert", "watch"))
    assert 0 < np.sum(alert) < np.sum(watch)
    assert not np.any(alert & ~watch)
    assert not np.any(watch & ~material.index.taken)


def test_draws_before_onset_are_counted_for_those_who_progress(material: Material) -> None:
    before = draws_before_onset(material)
    place = int(np.flatnonzero(material.cohort.progresses)[3])
    days = material.cohort.days[place, material.index.taken[place]]
    assert before[3] == np.sum(days < material.cohort.onset[place])
    assert len(before) == np.sum(material.cohort.progresses)
