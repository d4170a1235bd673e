"""A file that takes longer than a task may is done in slices, each going on where the one before ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from exchange import batches, run, tasks
from exchange.csv.mapping import FileMapping, fingerprint
from exchange.csv.said import proposed
from exchange.orders import Counts
from patients.models import BatchState, ImportBatch, ImportSource, LineOutcome, Patient, Result
from patients.services import plan_draws
from tests.cast import Cast, give_draw, make_patient
from tests.exchange.files import HEADER, refusals, take_in
from tests.exchange.test_batches import own_folder
from tests.exchange.test_previews import confirm

__all__ = ["own_folder"]

NAMED = "patient_id,dob,marker,value,unit,collected_at\n"
# New patients whose draws and steps go on past the ends of pieces, one of whom is refused at first; a repeat, a
# contradiction, a rejected line, an odd value, and a patient on record.
LINES = [
    "N1,,CEA,3.1,ng/mL,2024-03-10\n",
    "N2,11/12/1961,CEA,3.2,ng/mL,2024-03-10\n",  # that date of birth can be read in two ways
    "P1,,CEA,3.2,ng/mL,2024-03-12\n",
    "N1,,ALP,90,U/L,2024-03-10\n",
    "N1,,CEA,3.1,ng/mL,2024-03-10\n",
    "N2,,CEA,3.2,ng/mL,2024-03-10\n",
    "N1,,PLT,210,10*9/L,2024-03-10\n",
    "N1,,CEA,3000,ng/mL,2024-03-20\n",
    "N1,,CEA,9.9,ng/mL,2024-03-10\n",
    "N2,,BILI,1,mg/dL,2024-03-10\n",
    "P1,,ALP,90,U/L,2024-03-12\n",
]


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "LINES_A_PIECE", 2)


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run is over after its first piece."""
    monkeypatch.setattr(batches, "SLICE_SECONDS", 0)


def received(cast: Cast, content: str, *, dry_run: bool = True) -> ImportBatch:
    return batches.receive(
        user=cast.nurse,
        file=ContentFile(content.encode()),
        file_name="results.csv",
        care_team=cast.team,
        dry_run=dry_run,
        create_patients=True,
        nudge=lambda _batch: None,
    )


def counts_of(batch: ImportBatch) -> dict[str, int]:
    batch.refresh_from_db()
    return {count.name: getattr(batch, count.name) for count in fields(Counts)}


def all_shown(batch: ImportBatch) -> tuple[list[Any], list[Any], list[Any]]:
    return (
        list(batch.outcomes.values_list("line_number", "fate", "marker", "old", "new", "to_check", "concerns")),
        list(batch.rejected_lines.values_list("line_number", "code", "params")),
        list(batch.shown_pieces.values_list("lines_done", "digest")),
    )


def person_on_record(cast: Cast) -> Patient:
    patient = make_patient(cast.team, number="P1")
    give_draw(patient, dt.datetime(2024, 3, 12, tzinfo=dt.UTC), {"CEA": "3.2", "ALP": "80"})
    return patient


