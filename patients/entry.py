"""The entry grid: one row a marker, each with what was typed, what it means and what stood there before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from patients.catalogue import MarkerDefinition, ReferenceInterval, catalogue
from patients.checking import CellCheck, CellInput, Known, check_draw
from patients.consistency import PARTS, WHOLE
from patients.derived import INPUTS_OF, DerivedInput, derive
from patients.messages import explain, urgent_texts
from patients.models import Absent, FollowUpPlan, Patient
from patients.plausibility import Concern
from patients.ranges import Intervals, Range, intervals_of, range_at
from patients.reading import AbsentReading, Reading
from patients.reference import flag, reference_for
from patients.selectors import SeriesPoint, series_points
from patients.services import NewResult, result_of
from patients.wording import change_text, number_text, unit_text

LONGEST_ASSAY = 80
HISTORY_SENT = 12
# What a follow-up panel has where nobody chose one: the tumour markers of lung cancer, bone turnover, calcium, counts.
DEFAULT_PANEL = (
    "CEA", "CYFRA211", "NSE", "PROGRP", "SCC", "BAP", "BCTX", "P1NP", "ALP", "CA", "ALB", "PLT", "WBC", "NEUT", "LYMPH",
    "LDH",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """What one row of the paper said, untouched."""

    value: str = ""
    unit: str = ""
    assay: str = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One row of the grid after reading. An empty row has neither reading nor error; `absent` says why no value."""

    marker: MarkerDefinition
    typed: Typed
    previous: SeriesPoint | None
    reference: Range | None
    reading: Reading | None = None
    absent: AbsentReading | None = None
    error: str = ""
    doubts: tuple[str, ...] = ()
    urgent: tuple[str, ...] = ()
    asks_again: bool = False

    @property
    def blocks(self) -> bool:
        return bool(self.error) or self.asks_again

    @property
    def names(self) -> str:
        """Everything a spreadsheet may call the marker, for a block that is pasted by name."""
        marker = self.marker
        return "|".join((marker.code, marker.short_name, marker.name_en, marker.name_zh, *marker.aliases))

    @property
    def units(self) -> tuple[tuple[str, Decimal], ...]:
        """Each unit the marker can be typed in, with the factor to its canonical unit."""
        return ((self.marker.unit, Decimal(1)), *((c.unit, c.factor) for c in self.marker.conversions))

    @property
    def unit(self) -> str:
        return self.typed.unit or self.marker.unit

    @property
    def unit_is_listed(self) -> bool:
        return self.unit in self.marker.accepted_units

    @property
    def reference_text(self) -> str:
        return self.reference.text if self.reference else ""

    @property
    def absent_text(self) -> str:
        if self.absent is None:
            return ""
        return gettext("No value: %(reason)s.") % {"reason": Absent(self.absent.absent).label}

    @property
    def flag(self) -> str:
        if self.reading is None:
            return ""
        return flag(self.reading.canonical.value, self.reading.reported.comparator, self.reference)

    @property
    def change(self) -> str:
        if self.reading is None or self.previous is None:
            return ""
        if self.reading.reported.comparator or self.previous.comparator:
            return ""
        return change_text(self.reading.canonical.value, self.previous.canonical)


@dataclass(frozen=True, slots=True)
class ComputedRow:
    """A marker computed from the others of this draw; empty until its inputs are in."""

    marker: MarkerDefinition
    value: str
    previous: SeriesPoint | None
    reference: Range | None
    flag: str
    urgent: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return INPUTS_OF[self.marker.code]

    @property
    def change(self) -> str:
        return change_text(Decimal(self.value), self.previous.canonical) if self.value and self.previous else ""

    @property
    def reference_text(self) -> str:
        return self.reference.text if self.reference else ""


def with_whole(codes: Collection[str]) -> set[str]:
    """With the white cells where both parts of them are: papers print the three together, and their sum is checked."""
    return {*codes, WHOLE} if all(part in codes for part in PARTS) else set(codes)


def panel_of(patient: Patient, *, everything: bool = False) -> tuple[MarkerDefinition, ...]:
    """The markers to offer: the active plan's panel, else the usual one; in the order of the catalogue."""
    if everything:
        return tuple(marker for marker in catalogue().markers if not marker.derived)
    plan = FollowUpPlan.objects.filter(patient=patient, is_active=True).first()
    chosen = with_whole({marker.pk for marker in plan.panel.all()} if plan else DEFAULT_PANEL)
    return tuple(marker for marker in catalogue().markers if marker.code in chosen and not marker.derived)


