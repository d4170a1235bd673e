from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from monitoring.trends.classical.change_points import HAZARD
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import FloatArray
from tests.monitoring.trends.classical.builders import MU, SIGMA, TAU, panel

VALUES = [2.2, 2.0, 2.5, 2.3, 3.9, 4.5, 3.8]


def _by_enumeration(logs: FloatArray) -> float:
    """Log odds over every way to cut the draws into runs; the density of a run is that of its joint distribution."""
    count = len(logs)
    weight = np.zeros(count)  # by the start of the last run
    for cuts in itertools.product([False, True], repeat=count - 1):
        starts = [0, *(place + 1 for place, cut in enumerate(cuts) if cut)]
        chance = HAZARD ** sum(cuts) * (1.0 - HAZARD) ** (count - 1 - sum(cuts))
        for start, end in itertools.pairwise([*starts, count]):
            size = end - start
            covariance = np.full((size, size), TAU**2) + SIGMA**2 * np.eye(size)
            chance *= float(multivariate_normal.pdf(logs[start:end], mean=np.full(size, MU), cov=covariance))
        weight[starts[-1]] += chance
    upward = 0.0
    for start in range(1, count):
        run = logs[start:]
        level = (MU / TAU**2 + run.sum() / SIGMA**2) / (1.0 / TAU**2 + len(run) / SIGMA**2)
        upward += weight[start] if level > logs[:start].mean() else 0.0
    return math.log(upward) - math.log(weight.sum() - upward)


def test_the_recursion_gives_the_odds_of_an_enumeration_of_every_partition() -> None:
    found = RULES["bocpd"].statistic(panel(VALUES))[0]

    assert np.isneginf(found[0])
    # The first of two draws the higher one: no upward run, so no odds.
    assert np.isneginf(found[1])
    expected = [_by_enumeration(np.log(VALUES[:draws])) for draws in range(3, len(VALUES) + 1)]
    assert found[2:].tolist() == pytest.approx(expected, rel=1e-9)


def test_the_odds_turn_with_the_second_draw_of_a_step() -> None:
    found = RULES["bocpd"].statistic(panel(VALUES))[0]

    assert found[3] < 0.0 < found[5]


def test_a_change_older_than_a_year_no_longer_counts_as_recent() -> None:
    days = [0.0, 42.0, 84.0, 126.0, 168.0, 210.0, 600.0]
    recent = RULES["bocpd"].statistic(panel(VALUES))[0]
    old = RULES["bocpd"].statistic(panel(VALUES, days=days))[0]

    assert old[:6].tolist() == recent[:6].tolist()
    assert old[6] < -2.0 < 1.0 < recent[6]


def test_without_a_set_point_nothing_is_said() -> None:
    assert np.isneginf(RULES["bocpd"].statistic(panel(VALUES, set_point=None))).all()
