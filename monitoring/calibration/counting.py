"""Counts alerts: the false ones of each patient, their rate, and how early the true ones came.

An alert is false before the growth began and in whoever does not progress. One alert counts for 180 days: whoever has
been told of a rise is not told again (detection design, sections 11 and 14).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.simulator.cohort import Cohort
from monitoring.threshold_file import Rate
from monitoring.trends.detection import DAYS_A_YEAR
from monitoring.trends.types import BoolArray, FloatArray, IntArray

REFRACTORY_DAYS: Final = 180.0
HUNDRED: Final = 100.0
NORMAL_95: Final = 1.959963984540054
FURTHEST_DAY: Final = float(2**20)  # of any series; keeps patients apart on one axis
STEPS: Final = 40  # of halving


@dataclass(frozen=True, slots=True, eq=False)
class Quiet:
    """The draws at which every alert is false, by patient and day, and the years of each patient in which it would be.

    `day` is counted from any origin of the patient; `patient` is a place in `years`.
    """

    patient: IntArray
    day: FloatArray
    years: FloatArray

    @property
    def total_years(self) -> float:
        return float(np.sum(self.years))


def quiet_of(cohort: Cohort, taken: BoolArray) -> tuple[Quiet, BoolArray]:
    """The quiet draws among those `taken` (patients x draws), and which they are."""
    quiet = taken & (cohort.days < cohort.onset[:, None])
    until = np.where(cohort.progresses, np.maximum(cohort.onset, 0.0), cohort.last_day)
    patient, _ = np.nonzero(quiet)
    return Quiet(patient, cohort.days[quiet], until / DAYS_A_YEAR), quiet


def count_false(fired: BoolArray, quiet: Quiet) -> IntArray:
    """Of each patient, the alerts that come at least 180 days after the last that counted. `fired`: a quiet draw."""
    counts = np.zeros(len(quiet.years), dtype=np.int64)
    patient = quiet.patient[fired]
    moment = patient * FURTHEST_DAY + quiet.day[fired]
    now = np.flatnonzero(np.diff(patient, prepend=-1))
    while len(now):
        counts[patient[now]] += 1
        following = np.searchsorted(moment, moment[now] + REFRACTORY_DAYS)
        there = following < len(patient)
        now, following = now[there], following[there]
        now = following[patient[following] == patient[now]]
    return counts


def rate_of(counts: IntArray, years: FloatArray) -> Rate:
    """Ratio estimate; its variance is that between patients, because false alerts come in clusters."""
    total = float(np.sum(years))
    if total <= 0.0:
        return Rate(math.nan, math.nan, math.nan)
    value = float(np.sum(counts)) / total
    half = NORMAL_95 * math.sqrt(float(np.sum((counts - value * years) ** 2))) / total
    return Rate(HUNDRED * value, HUNDRED * max(value - half, 0.0), HUNDRED * (value + half))


def threshold_at(statistic: FloatArray, quiet: Quiet, target: float) -> float:
    """The lowest threshold found at which `statistic` (a quiet draw) fires at most at the target rate.

    Minus infinity where it never fires more often than that.
    """
    spoken = statistic[np.isfinite(statistic)]

    def rate(threshold: float) -> float:
        return HUNDRED * float(np.sum(count_false(statistic >= threshold, quiet))) / quiet.total_years

    if len(spoken) == 0 or rate(float(np.min(spoken))) <= target:
        return -math.inf
    low, high = float(np.min(spoken)), float(np.max(spoken)) + 1.0
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if rate(middle) > target:
            low = middle
        else:
            high = middle
    return high


def leads_of(fired: BoolArray, cohort: Cohort) -> FloatArray:
    """Of each patient who progresses, days from the first alert after onset to the scan; NaN where none came."""
    progresses = cohort.progresses
    days = cohort.days[progresses]
    true = fired[progresses] & (days >= cohort.onset[progresses, None]) & (days <= cohort.scan[progresses, None])
    first = np.min(np.where(true, days, np.inf), axis=1)
    return np.where(np.isfinite(first), cohort.scan[progresses] - first, np.nan)