def typed_rows(data: Mapping[str, str]) -> dict[str, Typed]:
    """Every marker of which the form holds something, whichever rows the page had shown."""
    rows = {}
    for marker in catalogue().markers:
        value = data.get(f"value_{marker.code}")
        if value is not None and not marker.derived:
            rows[marker.code] = Typed(
                value=value,
                unit=data.get(f"unit_{marker.code}", ""),
                assay=data.get(f"assay_{marker.code}", "").strip(),
                confirm=data.get(f"confirm_{marker.code}", ""),
            )
    return rows


def typed_of(cells: Mapping[str, Mapping[str, str]]) -> dict[str, Typed]:
    """The cells of a draft, as the form would have sent them."""
    return {
        code: Typed(
            value=cell.get("value", ""),
            unit=cell.get("unit", ""),
            assay=cell.get("assay", "").strip(),
            confirm=cell.get("confirm", ""),
        )
        for code, cell in cells.items()
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """The grid of one draw of one patient. `across` is what does not fit between its values."""

    rows: tuple[EntryRow, ...]
    computed: tuple[ComputedRow, ...]
    history: Mapping[str, Sequence[SeriesPoint]]
    across: tuple[Concern, ...] = ()

    @property
    def readable(self) -> bool:
        return not any(row.blocks for row in self.rows)

    @property
    def empty(self) -> bool:
        return not any(row.typed.value.strip() for row in self.rows)

    def results(self) -> list[NewResult]:
        """What to record: every row that holds a value, or says why there is none."""
        return [_new_result(row, read) for row in self.rows if (read := row.reading or row.absent) is not None]

    def with_error(self, marker: str, text: str) -> Entry:
        rows = tuple(replace(row, error=text) if row.marker.code == marker else row for row in self.rows)
        return replace(self, rows=rows)

    def history_sent(self) -> dict[str, list[dict[str, str | None]]]:
        """The last values of each marker, for the page to choose from when the day of the draw is changed."""
        sent: dict[str, list[dict[str, str | None]]] = {}
        for code, points in self.history.items():
            sent[code] = [
                {
                    "at": timezone.localtime(point.collected_at).replace(tzinfo=None).isoformat(timespec="minutes"),
                    "canonical": None if point.comparator else f"{point.canonical:f}",
                    "text": f"{point.comparator}{point.value} {unit_text(point.unit)}".strip(),
                    "date": date_format(timezone.localtime(point.collected_at), "SHORT_DATE_FORMAT"),
                }
                for point in points[-HISTORY_SENT:]
            ]
        return sent


def read_entry(
    *,
    patient: Patient,
    markers: Sequence[MarkerDefinition],
    typed: Mapping[str, Typed],
    collected_at: dt.datetime,
    decimal_comma: bool = False,
    laboratory: str = "",
    history: Mapping[str, Sequence[SeriesPoint]] | None = None,
    intervals: Intervals | None = None,
    beside: Mapping[str, Decimal] | None = None,
) -> Entry:
    """Read everything that was typed. Values of markers that are not on the page are read too: nothing is dropped.

    `history` is what stood before and `intervals` the tables of the laboratory, where a page of many patients has read
    them for all of them at once; `beside` what stands in this very draw and stays
    (`patients.selectors.standing_counts`).
    """
    if history is None:
        history = series_points([patient.pk])[patient.pk]
    if intervals is None:
        intervals = intervals_of([laboratory])
    paper = _Paper(patient, collected_at, laboratory, intervals)
    filled = [code for code, cell in typed.items() if cell.value.strip()]
    shown = [*markers, *(one for one in catalogue().markers if one.code in filled and one not in markers)]
    blank = [
        EntryRow(
            marker=marker,
            typed=typed.get(marker.code, Typed()),
            previous=_last_before(history.get(marker.code, []), collected_at),
            reference=paper.range_of(marker, typed.get(marker.code, Typed()).assay),
        )
        for marker in shown
    ]
    check = check_draw(
        [CellInput(row.marker.code, row.typed.value, row.typed.unit, row.typed.confirm) for row in blank],
        at=collected_at,
        history={code: [_known(point) for point in points] for code, points in history.items()},
        references={row.marker.code: _usual(row.marker, patient, collected_at) for row in blank},
        decimal_comma=decimal_comma,
        beside=beside,
    )
    rows = tuple(_read_row(row, cell) for row, cell in zip(blank, check.cells, strict=True))
    computed = _computed(rows, paper=paper, history=history, beside=beside or {})
    return Entry(rows, computed, history, check.across)


def _known(point: SeriesPoint) -> Known:
    return Known(point.canonical, point.comparator, point.collected_at)


@dataclass(frozen=True, slots=True)
class _Paper:
    """The draw that is being entered, as far as the range of a value depends on it."""

    patient: Patient
    collected_at: dt.datetime
    laboratory: str
    intervals: Intervals

    def range_of(self, marker: MarkerDefinition, assay: str) -> Range | None:
        return range_at(
            marker=marker,
            patient=self.patient,
            collected_at=self.collected_at,
            laboratory=self.laboratory,
            assay=assay,
            intervals=self.intervals,
        )


def _usual(marker: MarkerDefinition, patient: Patient, collected_at: dt.datetime) -> ReferenceInterval | None:
    """The catalogue's own, by which a slip of the unit is told: a slip in the laboratory's table must not hide one."""
    return reference_for(
        marker,
        sex=patient.sex,
        age=patient.age_on(collected_at.date()),
        menopause=patient.menopausal_status,
        smoking=patient.smoking,
    )


def _last_before(points: Sequence[SeriesPoint], moment: dt.datetime) -> SeriesPoint | None:
    return next((point for point in reversed(points) if point.collected_at < moment), None)


def _read_row(row: EntryRow, check: CellCheck) -> EntryRow:
    typed = row.typed
    if not typed.value.strip():
        return row
    if len(typed.assay) > LONGEST_ASSAY or not typed.assay.isprintable():
        return replace(
            row, error=gettext("The name of the assay is longer than 80 signs or holds signs that do not print.")
        )
    if check.problem is not None:
        return replace(row, error=explain(*check.problem))
    if isinstance(check.reading, AbsentReading):
        return replace(row, absent=check.reading)
    return _confirmed(replace(row, reading=check.reading), check)


def _confirmed(row: EntryRow, check: CellCheck) -> EntryRow:
    """Hold a doubtful value back until it was typed a second time, the same."""
    urgent = tuple(explain(c.code, c.params) for c in check.concerns if c.severity == "urgent")
    doubts = tuple(explain(c.code, c.params) for c in check.concerns if c.severity == "confirm")
    row = replace(row, urgent=urgent, doubts=doubts, asks_again=check.doubtful and not check.confirmed)
    if not row.asks_again or not row.typed.confirm.strip():
        return row
    error = gettext("The two do not agree: first “%(first)s”, then “%(second)s”.") % {
        "first": row.typed.value.strip(),
        "second": row.typed.confirm.strip(),
    }
    return replace(row, error=error)


def _computed(
    rows: Sequence[EntryRow],
    *,
    paper: _Paper,
    history: Mapping[str, Sequence[SeriesPoint]],
    beside: Mapping[str, Decimal],
) -> tuple[ComputedRow, ...]:
    typed = {row.marker.code for row in rows if row.typed.value.strip()}
    standing = {code: DerivedInput(0, value, "") for code, value in beside.items() if code not in typed}
    inputs = standing | {
        row.marker.code: DerivedInput(0, row.reading.canonical.value, row.reading.reported.comparator)
        for row in rows
        if row.reading is not None
    }
    offered = {code: DerivedInput(0, Decimal(1), "") for code in (*standing, *(row.marker.code for row in rows))}
    computable = {value.marker for value in derive(offered) if value.value is not None}
    computed = []
    for value in derive(inputs):
        if value.marker not in computable:
            continue
        marker = catalogue().marker(value.marker)
        reference = paper.range_of(marker, "")
        computed.append(
            ComputedRow(
                marker=marker,
                value="" if value.value is None else number_text(value.value),
                previous=_last_before(history.get(marker.code, []), paper.collected_at),
                reference=reference,
                flag="" if value.value is None else flag(value.value, "", reference),
                urgent=() if value.value is None else urgent_texts(marker, value.value, ""),
            )
        )
    return tuple(computed)


def _new_result(row: EntryRow, reading: Reading | AbsentReading) -> NewResult:
    return replace(result_of(reading), assay=row.typed.assay, confirmed=bool(row.doubts))
