"""Synthetic patients made in another way than those the engine was tuned and calibrated on.

Nothing is shared with `monitoring.simulator` but the form of the result: burden grows logistically and adds to the
marker, noise is gamma distributed and remembers the last visit, levels jump instead of drifting, set-points
of CEA are a mixture of two groups, passing causes ramp up and down over Weibull times, visits lie on a calendar that
thins out. Every figure is assumed. No event is recorded, so nothing is blanked or re-based.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.simulator.cohort import Cohort
from monitoring.simulator.events import EventTable
from monitoring.trends.types import BoolArray, FloatArray

DAYS_A_YEAR: Final = 365.25
FIRST_YEAR_GAP, LATER_GAP = 42.0, 84.0
SCAN_GAP: Final = 90.0
ONSET_SHARE: Final = 0.02  # of the burden that imaging shows: from here an alert is a true one
MEDIAN_DOUBLING: Final = 47.0  # days, of CEA in 46 recurrent adenocarcinomas (S, J-STAGE acrt1992 3:27)
FAST_DOUBLING: Final = 24.0  # assumed: half of it
JUMPS_A_YEAR: Final = 0.25
BOUTS_A_YEAR: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    median: float
    spread: float
    second_group: tuple[float, float]  # share of patients whose set-point is so many times higher (smoking)
    cv: float
    jump: float  # log size of a jump, Laplace
    bout: float  # factor at the height of a passing cause
    takes_part: float
    gain: float  # excess over the own level, median, at the burden that imaging shows
    missing: float
    limit: float
    decimals: int


KINDS: Final = {
    "CEA": Kind(
        median=2.0, spread=0.45, second_group=(0.3, 1.8), cv=0.17, jump=0.10, bout=1.25, takes_part=0.6, gain=2.2,
        missing=0.05, limit=0.3, decimals=2,
    ),
    "CYFRA211": Kind(
        median=1.6, spread=0.35, second_group=(0.1, 1.5), cv=0.22, jump=0.08, bout=1.35, takes_part=0.55, gain=1.5,
        missing=0.08, limit=0.4, decimals=2,
    ),
    "ALP": Kind(
        median=75.0, spread=0.25, second_group=(0.1, 1.4), cv=0.09, jump=0.06, bout=1.4, takes_part=0.25, gain=0.8,
        missing=0.02, limit=5.0, decimals=0,
    ),
}  # fmt: skip


def other_cohort(*, patients: int, seed: int, median_doubling: float = MEDIAN_DOUBLING) -> Cohort:
    rng = np.random.default_rng(seed)
    days, last_day = _visits(rng, patients)
    progresses = rng.random(patients) < 0.45
    middle = 120.0 + 700.0 * rng.weibull(1.6, patients)  # when half of the final burden is there
    pace = np.exp(rng.normal(np.log(median_doubling / np.log(2.0)), 0.5, patients))  # days of the logistic curve
    seen = middle - pace * np.log(3.0)  # a quarter of the final burden shows on a scan
    scan = (np.floor(seen / SCAN_GAP) + 1.0) * SCAN_GAP + rng.uniform(-7.0, 7.0, patients)
    progresses &= scan > 60.0
    last_day = np.where(progresses, scan, last_day)
    days[days > last_day[:, None]] = np.nan
    onset = middle + pace * np.log(0.25 * ONSET_SHARE / (1.0 - 0.25 * ONSET_SHARE))
    burden = 4.0 / (1.0 + np.exp(-(np.nan_to_num(days) - middle[:, None]) / pace[:, None]))  # 1 where a scan shows it
    burden *= progresses[:, None]
    drawn = ~np.isnan(days) & (rng.random(days.shape) >= 0.08)
    drawn[:, 0] = True
    made = [_values(rng, kind, days, drawn, burden) for kind in KINDS.values()]
    values = np.stack([one[0] for one in made])
    nothing = np.zeros(values.shape, dtype=np.bool_)
    return Cohort(
        days=days,
        drawn=drawn,
        markers=tuple(KINDS),
        values=values,
        censored=np.stack([one[1] for one in made]),
        rebase=nothing,
        rebase_kind=nothing.astype(np.uint8),
        blank=nothing,
        haemolysed=np.zeros(days.shape, dtype=np.bool_),
        interval=np.full(patients, FIRST_YEAR_GAP),
        last_day=last_day,
        progresses=progresses,
        onset=np.where(progresses, onset, np.inf),
        detectable=np.where(progresses, seen, np.inf),
        scan=np.where(progresses, scan, np.inf),
        doubling=pace * np.log(2.0),
        bone=np.zeros(patients, dtype=np.bool_),
        secretes=np.stack([one[2] for one in made]),
        events=EventTable(np.zeros(0, dtype=np.int64), (), np.zeros(0), ()),
    )


def _visits(rng: np.random.Generator, patients: int) -> tuple[FloatArray, FloatArray]:
    """Every six weeks in the first year, then every twelve, a week early or late."""
    planned = np.concatenate([np.arange(0.0, 365.0, FIRST_YEAR_GAP), np.arange(378.0, 1300.0, LATER_GAP)])
    days = np.sort(np.maximum(planned[None, :] + rng.uniform(-7.0, 7.0, (patients, len(planned))), 0.0), axis=1)
    days -= days[:, :1]
    return days, DAYS_A_YEAR * (0.8 + 2.5 * rng.beta(2.0, 2.0, patients))


def _values(
    rng: np.random.Generator, kind: Kind, days: FloatArray, drawn: BoolArray, burden: FloatArray
) -> tuple[FloatArray, BoolArray, BoolArray]:
    patients, visits = days.shape
    share, factor = kind.second_group
    level = np.asarray(kind.median * np.exp(rng.normal(0.0, kind.spread, patients)))
    level = level * np.where(rng.random(patients) < share, factor, 1.0)
    takes_part: BoolArray = np.asarray(rng.random(patients)) < kind.takes_part
    gain = np.where(takes_part, kind.gain * rng.gamma(1.5, 1.0 / 1.5, patients), 0.0)
    person = rng.gamma(8.0, 1.0 / 8.0, patients)  # of the variance
    shape = np.asarray(1.0 / (kind.cv**2 * person))
    noise = rng.gamma(shape[:, None], 1.0 / shape[:, None], (patients, visits))
    noise[:, 1:] *= noise[:, :-1] ** 0.25  # a quarter of the last visit's deviation is still there
    now = level[:, None] * (1.0 + gain[:, None] * burden) * noise
    now *= np.exp(_jumps(rng, kind, days)) * _bouts(rng, kind, days)
    rounded = np.round(now, kind.decimals)
    there = drawn & (rng.random((patients, visits)) >= kind.missing)
    below = there & (rounded < kind.limit)
    return np.where(there, np.maximum(rounded, kind.limit), np.nan), below, takes_part


def _jumps(rng: np.random.Generator, kind: Kind, days: FloatArray) -> FloatArray:
    """A compound Poisson walk of the log level."""
    gaps = np.diff(np.nan_to_num(days), axis=1, prepend=0.0)
    jumps = rng.random(days.shape) < -np.expm1(-JUMPS_A_YEAR * np.maximum(gaps, 0.0) / DAYS_A_YEAR)
    return np.asarray(np.cumsum(jumps * rng.laplace(0.0, kind.jump, days.shape), axis=1))


def _bouts(rng: np.random.Generator, kind: Kind, days: FloatArray) -> FloatArray:
    """Up to two passing causes a patient, each a triangle in time."""
    factor = np.ones(days.shape)
    for _ in range(2):
        happens = rng.random(len(days)) < BOUTS_A_YEAR
        top = rng.uniform(0.0, 1000.0, len(days))
        length = 15.0 + 40.0 * rng.weibull(0.8, len(days))
        height = (kind.bout - 1.0) * rng.gamma(2.0, 0.5, len(days)) * happens
        factor += height[:, None] * np.maximum(1.0 - np.abs(np.nan_to_num(days) - top[:, None]) / length[:, None], 0.0)
    return factor
