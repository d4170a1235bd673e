"""A synthetic cohort as the two files that `manage.py backtest` reads.

Times are ISO dates with hours and minutes, counted from one invented day on which every series begins; values are in
the canonical units, '<limit' where censored. Both files are written as UTF-8 with one header line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from monitoring.simulator.cohort import Cohort
from monitoring.simulator.markers import decimals_of, unit_of
from monitoring.simulator.streams import BoolArray, FloatArray, IntArray
from monitoring.simulator.therapy import ASSAY_CHANGE, REBASE_KINDS, THERAPY_START

FIRST_DRAW: Final = np.datetime64("2020-01-01T08:00", "m")
MINUTES_PER_DAY: Final = 1440.0
DRAW_COLUMNS: Final = ("patient_id", "marker", "value", "unit", "collected_at", "laboratory", "assay", "haemolysis")
EVENT_COLUMNS: Final = ("patient_id", "kind", "at", "detail")
LABORATORY: Final = "synthetic"
KINDS: Final = {THERAPY_START: "treatment_start"}
"""Kinds that the file names otherwise."""


def write_draws_csv(cohort: Cohort, path: Path) -> int:
    """Writes one line a result, ordered by patient, time and marker, and returns their number.

    The assay reads 'first' and, from a known change on, 'second'.
    """
    measured = np.moveaxis(~np.isnan(cohort.values), 0, 2)
    patient, draw, marker = np.nonzero(measured)
    lines = zip(
        patient_ids(patient),
        np.asarray(cohort.markers, dtype=object)[marker].tolist(),
        _texts(cohort, patient, draw, marker),
        np.asarray([unit_of(code) for code in cohort.markers], dtype=object)[marker].tolist(),
        _times(cohort.days[patient, draw]),
        [LABORATORY] * len(patient),
        np.where(_second_assay(cohort)[marker, patient, draw], "second", "first").tolist(),
        np.where(cohort.haemolysed[patient, draw], "yes", "no").tolist(),
        strict=True,
    )
    _write(path, DRAW_COLUMNS, lines)
    return len(patient)


def write_events_csv(cohort: Cohort, path: Path) -> int:
    """Writes one line a recorded event, ordered by patient and time, and returns their number."""
    events = cohort.events
    kinds = [KINDS.get(kind, kind) for kind in events.kind]
    lines = zip(patient_ids(events.patient), kinds, _times(events.day), events.detail, strict=True)
    _write(path, EVENT_COLUMNS, lines)
    return len(events)


def patient_ids(patient: IntArray) -> list[str]:
    """The identifiers under which the patients of a cohort are written, S000001 for the first."""
    return [f"S{place + 1:06d}" for place in patient.tolist()]


def _times(days: FloatArray) -> list[str]:
    minutes = np.rint(days * MINUTES_PER_DAY).astype("timedelta64[m]")
    return [str(time) for time in FIRST_DRAW + minutes]


def _texts(cohort: Cohort, patient: IntArray, draw: IntArray, marker: IntArray) -> list[str]:
    texts = np.empty(len(patient), dtype=object)
    for place, code in enumerate(cohort.markers):
        (at,) = np.nonzero(marker == place)
        form = f"%.{decimals_of(code)}f"
        numbers = np.char.mod(form, cohort.values[place, patient[at], draw[at]])
        below = cohort.censored[place, patient[at], draw[at]]
        limits = np.char.add("<", np.char.mod("%g", cohort.values[place, patient[at], draw[at]]))
        texts[at] = np.where(below, limits, numbers)
    return texts.tolist()


def _second_assay(cohort: Cohort) -> BoolArray:
    bit = np.uint8(1 << REBASE_KINDS.index(ASSAY_CHANGE))
    return np.logical_or.accumulate((cohort.rebase_kind & bit) > 0, axis=2)


def _write(path: Path, header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)
