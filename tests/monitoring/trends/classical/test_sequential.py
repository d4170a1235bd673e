from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from monitoring.trends.classical.panel import Panel, past_of
from monitoring.trends.classical.sequential import ALLOWANCE, CUSUM_LIMIT, cusum, ewma
from tests.monitoring.trends.classical.builders import panel

KNOWN_LEVEL = (0.0, 1e-9)  # nothing left to learn about the person: z is the log value itself


def _known(logs: list[float], **changes: object) -> Panel:
    return panel(np.exp(logs).tolist(), sigma=1.0, set_point=KNOWN_LEVEL, **changes)  # type: ignore[arg-type]


def test_a_cusum_adds_what_exceeds_half_an_sd_and_never_falls_below_zero() -> None:
    one = _known([1.0, -2.0, 1.5, 2.5])

    assert cusum(one, past_of(one))[0].tolist() == pytest.approx([0.5, 0.0, 1.0, 3.0], abs=1e-12)


def test_a_rebase_starts_the_cusum_and_the_ewma_again() -> None:
    one = _known([2.0, 2.0, 1.0], rebase=[2])

    assert float(cusum(one, past_of(one))[0, 2]) == pytest.approx(0.5, abs=1e-12)
    assert float(ewma(one, past_of(one))[0, 2]) == pytest.approx(1.0, abs=1e-12)


def test_a_result_below_a_limit_lowers_the_cusum_or_leaves_it_and_says_nothing_itself() -> None:
    one = _known([2.0, 1.0, 2.0], below=[1])
    found = cusum(one, past_of(one))[0]

    # The limit lies one SD above the level: it counts as no more than the level, so 1.5 - 0.5 remains.
    assert np.isneginf(found[1])
    assert found[[0, 2]].tolist() == pytest.approx([1.5, 2.5], abs=1e-12)


def test_the_ewma_is_divided_by_its_sd_after_so_many_draws() -> None:
    one = _known([1.0, 2.0])
    second = (0.3 * 2.0 + 0.7 * 0.3) / np.sqrt(0.3**2 + (0.7 * 0.3) ** 2)

    assert ewma(one, past_of(one))[0].tolist() == pytest.approx([1.0, second], rel=1e-9)


@pytest.mark.parametrize(("limit", "draws"), [(CUSUM_LIMIT, 335), (5.0, 931)])
def test_the_time_between_false_signals_of_the_limit_is_the_one_that_is_stated(limit: float, draws: int) -> None:
    """Brook and Evans 1972, doi:10.1093/biomet/59.3.539: a Markov chain over the level, its fineness extrapolated."""
    coarse, fine = _run_length(limit, states=100), _run_length(limit, states=200)

    assert round(fine + (fine - coarse) / 3.0) == draws


def _run_length(limit: float, *, states: int) -> float:
    width = 2.0 * limit / (2.0 * states - 1.0)
    level = width * np.arange(states)
    step = level[None, :] - level[:, None] + ALLOWANCE
    move = norm.cdf(step + width / 2.0) - norm.cdf(step - width / 2.0)
    move[:, 0] = norm.cdf(width / 2.0 - level + ALLOWANCE)
    return float(np.linalg.solve(np.eye(states) - move, np.ones(states))[0])
