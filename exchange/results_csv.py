"""The results of one patient as a file that `exchange.csv` reads back to the same record."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from exchange.csv.own_columns import EXPORTED
from exchange.rejected_csv import MARK, Echo
from patients.models import Draw, Patient, Result
from patients.selectors import primary_numbers
from patients.spreadsheet_cells import safe

FORM: Final = "1"  # of the columns
COLUMNS: Final = (
    *("patient_id", "marker", "value", "unit", "collected_at", "laboratory", "accession", "assay", "status"),
    *("ref_low", "ref_high", "flag", "fasting", "haemolysis", "biotin", "g_csf", "steroid", "draw_note", EXPORTED),
)
NOT_KNOWN: Final = "unknown"
HAEMOLYSIS: Final = {"present": "yes", "none": "no"}


def results_csv(patient: Patient) -> Iterator[str]:
    """Line by line, one result each, what stands now; values, units and limits as they were reported. Two queries."""
    out = csv.writer(Echo())
    yield MARK + str(out.writerow(COLUMNS))
    number = primary_numbers([patient.pk]).get(patient.pk, "")
    zone = ZoneInfo(settings.CLINIC_TIME_ZONE)
    rows = (
        Result.objects.current()
        .filter(draw__patient=patient)
        .select_related("draw", "assay")
        .order_by("draw__collected_at", "draw_id", "marker_id")
    )
    for result in rows.iterator(chunk_size=1000):
        yield str(out.writerow([safe(cell) for cell in _cells(number, result, zone)]))


def _cells(number: str, result: Result, zone: ZoneInfo) -> list[str]:
    draw = result.draw
    return [
        *(number, result.marker_id, result.reported, result.unit, _moment(draw, zone)),
        *(draw.laboratory, draw.accession, result.assay.name if result.assay else "", result.status),
        *(result.reference_low, result.reference_high, result.interpretation),
        _said(draw.fasting),
        _said(HAEMOLYSIS.get(draw.haemolysis, draw.haemolysis)),
        *(_said(taken) for taken in (draw.biotin, draw.g_csf, draw.steroid)),
        *(draw.note, FORM),
    ]


def _moment(draw: Draw, zone: ZoneInfo) -> str:
    local = draw.collected_at.astimezone(zone)
    return local.isoformat() if draw.time_known else local.date().isoformat()


def _said(word: str) -> str:
    return "" if word == NOT_KNOWN else word
