"""The value before each value of a file, to notice a slip of the unit or a large and fast change."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal

from exchange.preparing import Prepared
from patients.catalogue import MarkerDefinition, ReferenceInterval
from patients.checking import concerned
from patients.consistency import check_together
from patients.models import Result
from patients.plausibility import Concern, check_change, check_first
from patients.reference import reference_for

Value = tuple[dt.datetime, Decimal]
SECONDS_A_DAY = 86_400


class PreviousValues:
    """Values on record, and the latest of each series in the file so far."""

    def __init__(self) -> None:
        self._in_file: dict[tuple[str, str], Value] = {}
        self._on_record: dict[tuple[int, str], list[Value]] = defaultdict(list)
        self._looked_up: set[int] = set()

    def load(self, patients: Collection[int]) -> None:
        """Look up what was on record of patients not met before; what came since is in the file itself. One query."""
        new = set(patients) - self._looked_up
        if not new:
            return
        self._looked_up |= new
        rows = (
            Result.objects.for_trends()
            .filter(draw__patient_id__in=new, comparator="")
            .order_by("draw__collected_at")
            .values_list("draw__patient_id", "marker_id", "draw__collected_at", "canonical_value")
        )
        for patient, marker, at, value in rows:
            if value is not None:
                self._on_record[patient, marker].append((at, value))

    def concerns(self, lines: Sequence[Prepared], *, patient: int | None) -> list[tuple[Concern, ...]]:
        """Of each line of one draw what somebody should look at: the questions that the entry page asks."""
        numbers = {
            line.marker.code: line.result.canonical_value
            for line in lines
            if line.result.canonical_value is not None and not line.result.comparator
        }
        together = check_together(numbers)
        return [
            (
                *self._of_value(line, patient),
                *(concern for concern in together if line.marker.code in concerned(concern)),
            )
            for line in lines
        ]

    def _of_value(self, line: Prepared, patient: int | None) -> tuple[Concern, ...]:
        """In the value itself, and in the step from the one before."""
        at, canonical = line.line.collected_at, line.result.canonical_value
        key = (line.number, line.marker.code)
        before = [value for value in (self._in_file.get(key), self._before(patient, line)) if value and value[0] < at]
        if canonical is None or line.result.comparator:
            return line.concerns
        self.see(line)
        if not before:
            return (*line.concerns, *check_first(line.marker, canonical, "", _reference_of_everybody(line.marker)))
        when, previous = max(before)
        days = (at - when).total_seconds() / SECONDS_A_DAY
        return (*line.concerns, *check_change(line.marker, canonical, previous, days))

    def see(self, line: Prepared) -> None:
        """Know the value of this line as one before those that come later."""
        at, canonical = line.line.collected_at, line.result.canonical_value
        key = (line.number, line.marker.code)
        if canonical is None or line.result.comparator:
            return
        if key not in self._in_file or self._in_file[key][0] < at:
            self._in_file[key] = at, canonical

    def _before(self, patient: int | None, line: Prepared) -> Value | None:
        values = self._on_record.get((patient, line.marker.code), []) if patient is not None else []
        place = bisect_left(values, line.line.collected_at, key=lambda value: value[0])
        return values[place - 1] if place else None


def _reference_of_everybody(marker: MarkerDefinition) -> ReferenceInterval | None:
    """For a first value: a slip of a thousand lies outside everybody's interval, so sex and age need no look-up."""
    return reference_for(marker, sex="", age=None, menopause="", smoking="")
