"""Many series side by side, and what the earlier draws of each say before a draw comes.

Everything is on the natural-log scale and runs column by column, so the numbers of a row depend neither on the rows
beside it nor on how far the matrix was padded.

A result "<" stands at its limit, the highest it can be, and only where that limit is no higher than every earlier
result of its segment; a "<" above something already seen says nothing about a rise and is left out. A draw reported
as "<" never brings a rise of its own. A result ">" stands at its limit too, the lowest it can be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.trends.types import BoolArray, FloatArray, IntArray, TrendProblem


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Panel:
    """Rows of draws, oldest first; matrices are rows x draws, vectors have one entry a row.

    `days` ascend along the usable draws. `logs` holds ln(value) in the canonical unit, ln(limit) for "<" and ">".
    `censored` marks "<". A draw that is not `usable` (padding, missing, excluded) is as if it had not been taken,
    except that its `rebase` still counts. `rebase` starts a new segment with that draw: nothing earlier is remembered.
    `sigma` is the total within-person log SD; `set_point_mean` and `set_point_sd` describe people's levels on the log
    scale. All three may be NaN: the rules that need them are then not defined for the row.

    Raises `TrendProblem` for shapes that do not fit, non-finite usable draws, days out of order and SDs not above 0.
    """

    days: FloatArray
    logs: FloatArray
    censored: BoolArray
    usable: BoolArray
    rebase: BoolArray
    sigma: FloatArray
    set_point_mean: FloatArray
    set_point_sd: FloatArray

    def __post_init__(self) -> None:
        matrices = (self.days, self.logs, self.censored, self.usable, self.rebase)
        vectors = (self.sigma, self.set_point_mean, self.set_point_sd)
        shape = self.days.shape
        if len(shape) != 2 or any(part.shape != shape for part in matrices):
            raise TrendProblem("panel_shapes_differ", {}, "the matrices of a panel must be rows x draws, all alike")
        if any(part.shape != shape[:1] for part in vectors):
            raise TrendProblem("panel_rows_differ", {}, "the vectors of a panel need one entry a row")
        if not bool(np.all(np.isfinite(self.days[self.usable])) and np.all(np.isfinite(self.logs[self.usable]))):
            raise TrendProblem("panel_draw_not_finite", {}, "a usable draw needs a finite day and a finite log value")
        if not self._ascends():
            raise TrendProblem("panel_not_ascending", {}, "the usable draws of a row must be in ascending order of day")
        if bool(np.any(self.sigma <= 0) or np.any(self.set_point_sd <= 0)):
            raise TrendProblem("panel_sd_invalid", {}, "an SD must be positive, or NaN where it is not known")

    @property
    def rows(self) -> int:
        return int(self.days.shape[0])

    @property
    def columns(self) -> int:
        return int(self.days.shape[1])

    def _ascends(self) -> bool:
        latest = np.full(self.rows, -np.inf)
        for column in range(self.columns):
            take = self.usable[:, column]
            if bool(np.any(take & (self.days[:, column] < latest))):
                return False
            latest = np.where(take, self.days[:, column], latest)
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What the earlier draws of its segment say before each draw: rows x draws. NaN where there is no earlier draw."""

    used: BoolArray  # the draw itself counts
    speaks: BoolArray  # ... and is a number, so that it can argue for a rise
    segment: IntArray
    count: FloatArray  # earlier used draws
    mean: FloatArray
    first: FloatArray
    lowest: FloatArray


@dataclass(slots=True, eq=False)
class _Memory:
    count: FloatArray
    total: FloatArray
    first: FloatArray
    lowest: FloatArray

    @classmethod
    def empty(cls, rows: int) -> _Memory:
        return cls(np.zeros(rows), np.zeros(rows), np.full(rows, np.nan), np.full(rows, np.inf))

    def restarted(self, fresh: BoolArray) -> _Memory:
        return _Memory(
            count=np.where(fresh, 0.0, self.count),
            total=np.where(fresh, 0.0, self.total),
            first=np.where(fresh, np.nan, self.first),
            lowest=np.where(fresh, np.inf, self.lowest),
        )

    def with_draw(self, take: BoolArray, log: FloatArray) -> _Memory:
        return _Memory(
            count=self.count + take,
            total=self.total + np.where(take, log, 0.0),
            first=np.where(take & (self.count == 0), log, self.first),
            lowest=np.where(take, np.minimum(self.lowest, log), self.lowest),
        )


def past_of(panel: Panel) -> Past:
    """What was known before each draw, from earlier draws of the same segment alone."""
    shape = panel.days.shape
    used = np.zeros(shape, dtype=np.bool_)
    count, mean, first, lowest = (np.full(shape, np.nan) for _ in range(4))
    memory = _Memory.empty(panel.rows)
    for column in range(panel.columns):
        log = panel.logs[:, column]
        memory = memory.restarted(panel.rebase[:, column])
        known = memory.count > 0
        take = panel.usable[:, column] & ~(panel.censored[:, column] & (log > memory.lowest))
        used[:, column] = take
        count[:, column] = memory.count
        mean[:, column] = np.where(known, memory.total / np.maximum(memory.count, 1.0), np.nan)
        first[:, column] = memory.first
        lowest[:, column] = np.where(known, memory.lowest, np.nan)
        memory = memory.with_draw(take, log)
    return Past(
        used=used,
        speaks=used & ~panel.censored,
        segment=np.cumsum(panel.rebase, axis=1, dtype=np.int64),
        count=count,
        mean=mean,
        first=first,
        lowest=lowest,
    )
