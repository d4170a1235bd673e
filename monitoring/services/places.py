"""Where each patient stands on the worklist, stored: the only writer of `WorklistPlace`.

Called last in the transaction of each write that changes it, with the patients it concerns. It reads what is on record
anew and compares, so that called twice, or in vain, it does no harm. A fixed number of queries.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    Exists,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from monitoring.evaluation import clinic_zone
from monitoring.models import (
    NEVER,
    OPEN_STATES,
    Alert,
    AlertState,
    Evaluation,
    EvaluationMark,
    Level,
    Reading,
    WorklistPlace,
)
from patients.due import due_draws, last_draw_at
from patients.models import Patient
from patients.selectors import all_records
from patients.silence import last_quiet_day

BATCH: Final = 500
ALWAYS: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # an alert that is not snoozed is awake at any time
FIELDS: Final = tuple(one.attname for one in WorklistPlace._meta.concrete_fields if not one.primary_key)

_kept_for_later: ContextVar[set[int] | None] = ContextVar("places_kept_for_later", default=None)


@contextlib.contextmanager
def restate_once() -> Iterator[None]:
    """For whoever writes a whole record in one transaction: its place is made true once, at the end.

    Raises
    ------
    RuntimeError
        outside a transaction, where others would see the places of before.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("places are kept for the end of a transaction, and there is none")
    collected: set[int] = set()
    token = _kept_for_later.set(collected)
    try:
        yield
    finally:
        _kept_for_later.reset(token)
    restate_places(collected)


@transaction.atomic(savepoint=False)
def restate_places(patient_ids: Collection[int]) -> int:
    """Make the stored places of these patients true; returns how many were not.

    The places are locked before the record is read: of two writers the second reads what the first has committed.
    """
    kept = _kept_for_later.get()
    if kept is not None:
        kept.update(patient_ids)
        return 0
    ids = sorted(set(patient_ids))
    if not ids:
        return 0
    held = WorklistPlace.objects.select_for_update().filter(patient_id__in=ids).order_by("patient_id")
    stored = {place.patient_id: place for place in held}
    true = {place.patient_id: place for place in _places(ids)}
    if gone := stored.keys() - true.keys():
        WorklistPlace.objects.filter(patient_id__in=gone).delete()
    changed = [place for pk, place in true.items() if pk not in stored or _facts(stored[pk]) != _facts(place)]
    if changed:
        WorklistPlace.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["patient"], update_fields=FIELDS
        )
    return len(changed) + len(gone)


def restate_conclusions(patient_ids: Collection[int]) -> None:
    """After an evaluation, which changes no draw and no plan: one statement. The caller holds patients and alerts."""
    WorklistPlace.objects.filter(patient_id__in=patient_ids).update(**_conclusions())


def restate_everybody() -> int:
    """The same for everybody on record, a part in a transaction; returns how many places were not true."""
    ids = list(all_records().order_by("pk").values_list("pk", flat=True))
    return sum(restate_places(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def fill_missing_places() -> int:
    """Places of the patients that have none: of before places were stored."""
    without = all_records().filter(merged_into__isnull=True, worklist_place__isnull=True)
    ids = list(without.order_by("pk").values_list("pk", flat=True))
    return sum(restate_places(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def _facts(place: WorklistPlace) -> tuple[object, ...]:
    return tuple(getattr(place, name) for name in FIELDS)


def _places(ids: Collection[int]) -> list[WorklistPlace]:
    """As the record says now. A record that was merged into another has no place."""
    tz = clinic_zone()
    due = due_draws(ids, tz=tz)
    return [
        WorklistPlace(
            patient_id=row.pop("pk"),
            quiet_until=last_quiet_day(
                due.get(pk), last_at=row.pop("last_at"), known_since=row.pop("created_at"), tz=tz
            ),
            due_on=due[pk].due_on if pk in due else None,
            expected_on=due[pk].expected_on if pk in due else None,
            **row,
        )
        for row in _as_on_record().filter(pk__in=ids)
        for pk in [row["pk"]]
    ]


@cache  # every write asks it: building the question took longer than the answer
def _as_on_record() -> QuerySet[Patient, dict[str, Any]]:
    """The question of `_places` without whose record; never run as it is."""
    conclusions = _conclusions()
    facts = ("pk", "care_team_id", "name", "created_at", "last_at")
    patients = all_records().filter(merged_into__isnull=True)
    asked: QuerySet[Patient, dict[str, Any]] = patients.annotate(**conclusions, last_at=last_draw_at()).values(
        *facts, *conclusions
    )
    return asked


@cache
def _conclusions() -> dict[str, Subquery | Coalesce]:
    """Column -> what the conclusions say; the outer row is a patient, or a place, which has the patient's key.

    The latest evaluation is the one written last; of several alerts the first to be awake decides.
    """
    pending = Exists(EvaluationMark.objects.filter(patient=OuterRef("patient")))
    rank = Case(
        When(level__in=[Level.WATCH, Level.ALERT], then=Value(Reading.TO_WATCH)),
        When(pending, then=Value(Reading.NOT_CURRENT)),
        default=Value(Reading.CALM),
        output_field=IntegerField(),
    )
    latest = Evaluation.objects.filter(patient=OuterRef("pk")).order_by("-at", "-pk")
    standing = Alert.objects.filter(patient=OuterRef("pk"), state__in=OPEN_STATES)
    awake = standing.annotate(awake=Coalesce("snoozed_until", Value(ALWAYS))).order_by("awake")
    moment = DateTimeField()
    return {
        "open_from": Subquery(awake.filter(state=AlertState.OPEN).values("awake")[:1], output_field=moment),
        "awake_from": Subquery(awake.values("awake")[:1], output_field=moment),
        "waiting_since": Subquery(standing.order_by("raised_at").values("raised_at")[:1], output_field=moment),
        "reading": Coalesce(Subquery(latest.annotate(rank=rank).values("rank")[:1]), Value(Reading.NOT_CURRENT)),
        "rising_since": Coalesce(Subquery(latest.values("since")[:1]), Value(NEVER), output_field=DateField()),
    }
