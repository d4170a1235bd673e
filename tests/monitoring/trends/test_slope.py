from __future__ import annotations

import math

import pytest

from monitoring.trends.types import MarkerFinding
from tests.monitoring.trends.builders import read, series

FLAT = [1.9, 1.8, 2.0, 1.9, 1.9]


def after_a_flat_year(rise: list[float], gaps: list[float], *, before: list[float] | None = None) -> MarkerFinding:
    flat = FLAT if before is None else before
    days = [20_000.0 + 60.0 * at for at in range(len(flat))]
    for gap in gaps:
        days.append(days[-1] + gap)
    return read(series([*flat, *rise], days=days))


def test_the_doubling_time_of_a_rise_leaves_the_flat_year_before_it_out() -> None:
    finding = after_a_flat_year([4.3, 10.8], [31.0, 30.0])

    assert finding.state == "sustained_rise"
    assert finding.slope is not None
    assert (finding.slope.method, finding.slope.draws, finding.slope.span_days) == ("rise", 3, 61.0)
    assert finding.slope.per_day == pytest.approx(0.02847488, rel=1e-6)
    assert finding.doubling_time is not None
    assert finding.doubling_time.days == pytest.approx(24.342413, rel=1e-6)
    assert finding.doubling_time.low == pytest.approx(17.082749, rel=1e-6)
    assert finding.doubling_time.high == pytest.approx(42.332458, rel=1e-6)


def test_a_longer_flat_part_changes_nothing_in_the_slope_of_the_rise() -> None:
    short = after_a_flat_year([4.3, 10.8], [31.0, 30.0]).slope
    long = after_a_flat_year([4.3, 10.8], [31.0, 30.0], before=[2.1, 1.7, 2.0, *FLAT])

    assert long.slope is not None
    assert short is not None
    assert (long.slope.per_day, long.slope.low, long.slope.high) == (short.per_day, short.low, short.high)


def test_a_marker_that_doubles_every_fifty_days_has_that_doubling_time() -> None:
    gaps = [40.0, 35.0, 41.0, 28.0]
    finding = after_a_flat_year([1.9 * 2 ** (sum(gaps[: at + 1]) / 50) for at in range(4)], gaps)

    assert finding.doubling_time is not None
    assert finding.slope is not None
    assert finding.slope.draws == 5
    assert finding.doubling_time.days == pytest.approx(50.0, rel=1e-9)
    assert finding.doubling_time_reason == ""


def test_the_interval_of_the_doubling_time_is_that_of_the_slope_inverted() -> None:
    finding = after_a_flat_year([4.3, 7.0, 10.8], [31.0, 30.0, 40.0])

    assert finding.slope is not None
    assert finding.doubling_time is not None
    assert finding.doubling_time.low == pytest.approx(math.log(2) / finding.slope.high, rel=1e-12)
    assert finding.doubling_time.high == pytest.approx(math.log(2) / finding.slope.low, rel=1e-12)
    assert finding.doubling_time.low < finding.doubling_time.days < finding.doubling_time.high


def test_draws_on_a_straight_line_are_not_taken_for_certain() -> None:
    finding = after_a_flat_year([3.8, 7.6], [30.0, 30.0])

    assert finding.slope is not None
    sigma = math.sqrt(math.log(1.0 + 0.19**2))
    half = 1.959963984540054 * math.sqrt(2.0) * sigma / math.sqrt(2.0 * 30.0**2)
    assert finding.slope.high - finding.slope.per_day == pytest.approx(half, rel=1e-9)


def test_draws_that_scatter_more_than_is_known_widen_the_interval() -> None:
    quiet = after_a_flat_year([6.0, 8.0, 11.0, 15.0, 20.0], [40.0] * 5).slope
    wild = after_a_flat_year([6.0, 40.0, 6.0, 60.0, 20.0], [40.0] * 5)

    assert quiet is not None
    assert wild.slope is not None
    assert wild.slope.high - wild.slope.low > 3 * (quiet.high - quiet.low)
    assert (wild.doubling_time, wild.doubling_time_reason) == (None, "interval_too_wide")


@pytest.mark.parametrize(
    ("rise", "gaps", "reason"),
    [
        ([4.3, 10.8], [13.0, 14.9], "span_too_short"),
        ([12.0, 9.0, 6.0, 6.0], [30.0, 60.0, 60.0, 60.0], "interval_too_wide"),
        ([30.0, 15.0, 10.0, 5.0, 4.0], [5.0, 60.0, 60.0, 60.0, 60.0], "not_rising"),
        ([4.0, 3.9], [40.0, 40.0], "interval_too_wide"),
    ],
)
def test_a_doubling_time_that_cannot_be_stated_says_why(rise: list[float], gaps: list[float], reason: str) -> None:
    finding = after_a_flat_year(rise, gaps)

    assert finding.state == "sustained_rise"
    assert finding.slope is not None
    assert finding.slope.method == "rise"
    assert finding.doubling_time is None
    assert finding.doubling_time_reason == reason


def test_a_result_below_the_limit_before_the_rise_is_not_replaced_by_an_earlier_draw() -> None:
    finding = read(series([1.2, 1.1, 1.0, 4.3, 9.0], censoring=[0, 0, -1, 0, 0], days=[0.0, 60.0, 120.0, 160.0, 200.0]))

    assert finding.state == "sustained_rise"
    assert finding.slope is None
    assert (finding.doubling_time, finding.doubling_time_reason) == (None, "too_few_draws")


def test_a_result_above_the_limit_and_an_excluded_draw_are_left_out_of_the_rise() -> None:
    finding = read(
        series(
            [*FLAT, 30.0, 4.3, 9.0, 8.0, 16.0],
            censoring=[0] * 8 + [1, 0],
            exclusions=[""] * 5 + ["haemolysed"] + [""] * 4,
        )
    )

    assert finding.supporting_draw_ids == (7, 8, 9, 10)
    assert finding.slope is not None
    assert (finding.slope.draws, finding.slope.span_days) == (4, 5 * 42.0)


@pytest.mark.parametrize("values", [[2.4, 2.6, 2.9, 3.2], [2.4, 2.3, 2.5, 7.3], [2.0, 4.0], [8.0, 4.0, 2.0], [7.0]])
def test_without_a_sustained_rise_the_slope_is_that_of_the_year_and_no_doubling_time_is_given(
    values: list[float],
) -> None:
    finding = read(series(values))

    assert finding.state != "sustained_rise"
    assert (finding.slope is None) == (len(values) < 3)
    assert finding.slope is None or finding.slope.method == "year"
    assert (finding.doubling_time, finding.doubling_time_reason) == (None, "not_rising")


def test_a_sustained_fall_has_a_falling_slope_and_no_doubling_time() -> None:
    finding = read(series([42.0, 41.0, 42.0, 33.0, 31.0], marker="ALB"))

    assert finding.state == "sustained_rise"
    assert finding.slope is not None
    assert finding.slope.method == "rise"
    assert finding.slope.high < 0
    assert (finding.doubling_time, finding.doubling_time_reason) == (None, "not_rising")


def test_after_the_run_has_ended_the_slope_is_that_of_the_year_again() -> None:
    finding = after_a_flat_year([4.3, 10.8, 1.9], [31.0, 30.0, 30.0])

    assert finding.state == "calm"
    assert finding.slope is not None
    assert (finding.slope.method, finding.slope.draws) == ("year", 8)
    assert finding.doubling_time_reason == "not_rising"


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
