"""The correction page: what stands in a draw, what was typed over it, and what somebody else changed meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from patients.catalogue import MarkerDefinition, catalogue
from patients.entry import EntryRow, Typed, read_entry
from patients.fact_wording import fact_label, fact_text
from patients.forms_correction import fields_of
from patients.history import reason_text, result_text
from patients.models import TAKEN_BACK, Draw, DrawChange, Patient, Result, ResultStatus
from patients.services import Change, NewResult, Seen, result_of
from patients.services.draw_facts import MOMENT, facts_of

STANDS: Final = ""
ACTS: Final = (
    (STANDS, gettext_lazy("stays, or is corrected")),
    (ResultStatus.CANCELLED, gettext_lazy("cancelled by the laboratory")),
    (ResultStatus.ENTERED_IN_ERROR, gettext_lazy("entered in error")),
)
LONGEST_ID: Final = 18


@dataclass(frozen=True, slots=True)
class Cell:
    """What the page holds of one result, untouched; `act` is a status that takes the value back, or empty."""

    value: str = ""
    unit: str = ""
    assay: str = ""
    confirm: str = ""
    act: str = STANDS

    def differs(self, other: Cell) -> bool:
        """Whether somebody typed something over `other`. In an emptied cell the unit alone says nothing."""
        if self.act:
            return True
        if self.value.strip() != other.value.strip():
            return True
        return bool(self.value.strip()) and (self.unit, self.assay) != (other.unit, other.assay)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRow:
    """One result on record, with what was typed over it."""

    marker: MarkerDefinition
    result: Result
    cell: Cell
    read: EntryRow | None = None
    error: str = ""

    @property
    def base(self) -> Cell:
        return as_it_stands(self.result)

    @property
    def changed(self) -> bool:
        return self.cell.differs(self.base)

    @property
    def blocks(self) -> bool:
        return bool(self.error) or (self.read is not None and self.read.blocks)

    @property
    def said(self) -> str:
        """What is wrong with the cell."""
        return self.error or (self.read.error if self.read else "")

    @property
    def asks_again(self) -> bool:
        return self.read is not None and self.read.asks_again and not self.read.error

    @property
    def status(self) -> str:
        return str(self.result.get_status_display()) if self.taken_back else ""

    @property
    def taken_back(self) -> bool:
        return self.result.status in TAKEN_BACK

    @property
    def units(self) -> tuple[tuple[str, Decimal], ...]:
        return ((self.marker.unit, Decimal(1)), *((c.unit, c.factor) for c in self.marker.conversions))

    @property
    def unit_is_listed(self) -> bool:
        return self.cell.unit in [unit for unit, _factor in self.units]

    @property
    def acts(self) -> tuple[tuple[str, object], ...]:
        """What may be chosen: a value that was taken back can only be entered again."""
        return ACTS[:1] if self.taken_back else ACTS


@dataclass(frozen=True, slots=True)
class Difference:
    """What somebody else changed while the page was open. `mine` is empty where nothing was typed there."""

    label: str
    seen: str
    stands: str
    mine: str
    by: str
    at: dt.datetime | None
    reason: str


def standing_results(draw: Draw) -> dict[str, Result]:
    """marker -> its current result, in the order of the catalogue."""
    rows = draw.results.current().select_related("assay", "recorded_by").order_by("marker__order")
    return {row.marker_id: row for row in rows}


def as_it_stands(result: Result) -> Cell:
    """The cell nobody has touched; empty where the value was taken back."""
    value = "" if result.status in TAKEN_BACK else result.as_typed
    return Cell(value=value, unit=result.unit, assay=result.assay.name if result.assay else "")


def seen_of(draw: Draw, standing: Mapping[str, Result]) -> Seen:
    return Seen(version=draw.version, results={marker: row.pk for marker, row in standing.items()})


def seen_in(data: Mapping[str, str]) -> Seen:
    """What the page said it had shown; a page that does not say so has shown nothing, which is never up to date."""
    results = {
        marker.code: _number(data[f"seen_{marker.code}"])
        for marker in catalogue().markers
        if f"seen_{marker.code}" in data
    }
    return Seen(version=_number(data.get("seen_version", "")), results=results)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else 0


def is_stale(seen: Seen, draw: Draw, standing: Mapping[str, Result]) -> bool:
    now = {marker: standing[marker].pk for marker in seen.results if marker in standing}
    return seen.version != draw.version or now != dict(seen.results)


def cells_in(data: Mapping[str, str], standing: Mapping[str, Result]) -> dict[str, Cell]:
    """What was typed over each result; one that the page did not hold is as it stands."""
    acts = {str(act) for act, _label in ACTS}
    cells = {}
    for code, result in standing.items():
        base = as_it_stands(result)
        act = data.get(f"act_{code}", STANDS)
        cells[code] = Cell(
            value=data.get(f"value_{code}", base.value),
            unit=data.get(f"unit_{code}", base.unit),
            assay=data.get(f"assay_{code}", base.assay).strip(),
            confirm=data.get(f"confirm_{code}", ""),
            act=act if act in acts else STANDS,
        )
    return cells


def plain_rows(standing: Mapping[str, Result], cells: Mapping[str, Cell]) -> tuple[CorrectionRow, ...]:
    """The rows as typed, not read."""
    return tuple(
        CorrectionRow(marker=catalogue().marker(code), result=result, cell=cells[code])
        for code, result in standing.items()
    )


def read_rows(
    patient: Patient,
    standing: Mapping[str, Result],
    cells: Mapping[str, Cell],
    *,
    at: dt.datetime,
    decimal_comma: bool = False,
) -> tuple[CorrectionRow, ...]:
    """The rows, the changed ones read as the entry page reads them, beside the values of this draw that stay."""
    rows = plain_rows(standing, cells)
    typed = {
        row.marker.code: Typed(row.cell.value, row.cell.unit, row.cell.assay, row.cell.confirm)
        for row in rows
        if row.changed and not row.cell.act
    }
    entry = read_entry(
        patient=patient,
        markers=(),
        typed=typed,
        collected_at=timezone.localtime(at),
        decimal_comma=decimal_comma,
        beside=_staying(rows),
    )
    read = {row.marker.code: row for row in entry.rows}
    return tuple(replace(row, read=read.get(row.marker.code), error=_refused(row)) for row in rows)


def _staying(rows: Iterable[CorrectionRow]) -> dict[str, Decimal]:
    """The numbers of this draw that nobody changes."""
    staying = (row for row in rows if not row.changed and not row.taken_back and not row.result.comparator)
    return {row.marker.code: row.result.canonical_value for row in staying if row.result.canonical_value is not None}


def _refused(row: CorrectionRow) -> str:
    """What is wrong with a change before its value is looked at."""
    base, name = as_it_stands(row.result), row.marker.short_name
    if row.cell.act and row.taken_back:
        return gettext("%(marker)s was taken back already. Type its value to enter it again.") % {"marker": name}
    if row.cell.act and replace(row.cell, act=STANDS).differs(base):
        return gettext(
            "%(marker)s has a new value and is taken back as well. Type %(value)s again to take it back, or choose "
            "“stays, or is corrected”."
        ) % {"marker": name, "value": base.value}
    if not row.cell.act and not row.cell.value.strip() and base.value:
        return gettext(
            "%(marker)s is empty. Type the right value, or choose “cancelled by the laboratory” or “entered in error”."
        ) % {"marker": name}
    return ""


def changes_of(rows: Iterable[CorrectionRow]) -> list[Change]:
    """What to write: every row that differs from the record."""
    changes = []
    for row in rows:
        if row.cell.act:
            changes.append(Change(marker=row.marker.code, status=row.cell.act))
        elif row.changed and row.read is not None and (row.read.reading or row.read.absent) is not None:
            changes.append(Change(marker=row.marker.code, new=_new_result(row, row.read)))
    return changes


def _new_result(row: CorrectionRow, read: EntryRow) -> NewResult:
    """The new value. The laboratory's limits stay where the unit does; its H or L spoke of the old value."""
    read_as = read.reading or read.absent
    assert read_as is not None
    old, new = row.result, result_of(read_as)
    keeps_limits = not new.absent and new.unit == old.unit
    limits = (old.reference_low, old.reference_high) if keeps_limits else ("", "")
    return replace(
        new,
        assay=row.cell.assay,
        confirmed=bool(read.doubts),
        reference_low=limits[0],
        reference_high=limits[1],
    )


