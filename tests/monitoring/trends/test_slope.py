from __future__ import annotations

import math

import pytest

from tests.monitoring.trends.builders import read, series


def test_a_marker_that_doubles_every_fifty_days_has_that_doubling_time() -> None:
    days = [20_000.0, 20_030.0, 20_061.0, 20_095.0]
    finding = read(series([2.0 * 2 ** ((day - 20_000.0) / 50) for day in days], days=days))

    assert finding.slope is not None
    assert finding.slope.per_day == pytest.approx(math.log(2) / 50, rel=1e-9)
    assert finding.doubling_time is not None
    assert finding.doubling_time.days == pytest.approx(50.0, rel=1e-9)
    assert finding.doubling_time_reason == ""


def test_the_interval_of_the_doubling_time_is_that_of_the_slope_inverted() -> None:
    finding = read(series([2.4, 3.5, 5.4, 7.3]))

    assert finding.slope is not None
    assert finding.doubling_time is not None
    assert finding.doubling_time.low == pytest.approx(math.log(2) / finding.slope.high, rel=1e-12)
    assert finding.doubling_time.high == pytest.approx(math.log(2) / finding.slope.low, rel=1e-12)
    assert finding.doubling_time.low < finding.doubling_time.days < finding.doubling_time.high


@pytest.mark.parametrize(
    ("values", "days", "reason"),
    [
        ([2.0, 4.0], [0.0, 60.0], "too_few_draws"),
        ([2.0, 4.0, 8.0], [0.0, 13.0, 27.9], "span_too_short"),
        ([2.0, 4.0, 8.0], [5.0, 5.0, 5.0], "span_too_short"),
        ([8.0, 4.0, 2.0], [0.0, 30.0, 60.0], "not_rising"),
        ([2.0, 8.0, 3.0], [0.0, 30.0, 60.0], "interval_too_wide"),
    ],
)
def test_a_doubling_time_that_cannot_be_stated_says_why(values: list[float], days: list[float], reason: str) -> None:
    finding = read(series(values, days=days))

    assert finding.doubling_time is None
    assert finding.doubling_time_reason == reason


def test_the_slope_looks_back_one_year_and_no_further() -> None:
    days = [0.0, 100.0, 135.0, 300.0, 500.0]
    with_old = read(series([9.0, 9.0, 2.0, 2.5, 3.0], days=days)).slope
    without = read(series([2.0, 2.5, 3.0], days=days[2:])).slope

    assert with_old == without


def test_the_slope_stays_within_the_segment_and_leaves_censored_draws_out() -> None:
    one = series(
        [9.0, 2.0, 2.5, 0.5, 3.0], segments=[0, 1, 1, 1, 1], censoring=[0, 0, 0, -1, 0], days=[0, 40, 80, 100, 120]
    )
    slope = read(one).slope

    assert slope is not None
    assert (slope.draws, slope.span_days) == (3, 80.0)
    assert slope == read(series([2.0, 2.5, 3.0], days=[40, 80, 120])).slope
