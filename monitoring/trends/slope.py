"""Slope of the log value and doubling time (docs/clinical-rules.md, E11 and E12)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from monitoring.trends.batch import Batch, BoolArray
from monitoring.trends.types import DoublingTime, FloatArray, IntArray, Slope

WINDOW_DAYS: Final = 365.0
FEWEST_DRAWS: Final = 3
SHORTEST_SPAN_DAYS: Final = 28.0
WIDEST_RATIO: Final = 8.0  # upper end over lower end; wider than this no number is given (detection design, 12e)
METHOD: Final = "ols_log_365d"


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """One entry a series; `per_day` is NaN where there are too few draws or all are of one moment."""

    per_day: FloatArray
    half_width: FloatArray
    draws: IntArray
    span: FloatArray

    def slope(self, row: int) -> Slope | None:
        per_day, half = float(self.per_day[row]), float(self.half_width[row])
        if math.isnan(per_day):
            return None
        return Slope(
            per_day=per_day,
            low=per_day - half,
            high=per_day + half,
            draws=int(self.draws[row]),
            span_days=float(self.span[row]),
            method=METHOD,
        )


def measure_slopes(batch: Batch, *, segment_start: IntArray) -> Slopes:
    """E11: ordinary least squares of ln value on days; only quantified draws, '<' and '>' have no value to fit."""
    chosen = _chosen(batch, segment_start)
    logs = batch.logs * batch.mirror[:, None]
    count = np.zeros(batch.rows)
    newest = np.full(batch.rows, -np.inf)
    oldest = np.full(batch.rows, np.inf)
    for column in range(batch.columns):
        take = chosen[:, column]
        count = count + take
        newest = np.where(take, np.maximum(newest, batch.days[:, column]), newest)
        oldest = np.where(take, np.minimum(oldest, batch.days[:, column]), oldest)
    span = np.where(count > 0, newest - oldest, 0.0)
    divisor = np.maximum(count, 1.0)
    origin = np.where(count > 0, newest, 0.0)
    offset = np.where(chosen, batch.days - origin[:, None], 0.0)
    middle = _total(offset) / divisor
    centre = _total(np.where(chosen, logs, 0.0)) / divisor
    x = np.where(chosen, offset - middle[:, None], 0.0)
    y = np.where(chosen, logs - centre[:, None], 0.0)
    enough = (count >= FEWEST_DRAWS) & (span > 0)
    sum_xx = np.where(enough, _total(x * x), 1.0)
    per_day = _total(x * y) / sum_xx
    residual = np.where(chosen, y - per_day[:, None] * x, 0.0)
    freedom = np.maximum(count - 2.0, 1.0)
    error = np.sqrt(_total(residual * residual) / freedom / sum_xx)
    return Slopes(
        per_day=np.where(enough, per_day, np.nan),
        half_width=np.where(enough, stdtrit(freedom, 0.975) * error, np.nan),
        draws=count.astype(np.int64),
        span=span,
    )


def _chosen(batch: Batch, segment_start: IntArray) -> BoolArray:
    inside = np.arange(batch.columns)[None, :] >= np.maximum(segment_start, 0)[:, None]
    quantified = batch.measurable & (batch.censoring == 0) & inside
    latest = np.max(np.where(quantified, batch.days, -np.inf), axis=1, initial=-np.inf)
    chosen: BoolArray = quantified & (batch.days >= latest[:, None] - WINDOW_DAYS)
    return chosen


def _total(matrix: FloatArray) -> FloatArray:
    """Column by column: a sum whose rounding does not depend on the padding."""
    total = np.zeros(matrix.shape[0])
    for column in range(matrix.shape[1]):
        total = total + matrix[:, column]
    return total


def doubling_time(slope: Slope | None, *, draws: int) -> tuple[DoublingTime | None, str]:
    """E12: ln 2 over the slope, interval by inversion; or None with the reason it is not given."""
    if draws < FEWEST_DRAWS:
        return None, "too_few_draws"
    if slope is None or slope.span_days < SHORTEST_SPAN_DAYS:
        return None, "span_too_short"
    if slope.per_day <= 0:
        return None, "not_rising"
    if slope.low <= 0 or slope.high / slope.low > WIDEST_RATIO:
        return None, "interval_too_wide"
    log_two = math.log(2.0)
    return DoublingTime(days=log_two / slope.per_day, low=log_two / slope.high, high=log_two / slope.low), ""
