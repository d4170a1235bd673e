"""Many series side by side: one row a series, one column a date of its patient.

All series of a patient share the columns, so that the evidence of every marker is known on every date. Rows are padded
to a multiple of eight and every sum over draws or hypotheses runs in a fixed order, so a row's numbers do not depend
on what stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from monitoring.trends.types import USABLE, BoolArray, FloatArray, IntArray, MarkerParameters, Series, unknown_marker

ROW_MULTIPLE: Final = 8
Dates = tuple[tuple[float, int], ...]  # (day, draw id)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Matrices are rows x dates; `day` counts from the patient's first draw of any marker."""

    series: tuple[Series, ...]
    parameters: tuple[MarkerParameters, ...]
    patients: tuple[int, ...]
    patient_row: IntArray  # row -> position in `patients`; padding rows: -1
    first_day: FloatArray  # a patient
    dates: tuple[Dates, ...]  # a patient: days since 1970, ascending
    place: tuple[IntArray, ...]  # a series: the column of each of its draws
    day: FloatArray
    log: FloatArray  # mirrored (times -1) where a fall is what matters
    below: BoolArray  # mirrored "<"
    above: BoolArray
    usable: BoolArray
    rebase_variance: FloatArray  # carried to the next usable draw
    extra_variance: FloatArray
    watch_only: BoolArray
    mirror: FloatArray  # a row, as everything below
    sigma: FloatArray  # inflated within-person SD
    prior_mean: FloatArray
    prior_sd: FloatArray  # NaN: no set-point is known
    drift: FloatArray  # variance a day
    clip: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.day.shape
        return rows, columns


