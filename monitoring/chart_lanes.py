"""The lanes above the marker panels: treatment, imaging, skeletal events and conditions, on the same time axis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.utils.translation import gettext

from monitoring.wording import date_text, listed
from patients.models import Condition, Finding, ImagingStudy, SkeletalEvent, Treatment, TreatmentKind

Trace = dict[str, Any]

DAY_MS: Final = 86_400_000
SHORTEST_BAR_DAYS: Final = 4  # a one-day treatment stays visible; its true dates are in the text
LANE_X: Final = "x2"
AGAINST_TUMOUR: Final = {TreatmentKind.CHEMOTHERAPY, TreatmentKind.TARGETED, TreatmentKind.IMMUNOTHERAPY}
GRAVITY: Final = (Finding.NONE, Finding.EQUIVOCAL, Finding.BONE_METASTASIS)
IMAGING_SYMBOLS: Final[dict[str, tuple[str, str]]] = {
    Finding.NONE: ("circle-open", "var(--quiet)"),
    Finding.EQUIVOCAL: ("diamond-open", "var(--watch)"),
    Finding.BONE_METASTASIS: ("x", "var(--alert)"),
}


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane: its title, how many rows it needs, and its traces (their `yaxis` is set when the lanes are stacked)."""

    title: str
    rows: int
    traces: tuple[Trace, ...]


def treatment_lane(treatments: Sequence[Treatment], *, today: dt.date) -> Lane | None:
    """A bar a course; courses that overlap lie one below the other. An open course runs to today."""
    if not treatments:
        return None
    ordered = sorted(treatments, key=lambda one: (one.started_on, one.pk))
    ends = [max(one.ended_on or today, one.started_on + dt.timedelta(days=SHORTEST_BAR_DAYS)) for one in ordered]
    rows = _rows([(one.started_on, end) for one, end in zip(ordered, ends, strict=True)])
    starts = [one.started_on.isoformat() for one in ordered]
    bars: Trace = {
        "type": "bar",
        "orientation": "h",
        "name": gettext("treatment"),
        "base": starts,
        "x": [(end - one.started_on).days * DAY_MS for one, end in zip(ordered, ends, strict=True)],
        "y": rows,
        "width": 0.8,
        "marker": {
            "color": ["var(--accent)@0.22" if one.kind in AGAINST_TUMOUR else "var(--quiet)@0.22" for one in ordered]
        },
        "hovertext": [_treatment_text(one) for one in ordered],
        "hoverinfo": "text",
        "textposition": "none",
        "xaxis": LANE_X,
    }
    labels: Trace = {
        "type": "scatter",
        "mode": "text",
        "name": "treatment-labels",
        "x": starts,
        "y": rows,
        "text": [f" {escape(one.name)}" for one in ordered],
        "textposition": "middle right",
        "textfont": {"size": 11, "color": "var(--ink)"},
        "hoverinfo": "skip",
        "meta": {"starts": starts, "ends": [end.isoformat() for end in ends]},
        "xaxis": LANE_X,
    }
    return Lane(gettext("treatment"), max(rows) + 1, (bars, labels))


def _rows(spans: Sequence[tuple[dt.date, dt.date]]) -> list[int]:
    """The first row that is free when each span starts."""
    free_from: list[dt.date] = []
    rows = []
    for start, end in spans:
        row = next((at for at, free in enumerate(free_from) if free <= start), len(free_from))
        if row == len(free_from):
            free_from.append(end)
        else:
            free_from[row] = end
        rows.append(row)
    return rows


def _treatment_text(one: Treatment) -> str:
    until = date_text(one.ended_on) if one.ended_on else gettext("continuing")
    line = gettext("line %(number)d") % {"number": one.line} if one.line is not None else ""
    parts = [one.get_kind_display(), line, f"{date_text(one.started_on)} – {until}"]
    return "<br>".join([escape(one.name), *(escape(part) for part in parts if part)])


def imaging_lane(studies: Sequence[ImagingStudy]) -> Lane | None:
    """A point a study; shape and colour say what was found in bone, the letters which examination it was."""
    if not studies:
        return None
    # Of one day the gravest is drawn last, over the others, and its word names all.
    studies = sorted(studies, key=lambda one: (one.performed_on, GRAVITY.index(one.finding)))
    drawn = [IMAGING_SYMBOLS[one.finding] for one in studies]
    points: Trace = {
        "type": "scatter",
        "mode": "markers+text",
        "name": gettext("imaging"),
        "x": [one.performed_on.isoformat() for one in studies],
        "y": [0] * len(studies),
        "text": _of_each_day([one.performed_on for one in studies], [one.get_modality_display() for one in studies]),
        "textposition": "middle right",
        "textfont": {"size": 11, "color": "var(--quiet)"},
        "marker": {
            "symbol": [symbol for symbol, _ in drawn],
            "color": [colour for _, colour in drawn],
            "size": 9,
            "line": {"width": 2, "color": [colour for _, colour in drawn]},
        },
        "hovertext": [_imaging_text(one) for one in studies],
        "hoverinfo": "text",
        "xaxis": LANE_X,
    }
    return Lane(gettext("imaging"), 1, (points,))


