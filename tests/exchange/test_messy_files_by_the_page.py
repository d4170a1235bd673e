"""Each messy file, sent by the page, looked at and taken in, leaves what its note says, and once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exchange import tasks
from patients.models import BatchState, Draw, ImportBatch, Patient, Result
from tests.cast import Cast
from tests.exchange.test_batches import own_folder
from tests.exchange.test_columns import nurse, sent

__all__ = ["nurse", "own_folder"]


@pytest.fixture(scope="module")
def messy(shared_data: Path) -> Path:
    return shared_data / "04_csv" / "synthetic_messy"


@pytest.fixture(scope="module")
def notes(messy: Path) -> dict[str, Any]:
    return {note["file"]: note["expect"] for note in json.loads((messy / "expected.json").read_text(encoding="utf-8"))}


def taken_in(nurse: Client, batch: ImportBatch) -> ImportBatch:
    page = nurse.get(reverse("import_detail", args=[batch.pk])).content.decode()
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    nurse.post(reverse("import_confirm", args=[batch.pk]), {"seen": seen})
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize(
    ("name", "draws"),
    [
        ("01_utf8_bom_crlf.csv", 4),
        ("02_gbk_chinese_headers.csv", 2),
        ("03_semicolon_decimal_comma_latin1.csv", 2),
    ],
)
def test_a_file_of_good_lines_is_taken_in_whole_and_a_second_time_changes_nothing(
    nurse: Client, cast: Cast, messy: Path, notes: dict[str, Any], name: str, draws: int
) -> None:
    note = notes[name]
    content = (messy / name).read_bytes()
    batch = sent(nurse, cast, content, name=name, dry_run="on", create_patients="on")
    assert (batch.state, batch.results_new, batch.lines_rejected) == (BatchState.PREVIEWED, note["accepted"], 0)
    assert (Result.objects.count(), Patient.objects.count()) == (0, 0)
    batch = taken_in(nurse, batch)
    assert (batch.state, batch.results_new, batch.lines_rejected) == (BatchState.DONE, note["accepted"], 0)
    assert (Patient.objects.count(), Draw.objects.count()) == (batch.patients_created, draws)
    assert batch.patients_created == note.get("patients", 2)
    again = taken_in(nurse, sent(nurse, cast, content, name=name, dry_run="on"))
    assert (again.results_new, again.results_repeated, again.results_corrected) == (0, note["accepted"], 0)


def test_censored_values_are_kept_with_their_sign_and_the_rest_comes_back_to_be_mended(
    nurse: Client, cast: Cast, messy: Path, notes: dict[str, Any]
) -> None:
    name = "04_comparators_censored.csv"
    rows = notes[name]["per_row"]
    good = [(row["comparator"] or "", row["number"]) for row in rows if "number" in row]
    batch = taken_in(
        nurse, sent(nurse, cast, (messy / name).read_bytes(), name=name, dry_run="on", create_patients="on")
    )
    assert (batch.results_new, batch.lines_rejected) == (len(good), len(rows) - len(good)) == (12, 5)
    kept = Result.objects.order_by("draw__collected_at").values_list("comparator", "value")
    assert list(kept) == good

    response = nurse.get(reverse("import_rejected", args=[batch.pk]))
    back = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert back.count("\n") == 6
    mended = back.replace('"~3.2"', '"3.2"').replace('"<0,5"', '"<0.5"')
    batch = taken_in(nurse, sent(nurse, cast, mended, name="mended.csv", dry_run="on"))
    assert (batch.results_new, batch.results_repeated, batch.lines_rejected) == (2, 0, 3)
    mended_days = Result.objects.filter(batch=batch).order_by("draw__collected_at")
    assert [(row.draw.collected_at.date().isoformat(), row.reported) for row in mended_days] == [
        ("2023-11-10", "3.2"),
        ("2024-03-10", "<0.5"),
    ]
