"""From the columns of a cohort to the engine's series, a chunk of patients at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from monitoring.backtest.cohort import Cohort
from monitoring.backtest.event_file import History
from monitoring.backtest.quantities import DOUBTFUL
from monitoring.events import ClinicalEvent, DrawMarks, DrawState, EventRules, changes_of, read_draws
from monitoring.trends.types import FloatArray, IntArray, Series
from patients.catalogue import catalogue

# By quantities.UNKNOWN, FINE, DOUBTFUL. A condition of a sample is always the last of them.
FASTING: Final = ("unknown", "yes", "no")
HAEMOLYSIS: Final = ("unknown", "none", "present")
CLOCK: Final = ("unknown", "morning", "later")
BIOTIN: Final = ("unknown", "no", "yes")


def series_of(
    cohort: Cohort, histories: Mapping[int, History], rules: EventRules, *, first: int, last: int
) -> list[Series]:
    """All series of the patients from `first` to before `last`, by patient and marker. `draw_ids` are cohort draws."""
    fields: dict[str, set[str]] = defaultdict(set)
    for condition in rules.samples:
        fields[condition.marker].add(condition.field)
    found: list[Series] = []
    for patient in range(first, last):
        events = histories[patient].events if patient in histories else ()
        for marker, places in _by_marker(cohort, patient):
            found.append(_series(cohort, patient, marker, places, events, rules, look=fields[marker]))
    return found


def _by_marker(cohort: Cohort, patient: int) -> Iterator[tuple[str, IntArray]]:
    """Each marker of a patient with the places of its results, by time."""
    results = cohort.results
    start, end = int(results.first[patient]), int(results.first[patient + 1])
    markers = results.marker[start:end]
    order = np.argsort(markers, kind="stable") + start
    edges = [0, *(np.flatnonzero(np.diff(results.marker[order])) + 1).tolist(), end - start]
    for begin, stop in pairwise(edges):
        if stop > begin:
            yield cohort.markers[int(results.marker[order[begin]])], order[begin:stop]


def _series(
    cohort: Cohort,
    patient: int,
    marker: str,
    places: IntArray,
    events: Sequence[ClinicalEvent],
    rules: EventRules,
    *,
    look: Collection[str],
) -> Series:
    results, draws = cohort.results, cohort.draws
    draw = results.draw[places]
    changes = _changes(cohort, places, rules.inputs_of.get(marker, ()))
    family = catalogue().marker(marker).family
    marks = None
    if events or changes is not None or _is_doubtful(cohort, draw, look):
        marks = read_draws(marker, family, _states(cohort, places, changes), events, rules)
    return _made(
        patient,
        marker,
        days=draws.day[draw],
        values=results.value[places],
        censoring=results.censoring[places],
        segments=np.array([segment for segment, _ in changes] if changes else [0] * len(draw), dtype=np.int64),
        draw=draw,
        marks=marks,
    )


def _is_doubtful(cohort: Cohort, draw: IntArray, fields: Collection[str]) -> bool:
    return any(bool(np.any(getattr(cohort.draws, field)[draw] == DOUBTFUL)) for field in fields)


def _states(cohort: Cohort, places: IntArray, changes: tuple[tuple[int, str], ...] | None) -> list[DrawState]:
    draws, draw = cohort.draws, cohort.results.draw[places]
    return [
        DrawState(
            float(date),
            FASTING[fasting],
            HAEMOLYSIS[haemolysis],
            change,
            clock=CLOCK[clock],
            biotin=BIOTIN[biotin],
            assay=cohort.names[assay],
        )
        for date, fasting, haemolysis, change, clock, biotin, assay in zip(
            draws.date[draw].tolist(),
            draws.fasting[draw].tolist(),
            draws.haemolysis[draw].tolist(),
            [change for _, change in changes] if changes is not None else [""] * len(draw),
            draws.clock[draw].tolist(),
            draws.biotin[draw].tolist(),
            cohort.results.assay[places].tolist(),
            strict=True,
        )
    ]


def _changes(cohort: Cohort, places: IntArray, inputs: Sequence[str]) -> tuple[tuple[int, str], ...] | None:
    """Segment and change of each draw; None where there is one laboratory and one assay."""
    laboratory, assay = cohort.results.laboratory[places], cohort.results.assay[places]
    if bool(np.all(laboratory == laboratory[0]) and np.all(assay == assay[0])):
        return None
    names = cohort.names
    return changes_of([(names[a], names[b]) for a, b in zip(laboratory.tolist(), assay.tolist(), strict=True)], inputs)


def _made(
    patient: int,
    marker: str,
    *,
    days: FloatArray,
    values: FloatArray,
    censoring: np.ndarray[tuple[int], np.dtype[np.int8]],
    segments: IntArray,
    draw: IntArray,
    marks: DrawMarks | None,
) -> Series:
    ids = tuple(draw.tolist())
    if marks is None:
        return Series(patient, marker, days, values, censoring, segments, ("",) * len(ids), ids)
    return Series(
        patient=patient,
        marker=marker,
        days=days,
        values=values,
        censoring=censoring,
        segments=segments,
        exclusions=marks.exclusions,
        draw_ids=ids,
        rebase_codes=marks.rebase_codes,
        rebase_sd=marks.rebase_sd,
        extra_codes=marks.extra_codes,
        extra_sd=marks.extra_sd,
        watch_only=marks.watch_only,
    )