# --- two people, one draw -------------------------------------------------------------------------------------------


def merged_cells(draw: Draw, seen: Seen, data: Mapping[str, str], standing: Mapping[str, Result]) -> dict[str, Cell]:
    """What was typed, over what stands now: a cell that was not touched shows the other person's value."""
    cells, shown = cells_in(data, standing), shown_results(draw, seen)
    for code, result in standing.items():
        if code not in shown or not cells[code].differs(as_it_stands(shown[code])):
            cells[code] = as_it_stands(result)
    return cells


def merged_facts(draw: Draw, seen: Seen, typed: Mapping[str, str]) -> dict[str, str]:
    """The fields of the draw's own facts likewise."""
    shown, now = fields_of(_facts_at(draw, seen.version)), fields_of(facts_of(draw))
    return {name: now[name] if typed.get(name, shown[name]) == shown[name] else typed[name] for name in now}


def differences(
    draw: Draw, seen: Seen, data: Mapping[str, str], standing: Mapping[str, Result]
) -> tuple[Difference, ...]:
    """What changed since the page was shown: what stood there, what stands now, what was typed here."""
    return (*_of_facts(draw, seen, data), *_of_results(draw, seen, data, standing))


def _of_results(
    draw: Draw, seen: Seen, data: Mapping[str, str], standing: Mapping[str, Result]
) -> Iterable[Difference]:
    cells, shown = cells_in(data, standing), shown_results(draw, seen)
    for code, now in standing.items():
        before = shown.get(code)
        if before is not None and before.pk == now.pk:
            continue
        cell = cells[code]
        typed = before is not None and cell.differs(as_it_stands(before))
        yield Difference(
            label=catalogue().marker(code).short_name,
            seen=result_text(before) if before else "",
            stands=result_text(now),
            mine=_typed_text(cell) if typed else "",
            by=str(now.recorded_by or ""),
            at=now.recorded_at,
            reason=reason_text(now.reason),
        )