def _of_each_day(days: Sequence[dt.date], words: Sequence[str]) -> list[str]:
    """The last mark of a day names all of that day: words of their own would lie on top of each other."""
    return [
        escape(listed([word for other, word in zip(days, words, strict=True) if other == day]))
        if at + 1 == len(days) or days[at + 1] != day
        else ""
        for at, day in enumerate(days)
    ]


def _imaging_text(one: ImagingStudy) -> str:
    parts = [
        f"{escape(one.get_modality_display())} {date_text(one.performed_on)}",
        escape(one.get_finding_display()),
        escape(one.get_lesion_type_display()) if one.lesion_type else "",
        escape(one.sites),
    ]
    return "<br>".join(part for part in parts if part)


def skeletal_lane(events: Sequence[SkeletalEvent]) -> Lane | None:
    if not events:
        return None
    events = sorted(events, key=lambda one: one.occurred_on)
    points: Trace = {
        "type": "scatter",
        "mode": "markers+text",
        "name": gettext("skeletal events"),
        "x": [one.occurred_on.isoformat() for one in events],
        "y": [0] * len(events),
        "text": _of_each_day([one.occurred_on for one in events], [one.get_kind_display() for one in events]),
        "textposition": "middle right",
        "textfont": {"size": 11, "color": "var(--quiet)"},
        "marker": {"symbol": "star-triangle-down", "color": "var(--ink)", "size": 10},
        "hovertext": [
            "<br>".join(
                part
                for part in (
                    f"{escape(one.get_kind_display())} {date_text(one.occurred_on)}",
                    escape(one.site),
                )
                if part
            )
            for one in events
        ],
        "hoverinfo": "text",
        "xaxis": LANE_X,
    }
    return Lane(gettext("skeletal events"), 1, (points,))


def condition_lane(conditions: Sequence[Condition], *, today: dt.date, begins: dt.date | None = None) -> Lane | None:
    """A point where each began, and a bar up to its end, or to today: it is open while it has none.

    Those that overlap lie one below the other, so that each keeps its name. On paper, which cannot be moved, `begins`
    is the first day shown: what began before stands there, with its true day.
    """
    if not conditions:
        return None
    conditions = sorted(conditions, key=lambda one: (one.occurred_on, one.pk or 0))
    shown_from = [max(one.occurred_on, begins or one.occurred_on) for one in conditions]
    ends = [max(one.ended_on or today, one.occurred_on) for one in conditions]
    rows = _rows([(start, max(end, start + dt.timedelta(days=1))) for start, end in zip(shown_from, ends, strict=True)])
    bars: Trace = {
        "type": "bar",
        "orientation": "h",
        "name": gettext("conditions"),
        "base": [one.occurred_on.isoformat() for one in conditions],
        "x": [(end - one.occurred_on).days * DAY_MS for one, end in zip(conditions, ends, strict=True)],
        "y": rows,
        "width": 0.3,
        "marker": {"color": ["var(--quiet)@0.3"] * len(conditions)},
        "hovertext": [_condition_text(one) for one in conditions],
        "hoverinfo": "text",
        "textposition": "none",
        "xaxis": LANE_X,
    }
    points: Trace = {
        "type": "scatter",
        "mode": "markers+text",
        "name": gettext("conditions"),
        "x": [start.isoformat() for start in shown_from],
        "y": rows,
        "text": [_condition_label(one, begins) for one in conditions],
        "textposition": "middle right",
        "textfont": {"size": 11, "color": "var(--quiet)"},
        "marker": {"symbol": "square-open", "color": "var(--ink)", "size": 9, "line": {"width": 2}},
        "hovertext": [_condition_text(one) for one in conditions],
        "hoverinfo": "text",
        "xaxis": LANE_X,
    }
    return Lane(gettext("conditions"), max(rows) + 1, (bars, points))


def _condition_label(one: Condition, begins: dt.date | None) -> str:
    if begins is None or one.occurred_on >= begins:
        return escape(one.get_kind_display())
    return escape(f"{one.get_kind_display()} ({date_text(one.occurred_on)})")


def _condition_text(one: Condition) -> str:
    until = date_text(one.ended_on) if one.ended_on else gettext("no end recorded")
    parts = (one.get_kind_display(), f"{date_text(one.occurred_on)} – {until}", one.note)
    return "<br>".join(escape(part) for part in parts if part)
