"""A synthetic cohort: stable and progressing patients with five markers each. Nobody in it ever lived.

A compact form of a generator for lung-cancer follow-up: log-normal set-points, within-person variation that differs
between persons (half of it autocorrelated, half heavy-tailed), slow drift, transient benign excursions, gross errors,
missed draws, reporting limits and assay changes. Left out: effects of treatment (flare, response), bone agents.
The growth family, the transients and the secretor shares are assumptions, not measurements.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.trends.types import MarkerParameters, Series
from monitoring.trends.variation import log_sd_of_total

FloatArray = NDArray[np.float64]
SCAN_CYCLE_DAYS = 84.0
GROSS_ERROR_SHARE = 0.004
BENIGN_STEPS_PER_YEAR = 0.03
ASSAY_CHANGE_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerModel:
    family: str
    median: float
    set_point_sd: float
    cv_within: float
    cv_analytical: float
    cv_patients: float  # what the engine is told
    drift: float  # log SD per root year
    excess: float  # median excess over the level, as a share of it, when imaging can see the progression
    secretors: float
    bone_only: bool
    missing: float
    limit: float


MODELS: Mapping[str, MarkerModel] = {
    "CEA": MarkerModel(
        family="tumour", median=2.2, set_point_sd=0.60, cv_within=0.18, cv_analytical=0.06, cv_patients=19.0,
        drift=0.08, excess=2.0, secretors=0.65, bone_only=False, missing=0.03, limit=0.5,
    ),
    "CYFRA211": MarkerModel(
        family="tumour", median=1.7, set_point_sd=0.40, cv_within=0.25, cv_analytical=0.06, cv_patients=26.0,
        drift=0.06, excess=1.2, secretors=0.60, bone_only=False, missing=0.05, limit=0.5,
    ),
    "ALP": MarkerModel(
        family="bone_turnover", median=78.0, set_point_sd=0.28, cv_within=0.09, cv_analytical=0.03, cv_patients=10.0,
        drift=0.05, excess=0.6, secretors=0.70, bone_only=True, missing=0.03, limit=5.0,
    ),
    "BAP": MarkerModel(
        family="bone_turnover", median=13.0, set_point_sd=0.35, cv_within=0.12, cv_analytical=0.06, cv_patients=14.0,
        drift=0.06, excess=0.9, secretors=0.75, bone_only=True, missing=0.30, limit=1.0,
    ),
    "BCTX": MarkerModel(
        family="bone_turnover", median=0.30, set_point_sd=0.45, cv_within=0.22, cv_analytical=0.05, cv_patients=23.0,
        drift=0.08, excess=0.8, secretors=0.70, bone_only=True, missing=0.30, limit=0.05,
    ),
}  # fmt: skip

# Benign excursions: yearly rate, mean days, and the factor by which each marker is multiplied while one lasts.
TRANSIENTS: tuple[tuple[float, float, Mapping[str, float]], ...] = (
    (0.40, 20.0, {"CYFRA211": 1.5, "CEA": 1.1, "ALP": 1.1}),
    (0.10, 60.0, {"CEA": 1.5, "ALP": 1.8, "BAP": 1.1}),
    (0.06, 90.0, {"CYFRA211": 1.6, "CEA": 1.2, "BCTX": 1.5}),
    (0.04, 120.0, {"ALP": 1.3, "BAP": 1.6, "BCTX": 1.6}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What the tumour adds to one marker: exponential growth from nothing at onset, as a share of the own level."""

    onset: float
    doubling: float
    scale: float

    def log_rise(self, days: FloatArray) -> FloatArray:
        """ln(value / level) without any variation."""
        doublings = np.maximum(days - self.onset, 0.0) / self.doubling
        return np.asarray(np.log1p(self.scale * np.expm1(doublings * math.log(2.0))))

    def rate(self, day: float) -> float:
        """Slope of `log_rise` at one moment after onset."""
        grown = self.scale * 2.0 ** ((day - self.onset) / self.doubling)
        return float(math.log(2.0) / self.doubling * grown / (1.0 - self.scale + grown))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPatient:
    patient: int
    series: tuple[Series, ...]
    interval: float  # mean days between planned draws
    last_day: float
    onset: float | None  # when growth began
    scan: float | None  # the scan that shows progression: follow-up ends there
    growth: Mapping[str, Growth]  # of the markers that take part in the progression


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """Of one patient, shared by the markers."""

    days: FloatArray
    onset: float
    doubling: float
    grown: float  # time at which imaging could see it
    bone: bool
    segments: NDArray[np.int64]


def parameters() -> dict[str, MarkerParameters]:
    return {
        marker: MarkerParameters(
            marker=marker,
            family=model.family,
            sigma_total=log_sd_of_total(model.cv_patients),
            set_point_log_mean=math.log(model.median),
            set_point_log_sd=model.set_point_sd,
            direction="up",
            verdict=True,
            grade="A",
        )
        for marker, model in MODELS.items()
    }


def make_cohort(*, size: int, seed: int) -> list[SyntheticPatient]:
    rng = np.random.default_rng(seed)
    return [_make_patient(patient, rng) for patient in range(size)]


