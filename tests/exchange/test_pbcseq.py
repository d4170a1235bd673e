"""Real patients over years: what is in the catalogue is taken, the rest is rejected line by line."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from exchange.loader import ImportSummary, Order, import_file
from patients.models import Draw, ImportBatch, Patient, Result
from tests.cast import Cast

TAKEN = {"ALB", "ALP", "PLT"}


@pytest.fixture(scope="module")
def series(shared_data: Path) -> Path:
    return shared_data / "01_longitudinal" / "pbcseq_long.csv"


def take_in(series: Path, cast: Cast) -> ImportSummary:
    order = Order(actor="test", file_name=series.name, care_team=cast.team, create_patients=True)
    with series.open("rb") as stream:
        return import_file(order=order, stream=stream)


def test_the_published_series_is_taken_in_to_the_last_line_and_again_changes_nothing(series: Path, cast: Cast) -> None:
    with series.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    good = [row for row in rows if row["analyte"] in TAKEN]
    bad = [row for row in rows if row["analyte"] not in TAKEN]
    draws = {(row["patient_id"], row["collected"]) for row in good}
    assert (len(rows), len(good), len(bad), len(draws)) == (6087, 2742, 3345, 935)

    counts = take_in(series, cast).counts
    assert (counts.results_new, counts.results_repeated, counts.results_corrected) == (2742, 0, 0)
    assert (counts.lines_rejected, counts.draws_created, counts.patients_created) == (3345, 935, 156)
    assert Patient.objects.count() == len({row["patient_id"] for row in good}) == 156
    assert Draw.objects.count() == 935
    by_marker = Counter(Result.objects.values_list("marker_id", flat=True))
    assert by_marker == Counter(row["analyte"] for row in good)
    rejected = ImportBatch.objects.get().rejected_lines
    assert set(rejected.values_list("code", flat=True)) == {"marker_unknown"}
    lines = [number for number, row in enumerate(rows, start=2) if row["analyte"] not in TAKEN]
    assert list(rejected.values_list("line_number", flat=True)) == lines

    albumin = Result.objects.get(
        marker_id="ALB", draw__patient__identifiers__value="PBC001", draw__collected_at__date="2010-01-01"
    )
    assert (albumin.value, albumin.unit, albumin.canonical_value) == ("2.6", "g/dL", Decimal(26))
    assert set(Patient.objects.values_list("sex", flat=True)) == {"female", "male"}

    counts = take_in(series, cast).counts
    assert (counts.results_new, counts.results_repeated, counts.results_corrected) == (0, 2742, 0)
    assert (counts.lines_rejected, counts.patients_created, counts.draws_created) == (3345, 0, 0)
    assert (Result.objects.count(), Draw.objects.count()) == (2742, 935)
