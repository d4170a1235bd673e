"""The record of a cohort's events: treatment, surgery, bone agents, assay changes, infections, fractures, imaging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from monitoring.simulator import therapy as treatments
from monitoring.simulator.course import Course
from monitoring.simulator.scenario import Scenario
from monitoring.simulator.streams import FloatArray, IntArray, Streams
from monitoring.simulator.therapy import Therapy
from monitoring.simulator.transients import INFECTION, Bouts

FRACTURE: Final = "fracture"
IMAGING: Final = "imaging"
THERAPIES: Final = ("chemotherapy", "targeted", "immunotherapy")
AGENTS: Final = ("zoledronate", "denosumab")
FINDINGS: Final = ("none", "progression", "bone_metastasis")


class Event(NamedTuple):
    patient: int
    kind: str
    day: float
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class EventTable:
    """Events by column, (events,), ordered by patient and day. Iterating yields `Event` records."""

    patient: IntArray
    kind: Sequence[str]
    day: FloatArray
    detail: Sequence[str]

    def __len__(self) -> int:
        return len(self.patient)

    def __getitem__(self, place: int) -> Event:
        return Event(int(self.patient[place]), str(self.kind[place]), float(self.day[place]), str(self.detail[place]))

    def __iter__(self) -> Iterator[Event]:
        columns = (self.patient.tolist(), self.kind, self.day.tolist(), self.detail)
        return (Event(*row) for row in zip(*columns, strict=True))


class _Column(NamedTuple):
    kind: str
    patient: IntArray
    day: FloatArray
    detail: IntArray  # place in `words`
    words: Sequence[str]


def make_events(
    scenario: Scenario,
    streams: Streams,
    course: Course,
    therapy: Therapy,
    bouts: Sequence[Bouts],
    markers: Sequence[str],
) -> EventTable:
    """Every event that is recorded. One row for each marker that an assay change concerns."""
    columns = [_imaging(scenario, course)]
    if scenario.events_known:
        columns += _treatments(scenario, streams, therapy, markers)
        columns += [_bouts(one, scenario, streams, course) for one in bouts if one.cause.code in (INFECTION, FRACTURE)]
    return _table([column for column in columns if len(column.patient)])


def _table(columns: Sequence[_Column]) -> EventTable:
    patient = np.concatenate([column.patient for column in columns])
    day = np.concatenate([column.day for column in columns])
    order = np.lexsort((day, patient))
    kinds = [np.full(len(column.patient), column.kind, dtype=object) for column in columns]
    details = [np.asarray(column.words, dtype=object)[column.detail] for column in columns]
    return EventTable(
        patient=patient[order],
        kind=np.concatenate(kinds)[order].tolist(),
        day=day[order],
        detail=np.concatenate(details)[order].tolist(),
    )


def _imaging(scenario: Scenario, course: Course) -> _Column:
    """A scan at each turn of the cycle within follow-up; the one that shows the progression is the last."""
    cycle = scenario.scan_cycle_days
    turns = np.arange(1.0, int(np.max(course.last_day) // cycle) + 1) * cycle
    turn, patient = np.nonzero(turns[:, None] <= course.last_day)
    positive = turns[turn] == course.scan[patient]
    finding = np.where(positive, np.where(course.bone[patient], 2, 1), 0)
    return _Column(IMAGING, patient, turns[turn], finding, FINDINGS)


def _treatments(scenario: Scenario, streams: Streams, therapy: Therapy, markers: Sequence[str]) -> list[_Column]:
    columns = []
    for kind, day in therapy.day_of.items():
        (at,) = np.nonzero(np.isfinite(day))
        for words in _details(kind, therapy, scenario, markers):
            which = (streams.uniform("detail", kind)[at] * len(words)).astype(np.int64)
            columns.append(_Column(kind, at, day[at], which, words))
    return columns


def _details(kind: str, therapy: Therapy, scenario: Scenario, markers: Sequence[str]) -> list[Sequence[str]]:
    if not therapy.known(kind, scenario):
        return []
    if kind == treatments.ASSAY_CHANGE:
        return [(marker,) for marker in markers if therapy.concerns(kind, marker)]
    named: Mapping[str, Sequence[str]] = {treatments.THERAPY_START: THERAPIES, treatments.BONE_AGENT_START: AGENTS}
    return [named.get(kind, ("",))]


def _bouts(bouts: Bouts, scenario: Scenario, streams: Streams, course: Course) -> _Column:
    """Bouts that begin within follow-up; every fracture is recorded, of infections a share."""
    share = scenario.infection_recorded_share if bouts.cause.code == INFECTION else 1.0
    told = streams.of("recorded", bouts.cause.code).random(len(bouts.patient)) < share
    told &= (bouts.start >= 0.0) & (bouts.start <= course.last_day[bouts.patient])
    nothing = np.zeros(int(np.count_nonzero(told)), dtype=np.int64)
    return _Column(bouts.cause.code, bouts.patient[told], bouts.start[told], nothing, ("",))
