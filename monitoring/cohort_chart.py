"""The cohort's chart in Plotly's JSON form: one panel a group, one below the other, all on the same two scales.

Colours are names of CSS custom properties, as on the patient's page (docs/adr/0006): the colour is that of the marker's
family, the shape that of the group. All words are translated here, so the script holds none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.utils.translation import gettext

from monitoring.chart_axes import LEAST_LOG_MARGIN, MARGIN
from monitoring.chart_panels import FAMILY_MARKS
from monitoring.charts import figure_layout
from monitoring.cohort import WEEKS_EACH_SIDE, Figure, GroupCourse, Window, joined
from monitoring.cohort_choice import Choice, align_label, scale_label
from monitoring.cohort_words import name_of, patients_text, unit_of, weeks_text, window_text
from monitoring.wording import figures

Json = dict[str, Any]

SHAPES: Final = ("circle", "square", "diamond", "cross", "star", "hexagon", "pentagon", "hourglass")
PANEL_PX, HEAD_PX, COUNT_PX, GAP_PX = 150, 22, 16, 14
TOP_PX, BOTTOM_PX, LEFT_PX, RIGHT_PX = 8, 62, 52, 16
SIZE: Final = 7
LIMIT_SIZE: Final = 8
MOST_FINE_DECADES: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """One panel: its group, its axis and where it stands, as shares of the height from the bottom."""

    course: GroupCourse
    number: int
    bottom: float
    top: float

    @property
    def ref(self) -> str:
        return "y" if self.number == 1 else f"y{self.number}"

    @property
    def key(self) -> str:
        return "yaxis" if self.number == 1 else f"yaxis{self.number}"

    @property
    def symbol(self) -> str:
        return SHAPES[(self.number - 1) % len(SHAPES)]


@dataclass(frozen=True, slots=True)
class Extent:
    """The ends of the value axis, in the values themselves."""

    bottom: float
    top: float
    logarithmic: bool

    @property
    def axis(self) -> list[float]:
        return [math.log10(self.bottom), math.log10(self.top)] if self.logarithmic else [self.bottom, self.top]

    def drawn(self, number: float) -> float:
        """On a log scale 0 has no place: what lies below the axis ends at it."""
        return max(number, self.bottom)


def cohort_chart(courses: Sequence[GroupCourse], choice: Choice) -> Json | None:
    """Everything static/js/cohort.js needs; None where no group has patients enough."""
    drawn = [course for course in courses if not course.too_few]
    if not drawn:
        return None
    height, places = _places(drawn)
    extent = _extent(drawn, choice)
    return {
        "data": [trace for place in places for trace in _traces(place, drawn, choice, extent)],
        "layout": {
            **figure_layout(height),
            "margin": {"t": TOP_PX, "b": BOTTOM_PX, "l": LEFT_PX, "r": RIGHT_PX, "pad": 0},
            "xaxis": _weeks_axis(places[-1], choice),
            **{place.key: _value_axis(place, extent) for place in places},
            "shapes": [shape for place in places for shape in _shapes(place, choice, extent)],
            "annotations": [note for place in places for note in _notes(place, choice)],
        },
        "windows": _windows(drawn, choice),
        "plot": {"top": TOP_PX, "bottom": BOTTOM_PX},
    }


# --- axes ---------------------------------------------------------------------------------------------------------
def _places(courses: Sequence[GroupCourse]) -> tuple[int, list[Place]]:
    """From the top down, each below its title and the row of numbers of patients."""
    head = HEAD_PX + COUNT_PX
    inner = len(courses) * (head + PANEL_PX) + (len(courses) - 1) * GAP_PX
    places = []
    for at, course in enumerate(courses):
        top = at * (head + PANEL_PX + GAP_PX) + head
        places.append(Place(course, at + 1, max(1 - (top + PANEL_PX) / inner, 0.0), 1 - top / inner))
    return inner + TOP_PX + BOTTOM_PX, places


def _extent(courses: Sequence[GroupCourse], choice: Choice) -> Extent:
    """Holds every median and percentile of all groups, and the own level where values are multiples of it."""
    numbers = [1.0] if choice.relative else []
    for course in courses:
        for window in course.windows:
            for figure in (window.low, window.median, window.high):
                if figure is not None:
                    numbers += [end for end in (figure.low, figure.high) if math.isfinite(end)]
    above = [number for number in numbers if number > 0]
    if choice.logarithmic and above:
        powers = math.log10(min(above)), math.log10(max(above))
        margin = max((powers[1] - powers[0]) * MARGIN, LEAST_LOG_MARGIN)
        return Extent(10 ** (powers[0] - margin), 10 ** (powers[1] + margin), logarithmic=True)
    low, high = min(numbers), max(numbers)
    margin = (high - low or high or 1.0) * MARGIN
    return Extent(max(low - margin, 0.0), high + margin, logarithmic=False)


def _weeks_axis(last: Place, choice: Choice) -> Json:
    return {
        "type": "linear",
        "range": [-WEEKS_EACH_SIDE, WEEKS_EACH_SIDE],
        "anchor": last.ref,
        "side": "bottom",
        "tick0": 0,
        "dtick": 8,
        "tickangle": 0,
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": "var(--rule)",
        "tickfont": {"size": 11, "color": "var(--quiet)"},
        "title": {
            "text": escape(gettext("weeks from: %(day)s") % {"day": align_label(choice.align)}),
            "font": {"size": 12, "color": "var(--ink)"},
            "standoff": 10,
        },
    }


def _value_axis(place: Place, extent: Extent) -> Json:
    ticks = _log_ticks(extent) if extent.logarithmic else []
    return {
        "domain": [place.bottom, place.top],
        "anchor": "x",
        "type": "log" if extent.logarithmic else "linear",
        "range": extent.axis,
        "fixedrange": True,
        **({"tickvals": ticks, "ticktext": [figures(tick) for tick in ticks]} if ticks else {"nticks": 5}),
        "gridcolor": "var(--rule)",
        "zeroline": False,
        "showline": True,
        "linecolor": "var(--rule)",
        "tickfont": {"size": 11, "color": "var(--quiet)"},
        "exponentformat": "none",
    }


def _log_ticks(extent: Extent) -> list[float]:
    """1, 2, 5, 10 ... within the axis, and over more than three decades the powers of ten alone.

    The library would print all digits between them into one another.
    """
    first, last = (math.floor(math.log10(end)) for end in (extent.bottom, extent.top))
    steps = (1.0,) if last - first > MOST_FINE_DECADES else (1.0, 2.0, 5.0)
    ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return [tick for tick in ticks if extent.bottom <= tick <= extent.top]


# --- traces -------------------------------------------------------------------------------------------------------
def _traces(place: Place, courses: Sequence[GroupCourse], choice: Choice, extent: Extent) -> Iterable[Json]:
    """The band, the other groups' medians in grey, the own line, its points, and last what is only bounded."""
    colour = FAMILY_MARKS[choice.definition.family][0]
    yield from _bands(place, colour, extent)
    for other in courses:
        if other is not place.course:
            yield _line(place, other, role="other", colour="var(--quiet)@0.5", width=1, extent=extent)
    yield _line(place, place.course, role="line", colour=f"var({colour})", width=1.8, extent=extent)
    yield from _points(place, choice, colour, extent)
    yield from _limits(place, choice, colour, extent)


