"""The life of an uploaded file: received, taken in by a worker, removed.

The row is the truth and the message to the worker a nudge: `due` finds every batch whose nudge was lost or whose worker
died. While a worker reads a file it holds a lock on it, which the system lets go when the worker dies. A run takes
`SLICE_SECONDS` and is then gone on with by another, so that no file is too long for the time limit of a task.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Final

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Team, User
from audit.services import record
from exchange.csv import FileRefused
from exchange.loader import import_file
from exchange.orders import BatchTakenOver, Order, OtherThanShown, Paused
from exchange.previews import discard, forgotten, show_again
from exchange.sources import ASKABLE, MENDABLE, NotWaiting, mapping_for
from patients.models import BatchState, ImportBatch, RejectedLine

logger = logging.getLogger(__name__)

FOLDER: Final = "imports"
WHOLE_FILE: Final = 0  # the line number under which the refusal of a whole file is kept
OPEN_STATES: Final = (BatchState.WAITING, BatchState.RUNNING)
NUDGE_LOST_AFTER: Final = dt.timedelta(seconds=15)
ORPHANED_AFTER: Final = dt.timedelta(days=1)
SLICE_SECONDS: Final = 240  # well below the time limit of a task, which would kill it in the middle of a piece
MOST_IDLE_RUNS: Final = 2  # that were ended by something else before one piece was done


class After(Enum):
    """What becomes of a batch after a run."""

    ENDED = "ended"  # good or bad: its file is needed no more
    WAITS = "waits"  # for a person, or for the sweep
    AGAIN = "again"  # goes on in another run


def uploads() -> FileSystemStorage:
    """Where files wait; readable by this installation only, for they are full of patients."""
    return FileSystemStorage(
        location=settings.MEDIA_ROOT, file_permissions_mode=0o600, directory_permissions_mode=0o700
    )


def receive(
    *,
    user: User,
    file: File[bytes],
    file_name: str,
    care_team: Team,
    dry_run: bool,
    create_patients: bool,
    nudge: Callable[[int], None],
) -> ImportBatch:
    """Keep an uploaded file and have it taken in; `nudge` is called with the batch's key once it is committed."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    stored_as = uploads().save(f"{FOLDER}/{uuid.uuid4().hex}.csv", file)
    try:
        with transaction.atomic():
            batch = ImportBatch.objects.create(
                file_name=file_name[:255],
                sha256=digest.hexdigest(),
                stored_as=stored_as,
                care_team=care_team,
                create_patients=create_patients,
                dry_run=dry_run,
                started_by=user,
            )
            record(actor=user.audit_name, action="import.received", object_type="import", object_id=batch.pk)
            # Robust: whatever the broker does, the batch is on record now and must keep its file; the sweep finds it.
            transaction.on_commit(lambda: nudge(batch.pk), robust=True)
    except BaseException:
        uploads().delete(stored_as)
        raise
    return batch


def due(*, now: dt.datetime) -> list[int]:
    """Batches that nobody may be working on. One that somebody is working on is locked and costs its nudge only."""
    unfinished = ImportBatch.objects.filter(state__in=OPEN_STATES, created_at__lt=now - NUDGE_LOST_AFTER)
    return list(unfinished.exclude(stored_as="").order_by("pk").values_list("pk", flat=True))


def process(batch_id: int) -> bool:
    """Take in the file of a batch, from where it was left; whether another run is to go on with it.

    Calls may come often and at the same time.
    """
    batch = _unfinished(batch_id)
    if batch is None:
        return False
    try:
        with Path(uploads().path(batch.stored_as)).open("rb") as stream:
            return _lock(stream) and _process_locked(batch_id, stream)
    except FileNotFoundError:
        refuse(batch, "upload_lost", {})
    return False


def _process_locked(batch_id: int, stream: BinaryIO) -> bool:
    batch = _unfinished(batch_id)  # it may have been finished between the look at it and the lock
    if batch is None:
        return False
    after = After.ENDED if _stuck(batch) else _take_in(batch, stream)
    if after == After.ENDED:
        uploads().delete(batch.stored_as)
        ImportBatch.objects.filter(pk=batch.pk).update(stored_as="")
    return after == After.AGAIN


def _stuck(batch: ImportBatch) -> bool:
    """Count this run as idle until it has done a piece; stop a batch whose runs come to nothing, again and again.

    Counted before anything is done, for a worker that is killed can say nothing afterwards.
    """
    if batch.idle_runs < MOST_IDLE_RUNS:
        ImportBatch.objects.filter(pk=batch.pk).update(idle_runs=F("idle_runs") + 1)
        return False
    params = {"runs": str(batch.idle_runs), "line": str(batch.lines_done), "lines": str(batch.lines_total)}
    refuse(batch, "no_progress", params)
    return True


