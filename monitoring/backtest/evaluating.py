"""Runs the engine, and beside it the published rules, over a cohort in chunks of patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.backtest.cohort import Cohort
from monitoring.backtest.event_file import History
from monitoring.backtest.published import Published
from monitoring.backtest.running import Engine, levels
from monitoring.backtest.scopes import Scope
from monitoring.backtest.series import series_of
from monitoring.events import EventRules
from monitoring.trends.types import FloatArray, LevelHistory, Series

CHUNK: Final = 400  # patients at once: bounds memory, changes no number
LEVELS: Final = ("none", "watch", "alert")


@dataclass(frozen=True, slots=True, eq=False)
class PanelReading:
    """What the engine said after each draw of the cohort; minus infinity where no marker may carry an ALERT."""

    watch: FloatArray
    alert: FloatArray
    level: NDArray[np.int8]  # index into LEVELS
    markers: NDArray[np.int64]  # one bit a marker, by `codes`
    codes: tuple[str, ...]

    @classmethod
    def empty(cls, draws: int, codes: Sequence[str]) -> PanelReading:
        return cls(
            watch=np.full(draws, -np.inf),
            alert=np.full(draws, -np.inf),
            level=np.zeros(draws, dtype=np.int8),
            markers=np.zeros(draws, dtype=np.int64),
            codes=tuple(codes),
        )

    def markers_of(self, draw: int) -> list[str]:
        """The confirmed supporting markers, in the catalogue's order."""
        bits = int(self.markers[draw])
        return [code for at, code in enumerate(self.codes) if bits >> at & 1] if bits else []

    def take(self, histories: Sequence[LevelHistory]) -> None:
        place = {code: at for at, code in enumerate(self.codes)}
        for history in histories:
            for draw in history.draws:
                at = draw.draw_id
                self.watch[at] = draw.watch_index
                self.alert[at] = -np.inf if draw.alert_index is None else draw.alert_index
                self.level[at] = LEVELS.index(draw.level)
                for marker in draw.markers:
                    self.markers[at] |= 1 << place[marker]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What was said after each draw: by the engine in each scope, and by the published rules."""

    scopes: tuple[Scope, ...]
    engine: Mapping[str, PanelReading]
    published: Published | None


def evaluate_cohort(
    cohort: Cohort,
    histories: Mapping[int, History],
    *,
    engine: Engine,
    rules: EventRules,
    scopes: Sequence[Scope],
    compare: bool,
    on_chunk: Callable[[PanelReading, int, int], None],
    on_progress: Callable[[int], None],
) -> Readings:
    """`scopes` begins with the panel. `on_chunk` is given the panel's reading and which draws are done."""
    count = cohort.draws.count
    readings = {scope.name: PanelReading.empty(count, cohort.markers) for scope in scopes}
    published, weighed = (Published.empty(count, scopes) if compare else None), engine.weighed
    for first in range(0, len(cohort.patients), CHUNK):
        last = min(first + CHUNK, len(cohort.patients))
        series = series_of(cohort, histories, rules, first=first, last=last)
        for scope in scopes:
            readings[scope.name].take(levels(_within(series, scope), engine))
        if published is not None:
            published.take(series, weighed)
        on_chunk(readings[scopes[0].name], int(cohort.draws.first[first]), int(cohort.draws.first[last]))
        on_progress(last)
    return Readings(tuple(scopes), readings, published)


def _within(series: Sequence[Series], scope: Scope) -> list[Series]:
    wanted = set(scope.markers)
    return [one for one in series if one.marker in wanted]
