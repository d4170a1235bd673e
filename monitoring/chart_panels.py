"""One panel a marker: points and straight lines, reference band, personal band, breaks. Plain Plotly dicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, pairwise
from typing import Any, Final

from django.utils.text import Truncator
from django.utils.translation import gettext

from monitoring.point_words import hover_text
from monitoring.points import NO_FIGURE, PointView
from monitoring.ranges import LIMIT_DIGITS
from monitoring.trends.types import DrawReading, MarkerFinding
from monitoring.wording import interval_text
from patients.catalogue import MarkerDefinition
from patients.ranges import Range
from patients.wording import unit_text

Trace = dict[str, Any]
Shape = dict[str, Any]

# Colour and shape together carry the family, so that neither a colour-blind reader nor a grey print loses it.
FAMILY_MARKS: Final[dict[str, tuple[str, str]]] = {
    "tumour": ("--tumour", "circle"),
    "bone_turnover": ("--bone", "square"),
    "blood_count": ("--blood", "diamond"),
    "inflammation": ("--blood", "diamond"),
    "mineral": ("--mineral", "pentagon"),
}
SIZE, EMPHASISED = 7, 11
MARGIN: Final = 0.08
LEAST_LOG_MARGIN: Final = 0.04  # in powers of ten
LONGEST_LABEL: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One marker with its points and, once it was evaluated, its finding."""

    marker: MarkerDefinition
    views: Sequence[PointView]
    finding: MarkerFinding | None

    @property
    def colour(self) -> str:
        return FAMILY_MARKS[self.marker.family][0]

    @property
    def symbol(self) -> str:
        return FAMILY_MARKS[self.marker.family][1]


def panel_traces(panel: Panel) -> list[Trace]:
    """Personal band, then the line with its used points, then what is shown and not used, then the censored."""
    used = [view for view in panel.views if not view.censored and not view.left_out]
    left_out = [view for view in panel.views if not view.censored and view.left_out]
    censored = [view for view in panel.views if view.censored]
    traces = [*_personal_bands(panel), _line(panel)]
    if used:
        symbols = [f"{panel.symbol}-open-dot" if _held_back(view) else panel.symbol for view in used]
        traces.append(_points(panel, used, role="used", symbols=symbols))
    if left_out:
        traces.append(_points(panel, left_out, role="left_out", symbols=[f"{panel.symbol}-open"] * len(left_out)))
    if censored:
        symbols = [
            "triangle-down-open" if view.point.comparator.startswith("<") else "triangle-up-open" for view in censored
        ]
        traces.append(_points(panel, censored, role="censored", symbols=symbols))
    return traces


def _held_back(view: PointView) -> bool:
    """Used, and less than others are: for the state of the sample or an event. The hover text says for which."""
    reading = view.reading
    return reading is not None and reading.reason != NO_FIGURE and bool(reading.uncertain or reading.watch_only)


def _line(panel: Panel) -> Trace:
    """Straight from value to value; broken where assay or laboratory changed and at a value that is only a limit."""
    xs: list[str | None] = []
    ys: list[float | None] = []
    for view in panel.views:
        if view.breaks or view.censored:
            xs.append(view.x)
            ys.append(None)
        if not view.censored and not view.left_out:
            xs.append(view.x)
            ys.append(_number(view.y))
    return {
        "type": "scatter",
        "mode": "lines",
        "name": panel.marker.short_name,
        "meta": {"marker": panel.marker.code, "role": "line"},
        "x": xs,
        "y": ys,
        "connectgaps": False,
        "line": {"color": f"var({panel.colour})", "width": 1.5, "shape": "linear"},
        "hoverinfo": "skip",
    }


def _points(panel: Panel, views: Sequence[PointView], *, role: str, symbols: list[str]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": panel.marker.short_name,
        "meta": {"marker": panel.marker.code, "role": role},
        "x": [view.x for view in views],
        "y": [_number(view.y) for view in views],
        "customdata": [view.point.draw_id for view in views],
        "marker": {
            "symbol": symbols,
            "color": f"var({panel.colour})",
            "size": [EMPHASISED if view.supports else SIZE for view in views],
            "line": {
                "color": ["var(--ink)" if view.supports else f"var({panel.colour})" for view in views],
                "width": [2 if view.supports else 1 for view in views] if role == "used" else 1.5,
            },
        },
        "hovertext": [hover_text(panel.marker, view) for view in views],
        "hoverinfo": "text",
        "cliponaxis": False,
    }