def test_a_preview_in_slices_shows_what_one_run_shows(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    person_on_record(cast)
    at_once = received(cast, NAMED + "".join(LINES))
    assert batches.process(at_once.pk) is False

    monkeypatch.setattr(batches, "SLICE_SECONDS", 0)
    sliced = received(cast, NAMED + "".join(LINES))
    done = []
    while batches.process(sliced.pk):
        sliced.refresh_from_db()
        done.append((sliced.state, sliced.lines_done))
    assert done == [(BatchState.RUNNING, lines) for lines in (2, 4, 6, 8, 10)]
    sliced.refresh_from_db()
    assert sliced.state == BatchState.PREVIEWED
    assert counts_of(sliced) == counts_of(at_once)
    assert all_shown(sliced) == all_shown(at_once)
    assert (sliced.patients_created, sliced.draws_created, sliced.lines_rejected) == (2, 3, 3)
    assert (sliced.to_check, sliced.results_corrected, sliced.results_repeated) == (1, 1, 2)
    assert Result.objects.count() == 2


def test_what_was_previewed_in_slices_is_taken_in_in_slices(cast: Cast, no_time: None) -> None:
    person_on_record(cast)
    batch = received(cast, NAMED + "".join(LINES))
    while batches.process(batch.pk):
        pass
    shown = counts_of(batch)
    confirm(cast, batch)
    while batches.process(batch.pk):
        pass
    assert counts_of(batch) == shown
    assert batch.state == BatchState.DONE
    dry = take_in(NAMED + "".join(LINES), care_team=cast.team, create_patients=True, dry_run=True)
    assert (dry.counts.results_new, dry.counts.results_corrected, dry.counts.patients_created) == (0, 0, 0)
    assert asdict(dry.counts)["lines_done"] == len(LINES)


def test_a_preview_whose_time_is_up_sends_for_the_next_slice(
    cast: Cast, no_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.import_file, "delay", sent.append)
    batch = received(cast, NAMED + "".join(LINES[:4]))
    tasks.import_file(batch.pk)
    assert sent == [batch.pk]
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (sent, batch.state) == ([batch.pk], BatchState.PREVIEWED)


def test_a_preview_that_its_time_limit_broke_off_goes_on_after_its_last_piece(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_on_record(cast)
    batch = received(cast, NAMED + "".join(LINES))
    real, calls = plan_draws, []

    def out_of_time_at_the_second(items: Any) -> Any:
        calls.append(items)
        if len(calls) == 2:
            raise SoftTimeLimitExceeded
        return real(items)

    with monkeypatch.context() as patch:
        patch.setattr(run, "plan_draws", out_of_time_at_the_second)
        tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.lines_done, batch.idle_runs) == (BatchState.RUNNING, 2, 0)
    assert batches.due(now=timezone.now() + dt.timedelta(minutes=1)) == [batch.pk]
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.lines_done, batch.patients_created) == (BatchState.PREVIEWED, len(LINES), 2)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_gets_no_further_twice_is_stopped_with_the_reason(
    cast: Cast, own_folder: Path, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    batch = received(cast, NAMED + "".join(LINES), dry_run=dry_run)

    def killed(*_anything: object, **_more: object) -> None:
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patch:
        patch.setattr(run, "plan_draws" if dry_run else "record_draws", killed)
        for runs in (1, 2):
            tasks.import_file(batch.pk)
            batch.refresh_from_db()
            assert (batch.state, batch.idle_runs) == (BatchState.RUNNING, runs)
        tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure, batch.stored_as) == (BatchState.FAILED, "no_progress", "")
    assert list(own_folder.iterdir()) == []
    client = Client()
    client.force_login(cast.nurse)
    page = client.get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert "This file was begun 2 times and broken off each time" in page
    assert "0 of 11 lines. Split it into smaller files" in page
    assert batches.due(now=timezone.now() + dt.timedelta(minutes=1)) == []


def test_a_run_that_did_a_piece_is_not_counted_as_one_without_progress(cast: Cast, no_time: None) -> None:
    batch = received(cast, NAMED + "".join(LINES[:6]))
    assert [batches.process(batch.pk) for _run in range(3)] == [True, True, False]
    batch.refresh_from_db()
    assert (batch.state, batch.idle_runs) == (BatchState.PREVIEWED, 0)


def test_a_line_that_was_refused_before_the_break_does_not_make_a_later_one_a_repeat(cast: Cast, no_time: None) -> None:
    """Its patient could not be made from the first line, and is made from the second."""
    content = NAMED + LINES[1] + LINES[2] + LINES[5]
    batch = received(cast, content, dry_run=False)
    while batches.process(batch.pk):
        pass
    batch.refresh_from_db()
    assert (batch.results_new, batch.results_repeated, batch.lines_rejected) == (2, 0, 1)
    assert Result.objects.get(draw__patient__identifiers__value="N2").reported == "3.2"


