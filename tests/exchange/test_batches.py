"""An uploaded file from its arrival to its removal, whatever happens to the worker."""

from __future__ import annotations

import datetime as dt
import os
import stat
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.services import leave_team
from exchange import batches, run, tasks
from patients.models import BatchState, ImportBatch, Result
from tests.cast import Cast, make_patient
from tests.exchange.files import HEADER

CONTENT = HEADER + "P1,CEA,3.2,ng/mL,2024-03-12\nP1,BILI,1,mg/dL,2024-03-12\n"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: pytest.FixtureRequest) -> Path:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return tmp_path / batches.FOLDER


def received(cast: Cast, content: str = CONTENT, *, dry_run: bool = False) -> ImportBatch:
    return batches.receive(
        user=cast.nurse,
        file=ContentFile(content.encode()),
        file_name="results.csv",
        care_team=cast.team,
        dry_run=dry_run,
        create_patients=False,
        nudge=lambda _batch: None,
    )


def test_a_file_is_kept_under_a_random_name_that_only_leadtime_reads(cast: Cast, own_folder: Path) -> None:
    batch = received(cast)
    [stored] = own_folder.iterdir()
    assert batch.stored_as == f"imports/{stored.name}"
    assert "results" not in stored.name
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600


def test_a_worker_takes_the_file_in_and_removes_it(cast: Cast, own_folder: Path) -> None:
    make_patient(cast.team, number="P1")
    batch = received(cast)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.results_new, batch.lines_rejected, batch.lines_done) == (BatchState.DONE, 1, 1, 2)
    assert (batch.stored_as, list(own_folder.iterdir())) == ("", [])
    assert Result.objects.get().recorded_by == cast.nurse
    tasks.import_file(batch.pk)  # a message that comes twice
    assert Result.objects.count() == 1


def test_a_dry_run_leaves_counts_and_reasons_and_no_result(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    batch = received(cast, dry_run=True)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.results_new, batch.lines_rejected) == (BatchState.PREVIEWED, 1, 1)
    assert Result.objects.count() == 0


def test_a_file_that_is_refused_fails_with_the_reason(cast: Cast, own_folder: Path) -> None:
    batch = received(cast, "\n\n")
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure) == (BatchState.FAILED, "file_empty")
    assert batch.rejected_lines.get().line_number == batches.WHOLE_FILE
    assert list(own_folder.iterdir()) == []


def test_a_crash_fails_the_batch_with_the_name_of_the_error_alone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(**_anything: object) -> None:
        raise ZeroDivisionError("P1 has 3.2")

    monkeypatch.setattr(batches, "import_file", crash)
    batch = received(cast)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure) == (BatchState.FAILED, "ZeroDivisionError")
    assert "P1" not in caplog.text


def test_an_upload_that_vanished_is_said_to_be_lost(cast: Cast, own_folder: Path) -> None:
    batch = received(cast)
    next(own_folder.iterdir()).unlink()
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure) == (BatchState.FAILED, "upload_lost")


def test_who_left_the_team_meanwhile_takes_nothing_in(cast: Cast) -> None:
    make_patient(cast.team, number="P1")
    batch = received(cast)
    leave_team(actor="test", user=cast.nurse, team=cast.team)
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure) == (BatchState.FAILED, "not_permitted")
    assert Result.objects.count() == 0


def test_a_batch_out_of_time_is_gone_on_with_by_the_sweep(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    make_patient(cast.team, number="P1")
    monkeypatch.setattr(run, "LINES_A_PIECE", 1)
    batch = received(cast)

    def out_of_time(**_anything: object) -> None:
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patch:
        patch.setattr(run, "record_draws", out_of_time)
        tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.lines_done) == (BatchState.RUNNING, 0)
    ImportBatch.objects.create(file_name="f.csv", sha256="0", state=BatchState.RUNNING)  # of the command: no file waits
    later = timezone.now() + dt.timedelta(minutes=1)
    assert batches.due(now=later) == [batch.pk]
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.results_new) == (BatchState.DONE, 1)
    assert batches.due(now=later) == []


def test_a_file_that_a_worker_reads_is_left_to_that_worker(cast: Cast, own_folder: Path) -> None:
    batch = received(cast)
    with next(own_folder.iterdir()).open("rb") as other:
        assert batches._lock(other)
        tasks.import_file(batch.pk)
        batch.refresh_from_db()
        assert batch.state == BatchState.WAITING
    tasks.import_file(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE


def test_without_a_broker_the_batch_waits_for_the_sweep(
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def dead(*_anything: object, **_more: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.import_file, "delay", dead)
    with django_capture_on_commit_callbacks(execute=True):
        batch = batches.receive(
            user=cast.nurse,
            file=ContentFile(CONTENT.encode()),
            file_name="results.csv",
            care_team=cast.team,
            dry_run=False,
            create_patients=False,
            nudge=tasks.nudge,
        )
    assert batch.state == BatchState.WAITING
    sent: list[int] = []
    monkeypatch.setattr(tasks.import_file, "apply_async", lambda arguments, **_options: sent.extend(arguments))
    tasks.sweep()
    assert sent == []  # its own message may still be under way
    ImportBatch.objects.update(created_at=timezone.now() - dt.timedelta(minutes=1))
    tasks.sweep()
    assert sent == [batch.pk]


def test_a_file_that_belongs_to_no_batch_is_removed_after_a_day(cast: Cast, own_folder: Path) -> None:
    received(cast)
    orphan = own_folder / "orphan.csv"
    orphan.write_text("x")
    now = timezone.now()
    assert batches.remove_orphans(now=now) == 0
    for file in own_folder.iterdir():
        os.utime(file, (0, 0))
    assert batches.remove_orphans(now=now) == 1
    assert not orphan.exists()
    assert len(list(own_folder.iterdir())) == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_breaks_in_a_new_way_costs_the_nudge_and_not_the_file(cast: Cast, own_folder: Path) -> None:
    def broken(_batch: int) -> None:
        raise RuntimeError("redis has errors of its own that kombu does not translate")

    batch = batches.receive(
        user=cast.nurse,
        file=ContentFile(CONTENT.encode()),
        file_name="results.csv",
        care_team=cast.team,
        dry_run=False,
        create_patients=False,
        nudge=broken,
    )
    assert [f"imports/{file.name}" for file in own_folder.iterdir()] == [batch.stored_as]
    assert batches.due(now=timezone.now() + dt.timedelta(minutes=1)) == [batch.pk]
