"""The list for the clinic: a row a patient, with what rose since when, last values, last scan, and room to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import get_language, gettext, ngettext, pgettext

from monitoring.models import Level
from monitoring.reports.head import draw_foot
from monitoring.reports.lettering import width_of, wrapped
from monitoring.reports.paper import LANDSCAPE, Paper
from monitoring.wording import date_text, moment_text
from monitoring.worklist import MarkerCell, WorklistRow

EDGE: Final = 34.0
SIZE, LINE = 7.4, 9.2
TITLE_SIZE, HEAD_HEIGHT, COLUMN_HEAD = 13.0, 34.0, 12.0
PADDING, LEAST_ROW = 4.0, 46.0
# Patient, level and alert, markers, draws, imaging; what is left of the width is for writing.
WIDTHS: Final = (130.0, 84.0, 200.0, 94.0, 104.0)

Line = tuple[str, bool]  # a line of a cell, and whether it stands out


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHead:
    """What the list is of, and who printed it; an empty text means there is nothing to say."""

    title: str
    of: str
    cut: str
    printed_by: str
    printed_at: str


def clinic_list(rows: Sequence[WorklistRow], head: ListHead) -> bytes:
    paper = Paper(title=gettext("Clinic list"), language=get_language() or "en", size=LANDSCAPE)
    pages = _pages(paper, [(row, _cells(row)) for row in rows])
    for number, page in enumerate(pages, start=1):
        if number > 1:
            paper.turn()
        y = _head(paper, head)
        if not rows:
            paper.text(EDGE, y + 12, gettext("Nobody here."), SIZE)
        for row, cells in page:
            y = _row(paper, row, cells, y)
        draw_foot(
            paper,
            page=number,
            pages=len(pages),
            printed_by=head.printed_by,
            printed_at=head.printed_at,
            synthetic=any(row.is_synthetic for row, _cells in page),
            edge=EDGE,
        )
    return paper.finished()


Filled = tuple[WorklistRow, list[list[Line]]]


def _pages(paper: Paper, rows: Sequence[Filled]) -> list[list[Filled]]:
    """No row is parted by the end of a page."""
    room = paper.height - 2 * EDGE - HEAD_HEIGHT - COLUMN_HEAD - 10
    pages: list[list[Filled]] = [[]]
    used = 0.0
    for row, cells in rows:
        height = _height(cells)
        if used + height > room and pages[-1]:
            pages.append([])
            used = 0.0
        pages[-1].append((row, cells))
        used += height
    return pages


def _height(cells: Sequence[Sequence[Line]]) -> float:
    return max(LEAST_ROW, max(map(len, cells)) * LINE + 2 * PADDING)


def _head(paper: Paper, head: ListHead) -> float:
    paper.text(EDGE, EDGE + 8, head.title, TITLE_SIZE, bold=True)
    room = paper.width - 2 * EDGE - (width_of(head.cut, SIZE) + 8 if head.cut else 0)
    paper.text(EDGE, EDGE + 21, head.of, SIZE + 0.6, width=room)
    if head.cut:
        paper.text(paper.width - EDGE, EDGE + 21, head.cut, SIZE, bold=True, align="right")
    titles = (
        gettext("Patient"),
        gettext("Level and alert"),
        gettext("What rises, last values"),
        gettext("Draws"),
        gettext("Last imaging"),
        gettext("Notes"),
    )
    y, x = EDGE + HEAD_HEIGHT, EDGE
    for title, width in zip(titles, (*WIDTHS, 0.0), strict=True):
        paper.text(x, y + 7, title, SIZE, colour="--quiet")
        x += width
    y += COLUMN_HEAD
    paper.line([(EDGE, y), (paper.width - EDGE, y)], width=0.8)
    return y


def _row(paper: Paper, row: WorklistRow, cells: Sequence[Sequence[Line]], top: float) -> float:
    height = _height(cells)
    x = EDGE
    for cell, width in zip(cells, WIDTHS, strict=True):
        for at, (text, bold) in enumerate(cell):
            paper.text(x, top + PADDING + 6.5 + at * LINE, text, SIZE, bold=bold)
        x += width
    notes = paper.width - EDGE - x
    paper.box(x, top + PADDING, notes, height - 2 * PADDING, edge="--quiet")
    paper.line([(EDGE, top + height), (paper.width - EDGE, top + height)], colour="--quiet", width=0.4)
    return top + height


# --- what a row says ----------------------------------------------------------------------------------------------
def _cells(row: WorklistRow) -> list[list[Line]]:
    cells = (_person(row), _level(row), _markers(row), _draws(row), _imaging(row))
    return [
        [(line, bold) for text, bold in cell if text for line in wrapped(text, SIZE, width - 8)]
        for cell, width in zip(cells, WIDTHS, strict=True)
    ]


def _person(row: WorklistRow) -> list[Line]:
    comma = pgettext("between facts", ", ")
    age = "" if row.age is None else f"{comma}{row.age}"
    return [
        (row.name, True),
        (f"{row.sex}{age} · {row.number or '—'}", False),
        (f"{row.histology}{comma}{row.stage}", False),
        (gettext("Synthetic data") if row.is_synthetic else "", False),
    ]


SIGNS: Final = {Level.ALERT.value: "▲▲", Level.WATCH.value: "△"}


def _level(row: WorklistRow) -> list[Line]:
    if not row.level:
        words = gettext("being evaluated") if row.pending_since else gettext("not evaluated yet")
        return [(gettext("not evaluated") if row.failed else words, True)]
    sign = SIGNS.get(row.level, "")
    lines = [(f"{sign} {Level(row.level).label}".strip(), bool(sign)), (row.alert_state_label, False)]
    if row.alert_age:
        lines.append((gettext("raised %(age)s") % {"age": row.alert_age}, False))
    if row.pending_since:
        since = moment_text(row.pending_since)
        lines.append((gettext("new results, being evaluated since %(since)s") % {"since": since}, False))
    return lines


def _markers(row: WorklistRow) -> list[Line]:
    return [(_marker(cell), cell.moved) for cell in row.markers] or [(gettext("no results yet"), False)]


def _marker(cell: MarkerCell) -> str:
    """`CEA 7.4 ng/mL H, +118 % since 12-Jan-2026`."""
    value = " ".join(part for part in (cell.short_name, cell.value, cell.unit, cell.flag) if part)
    since = gettext("since %(day)s") % {"day": date_text(cell.since)} if cell.since else ""
    change = " ".join(part for part in (cell.change, since) if part)
    return pgettext("between facts", ", ").join(part for part in (value, change) if part)


def _draws(row: WorklistRow) -> list[Line]:
    last = date_text(row.last_draw_on) if row.last_draw_on else "—"
    return [
        (gettext("last draw %(day)s") % {"day": last}, False),
        (gettext("next draw: %(due)s") % {"due": row.due or gettext("no plan")}, row.overdue),
        (row.missing, False),
        (row.call, False),
    ]


def _imaging(row: WorklistRow) -> list[Line]:
    if row.imaging is None:
        return [(gettext("no imaging on record"), False)]
    more = ngettext("and %(n)d other study of that day", "and %(n)d other studies of that day", row.imaging.more)
    return [
        (f"{row.imaging.modality} {date_text(row.imaging.performed_on)}", False),
        (row.imaging.label, False),
        *([(more % {"n": row.imaging.more}, False)] if row.imaging.more else []),
    ]


def cut_text(shown: int, found: int) -> str:
    """Said where not everybody is on the list."""
    if shown >= found:
        return ""
    return ngettext("the first %(shown)d of %(found)d patient", "the first %(shown)d of %(found)d patients", found) % {
        "shown": shown,
        "found": found,
    }
