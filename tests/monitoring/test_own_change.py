"""Within an assay a change has a figure; across a change of assay it is said that there is none."""

from __future__ import annotations

import pytest
from django.utils import translation

from monitoring.own_change import own_change_text
from patients.selectors import SeriesPoint
from tests.monitoring.figures import point

LEVEL = (1, 2, 3)


def course(*assays: str) -> list[SeriesPoint]:
    return [point("CEA", "2.0", draw=at, assay=assay) for at, assay in enumerate(assays, start=1)]


def told(points: list[SeriesPoint], *, narrow: bool = False, percent: float | None = 40.0) -> str:
    return own_change_text(percent, last=points[-1], level_draws=LEVEL, points=points, narrow=narrow)


def test_within_one_assay_the_change_is_a_percentage() -> None:
    assert told(course("A", "A", "A", "A")) == "+40\xa0%"


@pytest.mark.parametrize(("narrow", "said"), [(False, "not comparable (another assay)"), (True, "assay changed")])
def test_across_a_change_of_assay_no_percentage_is_given_even_where_one_was_stored(narrow: bool, said: str) -> None:
    points = course("A", "A", "A", "B")
    assert told(points, narrow=narrow) == said
    assert told(points, narrow=narrow, percent=None) == said


def test_a_level_that_was_learnt_again_with_the_new_assay_is_compared() -> None:
    assert told(course("A", "A", "B", "B")) == "+40\xa0%"


def test_a_draw_of_the_level_that_was_taken_back_since_stops_nothing() -> None:
    points = course("A", "A", "A", "B")
    del points[2]
    assert told(points) == "not comparable (another assay)"
    assert told(points[2:]) == "+40\xa0%"  # nothing of the level is left to compare with


def test_a_value_beyond_a_limit_rose_at_least_so_far() -> None:
    points = [*course("A", "A", "A"), point("CEA", ">2.8", draw=4, assay="A")]
    assert told(points) == "at least +40\xa0%"


def test_a_tripling_is_told_as_times_in_both_languages() -> None:
    points = course("A", "A", "A", "A")
    assert told(points, percent=1552.0) == "×17"
    with translation.override("zh-hans"):
        assert "%" not in told(points, percent=1552.0)
