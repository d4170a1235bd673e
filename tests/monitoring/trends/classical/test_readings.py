from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm, theilslopes

from monitoring.trends.classical.readings import ClassicalReadings, classical_readings
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.variation import log_sd
from tests.monitoring.trends.classical.builders import MU, SIGMA, TAU, panel, read
from tests.monitoring.trends.test_variation import TABLE

STEADY = [2.0, 2.2, 2.1, 1.9, 2.0]
RISING = [2.0, 2.2, 2.1, 1.9, 2.0, 3.1, 4.2]


def _reasons(found: ClassicalReadings) -> dict[str, str]:
    parts = dataclasses.asdict(found).items()
    return {name: part["reason"] for name, part in parts if isinstance(part, dict)}


def _percent(log_change: float) -> float:
    return 100.0 * math.expm1(log_change)


def test_both_faces_say_the_same_of_hundreds_of_latest_draws() -> None:
    rng = np.random.default_rng(21)
    compared = 0
    for _ in range(130):
        count = int(rng.integers(1, 14))
        values = np.round(np.exp(MU + rng.normal(0.0, 0.3, size=count)), 2).tolist()
        days = np.cumsum(rng.choice([3.0, 21.0, 63.0, 120.0], size=count)).tolist()
        below = [place for place in range(count) if rng.random() < 0.1]
        unusable = [place for place in range(count - 1) if rng.random() < 0.1]
        rebase = [place for place in range(count) if rng.random() < 0.1]
        found = read(values, days=days, censoring=dict.fromkeys(below, -1), unusable=unusable, rebase=rebase)
        one = panel(values, days=days, below=below, unusable=unusable, rebase=rebase)
        compared += _compare(found, one)
    assert compared > 450


def _compare(found: ClassicalReadings, one: Any) -> int:
    """How many numbers were there to compare."""
    last = {name: float(rule.statistic(one)[0, -1]) for name, rule in RULES.items()}
    if found.censoring == -1:
        assert set(last.values()) == {-math.inf}
        assert not _met(found)
        return 0
    numbers = {
        "rcv_previous": found.rcv_previous.z,
        "peb": found.peb.z,
        "log_slope": found.log_slope.z,
        "mann_kendall": found.mann_kendall.z,
        "cusum": found.cusum.value,
    }
    for name, number in numbers.items():
        assert number == (last[name] if math.isfinite(last[name]) else None), name
    spoken = {
        "rcv_previous": found.rcv_previous.exceeded,
        "rcv_first": found.rcv_first.exceeded,
        "prri": found.prri.outside == "above",
        "peb": found.peb.exceeded,
        "egtm_confirmed": found.egtm.met,
        "nadir_confirmed": found.nadir.met,
        "cusum": found.cusum.exceeded,
    }
    for name, said in spoken.items():
        assert bool(said) == bool(RULES[name].met(np.array(last[name]))), name
    if found.ols_slope.per_year is not None:
        assert found.ols_slope.per_year == pytest.approx(last["ols_slope"] * math.exp(MU), rel=1e-12)
    return sum(number is not None for number in numbers.values())


def _met(found: ClassicalReadings) -> bool:
    """Whether anything speaks for a rise at this draw."""
    single = [found.rcv_previous.exceeded, found.rcv_first.exceeded, found.peb.exceeded, found.cusum.exceeded]
    return any([*single, found.prri.outside == "above", found.egtm.met, found.nadir.met])


def test_the_readings_of_a_rise() -> None:
    found = read(RISING)
    mean = sum(math.log(value) for value in RISING[:6]) / 6.0
    gain = TAU**2 / (TAU**2 + SIGMA**2 / 6.0)
    expected, sd = MU + gain * (mean - MU), math.sqrt(SIGMA**2 + TAU**2 * (1.0 - gain))

    assert (found.day, found.censoring) == (252.0, 0)
    change = found.rcv_previous
    assert change.change_percent == pytest.approx(100.0 * (4.2 / 3.1 - 1.0))
    assert change.z == pytest.approx(math.log(4.2 / 3.1) / (math.sqrt(2.0) * SIGMA))
    assert (change.exceeded, change.exceeded_two_sided, change.limit_z, change.two_sided_z) == (
        False,
        False,
        1.645,
        1.96,
    )
    assert found.rcv_first.results == 7
    assert found.rcv_first.change_percent == pytest.approx(110.0)
    assert found.rcv_first.exceeded is True
    assert found.prri.high == pytest.approx(math.exp(mean + 1.96 * math.sqrt(7.0 / 6.0) * SIGMA))
    assert found.prri.low == pytest.approx(math.exp(mean - 1.96 * math.sqrt(7.0 / 6.0) * SIGMA))
    assert (found.prri.draws, found.prri.outside) == (6, "above")
    assert found.peb.expected == pytest.approx(math.exp(expected))
    assert found.peb.limit == pytest.approx(math.exp(expected + 1.645 * sd))
    assert found.peb.z == pytest.approx((math.log(4.2) - expected) / sd)
    assert found.peb.exceeded is True
    assert (found.egtm.met, found.egtm.since_day) == (True, 210.0)
    assert found.egtm.change_percent == pytest.approx(
        _percent(math.log(3.1) - sum(math.log(value) for value in RISING[:5]) / 5.0)
    )
    assert (found.nadir.met, found.nadir.since_day) == (False, None)
    assert found.nadir.change_percent == pytest.approx(100.0 * (3.1 / 1.9 - 1.0))
    assert set(_reasons(found).values()) == {""}


