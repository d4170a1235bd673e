"""False alerts are counted once in 180 days and never from onset on; rates and leads follow from the counts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitoring.calibration.counting import count_false, leads_of, quiet_of, rate_of, threshold_at
from tests.monitoring.calibration.builders import YEAR, cohort, quiet


def counted(days: list[float]) -> int:
    return int(count_false(np.ones(len(days), dtype=np.bool_), quiet([days]))[0])


@pytest.mark.parametrize(("days", "alerts"), [([0, 179], 1), ([0, 180], 2), ([0, 181], 2), ([0, 180.0 - 1e-6], 1)])
def test_a_second_alert_counts_from_the_180th_day_after_the_one_that_counted(days: list[float], alerts: int) -> None:
    assert counted(days) == alerts


def test_an_alert_that_does_not_count_does_not_put_the_next_one_off() -> None:
    assert counted([0, 100, 179, 180, 300, 359, 360]) == 3


def test_what_one_patient_was_told_does_not_silence_another() -> None:
    draws = quiet([[900.0], [0.0, 10.0], [], [5.0, 500.0]])
    assert count_false(np.ones(5, dtype=np.bool_), draws).tolist() == [1, 1, 0, 2]


def test_only_what_fires_is_counted() -> None:
    draws = quiet([[0.0, 200.0, 370.0]])
    assert count_false(np.array([False, True, True]), draws).tolist() == [1]
    assert count_false(np.array([True, False, True]), draws).tolist() == [2]
    assert count_false(np.zeros(3, dtype=np.bool_), draws).tolist() == [0]


def test_a_draw_on_the_day_of_onset_is_no_longer_quiet() -> None:
    people = cohort([[0, 99.9, 100, 101], [0, 50, 2000, 2500]], onset={0: 100.0}, scan={0: 400.0})
    draws, which = quiet_of(people, people.drawn)
    assert which.tolist() == [[True, True, False, False], [True, True, True, True]]
    assert draws.years.tolist() == [100.0 / YEAR, 4.0]
    assert draws.day.tolist() == [0, 99.9, 0, 50, 2000, 2500]
    assert draws.patient.tolist() == [0, 0, 1, 1, 1, 1]


def test_a_growth_that_began_before_the_first_draw_leaves_no_quiet_time() -> None:
    people = cohort([[0, 50]], onset={0: -20.0}, scan={0: 84.0})
    draws, which = quiet_of(people, people.drawn)
    assert draws.total_years == 0.0
    assert not np.any(which)


def test_a_draw_that_was_not_taken_is_not_quiet() -> None:
    people = cohort([[0, 50]])
    _, which = quiet_of(people, np.array([[True, False]]))
    assert which.tolist() == [[True, False]]


def test_the_rate_is_per_100_patient_years_with_the_spread_between_patients() -> None:
    rate = rate_of(np.array([2, 0, 0, 0]), np.full(4, 10.0))
    assert rate.value == 5.0
    half = 1.959963984540054 * math.sqrt(1.5**2 + 3 * 0.5**2) / 40.0 * 100.0
    assert rate.low == 0.0
    assert rate.high == pytest.approx(5.0 + half, rel=1e-12)
    assert math.isnan(rate_of(np.array([0]), np.array([0.0])).value)


def test_the_threshold_is_the_lowest_that_keeps_to_the_target() -> None:
    """Ten patients of ten years whose one draw says 1 to 10: two of them are 2 false alerts per 100 years."""
    draws = quiet([[0.0]] * 10, [10.0] * 10)
    said = np.arange(1.0, 11.0)
    assert threshold_at(said, draws, 2.0) == pytest.approx(8.0, abs=1e-6)
    assert np.sum(said >= threshold_at(said, draws, 2.0)) == 2
    assert np.sum(said >= threshold_at(said, draws, 2.9)) == 2
    assert np.sum(said >= threshold_at(said, draws, 0.5)) == 0


def test_a_statistic_that_never_fires_so_often_needs_no_threshold() -> None:
    draws = quiet([[0.0]] * 10, [10.0] * 10)
    assert threshold_at(np.arange(1.0, 11.0), draws, 10.0) == -math.inf
    assert threshold_at(np.full(10, -math.inf), draws, 1.0) == -math.inf


def test_lead_counts_from_the_first_alert_between_onset_and_scan() -> None:
    people = cohort(
        [[0, 100, 200, 300], [0, 100, 200, 300], [0, 100, 200, 300]],
        onset={0: 100.0, 1: 150.0},
        scan={0: 300.0, 1: 299.0},
    )
    fired = np.array([[True, True, True, False], [True, True, False, True], [True, True, True, True]])
    assert leads_of(fired, people).tolist() == [200.0, pytest.approx(math.nan, nan_ok=True)]
    assert leads_of(np.array([[False] * 3 + [True]] * 3), people)[0] == 0.0
