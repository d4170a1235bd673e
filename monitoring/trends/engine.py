"""The engine's two doors: `evaluate` for the findings of now, `level_history` for the level after every draw.

Both take a batch of series and the parameters of their markers, keep no state, read no clock, and answer the same for a
series whatever else is in the batch and whatever the order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Final

import numpy as np

from monitoring.trends.ahead import lowering_logs
from monitoring.trends.analysis import Analysis, analyse
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.doubling import rise_shape
from monitoring.trends.findings import days_to_a_telling_draw, marker_finding
from monitoring.trends.fusion import LEVELS, NONE
from monitoring.trends.level import MarkerEvidence, patient_level
from monitoring.trends.readings import make_traces
from monitoring.trends.types import (
    LevelAtDraw,
    LevelHistory,
    MarkerFinding,
    MarkerParameters,
    PatientFinding,
    Series,
    TrendProblem,
)

ENGINE_VERSION: Final = "2.0.0"
CHUNK: Final = 384  # series read at once, give or take a patient: fits a core's cache, changes no number


def evaluate(
    series: Sequence[Series], markers: Mapping[str, MarkerParameters], parameters: DetectionParameters
) -> tuple[PatientFinding, ...]:
    """The finding of every patient in the batch at their latest draw, by patient id, markers by code."""
    found: list[PatientFinding] = []
    for chunk in _chunks(series):
        found.extend(_findings(analyse(chunk, markers, parameters)))
    return tuple(sorted(found, key=lambda finding: finding.patient))


def level_history(
    series: Sequence[Series], markers: Mapping[str, MarkerParameters], parameters: DetectionParameters
) -> tuple[LevelHistory, ...]:
    """The level after each draw of every patient, known from that draw and earlier ones only."""
    histories: list[LevelHistory] = []
    for chunk in _chunks(series):
        analysis = analyse(chunk, markers, parameters)
        rows: list[list[int]] = [[] for _ in analysis.panel.patients]
        for row, patient in enumerate(analysis.panel.patient_row[: len(chunk)].tolist()):
            rows[patient].append(row)
        histories.extend(_history(analysis, patient, of_patient) for patient, of_patient in enumerate(rows))
    return tuple(sorted(histories, key=lambda history: history.patient))


def _chunks(series: Sequence[Series]) -> Iterator[list[Series]]:
    """Whole patients together, those with about as many draws side by side."""
    ordered = sorted((one for one in series if len(one.draw_ids)), key=lambda one: (one.patient, one.marker))
    for one, following in pairwise(ordered):
        if (one.patient, one.marker) == (following.patient, following.marker):
            where = {"patient": str(one.patient), "marker": one.marker}
            raise TrendProblem("series_twice", where, f"two series of {one.marker} for one patient in a batch")
    patients = [list(of_patient) for _, of_patient in groupby(ordered, key=lambda one: one.patient)]
    patients.sort(key=lambda of_patient: max(len(one.draw_ids) for one in of_patient))
    chunk: list[Series] = []
    for of_patient in patients:
        if chunk and len(chunk) + len(of_patient) > CHUNK:
            yield chunk
            chunk = []
        chunk.extend(of_patient)
    if chunk:
        yield chunk


def _findings(analysis: Analysis) -> Iterator[PatientFinding]:
    panel = analysis.panel
    traces = make_traces(analysis)
    last = np.array(
        [len(panel.dates[at]) - 1 for at in panel.patient_row[: len(panel.series)].tolist()], dtype=np.int64
    )
    moved = np.flatnonzero(analysis.markers.odds[np.arange(len(last)), last] >= analysis.parameters.gate_odds)
    shape = rise_shape(panel.day, analysis.path, moved, analysis.parameters)
    lowering = dict(zip(moved.tolist(), lowering_logs(analysis, moved).tolist(), strict=True))
    shapes = {row: (shape.doubling[at], shape.onset[at]) for at, row in enumerate(moved.tolist())}
    by_patient: dict[int, list[tuple[int, MarkerFinding]]] = {at: [] for at in range(len(panel.patients))}
    for row in range(len(panel.series)):
        patient = int(panel.patient_row[row])
        asked = analysis.patients.level[patient, len(panel.dates[patient]) - 1] != NONE
        finding = marker_finding(
            analysis, traces, row, shape=shapes.get(row), lowering=lowering.get(row), with_classical=asked
        )
        by_patient[patient].append((row, finding))
    for patient, rows in by_patient.items():
        at = len(panel.dates[patient]) - 1
        found = _patient_finding(analysis, patient, at, tuple(finding for _, finding in rows))
        rising = [row for row, one in rows if one.state in ("single_rise", "sustained_rise")]
        wait = days_to_a_telling_draw(analysis, traces, rising, at) if found.level != "none" else None
        yield replace(found, next_draw_days=wait)


def _patient_finding(analysis: Analysis, patient: int, at: int, markers: tuple[MarkerFinding, ...]) -> PatientFinding:
    index = analysis.patients
    groups = {one.marker: one.group or one.marker for one in analysis.panel.parameters}
    found = patient_level(
        LEVELS[int(index.level[patient, at])],
        [
            MarkerEvidence(
                marker=one.marker,
                family=one.family,
                group=groups[one.marker],
                direction=one.direction,
                state=one.state,
                part=one.evidence.part if one.evidence else 0.0,
                draw_ids=one.supporting_draw_ids,
                since_day=one.since_day,
            )
            for one in markers
        ],
    )
    return PatientFinding(
        patient=analysis.panel.patients[patient],
        level=found.level,
        reasons=found.reasons,
        markers=markers,
        since_day=found.since_day,
        pattern=found.pattern,
        watch_index=float(index.watch[patient, at]),
        alert_index=_finite(index.alert[patient, at]),
        watch_threshold=_finite(index.watch_threshold[patient, at]),
        alert_threshold=_finite(index.alert_threshold[patient, at]),
        interval_days=float(index.interval[patient, at]),
        weighed=tuple(one.marker for one in markers if one.evidence is not None and one.evidence.part > 0),
    )


def _history(analysis: Analysis, patient: int, rows: Sequence[int]) -> LevelHistory:
    panel, index = analysis.panel, analysis.patients
    dates = panel.dates[patient]
    bears = analysis.markers.bears[rows, : len(dates)]
    markers: list[tuple[str, ...]] = [()] * len(dates)
    for at in np.flatnonzero(np.any(bears, axis=0)).tolist():
        markers[at] = tuple(panel.series[row].marker for place, row in enumerate(rows) if bears[place, at])
    columns = (
        [draw_id for _, draw_id in dates],
        [day for day, _ in dates],
        [LEVELS[level] for level in index.level[patient, : len(dates)].tolist()],
        markers,
        index.watch[patient, : len(dates)].tolist(),
        [alert if alert > -math.inf else None for alert in index.alert[patient, : len(dates)].tolist()],
    )
    # In the order of the fields of LevelAtDraw; column by column, because a back-test makes a million of them.
    return LevelHistory(
        patient=panel.patients[patient], draws=tuple(map(LevelAtDraw._make, zip(*columns, strict=True)))
    )


def _finite(number: np.float64) -> float | None:
    return float(number) if math.isfinite(number) else None
