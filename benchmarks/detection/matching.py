"""A statistic judged at one rate of false alerts: sensitivity and lead, with intervals over resampled patients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.detection.material import Material
from monitoring.calibration.counting import HUNDRED, count_false, leads_of, threshold_at
from monitoring.simulator.cohort import Cohort
from monitoring.trends.types import BoolArray, FloatArray

EARLY: Final = (60.0, 90.0)
AROUND: Final = (0.6, 1.6)  # of the target: between these the threshold is moved when patients are resampled
POINTS: Final = 13


@dataclass(frozen=True, slots=True)
class Found:
    """Shares in percent of those who progress, days for leads."""

    rate: float
    sensitivity: float
    early: float
    earlier: float
    median_lead: float
    mean_lead: float  # misses count 0
    progressors: int


def found_by(fired: BoolArray, material: Material) -> Found:
    """Of what fires at the draws of a cohort (patients x draws)."""
    counts = count_false(fired[material.is_quiet], material.quiet)
    return summary(HUNDRED * float(np.sum(counts)) / material.quiet.total_years, leads_of(fired, material.cohort))


def summary(rate: float, leads: FloatArray) -> Found:
    known = leads[np.isfinite(leads)]
    return Found(
        rate=rate,
        sensitivity=HUNDRED * len(known) / len(leads),
        early=HUNDRED * float(np.sum(known >= EARLY[0])) / len(leads),
        earlier=HUNDRED * float(np.sum(known >= EARLY[1])) / len(leads),
        median_lead=float(np.median(known)) if len(known) else math.nan,
        mean_lead=float(np.sum(known)) / len(leads),
        progressors=len(leads),
    )


def at_rate(statistic: FloatArray, material: Material, target: float) -> tuple[Found, BoolArray]:
    """At the lowest threshold that keeps to the target, with what fires there."""
    threshold = threshold_at(statistic[material.is_quiet], material.quiet, target)
    fired = material.index.taken & np.isfinite(statistic) & (statistic >= threshold)
    return found_by(fired, material), fired


@dataclass(frozen=True, slots=True, eq=False)
class Resamples:
    """How often each patient is in each resample: resamples x patients."""

    times: FloatArray

    @classmethod
    def of(cls, cohort: Cohort, *, resamples: int, seed: int) -> Resamples:
        patients = len(cohort.days)
        chosen = np.random.default_rng(seed).integers(0, patients, size=(resamples, patients))
        return cls(np.stack([np.bincount(one, minlength=patients) for one in chosen]).astype(np.float64))

    def sensitivity(self, statistic: FloatArray, material: Material, target: float) -> FloatArray:
        """In each resample, in percent, at the threshold that keeps to the target there."""
        said = statistic[material.is_quiet]
        ends = [threshold_at(said, material.quiet, target * factor) for factor in AROUND[::-1]]
        lowest = float(np.min(said[np.isfinite(said)]))
        low, high = (max(end, lowest) for end in ends)
        counts, hits = [], []
        for threshold in np.linspace(low, high, POINTS):
            fired = material.index.taken & (statistic >= threshold)
            counts.append(count_false(fired[material.is_quiet], material.quiet))
            hits.append(np.isfinite(leads_of(fired, material.cohort)))
        progresses = material.cohort.progresses
        rates = HUNDRED * (self.times @ np.stack(counts, axis=1)) / (self.times @ material.quiet.years)[:, None]
        those = self.times[:, progresses]
        found = HUNDRED * (those @ np.stack(hits, axis=1)) / np.sum(those, axis=1)[:, None]
        return np.array([np.interp(target, rate[::-1], share[::-1]) for rate, share in zip(rates, found, strict=True)])


def central_95(numbers: FloatArray) -> tuple[float, float]:
    low, high = np.quantile(numbers, [0.025, 0.975])
    return float(low), float(high)
