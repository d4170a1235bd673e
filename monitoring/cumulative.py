"""The cumulative table: markers by dates, newest at the right, values as reported. The charts' text alternative.

It also holds what no chart can: the cells in which the laboratory gave a reason instead of a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext

from monitoring.chart_panels import Panel
from monitoring.evaluation import conditions_of
from monitoring.point_words import point_lines
from monitoring.points import PointView
from monitoring.ranges import LIMIT_DIGITS
from monitoring.rules import event_rules
from monitoring.wording import date_text, interval_text, listed, moment_text
from patients.absent_results import AbsentResult
from patients.catalogue import MarkerDefinition, catalogue
from patients.derived import INPUTS_OF
from patients.models import Fasting, Haemolysis, Taken
from patients.ranges import Range
from patients.selectors import SeriesPoint
from patients.wording import marker_name, unit_text

FIGURE_SPACE: Final = "\u2007"  # as wide as a digit
PUNCTUATION_SPACE: Final = "\u2008"  # as wide as a point


@dataclass(frozen=True, slots=True)
class Column:
    """One draw."""

    draw_id: int
    day: str
    moment: str
    fasting: str
    haemolysed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value. `pad` fills up to the column's decimals; `marks` are single letters with their meaning."""

    value: str
    pad: str
    flag: str
    marks: tuple[tuple[str, str], ...]
    unit: str
    changed: str
    detail: str
    supports: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    code: str
    short_name: str
    name: str
    family: str
    unit: str
    limits: str
    range_label: str
    derived_from: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class CumulativeTable:
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def cumulative_table(
    panels: Sequence[Panel], *, absent: Sequence[AbsentResult] = (), held: Sequence[Panel] = ()
) -> CumulativeTable:
    """Every draw a column, oldest first; every marker with a value, or a reason for none, a row.

    `held` are the values that wait for a second person: shown with "?", and in no series.
    """
    columns = _columns([*(view.point for panel in (*panels, *held) for view in panel.views), *absent])
    by_marker = [{view.point.draw_id: view for view in panel.views} for panel in panels]
    decimals = {
        column.draw_id: max(
            (_decimals(views[column.draw_id]) for views in by_marker if column.draw_id in views), default=0
        )
        for column in columns
    }
    rows = [
        _row(panel, views, columns=columns, decimals=decimals) for panel, views in zip(panels, by_marker, strict=True)
    ]
    known = {row.code for row in rows}
    rows += [_row(panel, {}, columns=columns, decimals={}) for panel in held if panel.marker.code not in known]
    units = {row.code: row.unit for row in rows}
    cells: dict[str, dict[int, Cell]] = {}
    for one in absent:
        cells.setdefault(one.marker, {})[one.draw_id] = _reason_cell(one)
    for panel in held:
        for view in panel.views:
            cell = _held_cell(panel, view, unit_of_row=units[panel.marker.code], decimals=decimals)
            cells.setdefault(panel.marker.code, {})[view.point.draw_id] = cell
    return CumulativeTable(columns, tuple(_with_cells(rows, cells, columns)))


def _held_cell(panel: Panel, view: PointView, *, unit_of_row: str, decimals: Mapping[int, int]) -> Cell:
    places = max(decimals.get(view.point.draw_id, 0), _decimals(view))
    cell = _cell(panel, view, unit_of_row=unit_of_row, decimals=places)
    waits = gettext("waits for a second person; in no trend")
    return replace(cell, marks=(_unverified(), *cell.marks), detail=f"{waits}\n{cell.detail}")


def _unverified() -> tuple[str, str]:
    return "?", gettext("not checked by a second person yet")


def _with_cells(
    rows: Sequence[Row], cells: Mapping[str, Mapping[int, Cell]], columns: Sequence[Column]
) -> Iterator[Row]:
    """The rows with what no series holds in their cells, and below them those of markers that never had a value."""
    reasons = dict(cells)
    for row in rows:
        of_row: Mapping[int, Cell] = reasons.pop(row.code, {})
        drawn = zip(columns, row.cells, strict=True)
        yield replace(row, cells=tuple(cell or of_row.get(column.draw_id) for column, cell in drawn))
    for code, of_row in reasons.items():
        if marker := catalogue().by_code.get(code):
            yield _row_of_reasons(marker, tuple(of_row.get(column.draw_id) for column in columns))


def _row_of_reasons(marker: MarkerDefinition, cells: tuple[Cell | None, ...]) -> Row:
    return Row(
        code=marker.code,
        short_name=marker.short_name,
        name=marker_name(marker),
        family=marker.family,
        unit=unit_text(marker.unit),
        limits="",
        range_label="",
        derived_from="",
        cells=cells,
    )