def _make_patient(patient: int, rng: np.random.Generator) -> SyntheticPatient:
    end = float(rng.uniform(365.0, 3 * 365.0))
    progresses = bool(rng.random() < 0.5)
    grown = float(rng.uniform(150.0, 1000.0)) if progresses else math.inf
    progresses = grown < end
    doubling = float(np.clip(rng.lognormal(math.log(60.0), 0.65), 13.0, 300.0))
    onset = max(grown - min(4.0 * doubling, 540.0), 0.0) if progresses else math.inf
    scan = math.ceil(grown / SCAN_CYCLE_DAYS) * SCAN_CYCLE_DAYS if progresses else math.inf
    end = min(end, scan) if progresses else end
    interval = float(rng.choice([42.0, 63.0, 91.0]))
    days = _draw_days(end, interval, rng)
    changes = rng.uniform(0.0, end) if rng.random() < ASSAY_CHANGE_SHARE else math.inf
    course = _Course(
        days=days,
        onset=onset,
        doubling=doubling,
        grown=grown if progresses else math.inf,
        bone=bool(rng.random() < 0.4),
        segments=(days >= changes).astype(np.int64),
    )
    benign = _benign(course, end, rng)
    growth: dict[str, Growth] = {}
    series = tuple(_make_series(patient, marker, course, benign[marker], growth, rng) for marker in MODELS)
    return SyntheticPatient(
        patient=patient,
        series=series,
        interval=interval,
        last_day=end,
        onset=onset if progresses else None,
        scan=end if progresses else None,
        growth=growth,
    )


def _draw_days(end: float, interval: float, rng: np.random.Generator) -> FloatArray:
    gaps = rng.gamma(25.0, interval / 25.0, size=int(end / interval * 2) + 8)
    days = np.concatenate([[0.0], np.cumsum(gaps)])
    days = days[days <= end]
    return days[rng.random(len(days)) >= 0.10]


def _benign(course: _Course, end: float, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Log excursions that mean nothing, for each marker at each draw."""
    logs = {marker: np.zeros(len(course.days)) for marker in MODELS}
    for rate, length, factors in TRANSIENTS:
        for _ in range(int(rng.poisson(rate * end / 365.25))):
            start = rng.uniform(-length, end)
            inside = (course.days >= start) & (course.days < start + rng.exponential(length))
            strength = rng.lognormal(0.0, 0.4)
            for marker, factor in factors.items():
                logs[marker] += np.where(inside, strength * math.log(factor), 0.0)
    for marker in MODELS:
        if rng.random() < BENIGN_STEPS_PER_YEAR * end / 365.25:
            logs[marker] += np.where(course.days >= rng.uniform(0.0, end), rng.normal(0.0, 0.4), 0.0)
    return logs


def _make_series(
    patient: int,
    marker: str,
    course: _Course,
    benign: FloatArray,
    growth: dict[str, Growth],
    rng: np.random.Generator,
) -> Series:
    model, days, count = MODELS[marker], course.days, len(course.days)
    noise = math.sqrt(math.log1p(model.cv_within**2)) * rng.lognormal(0.0, 0.30)
    gaps = np.diff(days, prepend=days[:1])
    slow = _autocorrelated(gaps, rng)
    heavy = rng.standard_t(5, size=count) / math.sqrt(5.0 / 3.0)
    level = math.log(model.median) + rng.normal(0.0, model.set_point_sd)
    drift = np.cumsum(rng.normal(0.0, 1.0, size=count) * model.drift * np.sqrt(gaps / 365.25))
    steps = np.where(course.segments > 0, rng.normal(0.0, 0.2), 0.0)
    logs = level + drift + steps + benign + noise * math.sqrt(0.5) * (slow + heavy)
    logs += rng.normal(0.0, math.sqrt(math.log1p(model.cv_analytical**2)), size=count)
    grows = _growth(model, course, rng)
    if grows is not None:
        growth[marker] = grows
        logs += grows.log_rise(days)
    logs += np.where(rng.random(count) < GROSS_ERROR_SHARE, rng.choice([-1.0, 1.0], size=count) * math.log(4.0), 0.0)
    kept = rng.random(count) >= model.missing
    values = np.exp(logs)[kept]
    below = values < model.limit
    return Series(
        patient=patient,
        marker=marker,
        days=days[kept],
        values=np.where(below, model.limit, values),
        censoring=np.where(below, -1, 0).astype(np.int8),
        segments=course.segments[kept],
        exclusions=("",) * int(np.sum(kept)),
        draw_ids=tuple(int(at) for at in np.flatnonzero(kept)),
    )


def _autocorrelated(gaps: FloatArray, rng: np.random.Generator) -> FloatArray:
    values = np.zeros(len(gaps))
    now = rng.normal()
    for at, gap in enumerate(gaps):
        keep = math.exp(-gap / 45.0)
        now = keep * now + math.sqrt(1.0 - keep**2) * rng.normal() if at else now
        values[at] = now
    return values


def _growth(model: MarkerModel, course: _Course, rng: np.random.Generator) -> Growth | None:
    """Growth that reaches the drawn excess when imaging could see it."""
    secretes = rng.random() < model.secretors and (course.bone or not model.bone_only)
    size = model.excess * rng.lognormal(0.0, 0.8)
    if not secretes or not math.isfinite(course.onset):
        return None
    at_imaging = max((course.grown - course.onset) / course.doubling, 0.1)
    return Growth(onset=course.onset, doubling=course.doubling, scale=size / math.expm1(at_imaging * math.log(2.0)))
