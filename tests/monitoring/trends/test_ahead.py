"""What the next draw would say: below which value it lowers a state, and when it is worth its needle."""

from __future__ import annotations

import pytest

from monitoring.trends.types import Series
from tests.monitoring.trends.builders import (
    only,
    patient_of,
    read,
    series,
)

FLAT = [2.2, 2.1, 2.3, 2.2]
RISING = [*FLAT, 3.4, 5.1, 8.0]


def next_draw(one: Series, value: float, days: float) -> Series:
    return series([*one.values.tolist(), value], days=[*one.days.tolist(), float(one.days[-1]) + days])


ORDER = ("not_enough_data", "calm", "single_rise", "sustained_rise")


@pytest.mark.parametrize(
    "values",
    [
        RISING,
        [*FLAT, 7.0],
        [2.4, 4.1, 7.3],
        [2.4, 2.3, 5.0, 5.5],
        [*FLAT, 3.0, 3.4, 3.8],
        [2.4, 2.3, 2.5, 2.4, 3.0, 4.0, 5.2, 7.0],
        [2.0, 2.1, 1.9, 2.0, 4.5, 6.0, 9.0],
    ],
)
def test_a_next_draw_below_what_would_lower_it_lowers_the_state_and_one_just_above_leaves_it(
    values: list[float],
) -> None:
    one = series(values)
    found = patient_of(one)
    (now,) = found.markers
    limit, wait = now.what_would_lower_it, found.interval_days
    assert limit is not None
    assert wait is not None

    def rank_after(value: float) -> int:
        return ORDER.index(read(next_draw(one, value, wait)).state)

    assert rank_after(limit * 1.000_01) >= ORDER.index(now.state)
    for share in (0.999_99, 0.99, 0.9, 0.7, 0.4, 0.1):
        assert rank_after(limit * share) < ORDER.index(now.state), share


def test_what_would_lower_it_knows_the_other_markers_of_the_person_and_draws_that_did_not_count() -> None:
    cea = series([*FLAT, 3.4, 5.1, 8.0, 60.0], exclusions=[""] * 7 + ["haemolysed"])
    cyfra = series([1.7, 2.6, 1.1, 2.9, 1.0, 1.6, 1.8, 1.7], marker="CYFRA211")
    found = patient_of(cea, cyfra)
    now = only(found, "CEA")
    limit = now.what_would_lower_it
    assert limit is not None
    assert found.interval_days == 42.0

    def state_after(value: float) -> str:
        exclusions = [*cea.exclusions, ""]
        days = [*cea.days.tolist(), float(cea.days[-1]) + 42.0]
        return only(
            patient_of(series([*cea.values.tolist(), value], days=days, exclusions=exclusions), cyfra), "CEA"
        ).state

    assert now.state == "sustained_rise"
    assert state_after(limit * 0.999_99) == "single_rise"
    assert state_after(limit * 1.000_01) == "sustained_rise"


def test_where_no_single_draw_would_lower_the_state_no_value_is_named() -> None:
    one = series([2.0, 2.1, 1.9, 2.0, 4.5, 6.0, 9.0, 5.0])
    finding = read(one)

    assert (finding.state, finding.what_would_lower_it) == ("single_rise", None)
    assert read(next_draw(one, 0.01, 42.0)).state == "single_rise"


def test_what_would_lower_it_of_a_falling_marker_lies_above_what_the_rise_is_heading_for() -> None:
    finding = read(series([42.0, 41.0, 42.0, 35.0, 31.0, 27.0], marker="ALB"))

    assert finding.state == "sustained_rise"
    assert finding.what_would_lower_it is not None
    assert finding.what_would_lower_it < 42.0


def test_a_calm_marker_has_nothing_that_would_lower_it() -> None:
    assert read(series(FLAT)).what_would_lower_it is None


def test_the_next_draw_comes_sooner_the_more_it_would_say() -> None:
    fast = patient_of(series([*FLAT, 5.0, 12.0]))
    slow = patient_of(series([*FLAT, 2.5, 2.7, 3.0, 3.3, 3.6, 4.0, 4.4]))

    assert fast.next_draw_days == 14.0
    assert slow.level != "none"
    assert slow.next_draw_days is not None
    assert slow.next_draw_days > 14.0
    assert patient_of(series(FLAT)).next_draw_days is None
