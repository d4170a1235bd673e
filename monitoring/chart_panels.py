"""One panel a marker: points, straight lines and personal band. Plain Plotly dicts."""

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
from monitoring.trends.types import MarkerFinding
from monitoring.wording import interval_text
from patients.catalogue import MarkerDefinition
from patients.wording import unit_text

Trace = dict[str, Any]

# Colour and shape together carry the family, so that neither a colour-blind reader nor a grey print loses it.
FAMILY_MARKS: Final[dict[str, tuple[str, str]]] = {
    "tumour": ("--tumour", "circle"),
    "bone_turnover": ("--bone", "square"),
    "blood_count": ("--blood", "diamond"),
    "inflammation": ("--blood", "diamond"),
    "mineral": ("--mineral", "cross"),  # no triangle: those are the values that are only a limit
}
SIZE, EMPHASISED = 7, 11
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

    It has a patch wherever two draws in turn have a band.
    """
    segments: list[list[PointView]] = [[]]
    for view in panel.views:
        if view.breaks:
            segments.append([])  # what was expected of its first draw is of the old assay: drawn in neither
        else:
            segments[-1].append(view)
    traces = []
    for segment in segments:
        if not any(_has_band(one) and _has_band(other) for one, other in pairwise(segment)):
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


def _has_band(view: PointView) -> bool:
    return view.reading is not None and view.reading.band_low is not None


def _patches(segment: Sequence[PointView]) -> tuple[list[str | None], list[float | None]]:
    """Outlines, along the upper edge and back along the lower; a draw without a band parts two of them."""
    xs: list[str | None] = []
    ys: list[float | None] = []
    for known, group in groupby(segment, key=lambda one: one.reading is not None and _is_number(one.reading.band_low)):
        patch = [(view.x, view.reading) for view in group if view.reading is not None]
        if not known or len(patch) < 2:
            continue
        xs += [*([None] if xs else []), *(x for x, _ in patch), *(x for x, _ in reversed(patch))]
        ys += [*([None] if ys else []), *(one.band_high for _, one in patch)]
        ys += [one.band_low for _, one in reversed(patch)]
    return xs, ys


# --- words --------------------------------------------------------------------------------------------------------
# No <b>, <i> or <span>: Plotly turns them into style attributes, which the content security policy rightly blocks.
def panel_title(panel: Panel) -> str:
    """Name and unit, upright above the panel."""
    return " ".join(escape(part) for part in (panel.marker.short_name, unit_text(panel.marker.unit)) if part)


def panel_remark(panel: Panel, *, logarithmic: bool, longest: int = LONGEST_LABEL) -> str:
    """Beside the title: the range in force at the last draw and whose it is, and that the axis is re-scaled if so."""
    last = panel.views[-1].within
    limits = interval_text(last.low, last.high, digits=LIMIT_DIGITS) if last else ""
    parts = [gettext("reference %(limits)s") % {"limits": limits}] if limits else []
    if last and limits and not last.reported:
        parts.append(Truncator(last.label).chars(longest))  # the last value stands at the other end of the line
    if logarithmic:
        parts.append(gettext("log scale"))
    return escape(" · ".join(parts))


def last_value_text(panel: Panel) -> str:
    view = panel.views[-1]
    converted = f"({view.canonical_text})" if view.canonical_text else ""  # the axis is in the canonical unit
    return " ".join(escape(part) for part in (view.reported, view.unit, converted, view.flag) if part)
