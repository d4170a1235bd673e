"""Writing a laboratory's table of reference intervals. No line is ever written over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from audit.services import record
from patients.laboratory_profile import key_of
from patients.models import Laboratory, LaboratoryInterval
from patients.reference import asks_for, meet
from patients.services.errors import IntervalEndsTooEarly, IntervalNotStanding, IntervalOverlaps, ReasonMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInterval:
    """One line as the laboratory prints it, with the numbers that were read of its limits; '' and None ask nothing."""

    marker: str
    unit: str
    valid_from: dt.date
    low: str = ""
    high: str = ""
    low_value: Decimal | None = None
    high_value: Decimal | None = None
    assay: str = ""
    sex: str = ""
    age_from: int | None = None
    age_to: int | None = None
    source: str = ""


@transaction.atomic
def add_intervals(*, actor: str, laboratory_id: int, intervals: Sequence[NewInterval]) -> list[LaboratoryInterval]:
    """Add lines; an older one of the same assay, sex and age is thereby ended. All are added, or none.

    Raises IntervalOverlaps where it could not be told which of two lines of one day holds for a person.
    """
    laboratory = Laboratory.objects.select_for_update().get(pk=laboratory_id)
    standing = list(
        laboratory.intervals.filter(withdrawn_at__isnull=True, marker__in={one.marker for one in intervals})
    )
    added = []
    for new in intervals:
        line = new_line(laboratory, new)
        if other := rival(line, standing):
            raise IntervalOverlaps(marker=new.marker, interval=str(other.pk or ""))
        line.save()
        standing.append(line)
        added.append(line)
    record(
        actor=actor,
        action="laboratory.intervals_added",
        object_type="laboratory",
        object_id=laboratory.pk,
        details={"intervals": [line.pk for line in added], "markers": [line.marker_id for line in added]},
    )
    return added


@transaction.atomic
def end_interval(*, actor: str, interval_id: int, last_day: dt.date) -> LaboratoryInterval:
    """The laboratory prints this line no longer. Raises IntervalNotStanding, IntervalEndsTooEarly."""
    line = _standing(interval_id)
    if line.valid_to is not None:
        raise IntervalNotStanding()
    if last_day < line.valid_from:
        raise IntervalEndsTooEarly()
    line.valid_to = last_day
    line.save(update_fields=["valid_to"])
    _recorded(actor, "laboratory.interval_ended", line, last_day=last_day.isoformat())
    return line


@transaction.atomic
def withdraw_interval(*, actor: str, interval_id: int, reason: str) -> LaboratoryInterval:
    """The line never was so: it stays to be read, and no value is held against it any more.

    Raises IntervalNotStanding, ReasonMissing.
    """
    line = _standing(interval_id)
    if not reason.strip():
        raise ReasonMissing()
    line.withdrawn_at, line.withdrawn_reason = timezone.now(), reason.strip()
    line.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    _recorded(actor, "laboratory.interval_withdrawn", line)
    return line


def rival(line: LaboratoryInterval, others: Iterable[LaboratoryInterval]) -> LaboratoryInterval | None:
    """The line of the same day and marker that asks for as much and holds for some of the same people, if any.

    One that asks for more ("women" beside everybody) is no rival: it goes before, as in the catalogue.
    """
    return next(
        (
            other
            for other in others
            if other.marker_id == line.marker_id
            and other.valid_from == line.valid_from
            and asks_for(other) == asks_for(line)
            and meet(other, line)
        ),
        None,
    )


def new_line(laboratory: Laboratory, new: NewInterval) -> LaboratoryInterval:
    """The row as it would be written; nothing is written yet."""
    assay = " ".join(new.assay.split())
    return LaboratoryInterval(
        laboratory=laboratory,
        marker_id=new.marker,
        assay=assay,
        assay_key=key_of(assay),
        sex=new.sex,
        age_from=new.age_from,
        age_to=new.age_to,
        low=new.low,
        high=new.high,
        low_value=new.low_value,
        high_value=new.high_value,
        unit=new.unit,
        valid_from=new.valid_from,
        source=new.source,
    )


def _standing(interval_id: int) -> LaboratoryInterval:
    line = LaboratoryInterval.objects.select_for_update().get(pk=interval_id)
    if line.withdrawn_at is not None:
        raise IntervalNotStanding()
    return line


def _recorded(actor: str, action: str, line: LaboratoryInterval, **details: str) -> None:
    record(
        actor=actor,
        action=action,
        object_type="laboratory",
        object_id=line.laboratory_id,
        details={"interval": line.pk, "marker": line.marker_id, **details},
    )
