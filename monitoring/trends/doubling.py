"""When a rise began and how fast it doubles: the posterior over a finer bank (docs/clinical-rules.md, D14)."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from monitoring.trends.bank import posterior
from monitoring.trends.detection import DetectionParameters, grid_of
from monitoring.trends.panel import ROW_MULTIPLE
from monitoring.trends.state import FilterPath
from monitoring.trends.types import DoublingTime, FloatArray, IntArray

# Equal steps of the logarithm. Wider than the bank that detects: its ends would cut the interval.
FINE_DOUBLING_TIMES: Final = tuple(float(days) for days in np.geomspace(14.0, 420.0, 15))
WIDEST_RATIO: Final = 8.0  # upper end over lower end; wider than this no number is given (detection design, 12e)
# CEA of 46 recurrent adenocarcinomas: median 47 days, 13 to 168 (S, J-STAGE acrt1992 3:27), which is 0.58 log SD; half
# as much again for other markers and tumours (A).
PRIOR_MEDIAN_DAYS: Final = 47.0
PRIOR_LOG_SD: Final = 0.87
# The narrow intervals are chosen for being narrow, and chosen ones hold less often: measured on tuning cohorts (A).
WIDENED: Final = 1.25
QUANTILES: Final = (0.025, 0.5, 0.975)


@dataclass(frozen=True, slots=True, eq=False)
class RiseShape:
    """One entry a row asked for: 2.5 %, 50 % and 97.5 % points of the posterior."""

    doubling: FloatArray  # rows x 3, days
    onset: FloatArray  # rows x 3, days since the patient's first draw


def rise_shape(day: FloatArray, path: FilterPath, rows: IntArray, parameters: DetectionParameters) -> RiseShape:
    if len(rows) == 0:
        return RiseShape(np.zeros((0, 3)), np.zeros((0, 3)))
    padded = np.resize(rows, -(-len(rows) // ROW_MULTIPLE) * ROW_MULTIPLE)
    part = FilterPath(**{one.name: getattr(path, one.name)[padded] for one in fields(FilterPath)})
    found = posterior(day[padded], part, grid_of(parameters, FINE_DOUBLING_TIMES))
    logs = np.log(np.array(FINE_DOUBLING_TIMES))
    prior = np.exp(-0.5 * ((logs - math.log(PRIOR_MEDIAN_DAYS)) / PRIOR_LOG_SD) ** 2)
    weights = found.weights * prior[None, :, None]
    doubling = np.exp(_quantiles(weights.sum(axis=0), np.broadcast_to(logs[:, None], (len(logs), len(padded)))))
    order = np.argsort(found.onsets, axis=0, kind="stable")
    by_onset = np.take_along_axis(weights.sum(axis=1), order, axis=0)
    onset = _quantiles(by_onset, np.take_along_axis(found.onsets, order, axis=0))
    return RiseShape(doubling[: len(rows)], onset[: len(rows)])


def _quantiles(weights: FloatArray, at: FloatArray) -> FloatArray:
    """Points of a discrete distribution (values x rows, ascending), each value spread evenly over its cell."""
    total = np.cumsum(weights, axis=0)
    share = total / total[-1]
    middle = share - 0.5 * weights / total[-1]
    found = np.empty((weights.shape[1], len(QUANTILES)))
    for row in range(weights.shape[1]):
        found[row] = np.interp(QUANTILES, middle[:, row], at[:, row])
    return found


def doubling_time(shape: FloatArray, *, draws: int, rising: bool) -> tuple[DoublingTime | None, str]:
    """The number, or None with the reason it is not given."""
    if not rising:
        return None, "not_rising"
    if draws < 3:
        return None, "too_few_draws"
    low, middle, high = (float(days) for days in shape)
    if not math.isfinite(high) or high / low > WIDEST_RATIO:
        return None, "interval_too_wide"
    return DoublingTime(
        days=middle, low=middle * (low / middle) ** WIDENED, high=middle * (high / middle) ** WIDENED
    ), ""