def _of_facts(draw: Draw, seen: Seen, data: Mapping[str, str]) -> Iterable[Difference]:
    before, now = _facts_at(draw, seen.version), facts_of(draw)
    last = {change.field: change for change in _changes_since(draw, seen.version)}
    for name, change in last.items():
        shown = fields_of(before)
        fields = ("collected_on", "collected_time") if name == MOMENT else (name,)
        typed = [data.get(field, shown[field]) for field in fields]
        mine = "" if typed == [shown[field] for field in fields] else _fact_typed(name, typed)
        yield Difference(
            label=fact_label(name),
            seen=fact_text(name, before[name]),
            stands=fact_text(name, now[name]),
            mine=mine,
            by=str(change.by or ""),
            at=change.at,
            reason=reason_text(change.reason),
        )


def _fact_typed(name: str, typed: Sequence[str]) -> str:
    return " ".join(typed).strip() if name == MOMENT else fact_text(name, typed[0])


def _typed_text(cell: Cell) -> str:
    if cell.act:
        return str(dict(ACTS)[cell.act])
    return f"{cell.value.strip()} {cell.unit}".strip()


def shown_results(draw: Draw, seen: Seen) -> dict[str, Result]:
    """The results the page had shown; an id of another draw was never shown here."""
    rows = draw.results.filter(pk__in=seen.results.values()).select_related("assay")
    return {row.marker_id: row for row in rows}


def _changes_since(draw: Draw, version: int) -> list[DrawChange]:
    return list(draw.changes.filter(version__gt=version).select_related("by").order_by("version", "pk"))


def _facts_at(draw: Draw, version: int) -> dict[str, str]:
    """What the draw said of itself at an earlier version."""
    facts = facts_of(draw)
    for change in reversed(_changes_since(draw, version)):
        facts[change.field] = change.old
    return facts
