"""One draw as it stands on record, with what each value means for this patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from patients.catalogue import MarkerDefinition, catalogue
from patients.derived import DerivedInput, derive
from patients.messages import urgent_texts
from patients.models import TAKEN_BACK, TREND_STATUSES, Draw, Patient, Result
from patients.reference import flag_between, reference_for, reported_limits
from patients.wording import interval_text


@dataclass(frozen=True, slots=True)
class SavedRow:
    """One value. The reference is in the marker's own unit; a value that was taken back has no flag."""

    marker: MarkerDefinition
    result: Result
    reference_text: str
    flag: str
    urgent: tuple[str, ...]

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
    """The current version of each result of a draw, in the order of the catalogue. One query."""
    age = patient.age_on(timezone.localtime(draw.collected_at).date())
    rows = []
    for result in draw.results.current().select_related("assay", "marker", "recorded_by").order_by("marker__order"):
        marker = catalogue().marker(result.marker_id)
        low, high = _limits_as_reported(result)
        if low is None and high is None:
            interval = reference_for(
                marker, sex=patient.sex, age=age, menopause=patient.menopausal_status, smoking=patient.smoking
            )
            low, high = (interval.low, interval.high) if interval else (None, None)
        stands = result.status not in TAKEN_BACK
        value = result.canonical_value if stands else None
        rows.append(
            SavedRow(
                marker=marker,
                result=result,
                reference_text=interval_text(low, high),
                flag="" if value is None else flag_between(value, result.comparator, low=low, high=high),
                urgent=() if value is None else urgent_texts(marker, value, result.comparator),
            )
        )
    return rows


def _limits_as_reported(result: Result) -> tuple[Decimal | None, Decimal | None]:
    """In the marker's own unit; a result without a value has no factor that leads there."""
    if result.factor is None:
        return None, None
    return reported_limits(result.reference_low, result.reference_high, factor=result.factor)


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
