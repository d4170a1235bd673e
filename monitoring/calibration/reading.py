"""What the engine says after each draw of a whole synthetic cohort, without a record and without a `Series` a row.

The rows are those that `panel.build_panel` would make of the same draws, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.calibration.knowledge import Knowledge
from monitoring.simulator.cohort import Cohort
from monitoring.trends.analysis import Analysis
from monitoring.trends.bank import run_bank
from monitoring.trends.detection import DAYS_A_YEAR, DetectionParameters, grid_of
from monitoring.trends.fusion import marker_index, patient_index
from monitoring.trends.panel import ROW_MULTIPLE, Panel
from monitoring.trends.state import run_filter
from monitoring.trends.types import (
    BoolArray,
    FloatArray,
    IntArray,
    MarkerParameters,
    Series,
    unknown_marker,
)

ROWS: Final = 360  # at once, give or take a patient: bounds memory, changes no number
NOTHING: Final = Series(
    patient=0,
    marker="",
    days=np.zeros(0),
    values=np.zeros(0),
    censoring=np.zeros(0, dtype=np.int8),
    segments=np.zeros(0, dtype=np.int64),
    exclusions=(),
    draw_ids=(),
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some patients of a cohort. `draw` is patients x dates: which planned draw each date is, -1 beyond the last."""

    patients: IntArray
    draw: IntArray
    markers: tuple[str, ...]  # row = patient's place x markers + marker's place
    analysis: Analysis


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """Patients x planned draws of the cohort; where nothing of the panel was measured both indices are -inf."""

    taken: BoolArray
    watch: FloatArray
    alert: FloatArray
    interval: FloatArray  # days
    weight: FloatArray


def read_cohort(
    cohort: Cohort,
    known: Knowledge,
    panel: Sequence[str],
    markers: Mapping[str, MarkerParameters],
    parameters: DetectionParameters,
    on_patients: Callable[[int], None] | None = None,
) -> Indices:
    """`on_patients` is told how many patients are done."""
    shape = cohort.days.shape
    found = Indices(
        taken=np.zeros(shape, dtype=np.bool_),
        watch=np.full(shape, -np.inf),
        alert=np.full(shape, -np.inf),
        interval=np.full(shape, np.nan),
        weight=np.zeros(shape),
    )
    done = 0
    for part in read_parts(cohort, known, panel, markers, parameters):
        index = part.analysis.patients
        row, column = np.nonzero(part.draw >= 0)
        at = part.patients[row], part.draw[row, column]
        found.taken[at] = True
        found.watch[at] = index.watch[row, column]
        found.alert[at] = index.alert[row, column]
        found.interval[at] = index.interval[row, column]
        found.weight[at] = index.weight[row, column]
        done += len(part.patients)
        if on_patients is not None:
            on_patients(done)
    return found


