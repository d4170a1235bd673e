"""Bayesian online change-point detection on the log value with a known SD, read for changes upwards."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from monitoring.trends.classical.panel import Panel, Past
from monitoring.trends.types import BoolArray, FloatArray

HAZARD: Final = 0.02  # assumed: a change of level every fiftieth draw
RECENT_DAYS: Final = 365.0
_LOG_HAZARD: Final = math.log(HAZARD)
_LOG_STAY: Final = math.log1p(-HAZARD)


def upward_change(panel: Panel, past: Past) -> FloatArray:
    """Log odds that the present run of draws began within 365 days, after the first draw of the segment, and lies
    above what came before it; rows x draws. Needs a set-point, the prior of every run's level.

    Adams and MacKay 2007, arXiv:0710.3742; here a draw may itself be the first of the new run, so that a change shows
    at once and not at the next draw.
    """
    runs = _Runs(panel)
    statistic = np.full(panel.days.shape, -math.inf)
    for column in range(panel.columns):
        take = past.used[:, column] & runs.known
        opens = take & (past.count[:, column] == 0)
        runs.take_in(panel.logs[:, column], column=column, take=take, opens=opens)
        odds = _log_odds(panel, past, runs, column=column)
        said = take & past.speaks[:, column] & np.isfinite(odds)
        statistic[:, column] = np.where(said, odds, -math.inf)
    return statistic


class _Runs:
    """Every run that may be the present one, by the column it began in: its posterior weight (log) and its draws."""

    def __init__(self, panel: Panel) -> None:
        self.known = np.isfinite(panel.sigma) & np.isfinite(panel.set_point_mean) & np.isfinite(panel.set_point_sd)
        self.variance = np.where(self.known, panel.sigma, 1.0) ** 2
        self.between = np.where(self.known, panel.set_point_sd, 1.0) ** 2
        self.mu = np.where(self.known, panel.set_point_mean, 0.0)
        self.weight = np.full(panel.days.shape, -math.inf)
        self.count = np.zeros(panel.days.shape)
        self.total = np.zeros(panel.days.shape)  # of logs above the set-point

    def level(self, start: int) -> FloatArray:
        """Posterior mean of the run's level."""
        precision = self.count[:, start] * self.between + self.variance
        mean: FloatArray = self.mu + self.between * self.total[:, start] / precision
        return mean

    def take_in(self, log: FloatArray, *, column: int, take: BoolArray, opens: BoolArray) -> None:
        distance = log - self.mu
        for start in range(column):
            spread = self.variance + self._level_variance(start)
            stayed = self.weight[:, start] + _LOG_STAY + _log_density(log - self.level(start), spread)
            self.weight[:, start] = np.where(take, stayed, self.weight[:, start])
            self.weight[opens, start] = -math.inf
        self.weight[:, column] = np.where(take, self._newcomer(distance, opens), -math.inf)
        for start in range(column + 1):
            of_run = take & np.isfinite(self.weight[:, start])
            self.count[:, start] += of_run
            self.total[:, start] += np.where(of_run, distance, 0.0)
        whole = log_total([self.weight[:, start] for start in range(column + 1)])
        norm = np.where(take, whole, 0.0)
        self.weight[:, : column + 1] -= norm[:, None]

    def _newcomer(self, distance: FloatArray, opens: BoolArray) -> FloatArray:
        """The weights of the earlier runs sum to one, so the new run has the hazard times its own density."""
        prior = np.where(opens, 0.0, _LOG_HAZARD)
        weight: FloatArray = prior + _log_density(distance, self.variance + self.between)
        return weight

    def _level_variance(self, start: int) -> FloatArray:
        variance: FloatArray = self.between * self.variance / (self.count[:, start] * self.between + self.variance)
        return variance


def _log_odds(panel: Panel, past: Past, runs: _Runs, *, column: int) -> FloatArray:
    upward, other = [], []
    for start in range(column + 1):
        weight = runs.weight[:, start]
        recent = panel.days[:, column] - panel.days[:, start] <= RECENT_DAYS
        rises = recent & (past.count[:, start] > 0) & (runs.level(start) > past.mean[:, start])
        upward.append(np.where(rises, weight, -math.inf))
        other.append(np.where(rises, -math.inf, weight))
    rising, rest = log_total(upward), log_total(other)
    return np.where(np.isfinite(rising) & np.isfinite(rest), rising - np.where(np.isfinite(rest), rest, 0.0), -math.inf)


def log_total(parts: list[FloatArray]) -> FloatArray:
    """ln of the sum of exponentials, part by part in the order given; minus infinity where every part is."""
    most = parts[0]
    for part in parts[1:]:
        most = np.maximum(most, part)
    anchor = np.where(np.isfinite(most), most, 0.0)
    total = np.zeros_like(most)
    for part in parts:
        total = total + np.exp(part - anchor)
    return np.where(total > 0, anchor + np.log(np.where(total > 0, total, 1.0)), -math.inf)


def _log_density(distance: FloatArray, variance: FloatArray) -> FloatArray:
    density: FloatArray = -0.5 * (distance**2 / variance + np.log(2.0 * math.pi * variance))
    return density
