"""What stands on the sheet of a patient: chosen from the page's own data, nothing concluded anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext, pgettext

from monitoring.alert_panel import AlertView
from monitoring.chart_lanes import Lane, condition_lane, imaging_lane, skeletal_lane, treatment_lane
from monitoring.chart_panels import Panel
from monitoring.charts import Events, effects_on
from monitoring.cumulative import Cell, CumulativeTable
from monitoring.event_spans import EventSpan
from monitoring.explanation import MarkerWhy
from monitoring.patient_page import PatientPage
from monitoring.selectors import of_the_last_day
from monitoring.wording import date_text, listed, moment_text
from monitoring.worklist import FAMILY_RANK
from patients.banner import PatientBanner

WINDOWS: Final = {"6": "6m", "12": "1y", "24": "2y", "all": "all"}  # months as asked -> the page's own windows
LAST_DRAWS: Final = 5
MOST_TREATMENT_ROWS: Final = 5
MOST_CONDITION_ROWS: Final = 3
MOVED_NAMED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One marker in the last draws. `earlier` stands instead of cells where it was last measured before them."""

    name: str
    unit: str
    limits: str
    cells: tuple[Cell | None, ...]
    earlier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    day: str
    laboratory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientReport:
    """Ready to be laid out; an empty text means there is nothing to say."""

    banner: PatientBanner
    said: tuple[tuple[str, bool], ...]  # a sentence, and whether it is to be seen first
    window: str
    start: dt.datetime | None
    end: dt.datetime | None
    lanes: tuple[Lane, ...]
    has_imaging: bool
    panels: tuple[Panel, ...]  # in the order in which they are drawn while there is room
    outside: tuple[str, ...]  # markers without a value in the window
    not_drawn: tuple[str, ...]  # treatments for which there is no row
    not_shown: tuple[str, ...]  # conditions for which there is none
    spans: Mapping[str, Sequence[EventSpan]]  # marker -> when an event holds it back in the window
    headings: tuple[Heading, ...]
    rows: tuple[TableRow, ...]
    marks: tuple[tuple[str, str], ...]
    laboratories: str
    reading: str
    printed_by: str
    printed_at: str


def patient_report(
    page: PatientPage, *, banner: PatientBanner, months: str, printed_by: str, now: dt.datetime, today: dt.date
) -> PatientReport:
    """`months` is a key of WINDOWS, or empty for the window in which the page opens."""
    span: list[str] = []
    window = gettext("No results yet.")
    if page.chart:
        chosen = page.chart["windows"][WINDOWS.get(months) or page.chart["window"]]
        span, window = chosen["range"], chosen["text"]
    drawn = [panel for panel in page.panels if span and any(span[0] <= view.x[:10] <= span[1] for view in panel.views)]
    events, not_drawn, not_shown = _within(page.events, span, today=today) if span else (Events(), (), ())
    columns = page.table.columns[-LAST_DRAWS:] if page.table else ()
    rows = _rows(page.table, order=_order(page)) if page.table else ()
    return PatientReport(
        banner=banner,
        said=tuple(_said(page)),
        window=window,
        start=dt.datetime.fromisoformat(span[0]) if span else None,
        end=dt.datetime.fromisoformat(span[1]) if span else None,
        lanes=_lanes(events, today=today, begins=dt.date.fromisoformat(span[0]) if span else None),
        has_imaging=bool(events.imaging),
        panels=tuple(sorted(drawn, key=lambda panel: _order(page)[panel.marker.code])),
        outside=tuple(panel.marker.short_name for panel in page.panels if panel not in drawn),
        not_drawn=not_drawn,
        not_shown=not_shown,
        spans=_spans(page, span),
        headings=tuple(
            Heading(day=column.day, laboratory=_laboratory_of(page.panels, column.draw_id)) for column in columns
        ),
        rows=rows,
        marks=tuple(dict.fromkeys(mark for row in rows for cell in row.cells if cell for mark in cell.marks)),
        laboratories=_laboratories(page.panels, span),
        reading=_reading(page),
        printed_by=printed_by,
        printed_at=moment_text(now),
    )


