"""Correcting what is on record: a value, what a draw says of itself, or a whole draw. Nothing old is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import NewEvent, record, record_many
from patients.laboratory_profile import check_asked_by
from patients.models import TAKEN_BACK, Draw, Result, ResultStatus
from patients.same_day import draw_holding
from patients.services.draw_facts import Amendment, amend_draws, changed_facts, refuse_another_draws_place
from patients.services.draws import NewDraw, NewResult, insert_result, is_typed
from patients.services.errors import (
    DrawChangedMeanwhile,
    NothingChanged,
    OtherDrawOfTheDay,
    ReasonMissing,
    ResultNotCurrent,
)
from patients.services.locking import hold_patient
from patients.signals import results_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A draw as the person who corrects it saw it: its version, and the result of each marker."""

    version: int
    results: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one result: a new value, or with `new=None` the same value under another status."""

    marker: str
    new: NewResult | None = None
    status: str = ResultStatus.CORRECTED


@dataclass(frozen=True, slots=True)
class Revision:
    """What was written: the new versions of results, and the facts that changed."""

    draw_id: int
    results: tuple[int, ...] = ()
    facts: tuple[str, ...] = ()


@transaction.atomic
def correct_result(
    *,
    actor: str,
    result_id: int,
    new: NewResult | None,
    status: str,
    reason: str,
    recorded_by: User | None = None,
) -> Result:
    """Write the next version of a result; the old row stays as it was.

    `new=None` keeps the value and changes only the status (cancelled, entered in error).

    Raises
    ------
    ReasonMissing
        a correction says why.
    ResultNotCurrent
        somebody corrected it meanwhile.
    ValueError
        `new` is of another marker: that is another result, not a correction.
    """
    reason = _reason(reason)
    patient_id = Result.objects.values_list("draw__patient_id", flat=True).get(pk=result_id)
    hold_patient(patient_id)
    old = Result.objects.current().select_related("draw", "assay").filter(pk=result_id).first()
    if old is None:
        raise ResultNotCurrent(result=str(result_id))
    change = Change(marker=old.marker_id, new=new, status=status)
    (replacement,) = _replace(
        old.draw, {old.marker_id: old}, [change], actor=actor, reason=reason, recorded_by=recorded_by
    )
    results_changed.send(sender=Result, patient_ids=(patient_id,), reason="result_corrected")
    return replacement


@transaction.atomic
def revise_draw(
    *,
    actor: str,
    draw_id: int,
    seen: Seen,
    changes: Sequence[Change] = (),
    facts: NewDraw | None = None,
    reason: str,
    recorded_by: User | None = None,
    ask_same_day: bool = False,
) -> Revision:
    """Correct results of a draw and what it says of itself; all of it or nothing.

    `facts` is the draw as it should read (its note is left alone); None changes none of it. With `ask_same_day` a draw
    that moves to another day is asked about where that day has some of its markers already.

    Raises
    ------
    ReasonMissing, NothingChanged, DrawChangedMeanwhile, AccessionAtAnotherTime, DrawOnRecord, OtherDrawOfTheDay,
    PatientMerged
        nothing is written.
    """
    reason = _reason(reason)
    draw, standing = _hold(draw_id, seen)
    amended = {} if facts is None else changed_facts(draw, facts)
    if not changes and not amended:
        raise NothingChanged()
    if facts is not None and amended:
        if ask_same_day:
            _ask_what_it_is(draw, facts, list(standing))
        refuse_another_draws_place(draw, facts)
        amend_draws([Amendment(draw, facts, amended)], actor=actor, reason=reason, by=recorded_by)
    rows = _replace(draw, standing, changes, actor=actor, reason=reason, recorded_by=recorded_by)
    _say(draw, "draw_amended" if amended else "result_corrected")
    return Revision(draw.pk, tuple(row.pk for row in rows), tuple(amended))


@transaction.atomic
def take_back_draw(*, actor: str, draw_id: int, seen: Seen, reason: str, recorded_by: User | None = None) -> Revision:
    """Mark every result of a draw as entered in error: it is another patient's blood, or was never taken.

    Raises
    ------
    ReasonMissing, NothingChanged, DrawChangedMeanwhile
        nothing is written. A result that came in meanwhile was not seen, so it is a change too.
    """
    reason = _reason(reason)
    draw, standing = _hold(draw_id, seen)
    if set(standing) != set(seen.results):
        raise DrawChangedMeanwhile()
    changes = [
        Change(marker=marker, status=ResultStatus.ENTERED_IN_ERROR)
        for marker, result in standing.items()
        if result.status not in TAKEN_BACK
    ]
    if not changes:
        raise NothingChanged()
    rows = _replace(draw, standing, changes, actor=actor, reason=reason, recorded_by=recorded_by)
    record(
        actor=actor,
        action="draw.taken_back",
        object_type="draw",
        object_id=draw.pk,
        patient_id=draw.patient_id,
        details={"results": [row.pk for row in rows]},
    )
    _say(draw, "result_corrected")
    return Revision(draw.pk, tuple(row.pk for row in rows))


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing()
    return reason.strip()


def _hold(draw_id: int, seen: Seen) -> tuple[Draw, dict[str, Result]]:
    """The draw and its current results, locked, if they are what was seen."""
    patient_id = Draw.objects.values_list("patient_id", flat=True).get(pk=draw_id)
    hold_patient(patient_id)
    draw = Draw.objects.get(pk=draw_id)
    if draw.patient_id != patient_id:  # a merge was undone while this waited
        raise DrawChangedMeanwhile()
    standing = {row.marker_id: row for row in draw.results.current().select_related("draw", "assay").order_by("pk")}
    now = {marker: standing[marker].pk for marker in seen.results if marker in standing}
    if draw.version != seen.version or now != dict(seen.results):
        raise DrawChangedMeanwhile()
    return draw, standing


def _ask_what_it_is(draw: Draw, facts: NewDraw, markers: Sequence[str]) -> None:
    """Two draws of one day may be one blood. Asked only where the draw moves there."""
    day = timezone.localdate(facts.collected_at)
    if day == timezone.localdate(draw.collected_at):
        return
    if other := draw_holding(draw.patient_id, markers, day=day, but=[draw.pk]):
        raise OtherDrawOfTheDay(draw=str(other.pk))


def _replace(
    draw: Draw,
    standing: Mapping[str, Result],
    changes: Sequence[Change],
    *,
    actor: str,
    reason: str,
    recorded_by: User | None,
) -> list[Result]:
    """The next version of each changed result, and its audit event.

    The old version stands no more, whether or not the new one waits for a second check: it was said to be wrong.
    """
    asked = check_asked_by(draw.laboratory) if changes and is_typed(recorded_by, None) else ""
    rows = []
    for change in changes:
        if change.marker not in standing:
            raise ValueError(f"no result of {change.marker} stands in this draw: there is nothing to correct")
        old = standing[change.marker]
        new = change.new or _again(old)
        if new.marker != old.marker_id:
            raise ValueError(f"a result of {old.marker_id} cannot become one of {new.marker}")
        rows.append(
            insert_result(
                draw,
                new,
                recorded_by=recorded_by,
                batch=None,
                old=old,
                reason=reason,
                status=change.status,
                asked=asked,
            )
        )
    record_many(
        actor=actor,
        events=[
            NewEvent(
                action="result.corrected",
                object_type="result",
                object_id=str(row.pk),
                patient_id=draw.patient_id,
                details={"replaces": row.replaces_id, "status": str(row.status)},
            )
            for row in rows
        ],
    )
    return rows


def _again(old: Result) -> NewResult:
    return NewResult(
        marker=old.marker_id,
        as_typed=old.as_typed,
        comparator=old.comparator,
        value=old.value,
        unit=old.unit,
        canonical_value=old.canonical_value,
        canonical_unit=old.canonical_unit,
        factor=old.factor,
        absent=old.absent,
        assay=old.assay.name if old.assay else "",
        reference_low=old.reference_low,
        reference_high=old.reference_high,
        interpretation=old.interpretation,
        issued_at=old.issued_at,
        confirmed=old.confirmed,
    )


def _say(draw: Draw, reason: str) -> None:
    results_changed.send(sender=Draw, patient_ids=(draw.patient_id,), reason=reason)
