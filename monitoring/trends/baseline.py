"""The person-specific baseline: what was expected of a draw before it came (docs/clinical-rules.md, E3 to E7).

Everything here is on the log scale, mirrored where a fall is what matters, one array entry a series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import log_ndtr

from monitoring.trends.batch import BoolArray
from monitoring.trends.types import FloatArray, IntArray

# E6: one draw moves the baseline by no more than a draw this many predictive SDs away would (detection design, 12a).
CLIP_SD: Final = 3.0
# E4: a first draw further than this from the set-point, in set-point SDs, widens the set-point for that person.
SET_POINT_REACH: Final = 2.0
LOG_ROOT_TWO_PI: Final = 0.5 * float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """What is known of a person's level: posterior mean and variance, and the draws it rests on."""

    mean: FloatArray
    variance: FloatArray
    draws: IntArray
    members: BoolArray  # series x draws

    def where(self, chosen: BoolArray, other: Level) -> Level:
        """`other` in the chosen rows, this one elsewhere."""
        return Level(
            mean=np.where(chosen, other.mean, self.mean),
            variance=np.where(chosen, other.variance, self.variance),
            draws=np.where(chosen, other.draws, self.draws),
            members=np.where(chosen[:, None], other.members, self.members),
        )


def unknown_level(*, rows: int, columns: int) -> Level:
    return Level(
        mean=np.zeros(rows),
        variance=np.zeros(rows),
        draws=np.zeros(rows, dtype=np.int64),
        members=np.zeros((rows, columns), dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What a marker's parameters say before any draw."""

    sigma: FloatArray
    prior_mean: FloatArray
    prior_sd: FloatArray  # NaN: no set-point is known


def predictive_sd(level: Level, person: Person) -> FloatArray:
    """E5: SD of the next result: uncertainty of the level and variation around it."""
    return np.sqrt(level.variance + person.sigma**2)


def with_draw(
    level: Level, person: Person, *, log: FloatArray, below_limit: BoolArray, usable: BoolArray, column: int
) -> Level:
    """The level after one more draw, in the rows where the draw is usable."""
    first = level.draws == 0
    started = _first_draw(person, log=log, below_limit=below_limit)
    mean = np.where(first, started.mean, level.mean)
    variance = np.where(first, started.variance, level.variance)
    spread = np.sqrt(variance + person.sigma**2)
    gain = variance / spread**2
    clip = np.where(first, np.inf, CLIP_SD * spread)
    innovation = np.clip(log - mean, -clip, clip)
    kept = np.zeros_like(mean)
    if bool(np.any(below_limit & usable)):
        expected, kept_share = _below_limit(log - mean, spread)
        innovation = np.where(below_limit, expected, innovation)
        kept = np.where(below_limit, gain * variance * kept_share, 0.0)
    flat = first & np.isnan(person.prior_sd)
    members = level.members.copy()
    members[:, column] |= usable
    return Level(
        mean=np.where(usable, np.where(flat, log, mean + gain * innovation), level.mean),
        variance=np.where(usable, np.where(flat, person.sigma**2, variance * (1.0 - gain) + kept), level.variance),
        draws=level.draws + usable,
        members=members,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    mean: FloatArray
    variance: FloatArray


def _first_draw(person: Person, *, log: FloatArray, below_limit: BoolArray) -> _Start:
    """E4: the set-point, widened for a person whose first result is far from it: its normal tail is too thin there."""
    known = ~np.isnan(person.prior_sd)
    centre = np.where(known, person.prior_mean, log)
    sd = np.where(known, person.prior_sd, 1.0)
    far = np.where(below_limit, 0.0, (log - centre) / SET_POINT_REACH)
    return _Start(mean=centre, variance=np.maximum(sd**2, far**2))


def _below_limit(distance: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
    """E7: mean innovation of a result known only to lie below the limit, and the share of its variance that remains.

    Both are moments of the predictive normal cut off at the limit; `distance` is the limit minus the expected value.
    """
    alpha = distance / spread
    hazard = np.exp(-0.5 * alpha**2 - LOG_ROOT_TWO_PI - log_ndtr(alpha))
    share = np.clip(1.0 - hazard * (hazard + alpha), 0.0, 1.0)
    return -spread * hazard, share


def restarted(
    person: Person, *, earlier: FloatArray, latest: FloatArray, earlier_column: IntArray, column: int, columns: int
) -> Level:
    """E10: the baseline of a person whose level fell and stayed low: the two draws that showed it, no set-point."""
    rows = len(earlier)
    members = np.zeros((rows, columns), dtype=np.bool_)
    members[np.arange(rows), np.maximum(earlier_column, 0)] = True
    members[:, column] = True
    return Level(
        mean=0.5 * (earlier + latest),
        variance=0.5 * person.sigma**2,
        draws=np.full(rows, 2, dtype=np.int64),
        members=members,
    )