# --- what is said first -------------------------------------------------------------------------------------------
def _said(page: PatientPage) -> Iterable[tuple[str, bool]]:
    """Urgent values, alerts with their state, what the level rests on, and what is not read yet."""
    for one in page.urgent:
        yield f"{gettext('Urgent value')} · {one.day} · {one.text}", True
    for alert in page.alerts:
        yield _alert(alert), True
        for step in alert.answers[-1:]:
            yield f"{step.person}, {moment_text(step.at)}: “{step.comment}”", False
    if not page.alerts:
        yield gettext("No alert stands. No alert does not mean no progression."), False
    yield from _reasons(page)
    yield " · ".join(_dates(page)), False
    if page.mark:
        since = moment_text(page.mark.marked_at)
        yield gettext("The record changed: being evaluated since %(since)s.") % {"since": since}, True
    if page.on_hold:
        yield (
            gettext("Values that wait for a second person, marked “?” and in no trend yet: %(count)d")
            % {"count": page.on_hold.count},
            False,
        )


def _reasons(page: PatientPage) -> Iterable[tuple[str, bool]]:
    if page.why is None:
        return
    if page.why.level.reasons and not page.alerts:  # an alert has said it of its markers
        yield " · ".join(page.why.level.reasons), False
    for marker in page.why.moved[:MOVED_NAMED]:
        yield _moved(marker), False
    if page.why.older_alert:
        yield gettext("The alert above was raised by an earlier draw; a newer draw does not end it."), False


def _dates(page: PatientPage) -> Iterable[str]:
    """Last draw, next draw, last scan."""
    if page.last_draw_on:
        yield gettext("last draw %(day)s") % {"day": date_text(page.last_draw_on)}
    yield gettext("next draw: %(due)s") % {"due": page.due or gettext("no plan")}
    if page.events.imaging:
        for scan in of_the_last_day(page.events.imaging):
            yield gettext("last imaging: %(modality)s %(day)s, %(finding)s") % {
                "modality": scan.get_modality_display(),
                "day": date_text(scan.performed_on),
                "finding": scan.get_finding_display(),
            }
    else:
        yield gettext("no imaging on record")


def _alert(view: AlertView) -> str:
    """▲▲ Sustained rise: CEA, BAP · since 12-Jan-2026 · needs an answer · raised 14-Jan-2026 08:00 (2 days ago)."""
    parts = [gettext("Sustained rise: %(markers)s") % {"markers": view.markers}]
    if view.alert.since:
        parts.append(gettext("since %(day)s") % {"day": date_text(view.alert.since)})
    parts.append(str(view.alert.get_state_display()))
    parts.append(gettext("raised %(day)s (%(age)s)") % {"day": moment_text(view.alert.raised_at), "age": view.age})
    return "▲▲ " + " · ".join(parts)


def _moved(one: MarkerWhy) -> str:
    """CEA: sustained rise, 6.0 ng/mL H, +200 % since 23-Jun-2025, expected 1.7–2.4."""
    parts = [one.state_label, " ".join(part for part in (one.last, one.unit, one.last_flag) if part)]
    since = gettext("since %(day)s") % {"day": one.since} if one.since else ""
    parts.append(" ".join(part for part in (one.change, since) if part))
    if one.expected:
        parts.append(gettext("expected %(band)s") % {"band": one.expected})
    return f"{one.short_name}: " + pgettext("between facts", ", ").join(part for part in parts if part)


def _reading(page: PatientPage) -> str:
    """Which engine read the results, and when."""
    if page.why is None:
        return gettext("not evaluated")
    evaluation = page.why.evaluation
    return gettext("engine %(engine)s, catalogue %(catalogue)s, read %(at)s") % {
        "engine": evaluation.engine_version,
        "catalogue": evaluation.catalogue_version,
        "at": moment_text(evaluation.at),
    }


# --- what is drawn ------------------------------------------------------------------------------------------------
def _order(page: PatientPage) -> Mapping[str, tuple[int, int, int]]:
    """Those that moved as the page lists them, then by family."""
    moved = [one.code for one in page.why.moved] if page.why else []
    return {
        panel.marker.code: (
            moved.index(panel.marker.code) if panel.marker.code in moved else len(moved),
            FAMILY_RANK[panel.marker.family],
            panel.marker.order,
        )
        for panel in page.panels
    }


