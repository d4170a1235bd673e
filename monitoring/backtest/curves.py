"""Sensitivity against false alerts, as the threshold of a rule is moved, and what is read off at a given rate.

Between two thresholds the curve is a straight line (as if a coin decided between them), and it begins at the threshold
that nothing reaches. Intervals are percentiles over patients drawn anew with replacement, the same for every rule, so
that differences between rules are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.backtest.cohort import BoolArray, Draws
from monitoring.backtest.outcomes import Outcomes
from monitoring.backtest.scoring import HUNDRED, Score, false_rate, score
from monitoring.trends.types import FloatArray, IntArray

RESAMPLES: Final = 500
SEED: Final = 20_250_301
BLOCK: Final = 100  # resamples at once: bounds memory, changes no number
EARLY_DAYS: Final = 60
COVERED: Final = (2.5, 97.5)
# Shares of the draws above a first set of thresholds, and the rates that the second set aims at.
TAILS: Final = np.geomspace(0.6, 1e-4, 22)
AIMED_AT: Final = (0.25, 0.5, 1, 1.5, 2, 3, 4, 4.5, 5, 5.5, 6, 8, 10, 12, 15, 20, 25, 30, 40)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Thresholds from the one that nothing reaches downwards; rates are per 100 patient-years."""

    thresholds: FloatArray
    score: Score
    rates: FloatArray
    found: FloatArray  # share of the progressors
    early: FloatArray  # share found at least 60 days before the scan

    def threshold_at(self, rate: float) -> float:
        """NaN where the rule never gives so many false alerts."""
        rates = np.maximum.accumulate(self.rates)
        at = int(np.searchsorted(rates, rate))
        if at >= len(rates):
            return float("nan")
        if at <= 1 or rates[at] == rates[at - 1]:
            return float(self.thresholds[at])
        share = (rate - rates[at - 1]) / (rates[at] - rates[at - 1])
        return float(self.thresholds[at - 1] + share * (self.thresholds[at] - self.thresholds[at - 1]))


def sweep(statistic: FloatArray, draws: Draws, outcomes: Outcomes) -> Curve:
    """`statistic` of each draw; a rule fires where it reaches a threshold."""
    false, true = statistic[outcomes.off], statistic[outcomes.lead >= 0]
    thresholds = np.union1d(_thresholds_of(false), _thresholds_of(true))[::-1]
    coarse = _score_at(thresholds, statistic, draws, outcomes)
    return _score_at(_fine_thresholds(coarse), statistic, draws, outcomes)


def _thresholds_of(said: FloatArray) -> FloatArray:
    """Such that known shares of what was said lie above them; one is the least that was ever said."""
    spoken: FloatArray = np.sort(said[np.isfinite(said)])
    if not len(spoken):
        return spoken
    places = np.maximum(len(spoken) - np.ceil(TAILS * len(said)).astype(np.int64), 0)
    return np.concatenate([spoken[places], spoken[:1]])


def _fine_thresholds(coarse: Curve) -> FloatArray:
    """Near the rates that matter, where there is no false alert yet, and the lowest."""
    aimed = [coarse.threshold_at(rate) for rate in AIMED_AT]
    kept: FloatArray = np.unique(np.array([*aimed, *coarse.thresholds[coarse.rates == 0], coarse.thresholds[-1]]))
    return kept[np.isfinite(kept)][::-1]


def _score_at(thresholds: FloatArray, statistic: FloatArray, draws: Draws, outcomes: Outcomes) -> Curve:
    """`thresholds` descending."""
    lowest = thresholds[-1] if len(thresholds) else np.inf
    at = np.flatnonzero((statistic >= lowest) & np.isfinite(statistic))
    fired = statistic[at][:, None] >= np.concatenate([[np.inf], thresholds])[None, :]
    counted = score(fired, at, draws, outcomes)
    return Curve(
        thresholds=np.concatenate([[np.inf], thresholds]),
        score=counted,
        rates=false_rate(counted.false, outcomes.total_years),
        found=share_of(counted.lead >= 0),
        early=share_of(counted.lead >= EARLY_DAYS),
    )


