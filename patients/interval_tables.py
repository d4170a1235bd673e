"""A laboratory's table of reference intervals as it is read: what holds, what will, and what did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from patients.catalogue import MarkerDefinition, catalogue
from patients.models import Laboratory, LaboratoryInterval
from patients.ranges import people_text, printed_limits
from patients.reference import asks_for, meet, same_place

State = Literal["holds", "will_hold", "held", "withdrawn"]


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line; `until` is its last day, said or given by the line that took its place."""

    interval: LaboratoryInterval
    marker: MarkerDefinition
    until: dt.date | None
    state: State

    @property
    def people(self) -> str:
        return people_text(self.interval.sex, self.interval.age_from, self.interval.age_to)

    @property
    def limits(self) -> str:
        return printed_limits(self.interval)

    @property
    def can_be_ended(self) -> bool:
        return self.interval.withdrawn_at is None and self.interval.valid_to is None


def table_of(laboratory: Laboratory, *, today: dt.date) -> list[TableLine]:
    """Every line, by marker and first day. One query."""
    lines = list(laboratory.intervals.select_related("marker"))
    standing = [line for line in lines if line.withdrawn_at is None]
    return [_table_line(line, standing, today=today) for line in lines]


def line_of(interval: LaboratoryInterval, *, today: dt.date) -> TableLine:
    standing = LaboratoryInterval.objects.filter(
        laboratory_id=interval.laboratory_id, marker_id=interval.marker_id, withdrawn_at__isnull=True
    )
    return _table_line(interval, list(standing), today=today)


def more_exact_before(new: LaboratoryInterval, standing: Sequence[LaboratoryInterval]) -> list[LaboratoryInterval]:
    """Older lines that will go before a new one for some of its people, because they ask for more and go on."""
    return [
        line
        for line in standing
        if line.marker_id == new.marker_id
        and line.valid_from < new.valid_from
        and asks_for(line) > asks_for(new)
        and meet(line, new)
        and ((last := last_day(line, standing)) is None or last >= new.valid_from)
    ]


def last_day(line: LaboratoryInterval, standing: Sequence[LaboratoryInterval]) -> dt.date | None:
    """The last day on which a line holds: its own, or the one before a newer line takes its place."""
    ends = [line.valid_to] if line.valid_to else []
    ends += [
        other.valid_from - dt.timedelta(days=1)
        for other in standing
        if other.marker_id == line.marker_id
        and same_place(other) == same_place(line)
        and other.valid_from > line.valid_from
    ]
    return min(ends, default=None)


def _table_line(line: LaboratoryInterval, standing: Sequence[LaboratoryInterval], *, today: dt.date) -> TableLine:
    until = last_day(line, standing)
    state: State = "holds"
    if line.withdrawn_at is not None:
        state = "withdrawn"
    elif until is not None and until < today:
        state = "held"
    elif line.valid_from > today:
        state = "will_hold"
    return TableLine(line, catalogue().marker(line.marker_id), until, state)
