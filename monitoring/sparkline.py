"""The small line of a list row as plain coordinates, drawn by the template as SVG attributes (no style). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 108
HEIGHT: Final = 28
PADDING: Final = 4
_Place = Callable[[float], float]
MARGIN: Final = 0.06  # air above and below, as a share of the range shown


@dataclass(frozen=True, slots=True)
class SparkPoint:
    """One value: days on any common scale, the number, whether it is only a reporting limit, and its segment.

    A new segment begins where assay or laboratory changed: its numbers are not joined to those before.
    """

    day: float
    value: float
    censored: bool = False
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    censored: bool


@dataclass(frozen=True, slots=True)
class Sparkline:
    """`runs` are the polylines, broken at censored values and between segments; `band` is the range as (y, height)."""

    runs: tuple[str, ...]
    dots: tuple[Dot, ...]
    last: Dot | None
    band: tuple[float, float] | None
    width: int = WIDTH
    height: int = HEIGHT


def sparkline(
    points: Sequence[SparkPoint], *, low: float | None, high: float | None, first_day: float, last_day: float
) -> Sparkline:
    """The points between `first_day` and `last_day` in true time proportion, with the reference range behind them.

    The range is drawn where at least one limit is known; 0 is a limit, None is none.
    """
    shown = [point for point in points if first_day <= point.day <= last_day]
    if not shown:
        return Sparkline((), (), None, None)
    limits = [limit for limit in (low, high) if limit is not None]
    bottom = min([point.value for point in shown] + limits)
    top = max([point.value for point in shown] + limits)
    margin = (top - bottom or abs(top) or 1.0) * MARGIN
    bottom, top = bottom - margin, top + margin

    def place_x(day: float) -> float:
        share = (day - first_day) / (last_day - first_day) if last_day > first_day else 1.0
        return round(PADDING + share * (WIDTH - 2 * PADDING), 1)

    def place_y(value: float) -> float:
        return round(PADDING + (top - value) / (top - bottom) * (HEIGHT - 2 * PADDING), 1)

    dots = tuple(Dot(place_x(point.day), place_y(point.value), point.censored) for point in shown)
    return Sparkline(_runs(dots, [point.segment for point in shown]), dots, dots[-1], _band(low, high, place_y))


def _runs(dots: Sequence[Dot], segments: Sequence[int]) -> tuple[str, ...]:
    runs: list[list[Dot]] = [[]]
    now = segments[0]
    for dot, segment in zip(dots, segments, strict=True):
        if segment != now:
            runs.append([])
            now = segment
        if dot.censored:
            runs.append([])
        else:
            runs[-1].append(dot)
    return tuple(" ".join(f"{dot.x},{dot.y}" for dot in run) for run in runs if len(run) > 1)


def _band(low: float | None, high: float | None, place_y: _Place) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    upper = float(PADDING) if high is None else place_y(high)
    lower = float(HEIGHT - PADDING) if low is None else place_y(low)
    return (upper, round(max(lower - upper, 0.0), 1))
