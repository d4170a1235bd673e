"""One series as a panel of one row that ends with its latest usable draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitoring.trends.classical.panel import Panel, Past, past_of
from monitoring.trends.types import BoolArray, CensoringArray, Direction, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Latest:
    """The last column is the latest usable draw. Logs are times `mirror`, so that up is what matters."""

    panel: Panel
    past: Past
    above: BoolArray  # mirrored ">", one entry a draw
    mirror: float

    @property
    def sigma(self) -> float:
        return float(self.panel.sigma[0])

    @property
    def log(self) -> float:
        return float(self.panel.logs[0, -1])

    @property
    def day(self) -> float:
        return float(self.panel.days[0, -1])

    @property
    def below_limit(self) -> bool:
        return bool(self.panel.censored[0, -1])

    @property
    def earlier(self) -> list[int]:
        """Columns of the used draws before it in its segment."""
        inside = self.past.used[0] & (self.past.segment[0] == self.past.segment[0, -1])
        return [int(column) for column in np.flatnonzero(inside[:-1])]

    @property
    def counted(self) -> list[int]:
        """Columns of the used draws of its segment, itself included where it is used."""
        itself = [self.panel.columns - 1] if self.past.used[0, -1] else []
        return [*self.earlier, *itself]

    def percent(self, log_change: float) -> float:
        """A change on the mirrored log scale as the ward reads it."""
        return 100.0 * math.expm1(self.mirror * log_change)

    def value(self, log: float) -> float:
        return math.exp(self.mirror * log)


def latest_of(
    *,
    days: FloatArray,
    values: FloatArray,
    censoring: CensoringArray,
    usable: BoolArray,
    rebase: BoolArray,
    sigma: float | None,
    set_point_log_mean: float | None,
    set_point_log_sd: float | None,
    direction: Direction,
) -> Latest | None:
    """None without a usable draw. A value that is not a positive number is not usable."""
    fine = np.isfinite(values) & (values > 0) & usable
    places = np.flatnonzero(fine)
    if len(places) == 0:
        return None
    kept = slice(0, int(places[-1]) + 1)
    mirror = -1.0 if direction == "down" else 1.0
    panel = Panel(
        days=days[None, kept],
        logs=mirror * np.log(np.where(fine, values, 1.0))[None, kept],
        censored=(censoring * mirror < 0)[None, kept],
        usable=fine[None, kept],
        rebase=rebase[None, kept],
        sigma=_one(sigma),
        set_point_mean=mirror * _one(set_point_log_mean),
        set_point_sd=_one(set_point_log_sd),
    )
    return Latest(panel=panel, past=past_of(panel), above=(censoring * mirror > 0)[kept], mirror=mirror)


def _one(number: float | None) -> FloatArray:
    return np.array([math.nan if number is None else number], dtype=np.float64)
