"""Straight lines through the draws so far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.trends.classical.panel import Panel, Past
from monitoring.trends.types import BoolArray, FloatArray

FEWEST_DRAWS: Final = 3  # of a regression that must learn its own scatter ...
FEWEST_WITH_KNOWN_SD: Final = 2  # ... and of one that is told it
WINDOW_DAYS: Final = 365.0
DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Least squares, one line an entry, taken up point by point (Welford): exact for days far from 0."""

    count: FloatArray
    mean_x: FloatArray
    mean_y: FloatArray
    sum_xx: FloatArray
    sum_xy: FloatArray
    sum_yy: FloatArray

    @classmethod
    def empty(cls, rows: int) -> Line:
        return cls(*(np.zeros(rows) for _ in range(6)))

    def with_point(self, x: FloatArray, y: FloatArray, *, take: BoolArray) -> Line:
        count = self.count + take
        weight = np.where(take, 1.0 / np.maximum(count, 1.0), 0.0)
        dx = np.where(take, x - self.mean_x, 0.0)
        dy = np.where(take, y - self.mean_y, 0.0)
        shrink = 1.0 - weight
        return Line(
            count=count,
            mean_x=self.mean_x + weight * dx,
            mean_y=self.mean_y + weight * dy,
            sum_xx=self.sum_xx + shrink * dx * dx,
            sum_xy=self.sum_xy + shrink * dx * dy,
            sum_yy=self.sum_yy + shrink * dy * dy,
        )

    def restarted(self, fresh: BoolArray) -> Line:
        keep = ~fresh
        return Line(
            count=self.count * keep,
            mean_x=self.mean_x * keep,
            mean_y=self.mean_y * keep,
            sum_xx=self.sum_xx * keep,
            sum_xy=self.sum_xy * keep,
            sum_yy=self.sum_yy * keep,
        )

    @property
    def slope(self) -> FloatArray:
        """NaN with all points at one x."""
        enough = (self.count > 1) & (self.sum_xx > 0)
        return np.where(enough, self.sum_xy / np.where(enough, self.sum_xx, 1.0), np.nan)


def raw_slope(panel: Panel, past: Past) -> FloatArray:
    """Ordinary regression of the value on time over all draws of the segment so far, rows x draws, per year.

    In multiples of the population's set-point, so that one threshold serves several markers; in the canonical unit
    where there is none. Shinkins et al. 2018, doi:10.1002/bjs.10819 (recalled).
    """
    known = np.isfinite(panel.set_point_mean)
    unit = np.where(known, np.exp(np.where(known, panel.set_point_mean, 0.0)), 1.0)
    values = np.exp(np.where(past.used, panel.logs, 0.0)) / unit[:, None]
    statistic = np.full(panel.days.shape, -math.inf)
    line = Line.empty(panel.rows)
    for column in range(panel.columns):
        line = line.restarted(panel.rebase[:, column])
        line = line.with_point(panel.days[:, column], values[:, column], take=past.used[:, column])
        enough = past.speaks[:, column] & (line.count >= FEWEST_DRAWS)
        statistic[:, column] = _said(line.slope * DAYS_PER_YEAR, enough)
    return statistic


def log_slope_z(panel: Panel, past: Past) -> FloatArray:
    """Slope of ln value over the last 365 days of the segment, over its SD sigma / root(sum (t - mean t)^2).

    From two draws on: the scatter is known.
    """
    statistic = np.full(panel.days.shape, -math.inf)
    for column in range(panel.columns):
        line = recent_line(panel, past, column=column)
        z = line.slope * np.sqrt(line.sum_xx) / panel.sigma
        statistic[:, column] = _said(z, past.speaks[:, column])
    return statistic


def recent_line(panel: Panel, past: Past, *, column: int) -> Line:
    """The log values of the 365 days up to the draw in `column`, as far as they belong to its segment."""
    line = Line.empty(panel.rows)
    for earlier in range(column, -1, -1):
        inside = panel.days[:, column] - panel.days[:, earlier] <= WINDOW_DAYS
        reached = past.segment[:, earlier] == past.segment[:, column]
        if not bool(np.any(reached)):
            break
        line = line.with_point(
            panel.days[:, earlier] - panel.days[:, column],
            panel.logs[:, earlier],
            take=past.used[:, earlier] & inside & reached,
        )
    return line


def _said(statistic: FloatArray, speaks: BoolArray) -> FloatArray:
    return np.where(speaks & np.isfinite(statistic), statistic, -math.inf)
