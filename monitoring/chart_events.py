"""What events do to a panel, drawn: hatched spans with their reason, marks where the own level was re-based.

Told apart by the hatching and in words, so that a grey print says it too. The same spans stand in a table below the
charts, for who reads no chart.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from monitoring.chart_panels import Panel
from monitoring.draw_notes import reason_text
from monitoring.evaluation import Course, events_of_courses, events_of_draws
from monitoring.event_spans import EventSpan, event_spans
from monitoring.events import ClinicalEvent
from monitoring.rules import event_rules
from monitoring.wording import date_text, listed
from patients.models import Condition, SkeletalEvent, Treatment

Json = dict[str, Any]

KIND_TEXTS: Final[dict[str, str | Promise]] = {
    "blank": gettext_lazy("left out as evidence"),
    "watch_only": gettext_lazy("carries no alert"),
    "uncertain": gettext_lazy("counts for less"),
}
HATCHING: Final[dict[str, str]] = {"blank": "x", "watch_only": "/", "uncertain": "."}


@dataclass(frozen=True, slots=True)
class SpanRow:
    """One line of the table: which markers, from when to when, what happens and why."""

    markers: str
    first: str
    last: str
    what: str
    why: str


def clinical_events(
    panels: Sequence[Panel],
    *,
    treatments: Sequence[Treatment],
    skeletal: Sequence[SkeletalEvent],
    conditions: Sequence[Condition],
) -> list[ClinicalEvent]:
    """The events that the engine reads, from rows that the page has loaded already."""
    events = events_of_courses([Course(one.kind, one.started_on, one.ended_on) for one in treatments])
    events += [ClinicalEvent(one.kind, _day(one.occurred_on)) for one in skeletal]
    events += [
        ClinicalEvent(one.kind, _day(one.occurred_on), _day(one.ended_on) if one.ended_on else None)
        for one in conditions
    ]
    return events + events_of_draws(view.point for panel in panels for view in panel.views)


def spans_of(panel: Panel, events: Sequence[ClinicalEvent]) -> tuple[EventSpan, ...]:
    return event_spans(panel.marker.code, panel.marker.family, events, event_rules())


def span_traces(panel: Panel, spans: Sequence[EventSpan]) -> list[Json]:
    """Hatched from foot to top: y is 0 or 1, the script puts in where the axis ends in the scale that is shown."""
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "meta": {"marker": panel.marker.code, "role": "span", "kind": span.kind},
            "x": [_date(span.first), _date(span.first), _date(span.last + 1), _date(span.last + 1)],
            "y": [0, 1, 1, 0],
            "fill": "toself",
            "fillcolor": "var(--quiet)@0.03",
            "fillpattern": {"shape": HATCHING[span.kind], "fgcolor": "var(--quiet)@0.35", "size": 7, "solidity": 0.12},
            "line": {"width": 0, "color": "var(--quiet)@0"},
            "hoveron": "fills",
            "text": escape(span_text(span)),
            "hoverinfo": "text",
        }
        for span in spans
    ]


def span_text(span: EventSpan) -> str:
    return gettext("%(first)s – %(last)s %(what)s: %(why)s") % {
        "first": _text(span.first),
        "last": _text(span.last),
        "what": KIND_TEXTS[span.kind],
        "why": reason_text(span.code),
    }


def rebase_marks(panel: Panel, *, axis: str) -> tuple[list[Json], list[Json]]:
    """A dashed upright line and its words where an event re-based the own level; a new assay has its own line."""
    lines, labels = [], []
    for view in panel.views:
        if view.reading is None or not view.reading.rebased or view.breaks:
            continue
        lines.append({"name": "rebased", "yref": f"{axis} domain", "x0": view.x, "x1": view.x})
        why = gettext("level re-based: %(reason)s") % {"reason": reason_text(view.reading.rebased)}
        labels.append({"name": "rebased", "text": f"↺ {escape(why)}", "yref": f"{axis} domain", "x": view.x})
    return lines, labels


def span_rows(spans: Mapping[str, Sequence[EventSpan]]) -> list[SpanRow]:
    """short name of a marker -> its spans; markers of one span share a line. Newest first."""
    markers: dict[EventSpan, list[str]] = defaultdict(list)
    for name, of_marker in spans.items():
        for span in of_marker:
            markers[span].append(name)
    return [
        SpanRow(
            markers=listed(markers[span]),
            first=_text(span.first),
            last=_text(span.last),
            what=str(KIND_TEXTS[span.kind]),
            why=reason_text(span.code),
        )
        for span in sorted(markers, reverse=True)
    ]


def _day(date: dt.date) -> float:
    return float(date.toordinal())


def _date(day: int) -> str:
    return dt.date.fromordinal(day).isoformat()


def _text(day: int) -> str:
    return date_text(dt.date.fromordinal(day))