def share_of(met: BoolArray) -> FloatArray:
    """Of the rows, by column; NaN without rows."""
    share: FloatArray = np.mean(met, axis=0) if len(met) else np.full(met.shape[1:], np.nan)
    return share


def at_rate(rates: FloatArray, shares: FloatArray, rate: float, *, or_most: bool = False) -> FloatArray:
    """Each row's share at `rate`, by straight lines between its points.

    Both are rows x thresholds, the first column at the threshold that nothing reaches. A row that never comes so far is
    NaN, or, with `or_most`, has its share at the most false alerts that it can give.
    """
    ascending = np.maximum.accumulate(rates, axis=1)
    after = np.sum(ascending < rate, axis=1)
    reached = after < rates.shape[1]
    upper = np.minimum(after, rates.shape[1] - 1)[:, None]
    lower = np.maximum(upper - 1, 0)
    high, low = np.take_along_axis(ascending, upper, 1)[:, 0], np.take_along_axis(ascending, lower, 1)[:, 0]
    far = np.divide(rate - low, high - low, out=np.zeros_like(high), where=high > low)
    above, below = np.take_along_axis(shares, upper, 1)[:, 0], np.take_along_axis(shares, lower, 1)[:, 0]
    beyond = shares[:, -1] if or_most else np.nan
    return np.where(reached, below + far * (above - below), beyond)


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Resamples x settings."""

    rates: FloatArray  # false alerts per 100 patient-years
    found: FloatArray  # share of the progressors
    early: FloatArray  # share found at least 60 days before the scan


class Resampling:
    """Patients drawn anew with replacement, 500 times, from a fixed seed."""

    def __init__(self, outcomes: Outcomes, resamples: int = RESAMPLES) -> None:
        patients = len(outcomes.scan)
        random = np.random.default_rng(SEED)
        self._times = np.zeros((resamples, patients), dtype=np.uint8)  # how often each patient is in each
        for at in range(resamples):
            drawn = np.bincount(random.integers(0, patients, patients), minlength=patients)
            self._times[at] = np.minimum(drawn, np.iinfo(np.uint8).max)
        self._progressors = outcomes.progressors
        self._count = self._times[:, self._progressors].sum(axis=1, dtype=np.float64)[:, None]
        self._years = np.array([[np.dot(times, outcomes.years)] for times in self._times])

    def of(self, counted: Score) -> Resampled:
        settings = counted.false.shape[1]
        table = np.zeros((self._times.shape[1], 3 * settings), dtype=np.float32)
        table[:, :settings] = counted.false
        table[self._progressors, settings : 2 * settings] = counted.lead >= 0
        table[self._progressors, 2 * settings :] = counted.lead >= EARLY_DAYS
        false, found, early = np.split(self._summed(table), 3, axis=1)
        count = np.where(self._count > 0, self._count, np.nan)
        years = np.where(self._years > 0, self._years, np.nan)
        return Resampled(rates=HUNDRED * false / years, found=found / count, early=early / count)

    def _summed(self, table: NDArray[np.float32]) -> FloatArray:
        """Resamples x columns: the sum over the patients of each. Whole numbers, so that single precision is exact."""
        blocks = range(0, len(self._times), BLOCK)
        parts = [self._times[start : start + BLOCK].astype(np.float32) @ table for start in blocks]
        return np.concatenate(parts).astype(np.float64)

    def medians(self, lead: IntArray) -> FloatArray:
        """A resample: the median lead of the progressors that were found (`lead` of each progressor, -1: not found)."""
        found = np.flatnonzero(lead >= 0)
        order = found[np.argsort(lead[found], kind="stable")]
        if not len(order):
            return np.full(len(self._times), np.nan)
        times = np.cumsum(self._times[:, self._progressors[order]], axis=1, dtype=np.float64)
        half = times[:, -1:] / 2.0
        place = np.minimum(np.sum(times < half, axis=1), len(order) - 1)
        return np.where(times[:, -1] > 0, lead[order][place].astype(np.float64), np.nan)


def interval(numbers: FloatArray) -> tuple[float, float]:
    """The central 95 %; NaN where hardly any resample gives a number."""
    known = numbers[np.isfinite(numbers)]
    if len(known) < 0.9 * len(numbers) or not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, COVERED)
    return float(low), float(high)
