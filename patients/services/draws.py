"""Writing draws and results: the only way a value enters the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from patients.catalogue import catalogue
from patients.laboratory_profile import check_asked_by, of_laboratory
from patients.models import (
    TAKEN_BACK,
    Assay,
    Draw,
    Fasting,
    Haemolysis,
    ImportBatch,
    Patient,
    Result,
    ResultStatus,
    Taken,
)
from patients.reading import AbsentReading, Reading
from patients.same_day import other_draw
from patients.services.draw_facts import (
    SAID_LATER,
    Amendment,
    amend_draws,
    at_another_time,
    facts_to_fill,
    filled_in,
    refuse_another_draws_place,
    same_moment,
)
from patients.services.errors import DerivedMarker, DrawChangedMeanwhile, EmptyDraw, OtherDrawOfTheDay, ResultExists
from patients.services.locking import hold_patient
from patients.signals import results_changed

# Reasons nobody typed.
CHANGED_AT_SOURCE: Final = "changed at the source"
ENTERED_AGAIN: Final = "entered again after it was taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraw:
    """One collection as it arrives. `collected_at` is aware; `time_known` is False where only the day was given."""

    collected_at: dt.datetime
    time_known: bool = True
    laboratory: str = ""
    accession: str = ""
    fasting: str = Fasting.UNKNOWN
    haemolysis: str = Haemolysis.UNKNOWN
    biotin: str = Taken.UNKNOWN
    g_csf: str = Taken.UNKNOWN
    steroid: str = Taken.UNKNOWN
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResult:
    """One value as it arrives, read already (`patients.reading.read_cell`): reported text and canonical value.

    With `absent`, the laboratory's reason, there is no value: comparator and value are empty, the numbers None.
    """

    marker: str
    as_typed: str
    comparator: str
    value: str
    unit: str
    canonical_value: Decimal | None
    canonical_unit: str
    factor: Decimal | None
    absent: str = ""
    assay: str = ""
    status: str = ResultStatus.FINAL
    reference_low: str = ""
    reference_high: str = ""
    interpretation: str = ""
    issued_at: dt.datetime | None = None
    confirmed: bool = False


def result_of(reading: Reading | AbsentReading) -> NewResult:
    """A cell that was read, as the record takes it; what else its source knows is added with `dataclasses.replace`."""
    if isinstance(reading, AbsentReading):
        return NewResult(
            marker=reading.marker,
            as_typed=reading.as_typed,
            comparator="",
            value="",
            unit=reading.unit,
            canonical_value=None,
            canonical_unit=catalogue().marker(reading.marker).unit,
            factor=None,
            absent=reading.absent,
        )
    return NewResult(
        marker=reading.marker,
        as_typed=reading.reported.as_typed,
        comparator=reading.reported.comparator,
        value=reading.reported.text,
        unit=reading.unit,
        canonical_value=reading.canonical.value,
        canonical_unit=reading.canonical.unit,
        factor=reading.canonical.factor,
    )


@dataclass(frozen=True, slots=True)
class DrawOutcome:
    """What became of one draw; `filled` names the facts of it that were not known before."""

    draw_id: int
    draw_created: bool
    created: tuple[int, ...]
    repeated: int
    corrected: tuple[int, ...]
    filled: tuple[str, ...] = ()
    on_hold: int = 0  # of those written, how many wait for a second person

    @property
    def changed(self) -> bool:
        return bool(self.created or self.corrected or self.filled)


@transaction.atomic
def record_draw(
    *,
    actor: str,
    patient_id: int,
    draw: NewDraw,
    results: Sequence[NewResult],
    recorded_by: User | None = None,
    batch: ImportBatch | None = None,
    on_difference: Literal["refuse", "correct"] = "refuse",
    reason: str = "",
    ask_same_day: bool = False,
    same_as: int | None = None,
) -> DrawOutcome:
    """Record one draw with its results; all of it or nothing.

    The same draw is recognised by patient, laboratory and accession number (or time, where there is none). A value
    that stands there already is a repeat and changes nothing. A different value is refused, or, for a source that is
    the authority on its own values (`on_difference="correct"`), becomes a correction with `reason`. Where the value
    was taken back nothing stands, and entering it again is a correction too. What this paper knows of the draw and the
    record does not is filled in. What a person types for a laboratory that asks for a second check is put on hold
    (`hold_of`).

    With `ask_same_day`, another draw of that day that holds some of these markers is asked about first, and `same_as`
    is the answer: the draw on record that this paper is of.

    Raises
    ------
    EmptyDraw, DerivedMarker, ResultExists, AccessionAtAnotherTime, PatientMerged, OtherDrawOfTheDay, DrawFactsDiffer,
    DrawChangedMeanwhile, DrawOnRecord
        nothing is written.
    """
    _refuse_what_is_no_draw(results)
    # One writer a patient at a time: two people recording the same draw must meet here, not in a constraint.
    patient = hold_patient(patient_id)
    if ask_same_day and same_as is None:
        _ask_what_it_is(patient, draw, results)
    row, draw_created = _find_or_create_draw(
        patient=patient, draw=draw, same_as=same_as, recorded_by=recorded_by, batch=batch
    )
    filled = () if draw_created else _fill_in(row, draw, actor=actor, by=recorded_by)
    standing = {result.marker_id: result for result in row.results.current().select_related("assay")}
    asked = check_asked_by(row.laboratory) if is_typed(recorded_by, batch) else ""
    created: list[int] = []
    corrected: list[int] = []
    repeated = 0
    for new in results:
        old = standing.get(new.marker)
        if old is None:
            standing[new.marker] = insert_result(row, new, recorded_by=recorded_by, batch=batch, asked=asked)
            created.append(standing[new.marker].pk)
        elif is_repeat(old, new):
            repeated += 1
        elif on_difference == "refuse" and old.status not in TAKEN_BACK:
            raise ResultExists(marker=new.marker, value=old.reported, unit=old.unit)
        else:
            why = reason or (ENTERED_AGAIN if old.status in TAKEN_BACK else CHANGED_AT_SOURCE)
            standing[new.marker] = insert_result(
                row, new, recorded_by=recorded_by, batch=batch, old=old, reason=why, asked=asked
            )
            corrected.append(standing[new.marker].pk)
    written = {*created, *corrected}
    on_hold = sum(1 for one in standing.values() if one.pk in written and one.awaiting_check)
    outcome = DrawOutcome(row.pk, draw_created, tuple(created), repeated, tuple(corrected), filled, on_hold)
    if created or corrected:
        record(
            actor=actor,
            action="draw.recorded",
            object_type="draw",
            object_id=row.pk,
            patient_id=patient.pk,
            details={"created": created, "corrected": corrected, "batch": batch.pk if batch else None},
        )
    if outcome.changed:
        results_changed.send(sender=Draw, patient_ids=(patient.pk,), reason="draw_recorded")
    return outcome


def _refuse_what_is_no_draw(results: Sequence[NewResult]) -> None:
    if not results:
        raise EmptyDraw()
    for new in results:
        if catalogue().marker(new.marker).derived:
            raise DerivedMarker(marker=new.marker)


def _find_or_create_draw(
    *, patient: Patient, draw: NewDraw, same_as: int | None, recorded_by: User | None, batch: ImportBatch | None
) -> tuple[Draw, bool]:
    if same_as is not None:
        return _same_blood(patient, draw, same_as), False
    same = Draw.objects.filter(patient=patient, accession=draw.accession).order_by("pk")
    if not draw.accession:
        same = same.filter(collected_at=draw.collected_at)
    if row := next(of_laboratory(draw.laboratory, same), None):
        if not same_moment(row, draw):
            raise at_another_time(row)
        return row, False
    return (
        Draw.objects.create(
            patient=patient,
            collected_at=draw.collected_at,
            time_known=draw.time_known,
            laboratory=draw.laboratory,
            accession=draw.accession,
            fasting=draw.fasting,
            haemolysis=draw.haemolysis,
            biotin=draw.biotin,
            g_csf=draw.g_csf,
            steroid=draw.steroid,
            note=draw.note,
            recorded_by=recorded_by,
            batch=batch,
        ),
        True,
    )


def _same_blood(patient: Patient, draw: NewDraw, draw_id: int) -> Draw:
    """The draw that the person meant, if it still is one of that patient and day."""
    row = Draw.objects.filter(patient=patient, pk=draw_id).first()
    if row is None or timezone.localdate(row.collected_at) != timezone.localdate(draw.collected_at):
        raise DrawChangedMeanwhile()
    return row


def _ask_what_it_is(patient: Patient, draw: NewDraw, results: Sequence[NewResult]) -> None:
    about = {"laboratory": draw.laboratory, "accession": draw.accession}
    markers = [new.marker for new in results]
    if other := other_draw(patient, about, timezone.localtime(draw.collected_at), markers):
        raise OtherDrawOfTheDay(draw=str(other.pk))


def _fill_in(row: Draw, draw: NewDraw, *, actor: str, by: User | None) -> tuple[str, ...]:
    """What this paper knows of the draw and the record did not."""
    changes = facts_to_fill(row, draw)
    if changes:
        facts = filled_in(row, draw, changes)
        refuse_another_draws_place(row, facts)
        amend_draws([Amendment(row, facts, changes)], actor=actor, reason=SAID_LATER, by=by)
    return tuple(changes)


def is_repeat(old: Result, new: NewResult) -> bool:
    """A repeat says the same number in the same unit; '5.20' after '5.2' is a repeat, '<5.2' is not.

    Of a result without a value the reason is compared, whatever word was typed for it.
    """
    return (
        old.absent == new.absent
        and old.comparator == new.comparator
        and (bool(old.absent) or (Decimal(old.value) == Decimal(new.value) and old.unit == new.unit))
        and (old.assay.name if old.assay else "") == new.assay
        and (old.status == new.status or {old.status, new.status} <= {ResultStatus.FINAL, ResultStatus.CORRECTED})
    )


def is_typed(recorded_by: User | None, batch: ImportBatch | None) -> bool:
    """By a person at the keyboard. What comes in a file is the laboratory's own, whoever sent the file."""
    return recorded_by is not None and batch is None


