"""D14: the posterior over onset and doubling time, against every hypothesis written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from monitoring.trends.bank import posterior
from monitoring.trends.detection import Grid
from monitoring.trends.doubling import FINE_DOUBLING_TIMES, RiseShape, doubling_time, rise_shape
from monitoring.trends.types import FloatArray
from tests.monitoring.trends.builders import CEA, PARAMETERS, analysis_of, every, series
from tests.monitoring.trends.test_model import KNOWN_NOISE, MU, OF_PEB, SIGMA, TAU


def test_the_weight_of_each_hypothesis_is_its_likelihood() -> None:
    days = np.array([0.0, 30.0, 65.0, 100.0, 128.0])
    logs = MU + np.array([0.0, 0.1, 0.05, 0.6, 1.1])
    grid = Grid(doubling_times=(20.0, 60.0, 200.0), onset_step=28.0, onset_window=730.0, start_share=0.3)
    apart = np.abs(days[:, None] - days[None, :])
    covariance = TAU**2 + 0.5 * SIGMA**2 * np.exp(-apart / 40.0) + 0.5 * SIGMA**2 * np.eye(5)
    one = series(np.exp(logs).tolist(), days=(20_000.0 + days).tolist())
    analysis = analysis_of(one, markers={"CEA": OF_PEB}, using=KNOWN_NOISE)

    found = posterior(analysis.panel.day, analysis.path, grid)

    expected = {}
    for onset in (0.0, 28.0, 56.0, 84.0, 112.0):
        for doubling in grid.doubling_times:
            rise = np.log(1.0 + 0.3 * (2.0 ** (np.maximum(days - onset, 0.0) / doubling) - 1.0))
            expected[onset, doubling] = multivariate_normal.logpdf(logs, np.full(5, MU) + rise, covariance)
    highest = max(expected.values())
    live = {float(onset): slot for slot, onset in enumerate(found.onsets[:, 0]) if onset >= 0}
    assert set(live) == {0.0, 28.0, 56.0, 84.0, 112.0}
    for (onset, doubling), logpdf in expected.items():
        weight = found.weights[live[onset], grid.doubling_times.index(doubling), 0]
        assert weight == pytest.approx(math.exp(logpdf - highest), abs=1e-9)
    assert float(np.sum(found.weights[:, :, 0])) == pytest.approx(
        sum(math.exp(one - highest) for one in expected.values()), abs=1e-9
    )


def shape_of(values: list[float], days: list[float]) -> RiseShape:
    analysis = analysis_of(series(values, days=days))
    return rise_shape(analysis.panel.day, analysis.path, np.array([0]), PARAMETERS)


@pytest.mark.parametrize(("doubling", "draws"), [(30.0, 10), (60.0, 12), (120.0, 15)])
def test_a_rise_of_known_doubling_time_lies_inside_its_interval(doubling: float, draws: int) -> None:
    """Excess of 0.3 of the level from day 168 on, without noise: the model's own rise, three or four doublings of it or
    less, since a draw counts no further than its clip."""
    days = every(28.0, draws)
    since = np.maximum(np.array(days) - days[6], 0.0)
    values = 2.2 * (1.0 + 0.3 * (2.0 ** (since / doubling) - 1.0))

    found = shape_of(values.tolist(), days)

    low, middle, high = found.doubling[0]
    assert low < doubling < high
    # Draws far out are clipped, which lengthens, and 47 days are expected beforehand, which draws towards them.
    assert 0.9 * doubling < middle < 1.55 * doubling
    assert found.onset[0, 0] <= 168.0 <= found.onset[0, 2] + 28.0


def test_more_draws_of_the_same_rise_narrow_the_interval() -> None:
    days = every(28.0, 15)
    since = np.maximum(np.array(days) - days[6], 0.0)
    values = (2.2 * (1.0 + 0.3 * (2.0 ** (since / 60.0) - 1.0))).tolist()

    early, late = shape_of(values[:10], days[:10]).doubling[0], shape_of(values, days).doubling[0]

    assert late[2] / late[0] < early[2] / early[0]


def test_what_stands_beside_it_changes_no_number_of_a_shape() -> None:
    rng = np.random.default_rng(4)
    batch = [series((2.2 * np.exp(rng.normal(0.0, 0.4, size=9))).tolist(), patient=patient) for patient in range(11)]
    analysis = analysis_of(*batch)

    together = rise_shape(analysis.panel.day, analysis.path, np.arange(11), PARAMETERS)

    for row in (0, 4, 10):
        alone = rise_shape(analysis.panel.day, analysis.path, np.array([row]), PARAMETERS)
        assert alone.doubling[0].tolist() == together.doubling[row].tolist()
        assert alone.onset[0].tolist() == together.onset[row].tolist()


def test_of_no_rows_there_are_no_shapes() -> None:
    analysis = analysis_of(series([2.2, 2.2]))

    found = rise_shape(analysis.panel.day, analysis.path, np.zeros(0, dtype=np.int64), PARAMETERS)

    assert (found.doubling.shape, found.onset.shape) == ((0, 3), (0, 3))


def points(low: float, middle: float, high: float) -> FloatArray:
    return np.array([low, middle, high])


@pytest.mark.parametrize(
    ("shape", "draws", "rising", "reason"),
    [
        (points(30.0, 60.0, 240.0), 3, True, ""),
        (points(30.0, 60.0, 240.1), 3, True, "interval_too_wide"),
        (points(30.0, 60.0, math.nan), 3, True, "interval_too_wide"),
        (points(30.0, 60.0, 120.0), 2, True, "too_few_draws"),
        (points(30.0, 60.0, 120.0), 3, False, "not_rising"),
        (points(30.0, 60.0, 120.0), 2, False, "not_rising"),
    ],
)
def test_a_doubling_time_is_given_only_where_it_says_something(
    shape: FloatArray, draws: int, rising: bool, reason: str
) -> None:
    found, why_not = doubling_time(shape, draws=draws, rising=rising)

    assert why_not == reason
    assert (found is None) == bool(reason)
    if found is not None:
        # A quarter further out on the logarithm: 60 / 2^1.25 and 60 * 4^1.25.
        assert (found.low, found.days, found.high) == pytest.approx((25.22689, 60.0, 339.41125), abs=1e-5)


def test_the_doubling_times_reported_reach_beyond_those_that_detect() -> None:
    assert (FINE_DOUBLING_TIMES[0], FINE_DOUBLING_TIMES[-1]) == pytest.approx((14.0, 420.0), rel=1e-12)
    assert list(FINE_DOUBLING_TIMES) == sorted(FINE_DOUBLING_TIMES)
    assert CEA.direction == "up"