def read_parts(
    cohort: Cohort,
    known: Knowledge,
    panel: Sequence[str],
    markers: Mapping[str, MarkerParameters],
    parameters: DetectionParameters,
) -> Iterator[Part]:
    """Patients with about as many draws side by side; those without a draw of the panel are left out."""
    codes = tuple(sorted(panel))
    place = np.array([cohort.markers.index(code) for code in codes], dtype=np.int64)
    taken = np.any(~np.isnan(cohort.values[place]), axis=0)
    count = np.sum(taken, axis=1)
    order = np.argsort(count, kind="stable")
    order = order[count[order] > 0]
    of_marker = [markers.get(code) or unknown_marker(code) for code in codes]
    size = max(ROWS // len(codes), 1)
    for first in range(0, len(order), size):
        patients = order[first : first + size]
        draw = _draws(taken[patients])
        panel_of = _panel(cohort, known, place, of_marker, patients, draw)
        yield Part(patients, draw, codes, _analyse(panel_of, parameters))


def _analyse(panel: Panel, parameters: DetectionParameters) -> Analysis:
    path = run_filter(panel, parameters)
    evidence = run_bank(panel.day, path, grid_of(parameters))
    index = marker_index(panel, path, evidence, parameters)
    return Analysis(panel, parameters, path, evidence, index, patient_index(panel, path, index, parameters))


def _draws(taken: BoolArray) -> IntArray:
    """The planned draws that were taken, to the left."""
    order = np.argsort(~taken, axis=1, kind="stable")
    return np.where(np.take_along_axis(taken, order, axis=1), order, -1)[:, : int(np.max(np.sum(taken, axis=1)))]


def _panel(
    cohort: Cohort,
    known: Knowledge,
    place: IntArray,
    of_marker: Sequence[MarkerParameters],
    patients: IntArray,
    draw: IntArray,
) -> Panel:
    count, columns = draw.shape
    rows = count * len(of_marker)
    padded = -(-rows // ROW_MULTIPLE) * ROW_MULTIPLE
    there = draw >= 0
    day = np.take_along_axis(cohort.days[patients], np.maximum(draw, 0), axis=1)
    last = day[np.arange(count), np.sum(there, axis=1) - 1]
    first = day[:, 0].copy()
    day = np.where(there, day, last[:, None]) - first[:, None]

    def of_rows(
        table: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    ) -> np.ndarray[tuple[int, int], np.dtype[np.generic]]:
        chosen = np.take_along_axis(table[place[None, :], patients[:, None]], np.maximum(draw, 0)[:, None, :], axis=2)
        flat = chosen.reshape(rows, columns)
        return np.concatenate([flat, np.zeros((padded - rows, columns), dtype=flat.dtype)])

    def each(numbers: Sequence[float | None], rest: float) -> FloatArray:
        known_numbers = [math.nan if one is None else one for one in numbers]
        return np.concatenate([np.tile(known_numbers, count), np.full(padded - rows, rest)])

    mirror = each([-1.0 if one.direction == "down" else 1.0 for one in of_marker], 1.0)
    on_date = np.zeros((padded, columns), dtype=np.bool_)
    on_date[:rows] = np.repeat(there, len(of_marker), axis=0)
    values = of_rows(cohort.values).astype(np.float64)
    fine = on_date & np.isfinite(values) & (values > 0)
    verdict = each([float(one.verdict) for one in of_marker], 0.0) > 0
    usable = fine & ~of_rows(known.excluded).astype(np.bool_) & verdict[:, None]
    censored = of_rows(cohort.censored).astype(np.bool_) & fine
    logs = np.zeros((padded, columns))
    logs[fine] = np.log(values[fine])
    nothing = unknown_marker("")
    return Panel(
        series=(NOTHING,) * rows,
        parameters=tuple(of_marker) * count,
        patients=tuple(patients.tolist()),
        patient_row=np.concatenate([np.repeat(np.arange(count), len(of_marker)), np.full(padded - rows, -1)]),
        first_day=first,
        dates=(),
        place=(),
        day=np.concatenate([np.repeat(day, len(of_marker), axis=0), np.zeros((padded - rows, columns))]),
        log=logs * mirror[:, None],
        below=censored & (mirror[:, None] > 0),
        above=censored & (mirror[:, None] < 0),
        usable=usable,
        rebase_variance=_carried(of_rows(known.rebase_sd).astype(np.float64) * on_date, usable),
        extra_variance=(of_rows(known.extra_sd).astype(np.float64) * on_date) ** 2,
        watch_only=of_rows(known.watch_only).astype(np.bool_) & on_date,
        mirror=mirror,
        sigma=each([(one.sigma_total or 1.0) * one.inflation for one in of_marker], nothing.inflation),
        prior_mean=each([one.set_point_log_mean for one in of_marker], math.nan) * mirror,
        prior_sd=each([one.set_point_log_sd for one in of_marker], math.nan),
        drift=each([one.drift**2 / DAYS_A_YEAR for one in of_marker], nothing.drift**2 / DAYS_A_YEAR),
        clip=each([one.clip for one in of_marker], nothing.clip),
    )


def _carried(rebase_sd: FloatArray, usable: BoolArray) -> FloatArray:
    """What a re-basing event adds to the variance of the level waits for the next usable draw, the larger of two."""
    waiting = np.zeros(len(rebase_sd))
    carried = np.zeros(rebase_sd.shape)
    for column in range(rebase_sd.shape[1]):
        waiting = np.maximum(waiting, rebase_sd[:, column] ** 2)
        carried[:, column] = np.where(usable[:, column], waiting, 0.0)
        waiting = np.where(usable[:, column], 0.0, waiting)
    return carried
