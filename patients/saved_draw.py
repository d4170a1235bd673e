"""One draw as it stands on record, with what each value means for this patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patients.catalogue import MarkerDefinition, catalogue
from patients.derived import DerivedInput, derive
from patients.messages import urgent_texts
from patients.models import TAKEN_BACK, TREND_STATUSES, Draw, Patient, Result
from patients.ranges import Range, intervals_of, range_at
from patients.reference import flag


@dataclass(frozen=True, slots=True)
class SavedRow:
    """One value. The reference is in the marker's own unit; a value that was taken back has no flag."""

    marker: MarkerDefinition
    result: Result
    reference: Range | None
    flag: str
    urgent: tuple[str, ...]

    @property
    def reference_text(self) -> str:
        return self.reference.text if self.reference else ""

    @property
    def status(self) -> str:
        """Said where the value is not one to rely on: preliminary, cancelled, entered in error ..."""
        return "" if self.result.status in TREND_STATUSES else self.result.get_status_display()

    @property
    def waits(self) -> bool:
        """For a second person: no trend reads it yet."""
        return bool(self.result.awaiting_check)

    @property
    def absent(self) -> str:
        """Why there is no value, in the reader's language; empty where there is one."""
        return self.result.get_absent_display() if self.result.absent else ""


def saved_rows(patient: Patient, draw: Draw) -> list[SavedRow]:
    """The current version of each result of a draw, in the order of the catalogue. Two queries."""
    intervals = intervals_of([draw.laboratory])
    rows = []
    for result in draw.results.current().select_related("assay", "marker", "recorded_by").order_by("marker__order"):
        marker = catalogue().marker(result.marker_id)
        within = range_at(
            marker=marker,
            patient=patient,
            collected_at=draw.collected_at,
            laboratory=draw.laboratory,
            assay=result.assay.name if result.assay else "",
            intervals=intervals,
            reported=(result.reference_low, result.reference_high),
            factor=result.factor,
        )
        stands = result.status not in TAKEN_BACK
        value = result.canonical_value if stands else None
        rows.append(
            SavedRow(
                marker=marker,
                result=result,
                reference=within,
                flag="" if value is None else flag(value, result.comparator, within),
                urgent=() if value is None else urgent_texts(marker, value, result.comparator),
            )
        )
    return rows


def urgent_of(rows: Sequence[SavedRow]) -> list[str]:
    """What must be told to a doctor now, of what was measured and of what is computed from it."""
    inputs = {
        row.marker.code: DerivedInput(row.result.pk, row.result.canonical_value, row.result.comparator)
        for row in rows
        if row.result.status not in TAKEN_BACK and row.result.canonical_value is not None
    }
    computed = [
        text
        for one in derive(inputs)
        if one.value is not None
        for text in urgent_texts(catalogue().marker(one.marker), one.value, "")
    ]
    return [*(text for row in rows for text in row.urgent), *computed]