def _reason_cell(one: AbsentResult) -> Cell:
    return Cell(
        value=one.reason,
        pad="",
        flag="",
        marks=(
            *((_unverified(),) if one.awaiting_check else ()),
            *((("*", gettext("corrected")),) if one.version > 1 else ()),
        ),
        unit="",
        changed="",
        detail=gettext("no value; the laboratory's word: %(word)s") % {"word": one.as_typed},
        supports=False,
    )


def _columns(drawn: Iterable[SeriesPoint | AbsentResult]) -> tuple[Column, ...]:
    draws = {one.draw_id: one for one in drawn}
    ordered = sorted(draws.values(), key=lambda one: (one.collected_at, one.draw_id))
    return tuple(_column(one) for one in ordered)


def _column(point: SeriesPoint | AbsentResult) -> Column:
    return Column(
        draw_id=point.draw_id,
        day=date_text(timezone.localdate(point.collected_at)),
        moment=moment_text(point.collected_at, time_known=point.time_known),
        fasting=point.fasting,
        haemolysed=point.haemolysis == Haemolysis.PRESENT,
    )


def _row(
    panel: Panel, views: Mapping[int, PointView], *, columns: Sequence[Column], decimals: Mapping[int, int]
) -> Row:
    marker = panel.marker
    last = panel.views[-1]
    within = last.within
    return Row(
        code=marker.code,
        short_name=marker.short_name,
        name=marker_name(marker),
        family=marker.family,
        unit=last.unit or unit_text(marker.unit),
        limits=_limits(within, factor=last.point.factor),
        range_label=within.label if within else "",
        derived_from=_derived_from(marker.code) if marker.derived else "",
        cells=tuple(
            _cell(panel, views[column.draw_id], unit_of_row=last.unit, decimals=decimals[column.draw_id])
            if column.draw_id in views
            else None
            for column in columns
        ),
    )


def _limits(within: Range | None, *, factor: Decimal) -> str:
    """In the unit of the row's head, which is that of its last value; limits are kept in the canonical unit."""
    if within is None:
        return ""
    low, high = (None if limit is None else limit / factor for limit in (within.low, within.high))
    return interval_text(low, high, digits=LIMIT_DIGITS)


def _cell(panel: Panel, view: PointView, *, unit_of_row: str, decimals: int) -> Cell:
    missing = decimals - _decimals(view)
    whole = "." not in view.reported
    pad = FIGURE_SPACE * missing + (PUNCTUATION_SPACE if whole and decimals else "")
    return Cell(
        value=view.reported,
        pad=pad,
        flag=view.flag,
        marks=_marks(panel, view),
        unit=view.unit if view.unit != unit_of_row else "",
        changed=view.breaks,
        detail="\n".join(point_lines(panel.marker, view)),
        supports=view.supports,
    )


def _marks(panel: Panel, view: PointView) -> tuple[tuple[str, str], ...]:
    """Letters a reader knows from paper; but for haemolysis, only where the marker is moved by it."""
    point = view.point
    marks = []
    if point.version > 1:
        marks.append(("*", gettext("corrected")))
    if point.haemolysis == Haemolysis.PRESENT:
        marks.append(("h", gettext("haemolysed")))
    if point.fasting == Fasting.NO and panel.marker.fasting != "no":
        marks.append(("f", gettext("not fasting")))
    conditions = conditions_of(point)
    if "not_in_the_morning" in conditions:
        marks.append(("t", gettext("not drawn in the morning")))
    if "biotin" in conditions:
        marks.append(("b", gettext("biotin taken")))
    if point.g_csf == Taken.YES and _moved_by("g_csf", panel.marker):
        marks.append(("g", gettext("on G-CSF")))
    if point.steroid == Taken.YES and _moved_by("steroid", panel.marker):
        marks.append(("s", gettext("on a steroid")))
    return tuple(marks)


def _moved_by(kind: str, marker: MarkerDefinition) -> bool:
    return any(kind in rule.kinds and rule.concerns(marker.code, marker.family) for rule in event_rules().events)


def _decimals(view: PointView) -> int:
    return len(view.reported.partition(".")[2])


def _derived_from(code: str) -> str:
    names = [catalogue().marker(one).short_name for one in INPUTS_OF.get(code, ())]
    return gettext("computed from %(inputs)s of the same draw") % {"inputs": listed(names)}
