"""Alerts of records that were merged: a rise counts once, for the record that was kept, with what was done about it.

A merge moves draws and no alert. The next reading withdraws the alert of the emptied record, and raises one on the kept
record where none stands; undoing goes the other way. Those are one alert that changed its row: it was raised when the
first of them was, and answered when somebody first answered one of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery

from monitoring.models import Alert, AlertEvent, AlertState, Evaluation
from patients.due import draws_with_values
from patients.models import Patient, PatientMerge

Reading = tuple[int, int | None]  # record, evaluation
Steps = Mapping[int, Sequence[AlertEvent]]  # alert -> its moves, the oldest first
OVER: Final = frozenset({AlertState.CLOSED, AlertState.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One merge, by the first readings of both records after it and after its undoing."""

    merge: int
    retired: int
    survivor: int
    at: dt.datetime
    undone: bool
    draws: tuple[int, ...]  # that were moved
    emptied: int | None
    joined: int | None
    restored: int | None
    parted: int | None


@dataclass(frozen=True, slots=True)
class Merges:
    handovers: tuple[Handover, ...]
    kept: Mapping[int, int]  # merged record -> the one of the viewer's that it is part of

    @property
    def records(self) -> set[int]:
        return {record for one in self.handovers for record in (one.retired, one.survivor)}


@dataclass(frozen=True, slots=True)
class Trails:
    """`before`: alert -> those that it goes on from, the oldest first. `gone` are told with what followed them."""

    before: Mapping[int, tuple[int, ...]]
    gone: frozenset[int]


def load_merges(mine: QuerySet[Patient]) -> Merges:
    """Every merge that the viewer's patients had part in; one query, and one more for each merge in a row."""
    own = mine.values("pk")
    found = _handovers(Q(survivor__in=own) | Q(retired__in=own))
    known = {one.merge: one for one in found}
    kept: dict[int, int] = {}
    while standing := [one for one in found if not one.undone]:
        kept |= {one.retired: kept.get(one.survivor, one.survivor) for one in standing}
        emptied = [one.retired for one in standing]
        touched = _handovers(Q(survivor__in=emptied) | Q(retired__in=emptied))
        found = [one for one in touched if one.merge not in known]
        known |= {one.merge: one for one in found}
    return Merges(tuple(known[pk] for pk in sorted(known)), kept)


def _handovers(which: Q) -> list[Handover]:
    rows = PatientMerge.objects.filter(which).annotate(
        emptied=_first_reading("retired", "at"),
        joined=_first_reading("survivor", "at"),
        restored=_first_reading("retired", "undone_at"),
        parted=_first_reading("survivor", "undone_at"),
    )
    names = ("pk", "retired_id", "survivor_id", "at", "undone_at", "moved", "emptied", "joined", "restored", "parted")
    return [
        Handover(
            merge=pk,
            retired=retired,
            survivor=survivor,
            at=at,
            undone=undone_at is not None,
            draws=tuple(moved.get("draw", ())),
            emptied=emptied,
            joined=joined,
            restored=restored,
            parted=parted,
        )
        for pk, retired, survivor, at, undone_at, moved, emptied, joined, restored, parted in rows.values_list(*names)
    ]


def _first_reading(record: str, since: str) -> Subquery:
    read = Evaluation.objects.filter(patient=OuterRef(record), at__gte=OuterRef(since))
    return Subquery(read.order_by("at", "pk").values("pk")[:1])


def drawn_before(alerts: Iterable[Alert], merges: Merges) -> dict[int, dt.datetime]:
    """Alert of a merged record -> the last draw at its raising that has since moved to the kept one."""
    moved = {one.retired: one.draws for one in merges.handovers if not one.undone}
    theirs = [alert for alert in alerts if alert.patient_id in moved]
    wanted = {draw for alert in theirs for draw in moved[alert.patient_id]}
    if not wanted:
        return {}
    days = dict(draws_with_values().filter(pk__in=wanted).values_list("pk", "collected_at"))
    of_alert = {
        alert.pk: [days[draw] for draw in moved[alert.patient_id] if draw in days and days[draw] <= alert.raised_at]
        for alert in theirs
    }
    return {pk: max(found) for pk, found in of_alert.items() if found}


def trails(alerts: Iterable[Alert], steps: Steps, merges: Merges) -> Trails:
    """Which alerts are one that changed its row."""
    if not merges.handovers:
        return Trails({}, frozenset())
    rows = [alert for alert in alerts if alert.patient_id in merges.records]
    raised: dict[Reading, int] = {(alert.patient_id, alert.evaluation_id): alert.pk for alert in rows}
    withdrawn: dict[Reading, int] = {
        (alert.patient_id, step.evaluation_id): alert.pk
        for alert in rows
        for step in steps.get(alert.pk, ())
        if step.new_state == AlertState.WITHDRAWN
    }
    of_record: dict[int, list[Alert]] = defaultdict(list)
    for alert in rows:
        of_record[alert.patient_id].append(alert)
    before: dict[int, tuple[int, ...]] = {}
    gone: set[int] = set()
    for one in merges.handovers:
        old = withdrawn.get((one.retired, one.emptied))
        if old is None:
            continue
        so_far = (*before.get(old, ()), old)
        new = raised.get((one.survivor, one.joined))
        if new is not None:
            before[new] = so_far
        if new is not None or _stood(of_record[one.survivor], steps, one.at):
            gone.add(old)
        if one.undone:
            again = new is not None and withdrawn.get((one.survivor, one.parted)) == new
            meanwhile = (new,) if again and new is not None else ()
            gone.update(meanwhile)
            back = raised.get((one.retired, one.restored))
            if back is not None:
                before[back] = (*so_far, *meanwhile)
                gone.add(old)
            else:
                gone.discard(old)
    return Trails(before, frozenset(gone))


def _stood(alerts: Iterable[Alert], steps: Steps, at: dt.datetime) -> bool:
    """Whether one of them stood then: the rise that came along is told by it. Who never moved is open."""
    for alert in alerts:
        states = [step.new_state for step in steps.get(alert.pk, ()) if step.at <= at]
        if alert.raised_at <= at and (not states or states[-1] not in OVER):
            return True
    return False
