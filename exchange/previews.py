"""From what a file would do to what it did: confirmed or discarded by a person, and compared afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from exchange.orders import Counts
from exchange.sources import ASKABLE, waiting_batch
from patients.models import BatchState, Fate, ImportBatch

MOST_COMPARED: Final = 2000  # lines of each kind
KEPT_FOR: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line that did something else than the preview said; `now` is false for what it said and was not so."""

    line_number: int
    what: str  # corrected or rejected
    detail: str
    now: bool


@transaction.atomic
def confirm(*, user: User, batch_id: int, nudge: Callable[[int], None]) -> ImportBatch:
    """Have a previewed file taken in; what was shown is kept, to say afterwards what became different.

    Raises
    ------
    NotWaiting
        nothing is to be confirmed: the file was taken in or discarded meanwhile.
    """
    batch = waiting_batch(batch_id, (BatchState.PREVIEWED,))
    batch.preview = _snapshot(batch)
    batch.outcomes.all().delete()
    batch.rejected_lines.all().delete()
    for count in fields(Counts):
        setattr(batch, count.name, 0)
    batch.state, batch.dry_run = BatchState.WAITING, False
    batch.confirmed_by, batch.confirmed_at = user, timezone.now()
    batch.finished_at = None
    batch.save()
    record(actor=user.audit_name, action="import.confirmed", object_type="import", object_id=batch.pk)
    transaction.on_commit(lambda: nudge(batch_id), robust=True)
    return batch


@transaction.atomic
def discard(*, actor: str, batch_id: int, remove: Callable[[str], None]) -> ImportBatch:
    """Give up a file that was not confirmed. Nothing of it stands in the record; `remove` deletes the file itself.

    Raises
    ------
    NotWaiting
        the file was taken in or discarded meanwhile.
    """
    batch = waiting_batch(batch_id, ASKABLE)
    stored_as = batch.stored_as
    batch.state, batch.stored_as, batch.finished_at = BatchState.DISCARDED, "", timezone.now()
    batch.save(update_fields=["state", "stored_as", "finished_at"])
    record(actor=actor, action="import.discarded", object_type="import", object_id=batch.pk)
    transaction.on_commit(lambda: remove(stored_as))
    return batch


def forgotten(*, now: dt.datetime) -> list[int]:
    """Files that wait for a person and that nobody confirmed in time."""
    old = ImportBatch.objects.filter(state__in=ASKABLE, created_at__lt=now - KEPT_FOR).exclude(stored_as="")
    return list(old.order_by("pk").values_list("pk", flat=True))


def differences(batch: ImportBatch) -> tuple[Difference, ...]:
    """Where taking the file in did something else than its preview had shown, by line."""
    if batch.state != BatchState.DONE or not batch.preview:
        return ()
    found: list[Difference] = []
    now = _snapshot(batch)
    for what in ("corrected", "rejected"):
        before, after = _lines(batch.preview, what), _lines(now, what)
        if max(len(before), len(after)) < MOST_COMPARED:
            found += [Difference(line, what, detail, now=True) for line, detail in after - before]
            found += [Difference(line, what, detail, now=False) for line, detail in before - after]
    return tuple(sorted(found, key=lambda one: (one.line_number, one.what, one.now)))


def changed_counts(batch: ImportBatch) -> dict[str, tuple[int, int]]:
    """The counts that became other than the preview said: before and after."""
    if batch.state != BatchState.DONE or not batch.preview:
        return {}
    counts: dict[str, int] = batch.preview["counts"]
    return {name: (was, getattr(batch, name)) for name, was in counts.items() if was != getattr(batch, name)}


def _snapshot(batch: ImportBatch) -> dict[str, Any]:
    corrected = batch.outcomes.filter(fate=Fate.CORRECTED).values_list("line_number", "marker", "old", "new")
    rejected = batch.rejected_lines.values_list("line_number", "column", "code")
    return {
        "counts": {count.name: getattr(batch, count.name) for count in fields(Counts) if count.name != "lines_done"},
        "corrected": [[line, f"{marker}: {old} → {new}"] for line, marker, old, new in corrected[:MOST_COMPARED]],
        "rejected": [[line, f"{column} {code}".strip()] for line, column, code in rejected[:MOST_COMPARED]],
    }


def _lines(snapshot: dict[str, Any], what: str) -> set[tuple[int, str]]:
    return {(line, detail) for line, detail in snapshot[what]}
