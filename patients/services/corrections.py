"""Correcting what is on record: a value, what a draw says of itself, or a whole draw. Nothing old is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import NewEvent, record, record_many
from patients.laboratory_profile import check_asked_by
from patients.models import TAKEN_BACK, Draw, DrawChange, Patient, Result, ResultStatus
from patients.services.draws import NewDraw, NewResult, at_another_time, insert_result, is_typed
from patients.services.errors import (
    DrawChangedMeanwhile,
    DrawOnRecord,
    NothingChanged,
    ReasonMissing,
    ResultNotCurrent,
)
from patients.signals import results_changed

# What a draw says of itself and may be corrected in; a name is an attribute of Draw and NewDraw, but for the moment.
MOMENT: Final = "collected"
FACTS: Final = (MOMENT, "laboratory", "accession", "fasting", "haemolysis", "biotin", "g_csf", "steroid")


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
    Patient.objects.select_for_update().get(pk=patient_id)
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
) -> Revision:
    """Correct results of a draw and what it says of itself; all of it or nothing.

    `facts` is the draw as it should read (its note is left alone); None changes none of it.

    Raises
    ------
    ReasonMissing, NothingChanged, DrawChangedMeanwhile, AccessionAtAnotherTime, DrawOnRecord
        nothing is written.
    """
    reason = _reason(reason)
    draw, standing = _hold(draw_id, seen)
    amended = {} if facts is None else changed_facts(draw, facts)
    if not changes and not amended:
        raise NothingChanged()
    if facts is not None and amended:
        _amend(draw, facts, amended, actor=actor, reason=reason, recorded_by=recorded_by)
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


def facts_of(draw: Draw | NewDraw) -> dict[str, str]:
    """What a draw says of itself as text, a moment in ISO form; a day alone where the time is not known."""
    local = timezone.localtime(draw.collected_at)
    moment = local.isoformat(timespec="seconds") if draw.time_known else local.date().isoformat()
    return {MOMENT: moment, **{name: str(getattr(draw, name)) for name in FACTS if name != MOMENT}}


def changed_facts(draw: Draw, facts: NewDraw) -> dict[str, tuple[str, str]]:
    """fact -> what stands, what it is to be; only what differs."""
    old, new = facts_of(draw), facts_of(facts)
    return {name: (old[name], new[name]) for name in FACTS if old[name] != new[name]}


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing()
    return reason.strip()


def _hold(draw_id: int, seen: Seen) -> tuple[Draw, dict[str, Result]]:
    """The draw and its current results, locked, if they are what was seen."""
    patient_id = Draw.objects.values_list("patient_id", flat=True).get(pk=draw_id)
    # One writer a patient at a time: the second of two people waits here, and then finds what the first one wrote.
    Patient.objects.select_for_update().get(pk=patient_id)
    draw = Draw.objects.get(pk=draw_id)
    standing = {row.marker_id: row for row in draw.results.current().select_related("draw", "assay").order_by("pk")}
    now = {marker: standing[marker].pk for marker in seen.results if marker in standing}
    if draw.version != seen.version or now != dict(seen.results):
        raise DrawChangedMeanwhile()
    return draw, standing


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


def _amend(
    draw: Draw,
    facts: NewDraw,
    amended: Mapping[str, tuple[str, str]],
    *,
    actor: str,
    reason: str,
    recorded_by: User | None,
) -> None:
    _refuse_another_draws_place(draw, facts)
    for name in amended:
        if name == MOMENT:
            draw.collected_at, draw.time_known = facts.collected_at, facts.time_known
        else:
            setattr(draw, name, getattr(facts, name))
    draw.version += 1
    draw.save()
    DrawChange.objects.bulk_create(
        DrawChange(draw=draw, version=draw.version, field=name, old=old, new=new, reason=reason, by=recorded_by)
        for name, (old, new) in amended.items()
    )
    record(
        actor=actor,
        action="draw.amended",
        object_type="draw",
        object_id=draw.pk,
        patient_id=draw.patient_id,
        details={"facts": list(amended), "version": draw.version},
    )


def _refuse_another_draws_place(draw: Draw, facts: NewDraw) -> None:
    """Two draws of one patient are told apart by accession number, or by time where there is none."""
    others = Draw.objects.filter(
        patient_id=draw.patient_id, laboratory=facts.laboratory, accession=facts.accession
    ).exclude(pk=draw.pk)
    if facts.accession:
        if other := others.first():
            raise at_another_time(other)
    elif others.filter(collected_at=facts.collected_at).exists():
        raise DrawOnRecord(moment=facts_of(facts)[MOMENT][:16].replace("T", " "))


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