def _within(events: Events, span: Sequence[str], *, today: dt.date) -> tuple[Events, tuple[str, ...], tuple[str, ...]]:
    """What lies in the window, and the names of treatments and conditions that would need more rows than there are."""
    first, last = (dt.date.fromisoformat(end) for end in span)
    treatments = [
        one for one in events.treatments if one.started_on <= last and (one.ended_on or max(today, first)) >= first
    ]
    kept = list(treatments)
    while (lane := treatment_lane(kept, today=today)) and lane.rows > MOST_TREATMENT_ROWS:
        kept.remove(min(kept, key=lambda one: (one.ended_on or today, one.started_on)))
    conditions = [
        one for one in events.conditions if one.occurred_on <= last and (one.ended_on or max(today, first)) >= first
    ]
    shown_conditions = list(conditions)
    while (lane := condition_lane(shown_conditions, today=today, begins=first)) and lane.rows > MOST_CONDITION_ROWS:
        shown_conditions.remove(min(shown_conditions, key=lambda one: (one.ended_on or today, one.occurred_on)))
    shown = replace(
        events,
        treatments=kept,
        imaging=[one for one in events.imaging if first <= one.performed_on <= last],
        skeletal=[one for one in events.skeletal if first <= one.occurred_on <= last],
        conditions=shown_conditions,
    )
    return (
        shown,
        tuple(dict.fromkeys(one.name for one in treatments if one not in kept)),
        tuple(
            f"{one.get_kind_display()} ({date_text(one.occurred_on)})"
            for one in conditions
            if one not in shown_conditions
        ),
    )


def _spans(page: PatientPage, span: Sequence[str]) -> dict[str, list[EventSpan]]:
    """Of everything on record: what began before the window may hold a marker back within it."""
    if not span:
        return {}
    first, last = (dt.date.fromisoformat(end).toordinal() for end in span)
    return {
        marker: [one for one in spans if one.first <= last and one.last >= first]
        for marker, spans in effects_on(page.panels, page.events).items()
    }


def _lanes(events: Events, *, today: dt.date, begins: dt.date | None) -> tuple[Lane, ...]:
    lanes = (
        treatment_lane(events.treatments, today=today),
        imaging_lane(events.imaging),
        skeletal_lane(events.skeletal),
        condition_lane(events.conditions, today=today, begins=begins),
    )
    return tuple(lane for lane in lanes if lane is not None)


# --- the table ----------------------------------------------------------------------------------------------------
def _rows(table: CumulativeTable, *, order: Mapping[str, tuple[int, int, int]]) -> tuple[TableRow, ...]:
    """In the order of the charts; a marker without a chart, for it has no number yet, comes last."""
    last = (len(order), 0, 0)
    rows = sorted(table.rows, key=lambda row: order.get(row.code, last))
    shown = []
    for row in rows:
        cells = row.cells[-LAST_DRAWS:]
        earlier = ""
        if not any(cells):
            at = max(at for at, cell in enumerate(row.cells) if cell)
            earlier = gettext("last: %(value)s on %(day)s") % {
                "value": cell_text(row.cells[at], unit=row.unit),
                "day": table.columns[at].day,
            }
        shown.append(TableRow(name=row.short_name, unit=row.unit, limits=row.limits, cells=cells, earlier=earlier))
    return tuple(shown)


def cell_text(cell: Cell | None, *, unit: str = "") -> str:
    """The value as reported, its unit where it is not that of the row, its flag and marks."""
    if cell is None:
        return ""
    marks = "".join(letter for letter, _meaning in cell.marks)
    return " ".join(part for part in (cell.value, cell.unit or unit, cell.flag, marks) if part)


# --- whose values -------------------------------------------------------------------------------------------------
def _laboratory_of(panels: Sequence[Panel], draw_id: int) -> str:
    return next((one.point.laboratory for panel in panels for one in panel.views if one.point.draw_id == draw_id), "")


def _laboratories(panels: Sequence[Panel], span: Sequence[str]) -> str:
    """Each laboratory with the methods it named, for what lies in the window."""
    methods: dict[str, dict[str, None]] = {}
    for panel in panels:
        for view in panel.views:
            if span and span[0] <= view.x[:10] <= span[1]:
                named = methods.setdefault(view.point.laboratory or gettext("not named"), {})
                if view.point.assay:
                    named[f"{panel.marker.short_name} {view.point.assay}"] = None
    return "; ".join(f"{name} ({listed(list(named))})" if named else name for name, named in methods.items())
