"""The patient's chart in Plotly's JSON form: lanes and panels stacked on one true time axis (docs/adr/0006).

Colours are the names of CSS custom properties, `var(--tumour)` or `var(--tumour)@0.12`: the page's script puts in what
they are in the reader's theme. All words are translated here, so the script holds none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from django.utils.translation import gettext

from monitoring.chart_events import clinical_events, span_traces, spans_of
from monitoring.chart_lanes import LANE_X, Lane, condition_lane, imaging_lane, skeletal_lane, treatment_lane
from monitoring.chart_panels import Panel, panel_traces
from monitoring.chart_reasons import break_reasons, hatched_reasons
from monitoring.chart_scales import TEMPLATES, Slot, fixed_marks, relative_traces, scales
from monitoring.draw_notes import held_back_texts
from monitoring.event_spans import EventSpan
from monitoring.findings import MOVED
from monitoring.points import point_views
from monitoring.trends.types import MarkerFinding
from monitoring.wording import date_text
from patients.catalogue import Catalogue
from patients.models import Condition, ImagingStudy, Patient, SkeletalEvent, Treatment
from patients.ranges import Intervals
from patients.selectors import SeriesPoint
from patients.wording import chinese, unit_text

Json = dict[str, Any]

TITLE_PX: Final = 22
LANE_ROW_PX: Final = 20
PANEL_PX: Final = 96
GAP_PX: Final = 12
REASON_PX: Final = 32  # two small lines below a panel that is hatched
TOP_PX, BOTTOM_PX, LEFT_PX, RIGHT_PX = 36, 40, 48, 14
EDGE_DAYS: Final = 10
STALE_AFTER_DAYS: Final = 120  # a record that ended long ago is shown up to its end, not up to today
WINDOWS: Final = (("6m", 183), ("1y", 366), ("2y", 731))
FEWEST_IN_DEFAULT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What shares the time axis with the markers, oldest first."""

    treatments: Sequence[Treatment] = ()
    imaging: Sequence[ImagingStudy] = ()
    skeletal: Sequence[SkeletalEvent] = ()
    conditions: Sequence[Condition] = ()


def panels_of(
    series: Mapping[str, Sequence[SeriesPoint]],
    *,
    patient: Patient,
    intervals: Intervals,
    findings: Mapping[str, MarkerFinding],
    notes: Mapping[int, str],
    markers: Catalogue,
    entered: Mapping[int, str] | None = None,
) -> list[Panel]:
    """One panel a marker that has a value, in the catalogue's order."""
    return [
        Panel(
            marker=marker,
            views=point_views(
                series[marker.code],
                marker=marker,
                patient=patient,
                intervals=intervals,
                finding=findings.get(marker.code),
                notes=notes,
                entered=entered,
            ),
            finding=findings.get(marker.code),
        )
        for marker in markers.markers
        if series.get(marker.code)
    ]


def patient_chart(panels: Sequence[Panel], *, events: Events, today: dt.date) -> Json | None:
    """Everything static/js/patient.js needs; None where there is no value to draw."""
    if not panels:
        return None
    lanes = [
        lane
        for lane in (
            treatment_lane(events.treatments, today=today),
            imaging_lane(events.imaging),
            skeletal_lane(events.skeletal),
            condition_lane(events.conditions, today=today),
        )
        if lane is not None
    ]
    spans = effects_on(panels, events)
    rows = [lane.rows * LANE_ROW_PX for lane in lanes] + [PANEL_PX] * len(panels)
    feet = [0] * len(lanes) + [REASON_PX if panel.marker.code in spans else 0 for panel in panels]
    height, slots = _stack(rows, feet)
    bottom = BOTTOM_PX + feet[-1]
    lane_slots, panel_slots = slots[: len(lanes)], slots[len(lanes) :]
    windows = time_windows(panels, events=events, today=today)
    whole = windows["all"]["range"]
    default = _default_window(panels, windows)
    of_lanes = [*_lane_traces(lanes, lane_slots), *_event_traces(panels, panel_slots, spans)]
    return {
        "data": [*of_lanes, *_all_panel_traces(panels, panel_slots)],
        "layout": {
            **figure_layout(height, bottom=bottom),
            **fixed_marks(lanes, lane_slots, panels, panel_slots),
            **_time_axes(lanes, slots, windows[default]["range"]),
            **{slot.key: _lane_axis(lane, slot) for lane, slot in zip(lanes, lane_slots, strict=True)},
            **{slot.key: _value_axis(slot) for slot in panel_slots},
        },
        "scales": scales(panels, panel_slots, span=whole, first=len(of_lanes)),
        "templates": TEMPLATES,
        "measures": relative_traces(panels, first=len(of_lanes)),
        "windows": windows,
        "window": default,
        "draws": focus_draws(panels),
        "panels": [_at_panel(panel, slot, spans) for panel, slot in zip(panels, panel_slots, strict=True)],
        "plot": {"top": TOP_PX, "bottom": bottom, "dates": BOTTOM_PX},
        "texts": {
            "own_window": gettext("Shown: {start} to {end}"),
            "before": gettext("before {value}"),
            "after": gettext("after {value}"),
            "other_assay": gettext("{value}, another assay"),
            "hatched": gettext("Hatched: {reasons}"),
            "more": gettext("{n} more above"),
            "log": gettext("log"),
            "log_of": gettext("Log scale of {marker}"),
        },
    }


