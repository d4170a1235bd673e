"""One page of A4 for the tumour board. What there is no room for is named; nothing shrinks until it is unreadable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.utils.translation import get_language, gettext

from monitoring.chart_events import span_rows
from monitoring.chart_lanes import IMAGING_SYMBOLS
from monitoring.chart_panels import Panel
from monitoring.draw_notes import reason_text
from monitoring.reports.glyphs import draw_glyph
from monitoring.reports.graph import (
    REFERENCE,
    REFERENCE_EDGE,
    TITLE_HEIGHT,
    TimeFrame,
    draw_dates,
    draw_lane,
    draw_panel,
    lane_height,
)
from monitoring.reports.head import draw_banner, draw_foot
from monitoring.reports.lettering import ELLIPSIS, shortened, width_of, wrapped
from monitoring.reports.paper import Paper
from monitoring.reports.patient_report import PatientReport, TableRow
from monitoring.wording import date_text, listed
from patients.models import Finding

EDGE: Final = 34.0
SAID_SIZE, SAID_LINE, MOST_SAID = 8.0, 10.2, 12
AXIS_WIDTH: Final = 50.0  # left of the plots: numbers of the axes, names of the lanes
DATES_HEIGHT, LEGEND_LINE, LEGEND_LINES, GAP = 9.0, 8.5, 2, 4.0
LEAST_PLOT, MOST_PLOT = 29.0, 88.0
ROW_HEIGHT, ROW_SIZE, MOST_ROWS = 8.7, 7.0, 28
NOTE_SIZE, NOTE_LINE = 6.2, 7.8
NAME_WIDTH, UNIT_WIDTH, LIMITS_WIDTH = 62.0, 46.0, 62.0
IMAGING_SHAPES: Final = frozenset(shape for shape, _ink in IMAGING_SYMBOLS.values())
FLAG_AT: Final = 20.0  # right of the decimal point


def patient_sheet(report: PatientReport) -> bytes:
    """The document. Its title and file name do not say whose it is: they are shown in lists of downloads."""
    paper = Paper(title=gettext("Marker sheet"), language=get_language() or "en")
    y = draw_banner(paper, report.banner, EDGE)
    y = _said(paper, report, y)
    rows = report.rows[:MOST_ROWS]
    foot_top = paper.height - EDGE - _foot_height(paper, report)
    table_top = foot_top - _table_height(rows)
    left_out: list[str] = []
    if report.start:
        left_out = _charts(paper, report, y, table_top - GAP)
    else:
        paper.text(EDGE, y + 7.6, report.window, SAID_SIZE)
    _table(paper, report, rows, table_top)
    _notes(paper, report, left_out, foot_top)
    draw_foot(
        paper,
        page=1,
        pages=1,
        printed_by=report.printed_by,
        printed_at=report.printed_at,
        synthetic=report.banner.is_synthetic,
        edge=EDGE,
    )
    return paper.finished()


def _wide(paper: Paper) -> float:
    return paper.width - 2 * EDGE


def _said(paper: Paper, report: PatientReport, y: float) -> float:
    """Urgent values and alerts first; what does not fit is said to stand on the page."""
    lines = [
        (line, first)
        for sentence, first in report.said
        for line in wrapped(sentence, SAID_SIZE, _wide(paper) - 8, most=2)
    ]
    if len(lines) > MOST_SAID:
        lines = [*lines[: MOST_SAID - 1], (gettext("… see the page"), False)]
    for line, first in lines:
        paper.text(EDGE + (0 if first else 8), y + 7.6, line, SAID_SIZE, bold=first)
        y += SAID_LINE
    return y + 2


# --- charts -------------------------------------------------------------------------------------------------------
def _charts(paper: Paper, report: PatientReport, top: float, bottom: float) -> list[str]:
    """Lanes, then as many panels as can be read; returns the short names of those left out."""
    assert report.start is not None
    assert report.end is not None
    frame = TimeFrame(EDGE + AXIS_WIDTH, _wide(paper) - AXIS_WIDTH, report.start, report.end)
    paper.text(EDGE, top + 7.6, report.window, SAID_SIZE, colour="--quiet")
    y = top + 12
    room = bottom - y - sum(map(lane_height, report.lanes)) - DATES_HEIGHT - LEGEND_LINES * LEGEND_LINE - 4
    each = TITLE_HEIGHT + GAP
    fit = max(1, min(len(report.panels), int(room / (each + LEAST_PLOT))))
    height = min(MOST_PLOT, room / fit - each)
    for lane in report.lanes:
        draw_lane(paper, lane, frame, y, label_left=EDGE)
        y += lane_height(lane)
    for panel in report.panels[:fit]:
        draw_panel(paper, panel, frame, y, height, report.spans.get(panel.marker.code, ()))
        y += each + height
    draw_dates(paper, frame, y + 4)
    _legend(paper, report.panels[:fit], y + DATES_HEIGHT + 6, imaging=report.has_imaging)
    return [panel.marker.short_name for panel in report.panels[fit:]]


def _legend(paper: Paper, panels: Sequence[Panel], base: float, *, imaging: bool) -> None:
    """How to read the marks, those of the family that is drawn first."""
    symbol = panels[0].symbol if panels else "circle"
    colour = panels[0].colour if panels else "--ink"
    entries: list[tuple[str, str]] = [
        ("reference", gettext("reference range")),
        ("personal", gettext("expected of this person")),
        ("supports", gettext("supports the rise")),
        (f"{symbol}-open", gettext("shown, not used")),
        (f"{symbol}-open-dot", gettext("counts for less or carries no alert")),
        ("triangle-down-open", gettext("below the reporting limit (<)")),
        ("triangle-up-open", gettext("above the measuring limit (>)")),
        ("break", gettext("assay or laboratory changed")),
    ]
    found = [(shape, f"{gettext('imaging')}: {Finding(kind).label}") for kind, (shape, _ink) in IMAGING_SYMBOLS.items()]
    x = EDGE
    for kind, words in [*entries, *(found if imaging else [])]:
        if x > EDGE and x + 11 + width_of(words, NOTE_SIZE) > EDGE + _wide(paper):
            x, base = EDGE, base + LEGEND_LINE
        _key(paper, kind, x, base - 2.2, symbol=symbol, colour=colour)
        x += 11 + paper.text(x + 11, base, words, NOTE_SIZE, colour="--quiet") + 8


def _key(paper: Paper, kind: str, x: float, middle: float, *, symbol: str, colour: str) -> None:
    if kind == "reference":
        paper.area(_key_box(x, middle), fill=REFERENCE, edge=REFERENCE_EDGE)
    elif kind == "personal":
        paper.area(_key_box(x, middle), fill=f"var({colour})@0.12", edge="--quiet", width=0.3, dash="dash")
    elif kind == "break":
        paper.line([(x + 4, middle - 4), (x + 4, middle + 4)], colour="--quiet", width=0.7, dash="dot")
    elif kind == "supports":
        draw_glyph(paper, symbol, (x + 4, middle), 3.3, colour=colour, edge="--ink")
    else:
        draw_glyph(paper, kind, (x + 4, middle), 2.2, colour="--quiet" if kind in IMAGING_SHAPES else colour)


def _key_box(x: float, middle: float) -> list[tuple[float, float]]:
    return [(x, middle - 3), (x + 9, middle - 3), (x + 9, middle + 3), (x, middle + 3)]


# --- table --------------------------------------------------------------------------------------------------------
def _table_height(rows: Sequence[TableRow]) -> float:
    return 2 * ROW_HEIGHT + len(rows) * ROW_HEIGHT + 4 if rows else 0


def _table(paper: Paper, report: PatientReport, rows: Sequence[TableRow], top: float) -> None:
    """The last draws, the newest at the right, values as reported and their decimal points below each other."""
    if not rows:
        return
    left = EDGE + NAME_WIDTH + UNIT_WIDTH + LIMITS_WIDTH
    column = (EDGE + _wide(paper) - left) / max(len(report.headings), 1)
    base = top + 7
    titles = ((gettext("Marker"), 0.0), (gettext("Unit"), NAME_WIDTH), (gettext("Reference"), NAME_WIDTH + UNIT_WIDTH))
    for words, at in titles:
        paper.text(EDGE + at, base, words, ROW_SIZE, colour="--quiet")
    places = [left + at * column + 4 for at in range(len(report.headings))]
    for x, heading in zip(places, report.headings, strict=True):
        paper.text(x, base, heading.day, ROW_SIZE, bold=True)
    for x, heading in zip(places, report.headings, strict=True):
        paper.text(x, base + 7.4, heading.laboratory, NOTE_SIZE, colour="--quiet", width=column - 6)
    y = top + 2 * ROW_HEIGHT
    paper.line([(EDGE, y - 1), (EDGE + _wide(paper), y - 1)], colour="--quiet", width=0.4)
    for number, row in enumerate(rows):
        if number % 2:
            paper.box(EDGE, y, _wide(paper), ROW_HEIGHT, fill="var(--ink)@0.04")
        _row(paper, row, y + 6.6, left=left, column=column)
        y += ROW_HEIGHT


def _row(paper: Paper, row: TableRow, base: float, *, left: float, column: float) -> None:
    paper.text(EDGE, base, row.name, ROW_SIZE, bold=True, width=NAME_WIDTH - 3)
    paper.text(EDGE + NAME_WIDTH, base, row.unit, ROW_SIZE, width=UNIT_WIDTH - 3)
    paper.text(EDGE + NAME_WIDTH + UNIT_WIDTH, base, row.limits, ROW_SIZE, colour="--quiet", width=LIMITS_WIDTH - 3)
    if row.earlier:
        paper.text(left + 4, base, row.earlier, ROW_SIZE, colour="--quiet")
    for at, cell in enumerate(row.cells):
        if cell is None:
            continue
        x, point = left + at * column + 4, left + at * column + 4 + column * 0.4
        whole = width_of(cell.value.partition(".")[0], ROW_SIZE)
        begin = max(x, point - whole)
        marks = "".join(letter for letter, _meaning in cell.marks)
        rest = " ".join(part for part in (cell.flag, marks, cell.unit) if part)
        end = left + (at + 1) * column
        room = end - begin - 2
        value = cell.value if width_of(cell.value, ROW_SIZE) <= room else shortened(cell.value, ROW_SIZE, room)
        long = paper.text(begin, base, value, ROW_SIZE, bold=cell.supports)
        beside = max(begin + long + 3, min(point + FLAG_AT, x + column - 24, end - width_of(rest, ROW_SIZE) - 1))
        # Small rather than cut off: a unit or a flag that is cut off is another one.
        size = ROW_SIZE if width_of(rest, ROW_SIZE) <= end - beside else NOTE_SIZE
        if rest:
            paper.text(beside, base, rest, size, bold=bool(cell.flag), width=end - beside)


# --- notes --------------------------------------------------------------------------------------------------------
LEFT_OUT_LINES, LABORATORY_LINES, MARK_LINES, HATCHED_LINES, REBASED_LINES = 4, 2, 2, 3, 2


def _foot_height(paper: Paper, report: PatientReport) -> float:
    lines = LEFT_OUT_LINES + len(_fixed_notes(paper, report)) + 1
    return lines * NOTE_LINE + 12


def _fixed_notes(paper: Paper, report: PatientReport) -> list[str]:
    """What stands under every sheet: the marks, whose values, who read them, and what markers can say."""
    wide = _wide(paper)
    notes: list[str] = []
    if report.marks:
        meanings = listed([f"{letter} {meaning}" for letter, meaning in report.marks])
        notes += _noted(gettext("Marks: %(marks)s") % {"marks": meanings}, wide, most=MARK_LINES)
    if hatched := hatched_text(report):
        notes += _noted(hatched, wide, most=HATCHED_LINES)
    if rebased := rebased_text(report):
        notes += _noted(rebased, wide, most=REBASED_LINES)
    if report.laboratories:
        named = gettext("Laboratories and methods: %(named)s") % {"named": report.laboratories}
        notes += _noted(named, wide, most=LABORATORY_LINES)
    notes += wrapped(gettext("Reading: %(reading)s") % {"reading": report.reading}, NOTE_SIZE, wide, most=1)
    return notes + wrapped(what_markers_show(), NOTE_SIZE, wide)


def _noted(text: str, wide: float, *, most: int) -> list[str]:
    """The lines of a note; one that is too long says where the rest stands."""
    lines = wrapped(text, NOTE_SIZE, wide)
    if len(lines) <= most:
        return lines
    more = gettext("… see the page")
    room = wide - width_of(f" {more}", NOTE_SIZE)
    last = shortened(" ".join(lines[most - 1 :]), NOTE_SIZE, room).removesuffix(ELLIPSIS).rstrip()
    return [*lines[: most - 1], f"{last} {more}"]


def rebased_text(report: PatientReport) -> str:
    """Where an event re-based the own level of a marker that is drawn, and why: its line may have no room for words."""
    if report.start is None or report.end is None:
        return ""
    first, last = report.start.isoformat(), report.end.isoformat()
    said = [
        f"{panel.marker.short_name} {date_text(dt.date.fromisoformat(view.x[:10]))} ({reason_text(reading.rebased)})"
        for panel in report.panels
        for view in panel.views
        if (reading := view.reading) and reading.rebased and not view.breaks and first <= view.x <= last
    ]
    return gettext("Own level re-based: %(marks)s") % {"marks": "; ".join(said)} if said else ""


def hatched_text(report: PatientReport) -> str:
    """When an event holds a marker back and why, of the markers that are drawn."""
    drawn = {panel.marker.code: panel.marker.short_name for panel in report.panels}
    rows = span_rows({drawn[code]: spans for code, spans in report.spans.items() if code in drawn and spans})
    said = [f"{row.markers} {row.first} – {row.last} {row.what} ({row.why})" for row in rows]
    return gettext("Hatched: %(spans)s") % {"spans": "; ".join(said)} if said else ""


def what_markers_show() -> str:
    """After the UK audit of tumour-marker reports (ACB 2013): what a range says, and that benign disease raises too."""
    return gettext(
        "A value outside its reference range neither proves nor excludes a tumour: benign disease, infection, "
        "treatment and impaired kidney or liver function move markers too, and no rise does not mean no progression. "
        "Bone markers show bone turnover; a bone metastasis is shown by imaging. Values of different methods or "
        "laboratories are not compared. Decision support, not a diagnosis."
    )


def _notes(paper: Paper, report: PatientReport, no_room: Sequence[str], top: float) -> None:
    parts = []
    if no_room:
        parts.append(gettext("No room for the charts of: %(markers)s.") % {"markers": listed(no_room)})
    if report.outside:
        parts.append(gettext("No value in this window: %(markers)s.") % {"markers": listed(report.outside)})
    if report.not_drawn:
        parts.append(gettext("Treatments not drawn: %(names)s.") % {"names": listed(report.not_drawn)})
    if report.not_shown:
        parts.append(gettext("Conditions not drawn: %(names)s.") % {"names": listed(report.not_shown)})
    if len(report.rows) > MOST_ROWS:
        names = listed([row.name for row in report.rows[MOST_ROWS:]])
        parts.append(gettext("No room in the table for: %(markers)s.") % {"markers": names})
    left_out = wrapped(" ".join(parts), NOTE_SIZE, _wide(paper)) if parts else []
    if len(left_out) > LEFT_OUT_LINES:
        left_out = [*left_out[: LEFT_OUT_LINES - 1], gettext("More is left out than can be named here: see the page.")]
    lines = [*left_out, *_fixed_notes(paper, report)]
    if paper.unprintable:
        lines.append(
            gettext("[U+…] stands for a character that the print font does not hold, by its number in Unicode.")
        )
    for at, line in enumerate(lines):
        paper.text(EDGE, top + 10 + at * NOTE_LINE, line, NOTE_SIZE, colour="--quiet")
