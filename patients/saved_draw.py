"""One draw as it stands on record, with what each value means for this patient."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from patients.catalogue import MarkerDefinition, ReferenceInterval, catalogue
from patients.messages import explain
from patients.models import Draw, Patient, Result
from patients.plausibility import check_value
from patients.reference import flag, reference_for
from patients.wording import interval_text


@dataclass(frozen=True, slots=True)
class SavedRow:
    marker: MarkerDefinition
    result: Result
    reference: ReferenceInterval | None
    flag: str
    urgent: tuple[str, ...]

    @property
    def reference_text(self) -> str:
        return interval_text(self.reference.low, self.reference.high) if self.reference else ""


def saved_rows(patient: Patient, draw: Draw) -> list[SavedRow]:
    """The current version of each result of a draw, in the order of the catalogue. One query."""
    age = patient.age_on(timezone.localtime(draw.collected_at).date())
    rows = []
    for result in draw.results.current().select_related("assay", "marker").order_by("marker__order"):
        marker = catalogue().marker(result.marker_id)
        reference = reference_for(
            marker, sex=patient.sex, age=age, menopause=patient.menopausal_status, smoking=patient.smoking
        )
        concerns = check_value(marker, result.canonical_value, result.comparator)
        rows.append(
            SavedRow(
                marker=marker,
                result=result,
                reference=reference,
                flag=flag(result.canonical_value, result.comparator, reference),
                urgent=tuple(explain(c.code, c.params) for c in concerns if c.severity == "urgent"),
            )
        )
    return rows
