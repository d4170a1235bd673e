"""What is on record of the draws of a synthetic cohort beside their values, as the engine is told it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.events import ASSAY_CHANGE, EVENT_KINDS, ClinicalEvent, DrawMarks, DrawState, EventRules, read_draws
from monitoring.simulator.cohort import Cohort
from monitoring.simulator.therapy import THERAPY_START
from monitoring.trends.types import BoolArray, FloatArray, MarkerParameters

KINDS: Final = {THERAPY_START: "treatment_start"}  # that the engine's rules name otherwise


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """Markers x patients x draws, like `Cohort.values`. SDs are of the natural logarithm."""

    excluded: BoolArray
    rebase_sd: FloatArray
    extra_sd: FloatArray
    watch_only: BoolArray

    @classmethod
    def nothing(cls, cohort: Cohort) -> Knowledge:
        shape = cohort.values.shape
        return cls(np.zeros(shape, np.bool_), np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_))


def of_the_protocol(cohort: Cohort, parameters: Mapping[str, MarkerParameters]) -> Knowledge:
    """Windows and re-basing alone, which every rule can be given (detection design, sections 10 and 14)."""
    known = Knowledge.nothing(cohort)
    known.excluded[:] = cohort.blank
    for place, code in enumerate(cohort.markers):
        known.rebase_sd[place] = np.where(cohort.rebase[place], parameters[code].rebase_sd, 0.0)
    return known


def by_the_rules(cohort: Cohort, parameters: Mapping[str, MarkerParameters], rules: EventRules) -> Knowledge:
    """All that the shipped rules make of the recorded events and of haemolysed samples."""
    known = Knowledge.nothing(cohort)
    events = _events(cohort)
    spoiled = {one.marker for one in rules.samples if (one.field, one.value) == ("haemolysis", "present")}
    for place, code in enumerate(cohort.markers):
        measured = ~np.isnan(cohort.values[place])
        told = np.isin(np.arange(len(measured)), list(events))
        if code in spoiled:
            told |= np.any(cohort.haemolysed & measured, axis=1)
        for patient in np.flatnonzero(told & np.any(measured, axis=1)).tolist():
            at = np.flatnonzero(measured[patient])
            states = [
                DrawState(day, haemolysis="present" if haemolysed else "none")
                for day, haemolysed in zip(
                    cohort.days[patient, at].tolist(), cohort.haemolysed[patient, at].tolist(), strict=True
                )
            ]
            marks = read_draws(code, parameters[code].family, states, events.get(patient, ()), rules)
            _note(known, (place, patient, at), marks)
    return known


def _note(
    known: Knowledge, where: tuple[int, int, np.ndarray[tuple[int], np.dtype[np.int64]]], marks: DrawMarks
) -> None:
    known.excluded[where] = [bool(code) for code in marks.exclusions]
    known.rebase_sd[where] = marks.rebase_sd
    known.extra_sd[where] = marks.extra_sd
    known.watch_only[where] = [bool(code) for code in marks.watch_only]


def _events(cohort: Cohort) -> Mapping[int, Sequence[ClinicalEvent]]:
    found: dict[int, list[ClinicalEvent]] = defaultdict(list)
    for patient, kind, day, detail in cohort.events:
        name = KINDS.get(kind, kind)
        if name == ASSAY_CHANGE:
            found[patient].append(ClinicalEvent(name, day, marker=detail))
        elif name in EVENT_KINDS:
            found[patient].append(ClinicalEvent(name, day, detail=detail))
    return found