# --- time ---------------------------------------------------------------------------------------------------------
def time_windows(panels: Sequence[Panel], *, events: Events, today: dt.date) -> dict[str, Json]:
    """The preset windows, each with its span and its words. New data moves a window, it does not squeeze it."""
    drawn = [dt.date.fromisoformat(view.x[:10]) for panel in panels for view in panel.views]
    happened = [one.started_on for one in events.treatments]
    happened += [one.performed_on for one in events.imaging]
    happened += [one.occurred_on for one in events.skeletal]
    happened += [one.occurred_on for one in events.conditions]
    newest = max([*drawn, *happened])
    end = today if (today - newest).days <= STALE_AFTER_DAYS else newest
    end += dt.timedelta(days=EDGE_DAYS)
    first = min([*drawn, *happened]) - dt.timedelta(days=EDGE_DAYS)
    windows = {name: _window(end - dt.timedelta(days=days), end) for name, days in WINDOWS}
    return {**windows, "all": _window(first, end)}


def _window(start: dt.date, end: dt.date) -> Json:
    text = gettext("Shown: {start} to {end}").format(start=date_text(start), end=date_text(end))
    return {"range": [start.isoformat(), end.isoformat()], "text": text}


def _default_window(panels: Sequence[Panel], windows: Mapping[str, Json]) -> str:
    """The shortest of a year, two years and all that holds enough draws to see a course."""
    draws = {view.x for panel in panels for view in panel.views}
    for name in ("1y", "2y"):
        start, whole = windows[name]["range"][0], windows["all"]["range"][0]
        if start > whole and sum(x >= start for x in draws) >= FEWEST_IN_DEFAULT:
            return name
    return "all"


def _time_axes(lanes: Sequence[Lane], slots: Sequence[Slot], span: Sequence[str]) -> Json:
    """One axis under the panels; its twin above the lanes carries the same dates at the top of a tall figure."""
    common = {
        "type": "date",
        "range": list(span),
        "showgrid": True,
        "gridcolor": "var(--rule)",
        "zeroline": False,
        "tickfont": {"size": 11, "color": "var(--quiet)"},
        "tickformatstops": _date_formats(),
        "hoverformat": "%Y-%m-%d" if chinese() else "%d-%b-%Y",
        "ticklabelmode": "instant",
        "nticks": 9,
        "tickangle": 0,
    }
    axes: Json = {"xaxis": {**common, "anchor": slots[-1].ref, "side": "bottom"}}
    if lanes:
        axes["xaxis2"] = {**common, "anchor": "free", "position": 1, "side": "top", "matches": "x"}
    return axes


def _date_formats() -> list[Json]:
    """Months are written as numbers in Chinese: the library would print them without their sign.

    What follows a line break, the library prints under the first tick and wherever it changes.
    """
    day, month, year = ("%m-%d\n%Y", "%Y-%m", "%Y") if chinese() else ("%d-%b\n%Y", "%b %Y", "%Y")
    return [
        {"dtickrange": [None, "M1"], "value": day},
        {"dtickrange": ["M1", "M12"], "value": month},
        {"dtickrange": ["M12", None], "value": year},
    ]


# --- the figure ---------------------------------------------------------------------------------------------------
def _stack(heights: Sequence[int], feet: Sequence[int]) -> tuple[int, list[Slot]]:
    """Rows from the top down, each below its title and above its foot; the figure is as tall as they need.

    The foot of the last row stands below the dates, outside of what is shared out here.
    """
    inner = sum(heights) + sum(feet[:-1]) + len(heights) * TITLE_PX + (len(heights) - 1) * GAP_PX
    slots, at = [], 0
    for axis, (height, foot) in enumerate(zip(heights, feet, strict=True), start=1):
        at += TITLE_PX
        slots.append(Slot(axis, round(1 - (at + height) / inner, 6), round(1 - at / inner, 6)))
        at += height + foot + GAP_PX
    slots[-1] = Slot(slots[-1].axis, 0.0, slots[-1].top)
    return inner + TOP_PX + BOTTOM_PX + feet[-1], slots


def _at_panel(panel: Panel, slot: Slot, spans: Mapping[str, Sequence[EventSpan]]) -> Json:
    """Where the panel stands and what is to say of it, for what the script puts at it."""
    return {
        "marker": panel.marker.code,
        "name": panel.marker.short_name,
        "axis": slot.key,
        "ref": slot.ref,
        "top": slot.top,
        "hatched": hatched_reasons(spans.get(panel.marker.code, ())),
        "breaks": break_reasons(panel),
    }


