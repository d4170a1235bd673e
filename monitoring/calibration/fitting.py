"""Fits the threshold of a level, a curve over drawing interval and panel weight, to one rate in every stratum (D13).

A cell is one drawing interval with one panel. Each round takes the logarithm of a cell's rate as a straight line in the
curve there, found by moving the curve a little both ways, and moves the coefficients by weighted least squares. A cell
whose rate no threshold can move, because the engine seldom lets anything carry an ALERT, so has little say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from monitoring.calibration.counting import HUNDRED, Quiet, count_false, threshold_at
from monitoring.trends.detection import DetectionParameters, Gate, Thresholds
from monitoring.trends.fusion import LEAST_THRESHOLD, terms_of_threshold, threshold
from monitoring.trends.types import BoolArray, FloatArray

ROUNDS: Final = 12
SMALLEST_MOVE: Final = 0.002
PROBE: Final = 0.15  # of the index, both ways
TERMS: Final = 5
FLAT: Final = -0.05  # of ln rate by index: next to no slope
FURTHEST_MOVE: Final = 0.5  # of a coefficient in one round


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """The quiet draws of one stratum with one panel: what the engine said, and on what. `importance` in the fit."""

    name: str
    quiet: Quiet
    watch: FloatArray
    alert: FloatArray
    interval: FloatArray
    weight: FloatArray
    importance: float = 1.0

    def index(self, gate: Gate) -> FloatArray:
        return self.alert if gate == "alert" else self.watch


def fired(cell: Cell, gate: Gate, thresholds: Thresholds) -> BoolArray:
    """Where the level of `gate` or a higher one is reached."""
    reached = cell.index(gate) >= _needed(cell, gate, thresholds)
    return reached if gate == "alert" else reached | fired(cell, "alert", thresholds)


def fit(
    cells: Sequence[Cell],
    gate: Gate,
    target: float,
    start: Thresholds,
    *,
    trust_in_start: float = 0.0,
) -> Thresholds:
    """`start` with the curve of `gate` moved to the target rate. The curve of "alert" must be fitted first.

    `trust_in_start`: so many false alerts are needed to move the slopes of the starting curve half-way.
    """
    if not cells:  # nobody of this material fires often enough to say anything: the starting curve stays
        return start
    now = start
    expected = np.array([target * cell.quiet.total_years / HUNDRED for cell in cells])
    root = np.sqrt(expected * [cell.importance for cell in cells])
    slopes = math.sqrt(trust_in_start) * np.eye(TERMS)[1:]
    origin = np.array(start.curve[gate])
    for _ in range(ROUNDS):
        at = np.array(now.curve[gate])
        lines = [_line(cell, gate, now, target) for cell in cells]
        rows = np.concatenate([root[:, None] * np.stack([line for _, line in lines]), slopes])
        wanted = np.concatenate([-root * np.array([excess for excess, _ in lines]), -slopes @ (at - origin)])
        move = np.clip(np.linalg.lstsq(rows, wanted, rcond=1e-6)[0], -FURTHEST_MOVE, FURTHEST_MOVE)
        now = replace(now, curve={**now.curve, gate: tuple((at + move).tolist())})
        if float(np.max(np.abs(move))) < SMALLEST_MOVE:
            break
    return now


def realised(cell: Cell, gate: Gate, thresholds: Thresholds) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """False alerts of each patient at the level of `gate` or above."""
    return count_false(fired(cell, gate, thresholds), cell.quiet)


def highest_rate(cell: Cell, gate: Gate) -> float:
    """False alerts per 100 patient-years at the lowest threshold there is."""
    counts = count_false(cell.index(gate) >= LEAST_THRESHOLD, cell.quiet)
    return HUNDRED * float(np.sum(counts)) / cell.quiet.total_years


def _needed(cell: Cell, gate: Gate, thresholds: Thresholds) -> FloatArray:
    return threshold(DetectionParameters(thresholds=thresholds), gate, cell.interval, cell.weight)


def _margin(cell: Cell, gate: Gate, thresholds: Thresholds) -> FloatArray:
    margin = cell.index(gate) - _needed(cell, gate, thresholds)
    if gate == "watch":  # an ALERT is a WATCH as well
        margin = np.where(fired(cell, "alert", thresholds), np.inf, margin)
    return margin


def _line(cell: Cell, gate: Gate, thresholds: Thresholds, target: float) -> tuple[float, FloatArray]:
    """ln(rate / target) of a cell now, and its derivative by each coefficient."""
    expected = target * cell.quiet.total_years / HUNDRED
    margin = _margin(cell, gate, thresholds)
    low, now, high = (float(np.sum(count_false(margin >= shift, cell.quiet))) for shift in (-PROBE, 0.0, PROBE))
    excess = math.log((now + 0.5) / (expected + 0.5))
    slope = math.log((high + 0.5) / (low + 0.5)) / (2.0 * PROBE)
    if slope > FLAT and (shift := threshold_at(margin, cell.quiet, target)) > PROBE:
        slope = -excess / shift  # so far below that a little more or less is all the same
    near = np.abs(margin) <= PROBE
    chosen = near if bool(np.any(near)) else cell.weight > 0
    terms = terms_of_threshold(thresholds, cell.interval[chosen], cell.weight[chosen])
    return excess, slope * np.array([float(np.mean(term)) for term in terms])
