"""Small cohorts and cells, written down draw by draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from monitoring.calibration.counting import Quiet
from monitoring.calibration.fitting import Cell
from monitoring.simulator.cohort import Cohort
from monitoring.simulator.events import EventTable
from monitoring.trends.detection import Thresholds
from monitoring.trends.types import FloatArray

YEAR: Final = 365.25
LEVEL: Final = Thresholds(
    curve={"alert": (2.0, 0.0, 0.0, 0.0, 0.0), "watch": (1.0, 0.0, 0.0, 0.0, 0.0)},
    weight=3.0,
    interval_days=(21.0, 140.0),
    weight_range=(0.5, 6.0),
)


def quiet(days_of: Sequence[Sequence[float]], years: Sequence[float] | None = None) -> Quiet:
    """One list of days a patient; a year of each unless told."""
    patient = np.array([place for place, days in enumerate(days_of) for _ in days], dtype=np.int64)
    day = np.array([day for days in days_of for day in days], dtype=np.float64)
    return Quiet(patient, day, np.array(years if years is not None else [1.0] * len(days_of)))


def cohort(
    days: Sequence[Sequence[float]],
    *,
    onset: Mapping[int, float] | None = None,
    scan: Mapping[int, float] | None = None,
    last_day: float = 4 * YEAR,
) -> Cohort:
    """CEA of 2.0 at every draw. Patients with an onset progress."""
    width = max(len(one) for one in days)
    table = np.full((len(days), width), np.nan)
    for place, one in enumerate(days):
        table[place, : len(one)] = one
    onsets, scans = _each(len(days), onset or {}), _each(len(days), scan or {})
    there = ~np.isnan(table)
    nothing = np.zeros((1, *table.shape), dtype=np.bool_)
    return Cohort(
        days=table,
        drawn=there,
        markers=("CEA",),
        values=np.where(there, 2.0, np.nan)[None],
        censored=nothing,
        rebase=nothing,
        rebase_kind=nothing.astype(np.uint8),
        blank=nothing,
        haemolysed=np.zeros(table.shape, dtype=np.bool_),
        interval=np.full(len(days), 63.0),
        last_day=np.where(np.isfinite(scans), scans, last_day),
        progresses=np.isfinite(onsets),
        onset=onsets,
        detectable=scans,
        scan=scans,
        doubling=np.full(len(days), 60.0),
        bone=np.zeros(len(days), dtype=np.bool_),
        secretes=np.ones((1, len(days)), dtype=np.bool_),
        events=EventTable(np.zeros(0, dtype=np.int64), (), np.zeros(0), ()),
    )


def _each(patients: int, of: Mapping[int, float]) -> FloatArray:
    return np.array([of.get(place, np.inf) for place in range(patients)])


def synthetic_cell(
    height: float, *, interval: float, weight: float, seed: int, patients: int = 4000, falls: float = 0.5
) -> Cell:
    """Two years of each patient; an index above `height` + h comes 25 exp(-h / falls) times in 100 patient-years.

    Alerts are half a year apart, so that every one counts; both indices are the same.
    """
    rng = np.random.default_rng(seed)
    days = [(0.0, 200.0, 400.0, 600.0)] * patients
    draws = quiet(days, [2.0] * patients)
    speaks = rng.random(len(draws.day)) < 25.0 * 2.0 / 4.0 / 100.0
    index = np.where(speaks, height + rng.exponential(falls, len(draws.day)), 0.0)
    flat = np.ones(len(draws.day))
    return Cell("", draws, watch=index, alert=index, interval=interval * flat, weight=weight * flat)
