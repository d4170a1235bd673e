"""How sure a figure is that was counted from few: 95 % intervals of a rate, a share, a median and a waiting time. Pure.

- A rate: the exact interval of a Poisson count (Garwood 1936, doi:10.1093/biomet/28.3-4.437).
- A share: the score interval (Wilson 1927, doi:10.1080/01621459.1927.10502953), which keeps its coverage in small
  numbers better than the exact one (Brown, Cai, DasGupta 2001, doi:10.1214/ss/1009213286).
- A median: between two order statistics, by the binomial distribution; it assumes nothing of the values. Of fewer than
  six values there is none at 95 %.
- A waiting time, where some still wait: Kaplan and Meier 1958, doi:10.1080/01621459.1958.10501452, with Greenwood's
  variance on the log-log scale; its median by Brookmeyer and Crowley 1982, doi:10.2307/2530286.

Checked against base R and `scipy.stats.ecdf` (tests/monitoring/reference/scorecard.R).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

OUTSIDE: Final = 0.025  # of a 95 % interval, to either side
NORMAL_95: Final = 1.959963984540054
HALF: Final = 0.5
_NEARLY: Final = 1e-12  # a product of fractions is not quite a half where it should be


@dataclass(frozen=True, slots=True)
class Interval:
    """`high` is infinite where nothing known bounds it."""

    low: float
    high: float


def rate_interval(count: int, exposure: float) -> Interval:
    """Of `count` events in `exposure` units of time."""
    low = float(stats.chi2.ppf(OUTSIDE, 2 * count)) / 2 if count else 0.0
    high = float(stats.chi2.ppf(1 - OUTSIDE, 2 * (count + 1))) / 2
    return Interval(low / exposure, high / exposure)


def share_interval(count: int, of: int) -> Interval:
    found = stats.binomtest(count, of).proportion_ci(method="wilson")
    return Interval(float(found.low), float(found.high))


def median_interval(values: Sequence[float]) -> Interval | None:
    """None where no two of the values are far enough apart in rank: of fewer than six."""
    ordered = sorted(values)
    rank = int(stats.binom.ppf(OUTSIDE, len(ordered), HALF))  # the first with more than 2.5 % at or below it
    return Interval(ordered[rank - 1], ordered[-rank]) if rank >= 1 else None


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """The share that still waits after each time at which a wait ended, and its interval. Before the first: all."""

    times: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray  # not a number where nobody waits any more: nothing bounds it there
    longest: float  # nobody was followed further

    @property
    def median(self) -> float:
        """The first time after which at most half still wait; infinite where it is not reached."""
        return self._first(self.share)

    @property
    def median_interval(self) -> Interval:
        return Interval(self._first(self.low), self._first(self.high))

    def at(self, time: float) -> tuple[float, Interval] | None:
        """The share that still waits at `time`; None where nobody was followed so far and some still waited."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return (1.0, Interval(1.0, 1.0)) if self.longest >= time else None
        share = float(self.share[place])
        if time > self.longest and share > 0:
            return None
        high = float(self.high[place])
        return share, Interval(float(self.low[place]), self._highest_before(place) if math.isnan(high) else high)

    def _highest_before(self, place: int) -> float:
        """Where all have ended, no more can wait than may have waited before."""
        return float(self.high[place - 1]) if place else 1.0

    def _first(self, curve: FloatArray) -> float:
        below = np.flatnonzero(curve <= HALF + _NEARLY)
        return float(self.times[below[0]]) if len(below) else math.inf


def waiting(times: Sequence[float], ended: Sequence[bool]) -> Waiting:
    """Kaplan-Meier: `ended` is False of who still waited when last looked at, `times` then."""
    taken, over = np.asarray(times, dtype=np.float64), np.asarray(ended, dtype=np.bool_)
    moments, deaths = np.unique(taken[over], return_counts=True)
    at_risk = np.array([np.count_nonzero(taken >= moment) for moment in moments], dtype=np.float64)
    share: FloatArray = np.cumprod(1.0 - deaths.astype(np.float64) / at_risk, dtype=np.float64)
    share[share < _NEARLY] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(deaths / (at_risk * (at_risk - deaths)))) / np.log(share)
        low = share ** np.exp(-NORMAL_95 * spread)
        high = share ** np.exp(NORMAL_95 * spread)
    low[share == 0], high[share == 0] = 0.0, np.nan
    return Waiting(moments, share, low, high, float(np.max(taken, initial=0.0)))
