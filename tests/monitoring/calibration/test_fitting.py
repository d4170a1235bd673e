"""The fit finds a curve that is known, and leaves alone what its material says nothing about."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from monitoring.calibration.counting import rate_of
from monitoring.calibration.fitting import Cell, fired, fit, highest_rate, realised
from tests.monitoring.calibration.builders import LEVEL, quiet, synthetic_cell

TRUE = (1.6, -0.5, -0.1, 1.2, -0.2)
INTERVALS = (21.0, 42.0, 63.0, 91.0, 140.0)
WEIGHTS = (1.5, 3.0, 5.0)


def height(interval: float, weight: float) -> float:
    """Of the curve that comes to a rate of 5, less what the rate of 25 exp(-h / 0.5) takes to fall to 5."""
    x, u = math.log(interval / 63.0), weight / 3.0 - 1.0
    return sum(c * term for c, term in zip(TRUE, (1.0, x, x**2, u, x * u), strict=True)) - 0.5 * math.log(5.0)


def cells() -> list[Cell]:
    places = [(interval, weight) for interval in INTERVALS for weight in WEIGHTS]
    return [
        synthetic_cell(height(interval, weight), interval=interval, weight=weight, seed=seed)
        for seed, (interval, weight) in enumerate(places)
    ]


def test_a_known_curve_is_found_again() -> None:
    """400 false alerts a cell move a threshold by 0.5 / 20 = 0.025 at random; fifteen cells and five coefficients."""
    found = fit(cells(), "alert", 5.0, LEVEL)
    assert found.curve["alert"] == pytest.approx(TRUE, abs=0.06)
    assert found.curve["watch"] == LEVEL.curve["watch"]


def test_every_cell_comes_to_the_target() -> None:
    material = cells()
    found = fit(material, "alert", 5.0, LEVEL)
    rates = [rate_of(realised(cell, "alert", found), cell.quiet.years).value for cell in material]
    assert max(abs(rate - 5.0) for rate in rates) < 0.6
    assert sum(rates) / len(rates) == pytest.approx(5.0, abs=0.1)


def test_an_alert_counts_as_a_watch_too() -> None:
    """With WATCH so high that it never fires, what fires as ALERT is still counted; ALERT is 5, so WATCH is 5."""
    material = cells()
    found = fit(material, "alert", 5.0, replace(LEVEL, curve={**LEVEL.curve, "watch": (99.0, 0.0, 0.0, 0.0, 0.0)}))
    for cell in material:
        assert np.array_equal(fired(cell, "watch", found), fired(cell, "alert", found))
    lower = fit(material, "watch", 20.0, fit(material, "alert", 5.0, LEVEL))
    rates = [rate_of(realised(cell, "watch", lower), cell.quiet.years).value for cell in material]
    assert sum(rates) / len(rates) == pytest.approx(20.0, abs=0.4)


def test_a_cell_that_no_threshold_moves_has_no_say() -> None:
    """Three alerts at an index beyond every threshold: rate 0.04 per 100 years, whatever the curve."""
    stuck = synthetic_cell(50.0, interval=63.0, weight=3.0, seed=99)
    loud = replace(stuck, alert=np.where(np.arange(len(stuck.alert)) < 3, 50.0, 0.0))
    with_it, without = (fit(material, "alert", 5.0, LEVEL) for material in ([*cells(), loud], cells()))
    assert with_it.curve["alert"] == pytest.approx(without.curve["alert"], abs=0.01)


def test_an_important_cell_comes_closer_to_the_target() -> None:
    """Two cells alike in interval and weight, one of which needs a threshold higher by a half."""
    pair = [synthetic_cell(1.0 + 0.5 * at, interval=63.0, weight=3.0, seed=at) for at in range(2)]

    def miss(material: list[Cell]) -> float:
        found = fit(material, "alert", 5.0, LEVEL)
        return abs(rate_of(realised(material[1], "alert", found), material[1].quiet.years).value - 5.0)

    assert miss([pair[0], replace(pair[1], importance=10.0)]) < 0.5 * miss(pair)


def test_slopes_stay_where_they_were_while_there_is_little_to_go_by() -> None:
    """Two small cells: the height moves, the slopes hardly; without trust in the start they follow the noise."""
    start = replace(LEVEL, curve={**LEVEL.curve, "alert": (0.5, -0.5, -0.1, 1.2, -0.2)})
    small = [
        synthetic_cell(height(days, 3.0) + 0.4, interval=days, weight=3.0, seed=int(days), patients=150)
        for days in (42.0, 91.0)
    ]
    kept = fit(small, "alert", 5.0, start, trust_in_start=1e6).curve["alert"]
    assert kept[1:] == pytest.approx(start.curve["alert"][1:], abs=1e-3)
    assert kept[0] == pytest.approx(TRUE[0] + 0.4, abs=0.2)
    free = fit(small, "alert", 5.0, start).curve["alert"]
    assert abs(free[1] - start.curve["alert"][1]) > 0.02


def test_the_highest_rate_is_that_at_the_least_threshold() -> None:
    draws = quiet([[0.0], [0.0], [0.0], [0.0]])
    said = np.array([0.049, 0.05, 3.0, -math.inf])
    cell = Cell("", draws, watch=said, alert=said, interval=np.full(4, 63.0), weight=np.full(4, 3.0))
    assert highest_rate(cell, "alert") == 50.0


def test_without_a_cell_that_can_say_anything_the_starting_curve_stays() -> None:
    assert fit([], "alert", 5.0, LEVEL) is LEVEL