def build_panel(series: Sequence[Series], parameters: Mapping[str, MarkerParameters]) -> Panel:
    """`series` must be sorted by patient, then marker."""
    known = tuple(parameters.get(one.marker) or unknown_marker(one.marker) for one in series)
    patients, dates = _dates(series)
    position = {patient: at for at, patient in enumerate(patients)}
    columns = max((len(of_patient) for of_patient in dates), default=0)
    rows = -(-max(len(series), 1) // ROW_MULTIPLE) * ROW_MULTIPLE
    column_of = [{date: at for at, date in enumerate(of_patient)} for of_patient in dates]
    first_day = np.array([of_patient[0][0] for of_patient in dates], dtype=np.float64)
    day_rows = np.zeros((len(patients), columns))
    for at, of_patient in enumerate(dates):
        known_days = [date[0] for date in of_patient]
        day_rows[at, : len(known_days)] = known_days
        day_rows[at, len(known_days) :] = known_days[-1]
        day_rows[at] -= first_day[at]
    fill = _Fill(rows, columns)
    place = []
    for row, (one, of_marker) in enumerate(zip(series, known, strict=True)):
        at = position[one.patient]
        columns_of = column_of[at]
        where = np.array(
            [columns_of[date] for date in zip(one.days.tolist(), one.draw_ids, strict=True)], dtype=np.int64
        )
        place.append(where)
        fill.row(row, one, of_marker, where, day_rows[at])
    padded = [*known, *[unknown_marker("")] * (rows - len(known))]
    mirror = np.array([_mirror(one) for one in padded])
    return Panel(
        series=tuple(series),
        parameters=known,
        patients=patients,
        patient_row=np.array([position[one.patient] for one in series] + [-1] * (rows - len(series)), dtype=np.int64),
        first_day=first_day,
        dates=dates,
        place=tuple(place),
        day=fill.day,
        log=fill.log,
        below=fill.below,
        above=fill.above,
        usable=fill.usable,
        rebase_variance=fill.rebase_variance,
        extra_variance=fill.extra_variance,
        watch_only=fill.watch_only,
        mirror=mirror,
        sigma=_each(padded, lambda one: (one.sigma_total or 1.0) * one.inflation),
        prior_mean=_each(padded, lambda one: one.set_point_log_mean) * mirror,
        prior_sd=_each(padded, lambda one: one.set_point_log_sd),
        drift=_each(padded, lambda one: one.drift**2 / 365.25),
        clip=_each(padded, lambda one: one.clip),
    )


class _Fill:
    """The matrices while they are filled, row by row."""

    def __init__(self, rows: int, columns: int) -> None:
        shape = (rows, columns)
        self.day = np.zeros(shape)
        self.log = np.zeros(shape)
        self.below = np.zeros(shape, dtype=np.bool_)
        self.above = np.zeros(shape, dtype=np.bool_)
        self.usable = np.zeros(shape, dtype=np.bool_)
        self.rebase_variance = np.zeros(shape)
        self.extra_variance = np.zeros(shape)
        self.watch_only = np.zeros(shape, dtype=np.bool_)

    def row(self, row: int, one: Series, of_marker: MarkerParameters, where: IntArray, days: FloatArray) -> None:
        mirror = _mirror(of_marker)
        fine = np.isfinite(one.values) & (one.values > 0)
        usable = fine & of_marker.verdict
        if any(one.exclusions):
            usable &= np.array([code == USABLE for code in one.exclusions], dtype=np.bool_)
        self.day[row] = days
        self.log[row, where] = np.log(np.where(fine, one.values, 1.0)) * mirror
        self.below[row, where] = one.censoring * mirror < 0
        self.above[row, where] = one.censoring * mirror > 0
        self.usable[row, where] = usable
        if (rebased := _rebase_variance(one, of_marker, usable)) is not None:
            self.rebase_variance[row, where] = rebased
        if any(one.extra_codes):
            self.extra_variance[row, where] = one.extra_sd**2
        if any(one.watch_only):
            self.watch_only[row, where] = [bool(code) for code in one.watch_only]


def _rebase_variance(one: Series, of_marker: MarkerParameters, usable: BoolArray) -> FloatArray | None:
    """D4: what a re-basing event adds to the variance of the level; on a draw that is not usable it waits for the next.

    A change of segment that brings no SD of its own adds the marker's.
    """
    changed = np.diff(one.segments, prepend=one.segments[:1]) != 0
    if not bool(np.any(changed)) and not any(one.rebase_codes):
        return None
    added = np.where(changed & (one.rebase_sd == 0), of_marker.rebase_sd, one.rebase_sd) ** 2
    waiting = 0.0
    carried = np.zeros(len(added))
    for at, (variance, is_usable) in enumerate(zip(added.tolist(), usable.tolist(), strict=True)):
        # A second event before the next usable draw frees the level no further than the larger of the two.
        waiting = max(waiting, variance)
        if is_usable:
            carried[at] = waiting
            waiting = 0.0
    return carried


def _dates(series: Sequence[Series]) -> tuple[tuple[int, ...], tuple[Dates, ...]]:
    """Patients in order, and the ascending dates of each: draws of one moment are apart by their id."""
    by_patient: dict[int, list[Dates]] = {}
    for one in series:
        dates = tuple(zip(one.days.tolist(), one.draw_ids, strict=True))
        of_patient = by_patient.setdefault(one.patient, [])
        if dates and dates not in of_patient:  # most markers share the patient's draws
            of_patient.append(dates)
    kept = {patient: found for patient, found in by_patient.items() if found}
    return tuple(kept), tuple(
        found[0] if len(found) == 1 and _ascends(found[0]) else tuple(sorted(set().union(*found)))
        for found in kept.values()
    )


def _ascends(dates: Dates) -> bool:
    return all(one < following for one, following in pairwise(dates))


def _mirror(one: MarkerParameters) -> float:
    return -1.0 if one.direction == "down" else 1.0


def _each(of_rows: Sequence[MarkerParameters], figure: Callable[[MarkerParameters], float | None]) -> FloatArray:
    numbers = (figure(one) for one in of_rows)
    return np.array([math.nan if number is None else number for number in numbers], dtype=np.float64)
