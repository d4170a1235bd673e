"""A cohort in memory: plain columns of numbers, a few tens of bytes a result, sorted by patient, draw and marker.

A draw is one collection time of one patient. Patients stand in the order of their identifiers as text, draws in that
of time, so nothing depends on the order of lines in the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.trends.types import CensoringArray, FloatArray, IntArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """One entry a draw. `day` is when the engine takes it as drawn; a draw of which only the day is known counts as
    taken with the first timed one of that patient and day, so that blood on record twice does not confirm itself."""

    patient: IntArray
    day: FloatArray
    date: IntArray  # the whole calendar day in the clinic's time zone
    spelled: IntArray  # index into `Cohort.times`
    fasting: CensoringArray  # quantities.UNKNOWN, FINE (fasted), DOUBTFUL (not)
    haemolysis: CensoringArray  # quantities.UNKNOWN, FINE (none), DOUBTFUL (present)
    clock: CensoringArray  # quantities.UNKNOWN, FINE (in the morning), DOUBTFUL (later)
    biotin: CensoringArray  # quantities.UNKNOWN, FINE (not taken), DOUBTFUL (taken)
    first: IntArray  # a patient, and one past the last: where the draws begin

    @property
    def count(self) -> int:
        return len(self.patient)

    @property
    def ordinal(self) -> IntArray:
        """The place of each draw among its patient's."""
        return np.arange(self.count, dtype=np.int64) - self.first[self.patient]


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """One entry a result, by patient, then draw, then marker."""

    draw: IntArray
    marker: IntArray  # index into `Cohort.markers`
    value: FloatArray  # canonical unit
    censoring: CensoringArray
    laboratory: IntArray  # index into `Cohort.names`, 0 is ''
    assay: IntArray
    first: IntArray  # a patient, and one past the last

    @property
    def count(self) -> int:
        return len(self.draw)

    def where(self, chosen: BoolArray, draws: Draws) -> Results:
        patient = draws.patient[self.draw[chosen]]
        return Results(
            draw=self.draw[chosen],
            marker=self.marker[chosen],
            value=self.value[chosen],
            censoring=self.censoring[chosen],
            laboratory=self.laboratory[chosen],
            assay=self.assay[chosen],
            first=starts(patient, len(self.first) - 1),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    patients: tuple[str, ...]
    times: tuple[str, ...]  # every collection time, exactly as it was typed
    names: tuple[str, ...]  # of laboratories and assays
    markers: tuple[str, ...]  # codes of the catalogue, in its order
    draws: Draws
    results: Results
    relative: BoolArray  # a patient: times are numbers of days

    def collected_at(self, draw: int) -> str:
        return self.times[int(self.draws.spelled[draw])]


def starts(patient: IntArray, patients: int) -> IntArray:
    """Where each patient's entries begin in a column sorted by patient, and where the last one's end."""
    return np.searchsorted(patient, np.arange(patients + 1)).astype(np.int64)
