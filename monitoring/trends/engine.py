"""The engine's two doors: `evaluate` for the findings of now, `level_history` for the level after every draw.

Both take a batch of series and the parameters of their markers, keep no state, read no clock, and answer the same for a
series whatever else is in the batch and whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final

from monitoring.trends.batch import Batch, build_batch
from monitoring.trends.findings import STATES, make_readable, marker_finding
from monitoring.trends.level import MarkerEvidence, carrying_markers, patient_level
from monitoring.trends.types import (
    LevelAtDraw,
    LevelHistory,
    MarkerFinding,
    MarkerParameters,
    PatientFinding,
    Series,
    TrendProblem,
)
from monitoring.trends.walk import SUPPORTS, Walk, walk

ENGINE_VERSION: Final = "1.1.0"
CHUNK: Final = 1024  # series walked at once: bounds memory, changes no number


def evaluate(series: Sequence[Series], parameters: Mapping[str, MarkerParameters]) -> tuple[PatientFinding, ...]:
    """The finding of every patient in the batch at their latest draw, by patient id, markers by code."""
    markers: list[MarkerFinding] = []
    for batch in _batches(series, parameters):
        readable = make_readable(batch, walk(batch))
        markers.extend(marker_finding(readable, row) for row in range(batch.rows))
    by_patient = groupby(markers, key=lambda finding: finding.patient)
    return tuple(_patient_finding(patient, tuple(findings)) for patient, findings in by_patient)


def level_history(series: Sequence[Series], parameters: Mapping[str, MarkerParameters]) -> tuple[LevelHistory, ...]:
    """The level after each draw of every patient, known from that draw and earlier ones only."""
    steps: list[tuple[int, list[_Step]]] = []
    for batch in _batches(series, parameters):
        walked = walk(batch)
        steps.extend((batch.series[row].patient, _steps(batch, walked, row)) for row in range(batch.rows))
    by_patient = groupby(steps, key=lambda pair: pair[0])
    return tuple(
        LevelHistory(patient=patient, draws=_levels([step for _, row in rows for step in row]))
        for patient, rows in by_patient
    )


def _batches(series: Sequence[Series], parameters: Mapping[str, MarkerParameters]) -> Iterator[Batch]:
    ordered = sorted(series, key=lambda one: (one.patient, one.marker))
    for one, following in pairwise(ordered):
        if (one.patient, one.marker) == (following.patient, following.marker):
            where = {"patient": str(one.patient), "marker": one.marker}
            raise TrendProblem("series_twice", where, f"two series of {one.marker} for one patient in a batch")
    for start in range(0, len(ordered), CHUNK):
        yield build_batch(ordered[start : start + CHUNK], parameters)


def _patient_finding(patient: int, markers: tuple[MarkerFinding, ...]) -> PatientFinding:
    found = patient_level(
        [
            MarkerEvidence(
                marker=one.marker,
                family=one.family,
                direction=one.direction,
                state=one.state,
                draw_ids=one.supporting_draw_ids,
                since_day=one.since_day,
            )
            for one in markers
        ]
    )
    return PatientFinding(
        patient=patient,
        level=found.level,
        reasons=found.reasons,
        markers=markers,
        since_day=found.since_day,
        pattern=found.pattern,
    )


_Step = tuple[tuple[float, int], MarkerEvidence]  # ((day, draw id), what the marker says after it)


def _steps(batch: Batch, walked: Walk, row: int) -> list[_Step]:
    """What one marker says after each of its draws."""
    one, parameters = batch.series[row], batch.parameters[row]
    days = one.days.tolist()
    run_starts, states = walked.run_start[row].tolist(), walked.state[row].tolist()
    stances = walked.stance[row].tolist()
    steps: list[_Step] = []
    for at, draw_id in enumerate(one.draw_ids):
        begun = run_starts[at]
        run = tuple(one.draw_ids[k] for k in range(begun, at + 1) if stances[k] == SUPPORTS) if begun >= 0 else ()
        evidence = MarkerEvidence(
            marker=one.marker,
            family=parameters.family,
            direction=parameters.direction,
            state=STATES[states[at]] if parameters.verdict else "no_verdict",
            draw_ids=run,
            since_day=days[begun] if begun >= 0 else None,
        )
        steps.append(((days[at], draw_id), evidence))
    return steps


def _levels(steps: list[_Step]) -> tuple[LevelAtDraw, ...]:
    steps.sort(key=lambda step: (step[0], step[1].marker))
    latest: dict[str, MarkerEvidence] = {}
    levels: list[LevelAtDraw] = []
    for (day, draw_id), together in groupby(steps, key=lambda step: step[0]):
        latest.update((evidence.marker, evidence) for _, evidence in together)
        found = patient_level([latest[marker] for marker in sorted(latest)])
        levels.append(
            LevelAtDraw(
                draw_id=draw_id,
                day=day,
                level=found.level,
                pattern=found.pattern,
                markers=carrying_markers(found),
            )
        )
    return tuple(levels)