def _bands(place: Place, colour: str, extent: Extent) -> Iterable[Json]:
    """From the 10th to the 90th percentile; one patch a run of windows without a gap."""
    for run in joined(place.course.windows):
        xs = [window.middle for window in run]
        low, high = [_shown(window.low, extent) for window in run], [_shown(window.high, extent) for window in run]
        yield {
            **_common(place, "band"),
            "mode": "lines",
            "x": [*xs, *reversed(xs)],
            "y": [*high, *reversed(low)],
            "fill": "toself",
            "fillcolor": f"var({colour})@0.14",
            "line": {"width": 6 if len(run) == 1 else 0, "color": f"var({colour})@{0.14 if len(run) == 1 else 0}"},
            "hoverinfo": "skip",
        }


def _line(place: Place, course: GroupCourse, *, role: str, colour: str, width: float, extent: Extent) -> Json:
    """Straight from median to median; broken where a window is missing and where a median is only bounded."""
    xs: list[int | None] = []
    ys: list[float | None] = []
    for run in joined(course.windows):
        for window in run:
            exact = window.median is not None and window.median.exact
            xs.append(window.middle)
            ys.append(_shown(window.median, extent) if exact else None)
        xs.append(None)
        ys.append(None)
    return {
        **_common(place, role),
        "meta": {"group": course.code, "role": role},
        "mode": "lines",
        "x": xs,
        "y": ys,
        "connectgaps": False,
        "line": {"color": colour, "width": width, "shape": "linear"},
        "hoverinfo": "skip",
    }


def _points(place: Place, choice: Choice, colour: str, extent: Extent) -> Iterable[Json]:
    shown = [one for one in place.course.windows if one.median is not None and one.median.exact]
    if shown:
        yield {
            **_common(place, "median"),
            "mode": "markers",
            "x": [window.middle for window in shown],
            "y": [_shown(window.median, extent) for window in shown],
            "marker": {
                "symbol": place.symbol,
                "size": SIZE,
                "color": f"var({colour})",
                "line": {"width": 1, "color": "var(--paper)"},
            },
            "hovertext": [_hover(place, window, choice) for window in shown],
            "hoverinfo": "text",
            "cliponaxis": False,
        }


