"""Trend by ranks: Mann-Kendall and Theil-Sen. Magnitudes of single results do not count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from monitoring.trends.classical.panel import Panel, Past
from monitoring.trends.types import FloatArray

WINDOW_DRAWS: Final = 8
FEWEST_DRAWS: Final = 4  # three rising results reach at best an exact one-sided P of 1/6


@dataclass(frozen=True, slots=True, eq=False)
class Kendall:
    """One entry a row: S, its variance with ties, the continuity-corrected Z and tau-b; `count` results."""

    s: FloatArray
    variance: FloatArray
    z: FloatArray
    tau: FloatArray
    count: FloatArray


def kendall(window: FloatArray) -> Kendall:
    """Mann-Kendall over the columns of `window` (rows x results, oldest first, NaN for an empty place).

    S = sum of sgn(y_j - y_i) over i < j; Var = [n(n-1)(2n+5) - sum t(t-1)(2t+5)] / 18; Z = (S -+ 1) / root Var.
    Mann 1945, doi:10.2307/1907187; Kendall 1975.
    """
    present = ~np.isnan(window)
    count = np.sum(present, axis=1).astype(np.float64)
    s = np.zeros(len(window))
    tied = np.zeros(len(window))
    equal_pairs = np.zeros(len(window))
    for place in range(window.shape[1]):
        one = window[:, place : place + 1]
        s = s + np.sum(window[:, place + 1 :] > one, axis=1) - np.sum(window[:, place + 1 :] < one, axis=1)
        alike = np.sum(window == one, axis=1).astype(np.float64)
        # A group of t equal results is met t times: (t - 1)(2t + 5) each makes t(t - 1)(2t + 5).
        tied = tied + np.where(present[:, place], (alike - 1.0) * (2.0 * alike + 5.0), 0.0)
        equal_pairs = equal_pairs + np.where(present[:, place], (alike - 1.0) / 2.0, 0.0)
    variance = (count * (count - 1.0) * (2.0 * count + 5.0) - tied) / 18.0
    spread = np.sqrt(np.where(variance > 0, variance, 1.0))
    pairs = count * (count - 1.0) / 2.0
    differing = np.sqrt(np.maximum(pairs * (pairs - equal_pairs), 0.0))
    return Kendall(
        s=s,
        variance=variance,
        z=np.where(variance > 0, (s - np.sign(s)) / spread, 0.0),
        tau=np.where(differing > 0, s / np.where(differing > 0, differing, 1.0), 0.0),
        count=count,
    )


def mann_kendall_z(panel: Panel, past: Past) -> FloatArray:
    """Z over the last eight used draws of the segment, from four on; rows x draws."""
    statistic = np.full(panel.days.shape, -math.inf)
    window = np.full((panel.rows, WINDOW_DRAWS), np.nan)
    for column in range(panel.columns):
        window = np.where(panel.rebase[:, column, None], np.nan, window)
        pushed = np.concatenate([window[:, 1:], panel.logs[:, column, None]], axis=1)
        window = np.where(past.used[:, column, None], pushed, window)
        found = kendall(window)
        said = past.speaks[:, column] & (found.count >= FEWEST_DRAWS)
        statistic[:, column] = np.where(said, found.z, -math.inf)
    return statistic


@dataclass(frozen=True, slots=True)
class SenSlope:
    per_day: float
    low: float
    high: float


def theil_sen(days: FloatArray, values: FloatArray, *, confidence: float = 0.95) -> SenSlope | None:
    """Median of the pairwise slopes of one series, with the interval from the variance of Kendall's S.

    None where no two results lie on different days. Sen 1968, doi:10.1080/01621459.1968.10480934.
    """
    earlier, later = np.triu_indices(len(days), k=1)
    gap = days[later] - days[earlier]
    apart = gap != 0
    slopes = np.sort((values[later] - values[earlier])[apart] / gap[apart])
    if len(slopes) == 0:
        return None
    reach = float(ndtri(0.5 + confidence / 2.0)) * math.sqrt(float(kendall(values[None, :]).variance[0]))
    low = max(round((len(slopes) - reach) / 2.0) - 1, 0)
    high = min(round((len(slopes) + reach) / 2.0), len(slopes) - 1)
    return SenSlope(per_day=float(np.median(slopes)), low=float(slopes[low]), high=float(slopes[high]))
