"""Readings of the trend through the draws up to the latest one. A "<" counts at its limit."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.special import ndtr

from monitoring.trends.classical import lines, ranks
from monitoring.trends.classical.latest import Latest
from monitoring.trends.classical.types import LogSlope, MannKendall, ReadingReason, TheilSen, ValueSlope
from monitoring.trends.types import FloatArray

# With fewer the ranks of a 95 % interval lie outside the pairwise slopes: their extremes would be called 95 % and hold
# the slope of trendless results in 67 % (three draws) and 92 % (four).
FEWEST_FOR_SEN_INTERVAL: Final = 5


def mann_kendall(latest: Latest) -> MannKendall:
    """Mann 1945, doi:10.2307/1907187; normal approximation with continuity correction and ties."""
    window = latest.panel.logs[:, latest.counted[-ranks.WINDOW_DRAWS :]]
    draws = window.shape[1]
    if draws < ranks.FEWEST_DRAWS:
        return MannKendall(draws=draws, reason="too_few_draws")
    found = ranks.kendall(window)
    z = float(found.z[0])
    return MannKendall(
        s=int(latest.mirror * found.s[0]),
        z=latest.mirror * z,
        p=float(ndtr(-z)),
        tau=latest.mirror * float(found.tau[0]),
        draws=draws,
    )


def theil_sen(latest: Latest) -> TheilSen:
    """Sen 1968, doi:10.1080/01621459.1968.10480934."""
    days, logs = _last_year(latest)
    draws = len(days)
    reason = _no_line(days)
    found = None if reason else ranks.theil_sen(days, logs)
    if found is None:
        return TheilSen(draws=draws, reason=reason)
    ends = sorted((latest.mirror * found.low, latest.mirror * found.high))
    wide = draws < FEWEST_FOR_SEN_INTERVAL
    return TheilSen(
        per_day=latest.mirror * found.per_day,
        low=None if wide else ends[0],
        high=None if wide else ends[1],
        draws=draws,
        reason="too_few_for_interval" if wide else "",
    )


def log_slope(latest: Latest) -> LogSlope:
    """Ordinary regression of ln value; z is positive where the slope goes the way that matters."""
    line = lines.recent_line(latest.panel, latest.past, column=latest.panel.columns - 1)
    draws = int(line.count[0])
    reason = _no_line(_last_year(latest)[0], fewest=lines.FEWEST_WITH_KNOWN_SD)
    if reason:
        return LogSlope(draws=draws, reason=reason)
    slope = float(line.slope[0])
    known = not math.isnan(latest.sigma)
    return LogSlope(
        per_day=latest.mirror * slope,
        z=slope * math.sqrt(float(line.sum_xx[0])) / latest.sigma if known else None,
        draws=draws,
        reason="" if known else "no_variation",
    )


def value_slope(latest: Latest) -> ValueSlope:
    """Shinkins 2018, doi:10.1002/bjs.10819 (recalled): every draw of the segment, in the marker's unit."""
    days = latest.panel.days[0, latest.counted]
    if reason := _no_line(days):
        return ValueSlope(draws=len(days), reason=reason)
    values = np.exp(latest.mirror * latest.panel.logs[0, latest.counted])
    line = lines.Line.empty(1)
    for day, value in zip(days, values, strict=True):
        line = line.with_point(np.array([day]), np.array([value]), take=np.ones(1, dtype=np.bool_))
    return ValueSlope(per_year=float(line.slope[0]) * lines.DAYS_PER_YEAR, draws=len(days))


def _last_year(latest: Latest) -> tuple[FloatArray, FloatArray]:
    days = latest.panel.days[0, latest.counted]
    inside = latest.day - days <= lines.WINDOW_DAYS
    return days[inside], latest.panel.logs[0, latest.counted][inside]


def _no_line(days: FloatArray, *, fewest: int = lines.FEWEST_DRAWS) -> ReadingReason:
    if len(days) < fewest:
        return "too_few_draws"
    return "one_day" if np.ptp(days) == 0 else ""