def _limits(place: Place, choice: Choice, colour: str, extent: Extent) -> Iterable[Json]:
    """What is only known to lie below (or above): an open triangle, of a median with a tail over all that it may be."""
    for role, name in (("median_limit", "median"), ("band_limit", "low"), ("band_limit", "high")):
        bounded = [(window, getattr(window, name)) for window in place.course.windows]
        bounded = [(window, figure) for window, figure in bounded if figure is not None and not figure.exact]
        if not bounded:
            continue
        at = [_shown(figure, extent) for _, figure in bounded]
        trace: Json = {
            **_common(place, role),
            "mode": "markers",
            "x": [window.middle for window, _ in bounded],
            "y": at,
            "marker": {
                "symbol": [
                    "triangle-down-open" if math.isfinite(figure.high) else "triangle-up-open" for _, figure in bounded
                ],
                "size": LIMIT_SIZE,
                "color": f"var({colour})",
            },
            "hovertext": [_hover(place, window, choice) for window, _ in bounded],
            "hoverinfo": "text",
            "cliponaxis": False,
        }
        if name == "median":
            trace["error_y"] = {
                "type": "data",
                "symmetric": False,
                "array": [
                    0 if math.isfinite(figure.high) else extent.top - y
                    for y, (_, figure) in zip(at, bounded, strict=True)
                ],
                "arrayminus": [
                    y - extent.drawn(figure.low) if math.isfinite(figure.high) else 0
                    for y, (_, figure) in zip(at, bounded, strict=True)
                ],
                "color": f"var({colour})",
                "thickness": 1,
                "width": 0,
            }
        yield trace


def _common(place: Place, role: str) -> Json:
    return {
        "type": "scatter",
        "name": role,
        "meta": {"group": place.course.code, "role": role},
        "xaxis": "x",
        "yaxis": place.ref,
    }


def _shown(figure: Figure | None, extent: Extent) -> float:
    """Where a figure stands: what is only bounded at its upper bound, where it has one."""
    assert figure is not None
    return extent.drawn(figure.high if math.isfinite(figure.high) else figure.low)


# --- marks and words ----------------------------------------------------------------------------------------------
def _shapes(place: Place, choice: Choice, extent: Extent) -> Iterable[Json]:
    """The day itself, and where values are multiples, the own level."""
    line = {"color": "var(--quiet)", "width": 1, "dash": "dot"}
    ends = {"x0": 0, "x1": 0, "y0": 0, "y1": 1}
    yield {"type": "line", "name": "day", "xref": "x", "yref": f"{place.ref} domain", **ends, "line": line}
    if choice.relative and extent.bottom <= 1 <= extent.top:
        ends = {"x0": -WEEKS_EACH_SIDE, "x1": WEEKS_EACH_SIDE, "y0": 1, "y1": 1}
        yield {"type": "line", "name": "own_level", "xref": "x", "yref": place.ref, **ends, "line": line}


def _notes(place: Place, choice: Choice) -> Iterable[Json]:
    """Name and unit above each panel, and under them how many patients stand behind each point."""
    title = f"{name_of(choice, place.course.code)}, n = {place.course.patients}"
    head = {"yref": "paper", "xref": "paper", "y": place.top, "yanchor": "bottom", "yshift": COUNT_PX}
    plain = {"showarrow": False, "align": "left"}
    yield {
        **head,
        **plain,
        "name": "title",
        "text": escape(title),
        "x": 0,
        "xanchor": "left",
        "xshift": -LEFT_PX + 4,
        "font": {"size": 13, "color": "var(--ink)", "weight": 600},
    }
    unit = unit_of(choice)
    scale = scale_label("log") if choice.logarithmic else ""
    yield {
        **head,
        **plain,
        "name": "unit",
        "text": escape(" · ".join(part for part in (f"{choice.definition.short_name} {unit}".strip(), scale) if part)),
        "x": 1,
        "xanchor": "right",
        "font": {"size": 12, "color": "var(--quiet)"},
    }
    small = {"size": 10, "color": "var(--quiet)"}
    row = {**head, **plain, "yshift": 0, "name": "count", "font": small}
    yield {**row, "text": "n", "x": 0, "xanchor": "right", "xshift": -6}
    for window in place.course.windows:
        if window.patients:
            text = escape(patients_text(window))
            yield {**row, "xref": "x", "text": text, "x": window.middle, "xanchor": "center"}


def _hover(place: Place, window: Window, choice: Choice) -> str:
    return "<br>".join(
        escape(line)
        for line in (
            name_of(choice, place.course.code),
            gettext("weeks %(weeks)s") % {"weeks": weeks_text(window)},
            window_text(window, choice),
        )
    )


def _windows(courses: Sequence[GroupCourse], choice: Choice) -> list[Json]:
    """What the focus line reads out: of each window with a median, what all groups have there."""
    together = zip(*(course.windows for course in courses), strict=True)
    return [
        {
            "x": row[0].middle,
            "head": gettext("weeks %(weeks)s") % {"weeks": weeks_text(row[0])},
            "items": [
                f"{name_of(choice, course.code)}: {window_text(window, choice)}"
                for course, window in zip(courses, row, strict=True)
            ],
        }
        for row in together
        if any(window.median is not None for window in row)
    ]
