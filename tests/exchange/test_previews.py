"""What a file would do is shown line by line before anything is written, and said again where it became different."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from audit.models import AuditEvent
from exchange import batches, previews, run, tasks
from exchange.csv.mapping import FileMapping
from exchange.csv.said import proposed
from exchange.shown import seen
from exchange.sources import NotWaiting, say_columns
from patients.models import BatchState, ImportBatch, LineOutcome, Patient, Result
from tests.cast import Cast, give_draw, make_patient
from tests.exchange.files import HEADER
from tests.exchange.test_batches import own_folder, received

__all__ = ["own_folder"]

AT = dt.datetime(2024, 3, 12, 8, 3, tzinfo=dt.UTC)
LINES = (
    "P1,CEA,3.2,ng/mL,2024-03-12 08:03Z\n"  # a repeat
    "P1,PLT,210,10*9/L,2024-03-12 08:03Z\n"  # a correction
    "P1,ALP,90,U/L,2024-03-12 08:03Z\n"  # new
    "P1,CEA,3000,ng/mL,2024-03-20\n"  # new, and to be checked
    "P1,BILI,1,mg/dL,2024-03-12\n"  # rejected
)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    patient = make_patient(cast.team, number="P1")
    give_draw(patient, AT, {"CEA": "3.2", "PLT": "200"})
    return patient


@pytest.fixture
def previewed(cast: Cast, patient: Patient) -> ImportBatch:
    batch = received(cast, HEADER + LINES, dry_run=True)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.PREVIEWED
    return batch


def confirm(cast: Cast, batch: ImportBatch) -> ImportBatch:
    previews.confirm(user=cast.nurse, batch_id=batch.pk, seen_as=seen(batch), nudge=lambda _batch: None)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    return batch


def counts(batch: ImportBatch) -> tuple[int, int, int, int, int]:
    return (
        batch.results_new,
        batch.results_repeated,
        batch.results_corrected,
        batch.lines_rejected,
        batch.to_check,
    )


def shown_to(cast: Cast, batch: ImportBatch) -> str:
    client = Client()
    client.force_login(cast.nurse)
    return client.get(reverse("import_detail", args=[batch.pk])).content.decode()


def test_a_preview_names_every_line_with_what_it_would_do(previewed: ImportBatch) -> None:
    assert counts(previewed) == (2, 1, 1, 1, 1)
    rows = LineOutcome.objects.values_list("line_number", "fate", "marker", "old", "new", "to_check")
    assert list(rows) == [
        (2, "repeated", "CEA", "", "3.2 ng/mL", False),
        (3, "corrected", "PLT", "200 10*9/L", "210 10*9/L", False),
        (4, "new", "ALP", "", "90 U/L", False),
        (5, "new", "CEA", "", "3000 ng/mL", True),
    ]
    assert previewed.rejected_lines.get().line_number == 6
    assert Result.objects.count() == 2


def test_the_page_shows_old_and_new_and_which_lines_to_check(cast: Cast, previewed: ImportBatch) -> None:
    client = Client()
    client.force_login(cast.nurse)
    page = client.get(reverse("import_detail", args=[previewed.pk])).content.decode()
    text = " ".join(page.split())
    old, new = (
        f'data-label="{label} ">{value} 10*9/L</td>' for label, value in (("On record", 200), ("In the file", 210))
    )
    assert f'<td class="num right nowrap" {old} <td class="num right nowrap" {new}' in text
    assert "is a change of more than five times in 8 days" in text or "looks like a slip of the unit" in text
    assert reverse("import_confirm", args=[previewed.pk]) in page


def test_confirming_takes_the_same_file_in_and_removes_it(cast: Cast, previewed: ImportBatch, own_folder: Path) -> None:
    assert len(list(own_folder.iterdir())) == 1
    batch = confirm(cast, previewed)
    assert (batch.state, counts(batch), batch.dry_run) == (BatchState.DONE, (2, 1, 1, 1, 1), False)
    assert Result.objects.current().count() == 4
    assert list(own_folder.iterdir()) == []
    assert (previews.differences(batch), previews.changed_counts(batch)) == ((), {})
    assert AuditEvent.objects.filter(action="import.confirmed", actor=cast.nurse.audit_name).count() == 1


def test_what_differs_from_the_preview_is_shown_again_by_line_before_anything_is_written(
    cast: Cast, previewed: ImportBatch, patient: Patient
) -> None:
    give_draw(patient, AT, {"ALP": "80"})
    before = Result.objects.count()
    batch = confirm(cast, previewed)
    assert (batch.state, batch.dry_run, Result.objects.count()) == (BatchState.WAITING, True, before)
    page = shown_to(cast, batch)
    assert "The record changed since the preview, so this file is looked through again" in page
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, Result.objects.count()) == (BatchState.PREVIEWED, before)
    assert previews.changed_counts(batch) == {"results_new": (2, 1), "results_corrected": (1, 2)}
    [difference] = previews.differences(batch)
    assert (difference.line_number, difference.what, difference.now) == (4, "corrected", True)
    assert difference.detail == "ALP: 80 U/L → 90 U/L"
    assert "now a correction (ALP: 80 U/L → 90 U/L)" in shown_to(cast, batch)
    assert AuditEvent.objects.filter(action="import.shown_again", object_id=str(batch.pk)).count() == 1

    batch = confirm(cast, batch)
    assert (batch.state, counts(batch)) == (BatchState.DONE, (1, 1, 2, 1, 1))
    assert Result.objects.current().get(marker_id="ALP").reported == "90"
    assert (previews.differences(batch), previews.changed_counts(batch)) == ((), {})


def test_a_line_that_is_rejected_since_the_preview_is_shown_before_the_others_are_written(
    cast: Cast, previewed: ImportBatch, patient: Patient
) -> None:
    identifier = patient.identifiers.get()
    identifier.value = "P2"
    identifier.save()
    batch = confirm(cast, previewed)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch), Result.objects.count()) == (BatchState.PREVIEWED, (0, 0, 0, 5, 0), 2)
    assert {one.what for one in previews.differences(batch)} == {"corrected", "rejected"}


def test_pieces_that_are_as_shown_stay_and_the_first_that_is_not_is_shown_again_with_all_that_follow(
    cast: Cast, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LINES_A_PIECE", 2)
    lines = [f"P1,CEA,3.{day},ng/mL,2024-04-{day}\n" for day in range(10, 16)]
    batch = received(cast, HEADER + "".join(lines), dry_run=True)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.results_new, batch.shown_pieces.count()) == (6, 3)
    give_draw(patient, dt.datetime(2024, 4, 13, tzinfo=dt.UTC), {"CEA": "9"})
    batch = confirm(cast, batch)
    assert (batch.state, Result.objects.filter(batch=batch).count()) == (BatchState.WAITING, 2)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.results_new, batch.results_repeated) == (BatchState.PREVIEWED, 3, 2)
    assert "2 results were taken in as they had been shown." in shown_to(cast, batch)
    assert [one.line_number for one in previews.differences(batch)] == [5]
    columns = proposed(HEADER.strip().split(","))
    say_columns(user=cast.nurse, batch_id=batch.pk, mapping=FileMapping(columns=columns), nudge=lambda _batch: None)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.results_new, previews.differences(batch)) == (BatchState.PREVIEWED, 3, ())
    assert "2 results were taken in as they had been shown." in shown_to(cast, batch)
    batch = confirm(cast, batch)
    assert (batch.state, Result.objects.filter(batch=batch).count()) == (BatchState.DONE, 6)
    assert batch.shown_pieces.count() == 0


def test_only_what_the_person_saw_is_confirmed(cast: Cast, previewed: ImportBatch) -> None:
    stale = seen(previewed)
    previewed.mapping = {"columns": [], "date_order": "mdy"}
    previewed.save()
    client = Client()
    client.force_login(cast.nurse)
    for sent in ({}, {"seen": ""}, {"seen": stale}):
        response = client.post(reverse("import_confirm", args=[previewed.pk]), sent, follow=True)
        assert "Nothing was taken in: look again." in response.content.decode()
        previewed.refresh_from_db()
        assert (previewed.state, previewed.confirmed_at, Result.objects.count()) == (BatchState.PREVIEWED, None, 2)
    client.post(reverse("import_confirm", args=[previewed.pk]), {"seen": seen(previewed)})
    previewed.refresh_from_db()
    assert (previewed.state, previewed.confirmed_by) == (BatchState.WAITING, cast.nurse)
    event = AuditEvent.objects.get(action="import.confirmed")
    assert event.details["counts"]["results_corrected"] == 1


def test_a_file_is_confirmed_once(cast: Cast, previewed: ImportBatch) -> None:
    confirm(cast, previewed)
    with pytest.raises(NotWaiting):
        previews.confirm(user=cast.nurse, batch_id=previewed.pk, seen_as=seen(previewed), nudge=lambda _batch: None)
    assert Result.objects.count() == 5


def test_a_discarded_file_is_gone_and_nothing_of_it_is_in_the_record(
    cast: Cast,
    previewed: ImportBatch,
    own_folder: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = Client()
    client.force_login(cast.nurse)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("import_discard", args=[previewed.pk]))
    previewed.refresh_from_db()
    assert (previewed.state, previewed.stored_as) == (BatchState.DISCARDED, "")
    assert list(own_folder.iterdir()) == []
    assert Result.objects.count() == 2
    client.post(reverse("import_confirm", args=[previewed.pk]))
    assert ImportBatch.objects.get().state == BatchState.DISCARDED


def test_a_file_that_nobody_confirms_is_discarded_after_seven_days(cast: Cast, previewed: ImportBatch) -> None:
    now = timezone.now()
    assert batches.discard_forgotten(now=now + dt.timedelta(days=6, hours=23)) == 0
    assert batches.discard_forgotten(now=now + dt.timedelta(days=7, hours=1)) == 1
    previewed.refresh_from_db()
    assert previewed.state == BatchState.DISCARDED


def test_the_file_of_a_preview_is_no_orphan(cast: Cast, previewed: ImportBatch, own_folder: Path) -> None:
    assert batches.remove_orphans(now=timezone.now() + dt.timedelta(days=3)) == 0
    assert len(list(own_folder.iterdir())) == 1


def test_of_many_new_lines_so_many_are_kept_as_somebody_would_look_at(
    cast: Cast, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LINES_A_PIECE", 50)
    day = dt.date(2020, 1, 1)
    lines = [f"P1,CEA,3.2,ng/mL,{day + dt.timedelta(days=number)}\n" for number in range(230)]
    batch = received(cast, HEADER + "".join(lines), dry_run=True)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.results_new, batch.outcomes.count()) == (230, 200)


def test_a_page_of_many_lines_costs_the_queries_of_one_of_few(cast: Cast, patient: Patient) -> None:
    client = Client()
    client.force_login(cast.nurse)
    asked = []
    for length in (1, 50):
        day = dt.date(2020, 1, 1)
        lines = [f"P1,CEA,3.2,ng/mL,{day + dt.timedelta(days=number)}\n" for number in range(length)]
        batch = received(cast, HEADER + "".join(lines), dry_run=True)
        tasks.import_file(batch.pk)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("import_detail", args=[batch.pk]))
        asked.append(len(queries))
    assert asked[0] == asked[1]
