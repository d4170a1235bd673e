"""The published rules on the same draws as the engine, with the same knowledge of variation, events and samples.

Every rule gives a running statistic, the larger the more suspicious. With several markers a rule speaks when any of
them does, so its statistic is the largest among the markers of the draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.backtest.cohort import BoolArray
from monitoring.backtest.scopes import Scope
from monitoring.trends.classical.panel import Panel
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import USABLE, FloatArray, IntArray, MarkerParameters, Series


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """(scope, rule) -> the statistic after each draw of the cohort; minus infinity where the rule says nothing."""

    statistics: dict[tuple[str, str], FloatArray]
    scopes: tuple[Scope, ...]

    @classmethod
    def empty(cls, draws: int, scopes: Sequence[Scope]) -> Published:
        return cls(
            {(scope.name, rule): np.full(draws, -np.inf) for scope in scopes for rule in RULES},
            tuple(scopes),
        )

    def take(self, series: Sequence[Series], markers: Mapping[str, MarkerParameters]) -> None:
        """`markers` are those that speak: what the engine never weighs is no help to the published rules either."""
        by_marker: dict[str, list[Series]] = {}
        for one in series:
            by_marker.setdefault(one.marker, []).append(one)
        for marker, of_marker in by_marker.items():
            parameters = markers.get(marker)
            if parameters is None:
                continue
            panel, draws = panel_of(of_marker, parameters)
            there = draws >= 0
            at = draws[there]
            for rule in RULES.values():
                said = rule.statistic(panel)[there]
                for scope in self.scopes:
                    if marker in scope.markers:
                        kept = self.statistics[scope.name, rule.name]
                        kept[at] = np.maximum(kept[at], said)


def panel_of(series: Sequence[Series], parameters: MarkerParameters) -> tuple[Panel, IntArray]:
    """The series of one marker side by side, and the draw of each cell (-1: padding).

    A marker of which a fall is what matters is mirrored. A draw that the engine leaves out is left out here too, and
    what re-bases the engine restarts a rule: the published rules are given all that is known.
    """
    width = max(len(one.draw_ids) for one in series)
    shape = (len(series), width)
    mirror = -1.0 if parameters.direction == "down" else 1.0
    draws = np.full(shape, -1, dtype=np.int64)
    days, logs = np.zeros(shape), np.zeros(shape)
    censored, usable, rebase = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
    for row, one in enumerate(series):
        length = len(one.draw_ids)
        fine = np.isfinite(one.values) & (one.values > 0)
        draws[row, :length] = one.draw_ids
        days[row, :length] = one.days
        logs[row, :length] = np.log(np.where(fine, one.values, 1.0)) * mirror
        censored[row, :length] = one.censoring * mirror < 0
        usable[row, :length] = fine & _unexcluded(one)
        rebase[row, :length] = _rebased(one)
    rows = len(series)
    mean, spread = parameters.set_point_log_mean, parameters.set_point_log_sd
    return (
        Panel(
            days=days,
            logs=logs,
            censored=censored,
            usable=usable,
            rebase=rebase,
            sigma=np.full(rows, parameters.sigma_total or np.nan),
            set_point_mean=np.full(rows, np.nan if mean is None else mean * mirror),
            set_point_sd=np.full(rows, spread or np.nan),
        ),
        draws,
    )


def _unexcluded(one: Series) -> BoolArray:
    return np.array([code == USABLE for code in one.exclusions], dtype=np.bool_)


def _rebased(one: Series) -> BoolArray:
    changed: BoolArray = np.diff(one.segments, prepend=one.segments[:1]) != 0
    if any(one.rebase_codes):
        changed = changed | np.array([bool(code) for code in one.rebase_codes], dtype=np.bool_)
    return changed
