"""Slope of the log value, for the chart (docs/clinical-rules.md, E11)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.special import stdtrit

from monitoring.trends.types import FloatArray, Slope, SlopeMethod

WINDOW_DAYS: Final = 365.0
FEWEST_DRAWS: Final = 3


def slope_of(days: FloatArray, logs: FloatArray, *, method: SlopeMethod) -> Slope | None:
    """E11: ordinary least squares of ln value on days with the 95 % interval of Student's t; None below three draws or
    without any time between them. `logs` are of quantified draws only: "<" and ">" have no value to fit."""
    count = len(days)
    span = float(days[-1] - days[0]) if count else 0.0
    if count < FEWEST_DRAWS or span <= 0:
        return None
    x = days - math.fsum(days.tolist()) / count
    y = logs - math.fsum(logs.tolist()) / count
    sum_xx = math.fsum((x * x).tolist())
    per_day = math.fsum((x * y).tolist()) / sum_xx
    residual = math.fsum(((y - per_day * x) ** 2).tolist())
    half = float(stdtrit(count - 2, 0.975)) * math.sqrt(residual / (count - 2) / sum_xx)
    return Slope(per_day=per_day, low=per_day - half, high=per_day + half, draws=count, span_days=span, method=method)


def last_year(days: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of the ascending `days` lie within 365 days of the last."""
    return days >= (days[-1] if len(days) else 0.0) - WINDOW_DAYS
