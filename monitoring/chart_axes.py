"""Where a panel's value axis begins and ends, and what lies on it behind the points: reference ranges and breaks.

A log scale has no 0: what is 0 stands at its foot (`stands_at_foot`), with a mark of its own, and the panel says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any, Final

from monitoring.chart_panels import Panel, Trace, panel_traces
from patients.ranges import Range

Shape = dict[str, Any]

MARGIN: Final = 0.08
LEAST_LOG_MARGIN: Final = 0.04  # in powers of ten
ROOM_FOR_ZERO: Final = 0.12  # between the foot, where 0 stands, and the least of what has a place; of the range
LEAST_ROOM_FOR_ZERO: Final = 0.1
ZERO_SYMBOL: Final = "bowtie-open"
ZERO_SIZE: Final = 9


# --- shapes ---------------------------------------------------------------------------------------------------------
def reference_bands(panel: Panel, *, axis: str, start: str, end: str, bottom: float, top: float) -> list[Shape]:
    """The range of each draw, stepping where it changes; one at a time, drawn from one side where it has one limit."""
    shapes: list[Shape] = []
    runs = [(within, list(views)) for within, views in groupby(panel.views, key=lambda view: _limits(view.within))]
    for at, (limits, views) in enumerate(runs):
        if limits is None:
            continue
        low, high = limits
        shapes.append(
            {
                "type": "rect",
                "name": "reference",
                "layer": "below",
                "xref": "x",
                "yref": axis,
                "x0": start if at == 0 else views[0].x,
                "x1": end if at + 1 == len(runs) else runs[at + 1][1][0].x,
                "y0": bottom if low is None else max(low, bottom),
                "y1": top if high is None else min(high, top),
                "fillcolor": "var(--ink)@0.06",
                "line": {"width": 0},
            }
        )
    return shapes


def _limits(within: Range | None) -> tuple[float | None, float | None] | None:
    if within is None:
        return None
    return (
        None if within.low is None else float(within.low),
        None if within.high is None else float(within.high),
    )


def break_marks(panel: Panel, *, axis: str) -> tuple[list[Shape], list[dict[str, Any]]]:
    """A dotted upright line and its label wherever the assay or the laboratory changed."""
    lines: list[Shape] = []
    labels: list[dict[str, Any]] = []
    for view in panel.views:
        if not view.breaks:
            continue
        lines.append(
            {
                "type": "line",
                "name": "break",
                "xref": "x",
                "yref": f"{axis} domain",
                "x0": view.x,
                "x1": view.x,
                "y0": 0,
                "y1": 1,
                "line": {"color": "var(--quiet)", "width": 1, "dash": "dot"},
            }
        )
        labels.append(
            {
                "name": "break",
                "text": escape(view.breaks),
                "xref": "x",
                "yref": f"{axis} domain",
                "x": view.x,
                "y": 1,
                "xanchor": "left",
                "yanchor": "top",
                "xshift": 3,
                "showarrow": False,
                "font": {"size": 10, "color": "var(--quiet)"},
            }
        )
    return lines, labels


# --- ranges of the value axis -------------------------------------------------------------------------------------
def linear_range(panel: Panel, *, in_view: Sequence[float] = ()) -> tuple[float, float]:
    """Holds every value, the whole reference range, the personal band and what must be `in_view`, and a margin.

    It starts at 0 by need only.
    """
    numbers = [*_extent(panel), *in_view]
    low, high = min(numbers), max(numbers)
    margin = (high - low or abs(high) or 1.0) * MARGIN
    return (max(low - margin, 0.0) if low > 0 else low - margin, high + margin)


def log_range(panel: Panel, *, in_view: Sequence[float] = ()) -> tuple[float, float] | None:
    """As powers of ten; None where nothing is positive, so that the panel stays linear."""
    numbers = [number for number in (*_extent(panel), *in_view) if number > 0]
    if not numbers:
        return None
    low, high = math.log10(min(numbers)), math.log10(max(numbers))
    margin = max((high - low) * MARGIN, LEAST_LOG_MARGIN)
    below = max((high - low) * ROOM_FOR_ZERO, LEAST_ROOM_FOR_ZERO) if any(view.y <= 0 for view in panel.views) else 0.0
    return (low - margin - below, high + margin)


# --- 0 on a log scale -----------------------------------------------------------------------------------------------
def stands_at_foot(panel: Panel) -> bool:
    """Whether a value, a limit of the range or an edge of the personal band has no place on a log scale."""
    return any(number <= 0 for number in _extent(panel))


def at_foot(panel: Panel, *, foot: float) -> list[Trace]:
    """What differs on a log scale from each of the panel's traces, {} where nothing does: no 0 vanishes from it.

    The line is not led to the foot: how far below the other values 0 lies, this scale cannot say.
    """
    return [_trace_at_foot(trace, foot=foot) for trace in panel_traces(panel)]


def _trace_at_foot(trace: Trace, *, foot: float) -> Trace:
    zero = [y is not None and y <= 0 for y in trace["y"]]
    if not any(zero):
        return {}
    instead = None if trace["meta"]["role"] == "line" else foot
    change: Trace = {"y": [instead if is_zero else y for is_zero, y in zip(zero, trace["y"], strict=True)]}
    if "marker" in trace:
        drawn = zip(zero, trace["marker"]["symbol"], strict=True)
        change["symbol"] = [ZERO_SYMBOL if is_zero else symbol for is_zero, symbol in drawn]
        sizes = zip(zero, trace["marker"]["size"], strict=True)
        change["size"] = [max(ZERO_SIZE, size) if is_zero else size for is_zero, size in sizes]
    return change


# --- what the axis must hold ----------------------------------------------------------------------------------------


def _extent(panel: Panel) -> list[float]:
    numbers: list[float | None] = [view.y for view in panel.views]
    for view in panel.views:
        limits = _limits(view.within) or (None, None)
        band = (view.reading.band_low, view.reading.band_high) if view.reading else (None, None)
        numbers.extend((*limits, *band))
    return [number for number in numbers if number is not None and not math.isnan(number)]