def hold_of(row: Result, *, asked: str, old: Result | None) -> str:
    """For which second check a new row waits; '' where it counts at once.

    What replaces a row on hold waits as well, also where the laboratory asks for nothing any more.
    """
    if not is_typed(row.recorded_by, row.batch) or row.status in TAKEN_BACK:
        return ""
    return asked or (old.awaiting_check if old else "")


def insert_result(
    draw: Draw,
    new: NewResult,
    *,
    recorded_by: User | None,
    batch: ImportBatch | None,
    old: Result | None = None,
    reason: str = "",
    status: str = "",
    asked: str = "",
) -> Result:
    """`asked` is the second check that the laboratory asks for (`laboratory_profile.check_asked_by`)."""
    assay = _assay(marker=new.marker, laboratory=draw.laboratory, name=new.assay)
    row = result_row(
        draw, new, assay=assay, recorded_by=recorded_by, batch=batch, old=old, reason=reason, status=status
    )
    row.awaiting_check = hold_of(row, asked=asked, old=old)
    row.save(force_insert=True)
    return row


def result_row(
    draw: Draw,
    new: NewResult,
    *,
    assay: Assay | None,
    recorded_by: User | None,
    batch: ImportBatch | None,
    old: Result | None = None,
    reason: str = "",
    status: str = "",
) -> Result:
    """A row that is not written yet: the first version of a result, or the one after `old`."""
    if not status:
        status = ResultStatus.CORRECTED if old is not None and new.status == ResultStatus.FINAL else new.status
    return Result(
        draw=draw,
        marker_id=new.marker,
        assay=assay,
        as_typed=new.as_typed,
        comparator=new.comparator,
        value=new.value,
        unit=new.unit,
        canonical_value=new.canonical_value,
        canonical_unit=new.canonical_unit,
        factor=new.factor,
        absent=new.absent,
        status=status,
        reference_low=new.reference_low,
        reference_high=new.reference_high,
        interpretation=new.interpretation,
        issued_at=new.issued_at,
        confirmed=new.confirmed,
        recorded_by=recorded_by,
        batch=batch,
        version=1 if old is None else old.version + 1,
        replaces=old,
        reason=reason,
    )


def _assay(*, marker: str, laboratory: str, name: str) -> Assay | None:
    if not name:
        return None
    return Assay.objects.get_or_create(marker_id=marker, laboratory=laboratory, name=name)[0]


def announce(patient_ids: Iterable[int], *, reason: str) -> None:
    """Say, inside the caller's transaction, that what is known of these patients changed."""
    results_changed.send(sender=Patient, patient_ids=tuple(patient_ids), reason=reason)