def test_mann_kendall_and_theil_sen_of_a_rise() -> None:
    found = read(RISING)
    slope = theilslopes(np.log(RISING), 42.0 * np.arange(7), alpha=0.95)

    # 2.0, 2.2, 2.1, 1.9, 2.0, 3.1, 4.2: 14 pairs rise, 6 fall, one is tied.
    assert (found.mann_kendall.s, found.mann_kendall.draws) == (8, 7)
    variance = (7 * 6 * 19 - 2 * 1 * 9) / 18.0
    assert found.mann_kendall.z == pytest.approx(7.0 / math.sqrt(variance))
    assert found.mann_kendall.p == pytest.approx(float(norm.sf(7.0 / math.sqrt(variance))))
    assert (found.theil_sen.per_day, found.theil_sen.low, found.theil_sen.high) == pytest.approx(
        (slope.slope, slope.low_slope, slope.high_slope)
    )


@pytest.mark.parametrize(("marker", "within", "analytical", "one_sided", "up", "down"), TABLE)
def test_every_row_of_the_marker_review_stands_in_the_readings(
    marker: str, within: float, analytical: float, one_sided: int, up: int, down: int
) -> None:
    sigma = log_sd(cv_within_person_percent=within, cv_analytical_percent=analytical)
    change = read([50.0, 51.0], sigma=sigma).rcv_previous

    assert (change.limit_percent, change.two_sided_high_percent, change.two_sided_low_percent) == pytest.approx(
        (one_sided, up, down), abs=0.5
    ), marker


def test_the_z_that_a_limit_was_made_with_is_kept_and_changes_it() -> None:
    found = read(STEADY, z=2.326)

    assert (found.rcv_previous.limit_z, found.peb.limit_z) == (2.326, 2.326)
    assert found.rcv_previous.limit_percent == pytest.approx(_percent(2.326 * math.sqrt(2.0) * SIGMA))


def test_a_result_below_a_limit_is_never_a_rise_whatever_its_limit() -> None:
    found = read([*STEADY, 90.0], censoring={5: -1})

    assert not _met(found)
    assert found.prri.outside is None
    assert (found.rcv_previous.change_percent, found.peb.z, found.cusum.value) == (None, None, None)
    silent = {name for name, reason in _reasons(found).items() if reason == "below_limit"}
    assert silent == {"rcv_previous", "rcv_first", "prri", "peb", "egtm", "nadir", "cusum"}
    assert found.theil_sen == read(STEADY, days=[42.0 * at for at in range(5)]).theil_sen


def test_a_limit_below_the_personal_interval_is_known_to_lie_below_it() -> None:
    found = read([*STEADY, 0.5], censoring={5: -1})

    assert (found.prri.outside, found.prri.reason) == ("below", "")


def test_a_fall_from_a_result_below_a_limit_is_not_known_to_be_one() -> None:
    assert read([2.0, 0.5]).rcv_previous.exceeded_two_sided is True
    assert read([2.0, 0.5], censoring={0: -1}).rcv_previous.exceeded_two_sided is False


def test_a_change_from_above_the_range_is_not_given() -> None:
    found = read([100.0, 300.0], censoring={0: 1}, set_point_log_mean=None, set_point_log_sd=None)

    assert (found.rcv_previous.reason, found.rcv_previous.exceeded) == ("reference_above_limit", None)
    assert (found.rcv_first.reason, found.rcv_first.exceeded) == ("reference_above_limit", None)


def test_a_result_above_the_range_rises_by_at_least_so_much() -> None:
    found = read([*STEADY, 100.0], censoring={5: 1})

    assert found.censoring == 1
    assert (found.rcv_previous.exceeded, found.peb.exceeded, found.prri.outside) == (True, True, "above")


def test_where_a_fall_matters_a_fall_is_what_is_exceeded() -> None:
    values = [40.0, 42.0, 41.0, 39.0, 40.0, 24.0, 20.0]
    found = read(values, direction="down", set_point_log_mean=math.log(42.0), set_point_log_sd=0.07, sigma=0.04)
    slope = theilslopes(np.log(values), 42.0 * np.arange(7), alpha=0.95)

    assert found.rcv_previous.change_percent == pytest.approx(100.0 * (20.0 / 24.0 - 1.0))
    assert found.rcv_previous.limit_percent == pytest.approx(_percent(-1.645 * math.sqrt(2.0) * 0.04))
    assert (found.rcv_previous.exceeded, found.prri.outside, found.egtm.met) == (True, "below", True)
    assert found.egtm.limit_percent == pytest.approx(100.0 * (1.0 / 1.3 - 1.0))
    assert found.peb.limit is not None
    assert found.peb.expected is not None
    assert found.peb.limit < found.peb.expected
    assert found.mann_kendall.s is not None
    assert found.mann_kendall.p is not None
    assert found.mann_kendall.s < 0
    assert found.mann_kendall.p < 0.05
    assert (found.theil_sen.per_day, found.theil_sen.low, found.theil_sen.high) == pytest.approx(
        (slope.slope, slope.low_slope, slope.high_slope)
    )
    assert found.ols_slope.per_year is not None
    assert found.ols_slope.per_year < 0


