"""Thresholds from a hospital's own stable patients: the shipped curves, moved as far as their false alerts allow.

Every alert of a patient without progression on record is taken as false. Strata are by the patients' own median
interval between draws. A few hundred patient-years say how high the curve must lie and little about its slopes, so the
slopes stay near the shipped ones until there is more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings

from monitoring.backtest.assembly import assemble, needed_for
from monitoring.backtest.cohort import Cohort
from monitoring.backtest.comparison import median_intervals
from monitoring.backtest.draw_file import read_draw_file
from monitoring.backtest.event_file import POSITIVE, EventFile, no_events, read_event_file
from monitoring.backtest.problems import Rejections
from monitoring.backtest.quantities import QuantityReader
from monitoring.backtest.series import series_of
from monitoring.calibration.calibrate import thresholds_from
from monitoring.calibration.counting import Quiet
from monitoring.calibration.fitting import Cell
from monitoring.calibration.reading import ROWS
from monitoring.calibration.strata import CellOfPlan, Told
from monitoring.simulator.scenario import INTERVALS
from monitoring.threshold_file import ThresholdFile
from monitoring.trends.analysis import Analysis, analyse
from monitoring.trends.detection import DAYS_A_YEAR, Gate, Thresholds
from monitoring.trends.types import BoolArray, IntArray, Series

CHUNK: Final = 400  # patients whose series are made at once: bounds memory, changes no number
FEWEST_YEARS: Final = 100.0  # five false alerts at the usual target
TRUST_IN_SHIPPED: Final = 50.0  # false alerts that move the slopes half-way


class TooFew(ValueError):
    """There is too little to fit anything to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles:
    """`panel` () is every marker of the file."""

    draws: Path
    events: Path | None = None
    panel: tuple[str, ...] = ()


def calibrated_on_own(
    files: OwnFiles,
    told: Told,
    shipped: Thresholds,
    *,
    targets: Mapping[Gate, float],
    date: dt.date,
    on_share: Callable[[float], None],
) -> ThresholdFile:
    """Raises FileRefused where a file cannot be read, TooFew below 100 patient-years without progression."""
    cohort, events = _read(files)
    stable = _stable(cohort, events)
    first, last = cohort.draws.first[:-1], cohort.draws.first[1:] - 1
    years = np.where(stable, (cohort.draws.day[last] - cohort.draws.day[first]) / DAYS_A_YEAR, 0.0)
    if (total := float(np.sum(years))) < FEWEST_YEARS:
        raise TooFew(
            f"{files.draws.name} holds {total:.0f} patient-years without progression; "
            f"{FEWEST_YEARS:.0f} are needed before a threshold can rest on them."
        )
    said = _Said.empty(cohort)
    for chunk in _chunks(cohort, events, told, stable):
        said.take(analyse(chunk, told.markers, told.parameters))
        on_share(chunk[-1].patient / len(stable))
    cells = _cells(cohort, said, years, stable)
    return thresholds_from(
        cells, shipped, told, targets=targets, date=date, method="stable_patients", trust_in_start=TRUST_IN_SHIPPED
    )


def _read(files: OwnFiles) -> tuple[Cohort, EventFile]:
    zone, reader, rejections = ZoneInfo(settings.CLINIC_TIME_ZONE), QuantityReader(), Rejections()
    panel = files.panel or reader.codes
    file = read_draw_file(
        files.draws,
        reader=reader,
        wanted=frozenset(reader.number_of(code) for code in needed_for(panel)),
        zone=zone,
        rejections=rejections,
    )
    cohort = assemble(file, codes=reader.codes, panel=panel, rejections=rejections).cohort
    if files.events is None:
        return cohort, no_events()
    return cohort, read_event_file(files.events, cohort, zone=zone, rejections=rejections)


def _stable(cohort: Cohort, events: EventFile) -> BoolArray:
    stable = np.ones(len(cohort.patients), dtype=np.bool_)
    for patient, history in events.histories.items():
        stable[patient] = not any(scan.finding in POSITIVE for scan in history.scans)
    return stable


def _chunks(cohort: Cohort, events: EventFile, told: Told, stable: BoolArray) -> Iterator[list[Series]]:
    """Whole patients together, by patient and marker."""
    waiting: list[Series] = []
    for first in range(0, len(stable), CHUNK):
        made = series_of(cohort, events.histories, told.rules, first=first, last=min(first + CHUNK, len(stable)))
        made.sort(key=lambda one: (one.patient, one.marker))
        for patient, of_patient in groupby(made, key=lambda one: one.patient):
            if stable[patient]:
                waiting.extend(of_patient)
            if len(waiting) >= ROWS:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """One entry a draw of the cohort."""

    watch: np.ndarray[tuple[int], np.dtype[np.float64]]
    alert: np.ndarray[tuple[int], np.dtype[np.float64]]
    interval: np.ndarray[tuple[int], np.dtype[np.float64]]
    weight: np.ndarray[tuple[int], np.dtype[np.float64]]
    parts: tuple[str, ...] = field(default=("watch", "alert", "interval", "weight"))

    @classmethod
    def empty(cls, cohort: Cohort) -> _Said:
        count = cohort.draws.count
        return cls(np.full(count, -np.inf), np.full(count, -np.inf), np.full(count, np.nan), np.zeros(count))

    def take(self, analysis: Analysis) -> None:
        for row, dates in enumerate(analysis.panel.dates):
            draws = [draw for _, draw in dates]
            for name in self.parts:
                getattr(self, name)[draws] = getattr(analysis.patients, name)[row, : len(draws)]


def _cells(
    cohort: Cohort, said: _Said, years: np.ndarray[tuple[int], np.dtype[np.float64]], stable: BoolArray
) -> Sequence[CellOfPlan]:
    """One for each drawing interval, of the patients who are nearest to it."""
    draws, usual = cohort.draws, median_intervals(cohort)
    distance = np.abs(np.log(np.where(np.isnan(usual), 63.0, usual))[:, None] - np.log(INTERVALS)[None, :])
    nearest = np.argmin(distance, axis=1)
    markers = tuple(cohort.markers[at] for at in np.unique(cohort.results.marker).tolist())
    found = []
    for place, interval in enumerate(INTERVALS):
        inside = stable & (nearest == place)
        if not np.sum(years[inside]) > 0:
            continue
        at = np.flatnonzero(inside[draws.patient])
        number: IntArray = (np.cumsum(inside) - 1).astype(np.int64)
        quiet = Quiet(
            number[draws.patient[at]], draws.day[at] - draws.day[draws.first[draws.patient[at]]], years[inside]
        )
        cell = Cell(
            name=f"about {interval:g} d",
            quiet=quiet,
            watch=said.watch[at],
            alert=said.alert[at],
            interval=said.interval[at],
            weight=said.weight[at],
        )
        found.append(CellOfPlan(markers, interval, 0, cell))
    return found