def _is_number(number: float | None) -> bool:
    return number is not None and not math.isnan(number)


def _number(y: float) -> float | None:
    """A value that has no number in the measure of the panel is a gap."""
    return None if math.isnan(y) else y


def _personal_bands(panel: Panel) -> list[Trace]:
    """What was expected of this person at each draw, from the draws before it. One trace between two breaks.

    It has a patch wherever two draws in turn have a band. What was expected at the first draw after a break
    was expected of the old assay: none is drawn there, nor across a draw that has none.
    """
    segments: list[list[tuple[str, DrawReading | None]]] = [[]]
    for view in panel.views:
        if view.breaks:
            segments.append([])
        segments[-1].append((view.x, None if view.breaks else view.reading))
    traces = []
    for segment in segments:
        if not _has_patch(segment):
            continue
        xs, ys = _patches(segment)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": gettext("expected of this person"),
                "meta": {"marker": panel.marker.code, "role": "personal_band"},
                "x": xs,
                "y": ys,
                "fill": "toself",
                "fillcolor": f"var({panel.colour})@0.12",
                "line": {"width": 0, "color": f"var({panel.colour})@0"},
                "hoverinfo": "skip",
            }
        )
    return traces


def _has_patch(segment: Sequence[tuple[str, DrawReading | None]]) -> bool:
    """Asked of the values: in a measure that has no number for them the traces are the same ones, if empty."""
    known = [reading is not None and reading.band_low is not None for _x, reading in segment]
    return any(pair == (True, True) for pair in pairwise(known))


def _patches(segment: Sequence[tuple[str, DrawReading | None]]) -> tuple[list[str | None], list[float | None]]:
    """Outlines, along the upper edge and back along the lower, with a gap between two of them."""
    xs: list[str | None] = []
    ys: list[float | None] = []
    for known, group in groupby(segment, key=lambda one: one[1] is not None and _is_number(one[1].band_low)):
        patch = [(x, reading) for x, reading in group if reading is not None]
        if not known or len(patch) < 2:
            continue
        xs += [*([None] if xs else []), *(x for x, _ in patch), *(x for x, _ in reversed(patch))]
        ys += [*([None] if ys else []), *(one.band_high for _, one in patch)]
        ys += [one.band_low for _, one in reversed(patch)]
    return xs, ys


# --- shapes -------------------------------------------------------------------------------------------------------
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
    return (low - margin, high + margin)


def _extent(panel: Panel) -> list[float]:
    numbers: list[float | None] = [view.y for view in panel.views]
    for view in panel.views:
        limits = _limits(view.within) or (None, None)
        band = (view.reading.band_low, view.reading.band_high) if view.reading else (None, None)
        numbers.extend((*limits, *band))
    return [number for number in numbers if number is not None and not math.isnan(number)]


# --- words --------------------------------------------------------------------------------------------------------
# No <b>, <i> or <span>: Plotly turns them into style attributes, which the content security policy rightly blocks.
def panel_title(panel: Panel) -> str:
    """Name and unit, upright above the panel."""
    return " ".join(escape(part) for part in (panel.marker.short_name, unit_text(panel.marker.unit)) if part)


def panel_remark(panel: Panel, *, logarithmic: bool) -> str:
    """Beside the title: the range in force at the last draw and whose it is, and that the axis is re-scaled if so."""
    last = panel.views[-1].within
    limits = interval_text(last.low, last.high, digits=LIMIT_DIGITS) if last else ""
    parts = [gettext("reference %(limits)s") % {"limits": limits}] if limits else []
    if last and limits and not last.reported:
        parts.append(Truncator(last.label).chars(LONGEST_LABEL))  # the last value stands at the other end of the line
    if logarithmic:
        parts += log_remarks(panel)
    return escape(" · ".join(parts))


def log_remarks(panel: Panel) -> list[str]:
    """That the axis is re-scaled, and where a 0 is drawn, which such an axis does not have."""
    said = [gettext("log scale")]
    return [*said, gettext("0 is drawn at the foot")] if any(view.y <= 0 for view in panel.views) else said


def last_value_text(panel: Panel) -> str:
    view = panel.views[-1]
    converted = f"({view.canonical_text})" if view.canonical_text else ""  # the axis is in the canonical unit
    return " ".join(escape(part) for part in (view.reported, view.unit, converted, view.flag) if part)
