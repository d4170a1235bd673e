"""From what a file would do to what it did: confirmed or discarded by a person, and shown again where it differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from exchange.loader import forget_lines
from exchange.orders import Counts
from exchange.shown import seen
from exchange.sources import ASKABLE, READ, NotWaiting, waiting_batch
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


class SeenOther(Exception):
    """What the person saw is not what the preview shows by now; nothing was changed."""


@transaction.atomic
def confirm(*, user: User, batch_id: int, seen_as: str, nudge: Callable[[int], None]) -> ImportBatch:
    """Have a previewed file taken in as it was shown: `seen_as` stands for what the person saw (`exchange.shown.seen`).

    What was shown is kept. A piece of the file that would do something else is not written (`show_again`).

    Raises
    ------
    NotWaiting
        nothing is to be confirmed: the file was taken in or discarded meanwhile.
    SeenOther
        the file was read in another way since the page was opened, or shows something else.
    """
    batch = waiting_batch(batch_id, (BatchState.PREVIEWED,))
    if seen_as != seen(batch):
        raise SeenOther
    batch.preview = _snapshot(batch)
    batch.state, batch.dry_run = BatchState.WAITING, False
    forget_lines(batch)
    batch.confirmed_by, batch.confirmed_at = user, timezone.now()
    batch.finished_at, batch.idle_runs = None, 0
    batch.save()
    record(
        actor=user.audit_name,
        action="import.confirmed",
        object_type="import",
        object_id=batch.pk,
        details={"seen": seen_as, "counts": batch.preview["counts"]},
    )
    transaction.on_commit(lambda: nudge(batch_id), robust=True)
    return batch


@transaction.atomic
def show_again(batch_id: int) -> None:
    """The record changed since the preview: look the file through again, and show it to a person again.

    Pieces that did as shown were committed before and stay; the new preview shows their lines as repeated. It is made
    as who confirmed sees the patients, who may see others than who sent the file.
    """
    try:
        batch = waiting_batch(batch_id, READ)
    except NotWaiting:
        return
    written = batch.preview.get("written", 0) + batch.results_new + batch.results_corrected
    batch.preview = {**batch.preview, "written": written}
    batch.state, batch.dry_run, batch.confirmed_at = BatchState.WAITING, True, None
    forget_lines(batch)
    batch.idle_runs = 0
    batch.save()
    record(actor=f"import:{batch_id}", action="import.shown_again", object_type="import", object_id=batch_id)


@transaction.atomic
def discard(*, actor: str, batch_id: int, remove: Callable[[str], None]) -> ImportBatch:
    """Give up a file that was not confirmed, also while it is looked through; `remove` deletes the file itself.

    A worker that reads it ends with its piece. Nothing of the file stands in the record, or, where it was to be shown
    again, only what had been confirmed and was as shown.

    Raises
    ------
    NotWaiting
        the file was taken in or discarded meanwhile.
    """
    batch = waiting_batch(batch_id, (*ASKABLE, *READ))
    if batch.state in READ and not batch.dry_run:
        raise NotWaiting
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
    """Where the file does something else than its preview had shown, by line."""
    if not _comparable(batch):
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
    if not _comparable(batch):
        return {}
    counts: dict[str, int] = batch.preview["counts"]
    return {name: (was, getattr(batch, name)) for name, was in counts.items() if was != getattr(batch, name)}


def _comparable(batch: ImportBatch) -> bool:
    return batch.state in {BatchState.DONE, BatchState.PREVIEWED} and "counts" in batch.preview


def _snapshot(batch: ImportBatch) -> dict[str, Any]:
    corrected = batch.outcomes.filter(fate=Fate.CORRECTED).values_list("line_number", "marker", "old", "new")
    rejected = batch.rejected_lines.values_list("line_number", "column", "code")
    return {
        "counts": {count.name: getattr(batch, count.name) for count in fields(Counts) if count.name != "lines_done"},
        "corrected": [[line, f"{marker}: {old} → {new}"] for line, marker, old, new in corrected[:MOST_COMPARED]],
        "rejected": [[line, f"{column} {code}".strip()] for line, column, code in rejected[:MOST_COMPARED]],
        "written": batch.preview.get("written", 0),
    }


def _lines(snapshot: dict[str, Any], what: str) -> set[tuple[int, str]]:
    return {(line, detail) for line, detail in snapshot[what]}