def figure_layout(height: int, *, bottom: int = BOTTOM_PX) -> Json:
    return {
        "height": height,
        "autosize": True,
        "margin": {"t": TOP_PX, "b": bottom, "l": LEFT_PX, "r": RIGHT_PX, "pad": 0},
        "paper_bgcolor": "var(--paper)",
        "plot_bgcolor": "var(--paper)@0",
        "font": {"family": "var(--sans)", "size": 12, "color": "var(--ink)"},
        "showlegend": False,
        "hovermode": "closest",
        "hoverdistance": 24,
        "hoverlabel": {
            "align": "left",
            "bgcolor": "var(--raised)",
            "bordercolor": "var(--quiet)",
            "font": {"size": 12, "color": "var(--ink)", "family": "var(--sans)"},
        },
        "dragmode": False,
        "bargap": 0,
        "barmode": "overlay",
    }


def _lane_axis(lane: Lane, slot: Slot) -> Json:
    return {
        "domain": [slot.bottom, slot.top],
        "anchor": "x2",
        "range": [lane.rows - 0.5, -0.5],
        "fixedrange": True,
        "visible": False,
    }


def _value_axis(slot: Slot) -> Json:
    return {
        "domain": [slot.bottom, slot.top],
        "anchor": "x",
        "fixedrange": True,
        "nticks": 4,
        "gridcolor": "var(--rule)",
        "zeroline": False,
        "showline": True,
        "linecolor": "var(--rule)",
        "tickfont": {"size": 11, "color": "var(--quiet)"},
        "exponentformat": "none",
    }


def _lane_traces(lanes: Sequence[Lane], slots: Sequence[Slot]) -> Iterable[Json]:
    for lane, slot in zip(lanes, slots, strict=True):
        yield from ({**trace, "xaxis": LANE_X, "yaxis": slot.ref} for trace in lane.traces)


def effects_on(panels: Sequence[Panel], events: Events) -> dict[str, tuple[EventSpan, ...]]:
    """marker -> the spans in which events hold its evidence back; markers that nothing holds back are left out."""
    happened = clinical_events(
        panels, treatments=events.treatments, skeletal=events.skeletal, conditions=events.conditions
    )
    spans = {panel.marker.code: spans_of(panel, happened) for panel in panels}
    return {marker: found for marker, found in spans.items() if found}


def _event_traces(
    panels: Sequence[Panel], slots: Sequence[Slot], spans: Mapping[str, Sequence[EventSpan]]
) -> Iterable[Json]:
    """Before the panels' own, so that hatching lies beneath points and lines."""
    for panel, slot in zip(panels, slots, strict=True):
        for trace in span_traces(panel, spans.get(panel.marker.code, ())):
            yield {**trace, "xaxis": "x", "yaxis": slot.ref}


def _all_panel_traces(panels: Sequence[Panel], slots: Sequence[Slot]) -> Iterable[Json]:
    for panel, slot in zip(panels, slots, strict=True):
        yield from ({**trace, "xaxis": "x", "yaxis": slot.ref} for trace in panel_traces(panel))


# --- the focus line -----------------------------------------------------------------------------------------------
def focus_draws(panels: Sequence[Panel]) -> list[Json]:
    """One entry a moment of drawing, oldest first: what the focus line reads out there, markers that moved first.

    `codes`, `values` and `assays` are of the items in turn: by them the script finds what stands before and after, and
    whether it is of the same assay (a number that grows with each break of the series).
    """
    moments: dict[str, list[tuple[str, str, str, int]]] = {}
    for panel in sorted(panels, key=lambda one: one.finding is None or one.finding.state not in MOVED):
        stretches = accumulate(1 if view.breaks else 0 for view in panel.views)
        for view, assay in zip(panel.views, stretches, strict=True):
            said = f"{panel.marker.short_name} {view.reported} {view.unit} {view.flag}".replace("  ", " ").strip()
            why = " · ".join(held_back_texts(view))
            unit = "" if view.unit == unit_text(panel.marker.unit) else view.unit  # 3.3 g/dL stands beside 34 g/L
            value = " ".join(part for part in (view.reported, unit, view.flag) if part)
            item = f"{said} ({why})" if why else said
            moments.setdefault(view.x, []).append((item, panel.marker.short_name, value, assay))
    return [
        {
            "x": x,
            "day": date_text(dt.date.fromisoformat(x[:10])),
            "items": [item for item, _, _, _ in moments[x]],
            "codes": [code for _, code, _, _ in moments[x]],
            "values": [value for _, _, value, _ in moments[x]],
            "assays": [assay for _, _, _, assay in moments[x]],
        }
        for x in sorted(moments)
    ]