def _unfinished(batch_id: int) -> ImportBatch | None:
    waiting = ImportBatch.objects.filter(pk=batch_id, state__in=OPEN_STATES).exclude(stored_as="")
    return waiting.select_related("care_team", "started_by", "confirmed_by").first()


def _lock(stream: BinaryIO) -> bool:
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _take_in(batch: ImportBatch, stream: BinaryIO) -> After:
    over_at = time.monotonic() + SLICE_SECONDS
    try:
        order = _order(batch, stream)
        import_file(order=order, stream=stream, batch=batch, pause=lambda: time.monotonic() >= over_at)
        return After.WAITS if batch.dry_run else After.ENDED  # a person looks at what it would do, and confirms
    except FileRefused as refused:
        if refused.code in MENDABLE:
            ask_for_columns(batch, refused.code, refused.params)
            return After.WAITS
        refuse(batch, refused.code, refused.params)
    except PermissionDenied:
        refuse(batch, "not_permitted", {})
    except Paused:
        return After.AGAIN
    except OtherThanShown:
        show_again(batch.pk)
        return After.AGAIN
    except (BatchTakenOver, SoftTimeLimitExceeded):
        return After.WAITS  # the sweep has it gone on with, where it goes on at all
    except Exception as error:
        # Its text may hold a value or a name, so only its kind is kept.
        logger.error("import %s failed: %s", batch.pk, type(error).__name__)
        mark_failed(batch, type(error).__name__)
    return After.ENDED


def _order(batch: ImportBatch, stream: BinaryIO) -> Order:
    mapping = mapping_for(batch, stream)  # which may make the file one to be looked at first
    return Order(
        actor=f"import:{batch.pk}",
        file_name=batch.file_name,
        user=batch.confirmed_by or batch.started_by,
        care_team=batch.care_team,
        create_patients=batch.create_patients,
        dry_run=batch.dry_run,
        mapping=mapping,
    )


@transaction.atomic
def ask_for_columns(batch: ImportBatch, code: str, params: Mapping[str, str]) -> None:
    """The file waits until somebody says what its columns are; the reason is kept for the page."""
    open_batch = ImportBatch.objects.filter(pk=batch.pk, state__in=OPEN_STATES)
    if open_batch.update(state=BatchState.NEEDS_MAPPING):
        RejectedLine.objects.filter(batch=batch).delete()
        RejectedLine.objects.create(batch=batch, line_number=WHOLE_FILE, code=code, params=dict(params))
        record(actor=f"import:{batch.pk}", action="import.asked", object_type="import", object_id=batch.pk)


def discard_forgotten(*, now: dt.datetime) -> int:
    """Give up files that nobody confirmed: they are full of patients and must not lie about."""
    given_up = 0
    for batch_id in forgotten(now=now):
        try:
            discard(actor="import:sweep", batch_id=batch_id, remove=uploads().delete)
        except NotWaiting:
            continue
        given_up += 1
    return given_up


def refuse(batch: ImportBatch, code: str, params: Mapping[str, str]) -> None:
    """The whole file cannot be taken; the reason is kept for the page to say in its reader's language."""
    with transaction.atomic():
        if mark_failed(batch, code):
            RejectedLine.objects.create(batch=batch, line_number=WHOLE_FILE, code=code, params=dict(params))


@transaction.atomic
def mark_failed(batch: ImportBatch, why: str) -> bool:
    """False where somebody has ended the batch already."""
    changed = ImportBatch.objects.filter(pk=batch.pk, state__in=OPEN_STATES).update(
        state=BatchState.FAILED, failure=why[:300], finished_at=timezone.now()
    )
    if changed:
        actor = batch.started_by.audit_name if batch.started_by else f"import:{batch.pk}"
        record(actor=actor, action="import.failed", object_type="import", object_id=batch.pk, details={"why": why})
    return bool(changed)


def remove_orphans(*, now: dt.datetime) -> int:
    """Remove files that belong to no unfinished batch: what a crash between saving and committing leaves."""
    folder = Path(uploads().path(FOLDER))
    if not folder.is_dir():
        return 0
    wanted = set(ImportBatch.objects.filter(state__in=(*OPEN_STATES, *ASKABLE)).values_list("stored_as", flat=True))
    removed = 0
    for file in folder.iterdir():
        age = now - dt.datetime.fromtimestamp(file.stat().st_mtime, tz=dt.UTC)
        if f"{FOLDER}/{file.name}" not in wanted and age > ORPHANED_AFTER:
            file.unlink(missing_ok=True)
            removed += 1
    return removed
