"""A file into the record: lines to draws, through `patients.services` alone.

How a file is gone through stands in `exchange.run`; here is what happens before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission
from audit.services import record
from exchange.csv import ResultFile, open_results
from exchange.csv.dates import Clock
from exchange.orders import BatchTakenOver, Counts, ImportSummary, OnRejected, Order, Pause, Progress
from exchange.read_as import kept
from exchange.run import Run
from patients.access import visible_teams
from patients.models import BatchState, ImportBatch

__all__ = ["BatchTakenOver", "Counts", "ImportSummary", "Order", "import_file"]

MOST_IGNORED_NAMED = 40
UNFINISHED = (BatchState.WAITING, BatchState.RUNNING)


def import_file(
    *,
    order: Order,
    stream: BinaryIO,
    batch: ImportBatch | None = None,
    on_progress: Progress | None = None,
    on_rejected: OnRejected | None = None,
    on_shape: Callable[[dict[str, Any]], None] | None = None,
    pause: Pause | None = None,
) -> ImportSummary:
    """Take a file in, or say what would happen (`order.dry_run`).

    Without `batch` a dry run writes nothing at all, and a run makes its own batch. A batch that was begun goes on after
    its last whole piece, also in a dry run. Taking the same file in again changes nothing. `pause` is asked after each
    piece whether the run shall end there.

    Raises
    ------
    FileRefused
        nothing of the file can be taken; nothing was written.
    PermissionDenied
        the person may not import, or not into this team.
    BatchTakenOver, Paused, OtherThanShown
        see there.
    """
    _check_permission(order)
    clock = Clock(zone=ZoneInfo(settings.CLINIC_TIME_ZONE), now=timezone.now())
    file = open_results(stream, clock=clock, mapping=order.mapping)
    if on_shape:
        on_shape(_shape_json(file))
    with timezone.override(clock.zone):
        if batch is not None:
            _take_up(batch, file)
        elif not order.dry_run:
            return _run_own_batch(order, file, clock, on_progress, on_rejected)
        summary = Run(order, file, batch, clock, on_progress, on_rejected, pause).run()
        if batch is not None:
            _finish(batch, summary, actor=order.actor)
        return summary


def _run_own_batch(
    order: Order, file: ResultFile, clock: Clock, on_progress: Progress | None, on_rejected: OnRejected | None
) -> ImportSummary:
    """Nobody else would end a batch whose file is not stored, so it is ended here, whatever happens."""
    batch = _new_batch(order, file)
    try:
        summary = Run(order, file, batch, clock, on_progress, on_rejected).run()
        _finish(batch, summary, actor=order.actor)
        return summary
    except BaseException as error:
        ImportBatch.objects.filter(pk=batch.pk).update(
            state=BatchState.FAILED, failure=type(error).__name__, finished_at=timezone.now()
        )
        raise


def _check_permission(order: Order) -> None:
    if order.user is None:
        return
    if not order.user.may(Permission.IMPORT_FILES):
        raise PermissionDenied
    if order.care_team is not None and not visible_teams(order.user).filter(pk=order.care_team.pk).exists():
        raise PermissionDenied


@transaction.atomic
def _new_batch(order: Order, file: ResultFile) -> ImportBatch:
    batch = ImportBatch.objects.create(
        file_name=order.file_name[:255],
        sha256=file.shape.sha256,
        care_team=order.care_team,
        create_patients=order.create_patients,
        state=BatchState.RUNNING,
        lines_total=file.shape.lines_total,
        started_by=order.user,
        import_source=order.import_source,
        mapping=order.mapping.to_json() if order.mapping else None,
        shape=_shape_json(file),
    )
    record(actor=order.actor, action="import.started", object_type="import", object_id=batch.pk)
    return batch


@transaction.atomic
def _take_up(batch: ImportBatch, file: ResultFile) -> None:
    """Begin, or go on where an earlier run ended.

    Raises
    ------
    BatchTakenOver
        it was discarded or ended meanwhile.
    """
    if not ImportBatch.objects.select_for_update().filter(pk=batch.pk, state__in=UNFINISHED).exists():
        raise BatchTakenOver(f"import {batch.pk}")
    batch.refresh_from_db()
    if batch.state == BatchState.WAITING:
        forget_lines(batch)
    batch.lines_total = file.shape.lines_total
    batch.sha256 = file.shape.sha256
    batch.shape = _shape_json(file)
    batch.state = BatchState.RUNNING
    batch.save()


def forget_lines(batch: ImportBatch) -> None:
    """Nothing is known of the lines of this file any more; the caller saves the batch."""
    batch.rejected_lines.all().delete()
    batch.outcomes.all().delete()
    if batch.dry_run:
        batch.shown_pieces.all().delete()
    for count in fields(Counts):
        setattr(batch, count.name, 0)


@transaction.atomic
def _finish(batch: ImportBatch, summary: ImportSummary, *, actor: str) -> None:
    ended = BatchState.PREVIEWED if summary.dry_run else BatchState.DONE
    running = ImportBatch.objects.filter(pk=batch.pk, state=BatchState.RUNNING)
    if not running.update(state=ended, finished_at=timezone.now()):
        raise BatchTakenOver(f"import {batch.pk}")
    batch.refresh_from_db()
    if not summary.dry_run:
        batch.shown_pieces.all().delete()
    # What the batch has no column for is told by its audit event; the page reads it there.
    details = asdict(summary.counts) | {
        "ignored_columns": [name[:40] for name in summary.ignored_columns[:MOST_IGNORED_NAMED]],
        "dry_run": summary.dry_run,
    }
    record(actor=actor, action="import.finished", object_type="import", object_id=batch.pk, details=details)


def _shape_json(file: ResultFile) -> dict[str, Any]:
    """What the file turned out to be, for its page and for the lines that are given back."""
    shape = file.shape
    return {
        "headers": list(shape.columns.headers),
        "ignored": list(shape.columns.ignored[:MOST_IGNORED_NAMED]),
        "delimiter": shape.delimiter,
        "encoding": shape.encoding,
        "decimal_comma": shape.decimal_comma,
        "wide": bool(shape.columns.results),
        "sheet": shape.sheet,
        "sheets": list(shape.sheets),
        "read_as": kept(file),
    }
