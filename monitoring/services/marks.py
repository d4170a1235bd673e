"""Who is to be evaluated. The table is the truth; the message to the worker is only a nudge and may be lost."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Final

from celery import current_app
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from monitoring.detection import engine_version
from monitoring.models import Evaluation, EvaluationMark, Trend
from monitoring.services.places import restate_places
from patients.catalogue import catalogue
from patients.models import Draw
from patients.selectors import all_records

log = logging.getLogger(__name__)

EVALUATE: Final = "monitoring.tasks.evaluate"  # by name: tasks call services, not the other way round
PATIENTS_A_MESSAGE: Final = 100
NUDGE_EXPIRES_SECONDS: Final = 300  # an older nudge has nothing to add: the sweep has been there thirty times
SILENCE_SECONDS: Final = 10.0  # after a failure nobody waits for the broker again for one beat of the sweep
FIRST_DELAY: Final = dt.timedelta(minutes=1)
LONGEST_DELAY: Final = dt.timedelta(hours=6)


@transaction.atomic
def mark(patient_ids: Collection[int], *, reason: str) -> None:
    """Ask for an evaluation of these patients, in the caller's transaction, which holds them.

    First the missing rows, then one step of the version for all: in the other order two writers who both find no row
    would leave one version for two changes, and whoever evaluated the first would clear the mark of the second.
    A new change gives a postponed patient a fresh start. `marked_at` stays: it is how long the patient has waited.
    """
    now = timezone.now()
    ids = sorted(set(patient_ids))
    EvaluationMark.objects.bulk_create(
        [EvaluationMark(patient_id=pk, version=0, reason=reason, marked_at=now) for pk in ids], ignore_conflicts=True
    )
    EvaluationMark.objects.filter(patient_id__in=ids).update(
        version=F("version") + 1, reason=reason, attempts=0, not_before=None, failure=""
    )
    restate_places(ids)


def mark_everybody(*, reason: str, batch: int = 500) -> int:
    """Ask for an evaluation of every patient who has a draw; returns how many."""
    ids = list(Draw.objects.order_by("patient_id").values_list("patient_id", flat=True).distinct())
    _mark_held(ids, reason=reason, batch=batch)
    return len(ids)


def mark_outdated(*, batch: int = 500) -> int:
    """Ask for an evaluation of everybody whose trends were read by another engine or catalogue; returns how many."""
    current = {"evaluation__engine_version": engine_version(), "evaluation__catalogue_version": catalogue().version}
    outdated = Trend.objects.exclude(**current).order_by("patient_id")
    ids = list(outdated.values_list("patient_id", flat=True).distinct())
    _mark_held(ids, reason="new_version", batch=batch)
    return len(ids)


def _mark_held(ids: Sequence[int], *, reason: str, batch: int) -> None:
    """A part in a transaction, its patients held as each writer holds its own.

    Without that an evaluation that clears a mark at this moment would take the new version with it: the row is found
    by the insert, waited for by the update, and gone.
    """
    for start in range(0, len(ids), batch):
        part = ids[start : start + batch]
        with transaction.atomic():
            held = all_records().select_for_update().filter(pk__in=part).order_by("pk")
            list(held.values_list("pk", flat=True))
            mark(part, reason=reason)


@dataclass(frozen=True, slots=True)
class MarkRead:
    """A mark as it stood when the material was about to be read.

    `row` tells it from one that was written anew since a rival cleared it: that begins at the first version again.
    `evaluated_at` is the moment of the patient's latest evaluation; while the row stands nobody has written another.
    """

    row: int
    version: int
    attempts: int
    evaluated_at: dt.datetime | None

    def stands(self, mark: EvaluationMark) -> bool:
        return (mark.pk, mark.version) == (self.row, self.version)


def _due(now: dt.datetime) -> QuerySet[EvaluationMark]:
    return EvaluationMark.objects.filter(Q(not_before__isnull=True) | Q(not_before__lte=now))


def due_patients(*, now: dt.datetime) -> list[int]:
    """Everybody whose turn it is, longest waiting first."""
    return list(_due(now).order_by("marked_at", "pk").values_list("patient_id", flat=True))


def read_marks(patient_ids: Collection[int], *, now: dt.datetime) -> dict[int, MarkRead]:
    """patient id -> mark, for those of `patient_ids` that have one and whose turn it is."""
    latest = Evaluation.objects.filter(patient=OuterRef("patient")).order_by("-at").values("at")[:1]
    rows = _due(now).filter(patient_id__in=patient_ids).order_by("patient_id").annotate(evaluated_at=Subquery(latest))
    fields = ("patient_id", "pk", "version", "attempts", "evaluated_at")
    return {patient_id: MarkRead(*mark) for patient_id, *mark in rows.values_list(*fields)}


def hold_marks(read: Mapping[int, MarkRead]) -> frozenset[int]:
    """Lock these patients and their marks for this transaction; returns those whose mark is as it was read.

    Who is not returned is somebody else's: a rival evaluates the patient now, or a change came in since the read, or
    somebody is writing to the patient at this moment. The mark stays (or comes back) for the next turn. Nothing is
    waited for, so no evaluation can stand in a ring of locks. SQLite has one writer at a time and needs no locks.
    """
    rows = (
        EvaluationMark.objects.select_for_update(skip_locked=True, of=("self", "patient"))
        .select_related("patient")
        .filter(patient_id__in=read)
        .order_by("patient_id")
    )
    return frozenset(row.patient_id for row in rows if read[row.patient_id].stands(row))


def clear_marks(held: Collection[int]) -> None:
    """The end of the compare-and-set that `hold_marks` began: the versions were compared under the lock."""
    EvaluationMark.objects.filter(patient_id__in=held).delete()


def postpone(patient_id: int, read: MarkRead, *, failure: str, now: dt.datetime) -> None:
    """Push a patient whose evaluation failed back, longer each time; a change that came in since is left alone."""
    delay = min(FIRST_DELAY * 2 ** min(read.attempts, 16), LONGEST_DELAY)
    EvaluationMark.objects.filter(patient_id=patient_id, pk=read.row, version=read.version).update(
        attempts=F("attempts") + 1, not_before=now + delay, failure=failure[:120]
    )


# --- the nudge ----------------------------------------------------------------------------------------------------

_held: ContextVar[set[int] | None] = ContextVar("held_nudges", default=None)


@dataclass(slots=True)
class _Broker:
    """When this process may try the broker again, by the monotonic clock."""

    silent_until: float = 0.0


_broker = _Broker()


def nudge(patient_ids: Collection[int]) -> None:
    """Once this transaction is committed, tell a worker. Losing the message costs seconds, never an evaluation."""
    ids = tuple(sorted(set(patient_ids)))
    held = _held.get()
    if held is None:
        transaction.on_commit(partial(_send, ids), robust=True)
    else:
        transaction.on_commit(partial(held.update, ids))


@contextlib.contextmanager
def hold_nudges() -> Iterator[None]:
    """For whoever writes many draws: one nudge a patient at the end instead of one a draw."""
    collected: set[int] = set()
    token = _held.set(collected)
    try:
        yield
    finally:
        _held.reset(token)
    nudge(collected)


def _send(ids: Sequence[int]) -> None:
    """A broker that is down costs one short wait and then none for a while; the sweep finds the marks."""
    if time.monotonic() < _broker.silent_until:
        return
    for start in range(0, len(ids), PATIENTS_A_MESSAGE):
        part = list(ids[start : start + PATIENTS_A_MESSAGE])
        try:
            current_app.send_task(EVALUATE, args=(part,), expires=NUDGE_EXPIRES_SECONDS, retry=False)
        except (KombuError, RedisError, OSError) as problem:
            _broker.silent_until = time.monotonic() + SILENCE_SECONDS
            log.warning("no nudge for patients %s: %s; the sweep will find them", part, type(problem).__name__)
            return
