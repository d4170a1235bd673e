"""Results without a value, for the pages that list what was drawn. No series holds them.

Callers have passed `patients.access`, or are the system.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from patients.models import TREND_STATUSES, Absent, Result


@dataclass(frozen=True, slots=True)
class AbsentResult:
    """One cell that says why there is no value."""

    draw_id: int
    marker: str
    collected_at: dt.datetime
    time_known: bool
    fasting: str
    haemolysis: str
    as_typed: str
    absent: str
    version: int
    awaiting_check: str = ""

    @property
    def reason(self) -> str:
        """In the reader's language."""
        return str(Absent(self.absent).label)


def absent_results(patient_id: int) -> list[AbsentResult]:
    """The patient's, oldest first. One query."""
    rows = Result.objects.current().filter(draw__patient_id=patient_id, status__in=TREND_STATUSES)
    columns = (
        "draw_id",
        "marker_id",
        "draw__collected_at",
        "draw__time_known",
        "draw__fasting",
        "draw__haemolysis",
        "as_typed",
        "absent",
        "version",
        "awaiting_check",
    )
    ordered = rows.exclude(absent="").order_by("draw__collected_at", "draw_id", "marker__order")
    return [AbsentResult(*row) for row in ordered.values_list(*columns)]