def test_where_a_fall_matters_a_result_above_the_range_is_never_one() -> None:
    found = read([40.0, 41.0, 39.0, 10.0], censoring={3: 1}, direction="down", sigma=0.04)

    assert (found.rcv_previous.exceeded, found.rcv_previous.reason) == (False, "below_limit")


def test_the_first_draw_is_compared_with_the_population_alone() -> None:
    found = read([2.0])

    assert found.peb.expected == pytest.approx(2.2)
    assert _reasons(found) == {
        "rcv_previous": "no_earlier_draw",
        "rcv_first": "no_earlier_draw",
        "prri": "too_few_draws",
        "peb": "",
        "mann_kendall": "too_few_draws",
        "theil_sen": "too_few_draws",
        "log_slope": "too_few_draws",
        "ols_slope": "too_few_draws",
        "egtm": "too_few_draws",
        "nadir": "too_few_draws",
        "cusum": "",
    }


def test_a_rebase_makes_a_draw_the_first() -> None:
    assert read([*STEADY, 2.0], rebase=[5], days=[0, 1, 2, 3, 4, 0 + 210]).rcv_previous == read([2.0]).rcv_previous
    assert read([*STEADY, 9.0, 2.0], rebase=[5]).rcv_first.results == 2


def test_without_variation_only_the_rules_that_need_none_speak() -> None:
    found = read(RISING, sigma=None)
    unknown = {name for name, reason in _reasons(found).items() if reason == "no_variation"}

    assert unknown == {"rcv_previous", "rcv_first", "prri", "peb", "log_slope", "cusum"}
    assert found.log_slope.per_day is not None
    assert found.egtm.met is True


def test_without_a_set_point_the_persons_own_draws_are_what_is_expected() -> None:
    own = read(STEADY, set_point_log_mean=None, set_point_log_sd=None)
    first = read([2.0], set_point_log_mean=None, set_point_log_sd=None)

    assert own.peb.expected == pytest.approx(math.exp(sum(math.log(value) for value in STEADY[:4]) / 4.0))
    assert (first.peb.reason, first.cusum.reason) == ("no_earlier_draw", "no_earlier_draw")


def test_a_series_without_a_usable_draw_has_no_readings() -> None:
    for found in (read([2.0, 2.1], unusable=[0, 1]), read([]), read([0.0, math.nan])):
        assert (found.day, set(_reasons(found).values())) == (None, {"no_draw"})


def test_draws_after_the_latest_usable_one_change_nothing() -> None:
    assert read([*RISING, 50.0, math.nan], unusable=[7]) == read(RISING)


def test_with_three_or_four_draws_the_sen_slope_has_no_interval() -> None:
    short, enough = read(RISING[-4:]).theil_sen, read(RISING[-5:]).theil_sen

    assert (short.per_day is None, short.low, short.high, short.reason) == (False, None, None, "too_few_for_interval")
    assert None not in (enough.per_day, enough.low, enough.high)


def test_draws_of_one_day_have_no_slope() -> None:
    found = read([2.0, 2.1, 2.2], days=[5.0, 5.0, 5.0])

    assert (found.theil_sen.reason, found.log_slope.reason, found.ols_slope.reason) == ("one_day",) * 3
    assert (found.egtm.met, found.egtm.reason) == (False, "no_second_draw")


def test_a_rise_that_held_through_several_draws_dates_from_its_first_qualifying_value() -> None:
    found = read([2.0, 2.1, 1.9, 2.0, 4.4, 6.0, 9.0, 14.0])

    assert (found.egtm.since_day, found.nadir.since_day) == (168.0, 168.0)


def test_the_readings_hold_plain_values_that_json_can_write() -> None:
    for found in (read(RISING), read([2.0]), read([*STEADY, 1.0], censoring={5: -1})):
        text = json.dumps(dataclasses.asdict(found), allow_nan=False)
        assert json.loads(text) == dataclasses.asdict(found)


def test_readings_equal_themselves_when_read_again() -> None:
    arguments: dict[str, Any] = {
        "days": np.arange(3) * 42.0,
        "values": np.array([2.0, 2.5, 3.0]),
        "censoring": np.zeros(3, dtype=np.int8),
        "usable": np.ones(3, dtype=np.bool_),
        "rebase": np.zeros(3, dtype=np.bool_),
        "sigma": 0.19,
    }

    assert classical_readings(**arguments) == classical_readings(**arguments)