@pytest.mark.parametrize("apart", [0, 1, 5])
def test_a_line_like_one_that_the_record_refused_is_refused_too_and_is_no_repeat(cast: Cast, apart: int) -> None:
    patient = make_patient(cast.team, number="P1")
    header = HEADER.strip() + ",accession\n"
    take_in(header + "P1,CEA,3.2,ng/mL,2024-03-12,A7\n")
    between = "".join(f"P1,ALP,9{day},U/L,2024-04-1{day},B{day}\n" for day in range(apart))
    line = "P1,CEA,9.9,ng/mL,2025-03-12,A7\n"
    assert refusals(header + line + between + line) == [
        (2, "accession_at_another_time"),
        (3 + apart, "accession_at_another_time"),
    ]
    assert patient.draws.count() == 1 + apart


# --- discarded at any time


def discard(cast: Cast, batch: ImportBatch) -> Any:
    client = Client()
    client.force_login(cast.nurse)
    return client.post(reverse("import_discard", args=[batch.pk]), follow=True)


def test_a_preview_is_discarded_while_it_waits(
    cast: Cast, own_folder: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    batch = received(cast, NAMED + "".join(LINES))
    client = Client()
    client.force_login(cast.nurse)
    page = client.get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert reverse("import_discard", args=[batch.pk]) in page
    with django_capture_on_commit_callbacks(execute=True):
        assert b"The file was discarded. Nothing of it was taken in." in discard(cast, batch).content
    batch.refresh_from_db()
    assert (batch.state, batch.stored_as, list(own_folder.iterdir())) == (BatchState.DISCARDED, "", [])
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.lines_done) == (BatchState.DISCARDED, 0)


@pytest.mark.parametrize("at", [1, 6])
def test_a_preview_is_discarded_while_a_worker_reads_it_also_in_its_last_piece(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    batch = received(cast, NAMED + "".join(LINES))
    take = run.Run._take
    pieces: list[int] = []

    def somebody_discards_after(self: run.Run, piece: Any, *, lines_done: int) -> None:
        take(self, piece, lines_done=lines_done)
        pieces.append(lines_done)
        if len(pieces) == at:
            discard(cast, batch)

    monkeypatch.setattr(run.Run, "_take", somebody_discards_after)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert len(pieces) == at
    assert (batch.state, batch.stored_as) == (BatchState.DISCARDED, "")
    assert Patient.objects.count() == 0


def test_a_file_that_is_being_written_cannot_be_discarded(cast: Cast, no_time: None) -> None:
    batch = received(cast, NAMED + "".join(LINES), dry_run=False)
    assert batches.process(batch.pk) is True
    client = Client()
    client.force_login(cast.nurse)
    page = client.get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert reverse("import_discard", args=[batch.pk]) not in page
    discard(cast, batch)
    batch.refresh_from_db()
    assert (batch.state, bool(batch.stored_as)) == (BatchState.RUNNING, True)


def test_what_is_said_of_the_columns_while_a_file_is_read_does_not_change_how_the_rest_is_read(
    cast: Cast, no_time: None
) -> None:
    batch = received(cast, HEADER + "P1,CEA,3.2,ng/mL,2024-03-10\n" * 5)
    assert batches.process(batch.pk) is True
    names = HEADER.strip().split(",")
    mapping = FileMapping(columns=proposed(names), date_order="mdy")
    ImportSource.objects.create(
        care_team=cast.team, fingerprint=fingerprint(names), name="x.csv", mapping=mapping.to_json()
    )
    while batches.process(batch.pk):
        pass
    batch.refresh_from_db()
    assert (batch.state, batch.mapping, batch.import_source) == (BatchState.PREVIEWED, None, None)
    assert LineOutcome.objects.filter(batch=batch).count() == 5
