"""The second person: compares what was typed with the paper, or types it again without seeing it.

A result on hold is on record and in no trend (docs/adr/0020). It is released by another person than who entered it, and
never by two entries that differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db import transaction

from accounts.models import User
from audit.services import NewEvent, record_many
from patients.models import CheckKind, CheckOutcome, Draw, Result, ResultCheck, SecondCheck
from patients.services.draws import NewResult
from patients.services.errors import (
    DrawChangedMeanwhile,
    NothingChecked,
    OtherCheckAsked,
    OwnEntry,
    ResultNotCurrent,
    TypedAlready,
)
from patients.services.locking import hold_patient
from patients.signals import results_changed

# Canonical values are kept to twelve decimals; what is typed is not rounded yet.
LAST_DECIMAL: Final = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondEntry:
    """What the second person typed for one result on hold."""

    result_id: int
    new: NewResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of the results that were asked for; `already` were released by somebody else meanwhile."""

    released: tuple[int, ...] = ()
    differing: tuple[int, ...] = ()
    already: tuple[int, ...] = ()


@transaction.atomic
def verify_results(*, actor: str, by: User, draw_id: int, result_ids: Collection[int]) -> Checked:
    """Release results of one draw that `by` compared with the paper, each on its own; the others go on waiting.

    Raises
    ------
    NothingChecked, OwnEntry, ResultNotCurrent, OtherCheckAsked, PatientMerged, DrawChangedMeanwhile
        nothing is written.
    """
    rows, already = _lock(draw_id, set(result_ids), SecondCheck.VERIFY)
    for row in rows:
        if row.recorded_by == by:
            raise OwnEntry(marker=row.marker_id)
    checks = [
        ResultCheck(
            result=row,
            kind=CheckKind.VERIFIED,
            outcome=CheckOutcome.AGREED,
            entered_by=_enterer(row),
            by=by,
        )
        for row in rows
    ]
    return _write(checks, already, actor=actor)


@transaction.atomic
def enter_second_time(*, actor: str, by: User, draw_id: int, entries: Sequence[SecondEntry]) -> Checked:
    """Hold what `by` typed against what was entered first: the same is released, what differs goes on waiting.

    Who entered a value may type it again only once a second entry differed: that decides, and is kept as such.

    Raises
    ------
    NothingChecked, OwnEntry, TypedAlready, ResultNotCurrent, OtherCheckAsked, PatientMerged, DrawChangedMeanwhile
        nothing is written.
    """
    typed = {entry.result_id: entry.new for entry in entries}
    rows, already = _lock(draw_id, set(typed), SecondCheck.BLIND)
    checks = [_second_entry(row, typed[row.pk], by) for row in rows]
    return _write(checks, already, actor=actor)


def same_value(row: Result, new: NewResult) -> bool:
    """The same number in the canonical unit under the same sign, or the same reason for none. '5.20' is '5.2'."""
    if row.absent or new.absent:
        return row.absent == new.absent
    if row.canonical_value is None or new.canonical_value is None or row.comparator != new.comparator:
        return False
    return abs(row.canonical_value - new.canonical_value) <= LAST_DECIMAL


def _second_entry(row: Result, new: NewResult, by: User) -> ResultCheck:
    if new.marker != row.marker_id:
        raise ValueError(f"a second entry of {new.marker} says nothing of {row.marker_id}")
    looks = list(row.checks.all())
    if any(look.by_id == by.pk for look in looks):
        raise TypedAlready(marker=row.marker_id)
    own = row.recorded_by == by
    if own and not looks:
        raise OwnEntry(marker=row.marker_id)
    return ResultCheck(
        result=row,
        kind=CheckKind.DECIDED if own else CheckKind.TYPED,
        outcome=CheckOutcome.AGREED if same_value(row, new) else CheckOutcome.DIFFERS,
        as_typed=new.as_typed,
        unit=new.unit,
        entered_by=_enterer(row),
        by=by,
    )


def _lock(draw_id: int, result_ids: Collection[int], kind: SecondCheck) -> tuple[list[Result], tuple[int, ...]]:
    """The results that still wait, in the order of the catalogue, and those that somebody else released meanwhile."""
    if not result_ids:
        raise NothingChecked()
    patient_id = Draw.objects.values_list("patient_id", flat=True).get(pk=draw_id)
    hold_patient(patient_id)
    if not Draw.objects.filter(pk=draw_id, patient_id=patient_id).exists():  # a merge was undone while this waited
        raise DrawChangedMeanwhile()
    standing = Result.objects.current().filter(draw_id=draw_id, pk__in=result_ids).order_by("marker__order")
    rows = list(standing.select_related("draw", "recorded_by").prefetch_related("checks"))
    if gone := set(result_ids) - {row.pk for row in rows}:
        raise ResultNotCurrent(result=str(min(gone)))
    for row in rows:
        if row.awaiting_check not in {"", kind}:
            raise OtherCheckAsked(marker=row.marker_id)
    waiting = [row for row in rows if row.awaiting_check]
    return waiting, tuple(row.pk for row in rows if not row.awaiting_check)


def _enterer(row: Result) -> User:
    assert row.recorded_by is not None  # the database holds nothing on hold that no person typed
    return row.recorded_by


def _write(checks: Sequence[ResultCheck], already: tuple[int, ...], *, actor: str) -> Checked:
    ResultCheck.objects.bulk_create(checks)
    by_outcome = _by_outcome(checks)
    released, differing = by_outcome[CheckOutcome.AGREED], by_outcome[CheckOutcome.DIFFERS]
    Result.objects.filter(pk__in=[row.pk for row in released]).update(awaiting_check="")
    record_many(actor=actor, events=[*_events(checks)])
    if released:
        patient_id = released[0].draw.patient_id
        results_changed.send(sender=Result, patient_ids=(patient_id,), reason="result_checked")
    return Checked(
        released=tuple(row.pk for row in released), differing=tuple(row.pk for row in differing), already=already
    )


def _by_outcome(checks: Iterable[ResultCheck]) -> Mapping[CheckOutcome, list[Result]]:
    rows: dict[CheckOutcome, list[Result]] = {outcome: [] for outcome in CheckOutcome}
    for check in checks:
        rows[CheckOutcome(check.outcome)].append(check.result)
    return rows


def _events(checks: Iterable[ResultCheck]) -> Iterable[NewEvent]:
    for check in checks:
        yield NewEvent(
            action="result.checked",
            object_type="result",
            object_id=str(check.result_id),
            patient_id=check.result.draw.patient_id,
            details={"kind": str(check.kind), "outcome": str(check.outcome)},
        )
