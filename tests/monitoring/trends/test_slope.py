"""E11 against scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import linregress, t

from monitoring.trends.slope import last_year, slope_of
from monitoring.trends.types import FloatArray, Slope
from tests.monitoring.trends.builders import read, series

RISING = [2.2, 2.1, 2.3, 2.2, 3.4, 5.1, 8.0]


def fitted(days: FloatArray, logs: FloatArray) -> tuple[float, float, float]:
    fit = linregress(days - days[0], logs)
    half = t.ppf(0.975, len(days) - 2) * fit.stderr
    return fit.slope, fit.slope - half, fit.slope + half


def assert_fitted(slope: Slope | None, days: FloatArray, values: FloatArray) -> None:
    assert slope is not None
    assert (slope.draws, slope.span_days) == (len(days), days[-1] - days[0])
    assert (slope.per_day, slope.low, slope.high) == pytest.approx(fitted(days, np.log(values)), rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_slope_and_interval_are_those_of_an_ordinary_regression(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 12))
    days = 20_000.0 + np.cumsum(rng.uniform(5.0, 60.0, size=count))
    logs = rng.normal(1.0, 0.4, size=count)

    assert_fitted(slope_of(days, logs, method="year"), days, np.exp(logs))


@pytest.mark.parametrize("days", [[], [0.0], [0.0, 40.0], [5.0, 5.0, 5.0]])
def test_fewer_than_three_draws_or_no_time_between_them_have_no_slope(days: list[float]) -> None:
    assert slope_of(np.array(days), np.ones(len(days)), method="year") is None


def test_of_a_rise_the_slope_is_that_of_the_last_draw_before_it_and_of_those_that_support_it() -> None:
    one = series(RISING)
    finding = read(one)

    assert finding.supporting_draw_ids == (5, 6, 7)
    assert finding.slope is not None
    assert finding.slope.method == "rise"
    assert_fitted(finding.slope, one.days[3:], one.values[3:])


def test_what_lay_flat_before_the_rise_does_not_change_its_slope() -> None:
    short = read(series(RISING)).slope
    days = [20_000.0 - 42.0 * 6 + 42.0 * at for at in range(13)]
    long = read(series([2.2, 2.1, 2.3, 2.2, 2.1, 2.2, *RISING], days=days))

    assert long.supporting_draw_ids == (11, 12, 13)
    assert long.slope == short


def test_without_a_rise_the_slope_is_that_of_the_last_year_of_the_segment() -> None:
    days = [0.0, 100.0, 134.9, 135.0, 300.0, 500.0]
    one = series([9.0, 9.0, 9.0, 2.0, 2.1, 2.0], days=days)
    changed = series(
        [9.0, 9.0, 9.0, 2.0, 2.1, 2.0], days=[0.0, 50.0, 99.0, 300.0, 400.0, 500.0], segments=[0] * 3 + [1] * 3
    )

    assert last_year(one.days).tolist() == [False, False, False, True, True, True]
    assert_fitted(read(one).slope, one.days[3:], one.values[3:])
    assert_fitted(read(changed).slope, changed.days[3:], changed.values[3:])


def test_limits_and_excluded_draws_are_left_out_of_the_slope() -> None:
    one = series(
        [2.2, 2.1, 1.0, 2.3, 60.0, 2.2],
        censoring=[0, 0, -1, 0, 0, 0],
        exclusions=["", "", "", "", "haemolysed", ""],
    )
    kept = [0, 1, 3, 5]

    assert_fitted(read(one).slope, one.days[kept], one.values[kept])


def test_a_rise_of_two_draws_that_are_not_both_numbers_falls_back_on_the_year() -> None:
    one = series([2.2, 2.1, 2.3, 2.2, 5.0, 9.0], censoring=[0, 0, 0, 0, 0, 1])
    finding = read(one)

    assert finding.state == "sustained_rise"
    assert finding.supporting_draw_ids == (5, 6)
    assert finding.slope is not None
    assert finding.slope.method == "year"
    assert_fitted(finding.slope, one.days[:5], one.values[:5])


def test_a_falling_marker_has_a_falling_slope() -> None:
    finding = read(series([42.0, 41.0, 42.0, 35.0, 31.0, 27.0], marker="ALB"))

    assert finding.state == "sustained_rise"
    assert finding.slope is not None
    assert finding.slope.high < 0


def test_draws_on_a_straight_line_have_the_slope_of_that_line() -> None:
    one = series([2.0, 4.0, 8.0, 16.0], marker="SCC", days=[0.0, 50.0, 100.0, 150.0])
    slope = read(one).slope

    assert slope is not None
    assert slope.per_day == pytest.approx(np.log(2.0) / 50.0, rel=1e-12)
