from __future__ import annotations

import pytest

from monitoring.sparkline import HEIGHT, PADDING, WIDTH, Sparkline, SparkPoint, sparkline


def drawn(*points: SparkPoint, low: float | None = None, high: float | None = None) -> Sparkline:
    return sparkline(points, low=low, high=high, first_day=0, last_day=100)


def test_time_is_in_true_proportion() -> None:
    line = drawn(SparkPoint(0, 1), SparkPoint(25, 1), SparkPoint(100, 1))
    assert [dot.x for dot in line.dots] == [PADDING, PADDING + 25, WIDTH - PADDING]


def test_a_higher_value_stands_higher() -> None:
    line = drawn(SparkPoint(0, 2), SparkPoint(50, 8))
    assert line.dots[0].y > line.dots[1].y
    assert line.last == line.dots[1]


def test_the_line_is_broken_at_a_value_that_is_only_a_limit() -> None:
    line = drawn(
        SparkPoint(0, 2), SparkPoint(10, 3), SparkPoint(20, 1, censored=True), SparkPoint(30, 3), SparkPoint(40, 4)
    )
    assert len(line.runs) == 2
    assert [dot.censored for dot in line.dots] == [False, False, True, False, False]


def test_the_line_is_broken_where_the_assay_changed() -> None:
    line = drawn(*(SparkPoint(10 * at, at, segment=int(at > 2)) for at in range(1, 5)))
    assert [len(run.split()) for run in line.runs] == [2, 2]
    assert len(line.dots) == 4


def test_a_single_value_has_a_dot_and_no_line() -> None:
    line = drawn(SparkPoint(50, 2))
    assert line.runs == ()
    assert len(line.dots) == 1


def test_what_lies_outside_the_days_shown_is_not_drawn() -> None:
    assert len(drawn(SparkPoint(-1, 2), SparkPoint(50, 3)).dots) == 1


def test_nothing_to_show_is_an_empty_line() -> None:
    assert drawn() == Sparkline((), (), None, None)


@pytest.mark.parametrize(("low", "high"), [(0.0, 5.0), (None, 5.0), (2.0, None)])
def test_the_band_is_drawn_for_a_lower_limit_of_zero_and_for_one_limit(low: float | None, high: float | None) -> None:
    line = drawn(SparkPoint(0, 3), SparkPoint(50, 4), low=low, high=high)
    assert line.band is not None
    top, height = line.band
    assert PADDING <= top < HEIGHT
    assert height > 0


def test_no_limit_is_no_band() -> None:
    assert drawn(SparkPoint(0, 3)).band is None


def test_a_flat_line_of_zeros_can_be_drawn() -> None:
    assert len(drawn(SparkPoint(0, 0), SparkPoint(50, 0)).dots) == 2
