"""Courses of one marker over many patients, by the weeks from a day that each of them has: median and 10-90 %.

Pure: columns of values go in, frozen results come out. How it is done, and why so:

- **Windows of four weeks**, counted from the day itself, which belongs to the window before it: no window holds values
  from both sides of it. Each patient counts once in a window, with the median of their own values there, so that
  nobody weighs more for being drawn more often. Nothing is interpolated, nothing carried into a window without a draw.
- **A value that is only a limit** (`<0.5`, `>1000`) is nowhere replaced by a number. It is read as all that it may be,
  from 0 to its limit or from its limit upwards, and every median and percentile is computed for both ends: where they
  meet, the figure is exact, whatever the limits were; where they do not, only its bounds are known.
- **A change of assay or laboratory ends a course.** Of each patient counts what was measured as it was on the day;
  what lies beyond a change is left out and counted, and never joined to it.
- **The own level**, of which a value may be a multiple, is the median of the patient's values up to the day, at most a
  year back. Who has none, or only bounds of it, or the level 0, has no multiples and is left out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WEEKS_A_WINDOW: Final = 4
WEEKS_EACH_SIDE: Final = 52
WINDOWS_EACH_SIDE: Final = WEEKS_EACH_SIDE // WEEKS_A_WINDOW
WINDOWS: Final = 2 * WINDOWS_EACH_SIDE
DAYS_A_WINDOW: Final = 7 * WEEKS_A_WINDOW
SHARES: Final = (0.1, 0.5, 0.9)
# Of fewer than five people the 10th and 90th percentile lie between the two smallest and the two largest values: they
# would show single persons, in a file too, and tell nothing of a group. From five on they begin to. Assumed.
FEWEST: Final = 5
_NEARLY: Final = 1e-9  # 0.1 x 30 is not quite 3 in floating point, and a rank is either whole or it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """One entry a value, in any order. `day` 0 is the day of alignment, on the calendar; `patient` counts from 0.

    `censoring` is -1 where the true value lies below the value, 1 where above, 0 where it is the value; `segment` grows
    where assay or laboratory changed within one patient.
    """

    patient: IntArray
    day: IntArray
    value: FloatArray
    censoring: IntArray
    segment: IntArray

    def only(self, kept: BoolArray | IntArray) -> Readings:
        return Readings(
            patient=self.patient[kept],
            day=self.day[kept],
            value=self.value[kept],
            censoring=self.censoring[kept],
            segment=self.segment[kept],
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A median or a percentile: exact where both ends are one number, else between them. `high` may be infinite."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """After week `first` up to and with week `last`. The figures are None where too few patients stand behind them."""

    first: int
    last: int
    patients: int
    low: Figure | None
    median: Figure | None
    high: Figure | None

    @property
    def middle(self) -> int:
        return (self.first + self.last) // 2


@dataclass(frozen=True, slots=True)
class GroupCourse:
    """All windows of one group, the earliest first; `patients` have a value in any of them."""

    code: str
    patients: int
    windows: tuple[Window, ...]

    @property
    def too_few(self) -> bool:
        """Nothing of it is drawn: fewer than FEWEST patients, or nowhere so many of them in one window."""
        return all(window.median is None for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the figures rest on and what was left out of them: values first, then patients."""

    values: int = 0  # within the year to either side
    limits: int = 0  # of these, a limit and no number
    beyond_change: int = 0  # of these, from another assay or laboratory than on the day
    patients: int = 0  # behind the figures
    without_values: int = 0
    without_level: int = 0
    level_is_bounds: int = 0
    level_is_zero: int = 0


@dataclass(frozen=True, slots=True)
class Cohort:
    groups: tuple[GroupCourse, ...]
    counted: Counted


def aggregate(readings: Readings, groups: Sequence[str], *, relative: bool) -> Cohort:
    """The courses of all groups, in the order of their codes. `groups`: one code a patient.

    `relative`: each value as a multiple of the patient's own level up to the day, instead of in its unit.
    """
    near = _within_the_year(readings)
    kept = near.only(_as_on_the_day(near))
    low, high = _ends(kept)
    found = Counted(
        values=len(near.value),
        limits=int(np.count_nonzero(near.censoring)),
        beyond_change=len(near.value) - len(kept.value),
        without_values=len(groups) - len(np.unique(near.patient)),
    )
    if relative:
        level_low, level_high = _own_levels(kept, low, high, patients=len(groups))
        known = level_low == level_high  # not a number is not known
        usable = (known & (level_low > 0))[kept.patient]
        found = replace(
            found,
            without_level=len(np.unique(kept.patient[np.isnan(level_low)[kept.patient]])),
            level_is_bounds=int(np.count_nonzero(~np.isnan(level_low) & ~known)),
            level_is_zero=int(np.count_nonzero(known & (level_low == 0))),
        )
        kept = kept.only(usable)
        low, high = low[usable] / level_low[kept.patient], high[usable] / level_low[kept.patient]
    courses = _courses(kept, low, high, groups)
    return Cohort(courses, replace(found, patients=sum(course.patients for course in courses)))


def window_of(days: IntArray) -> IntArray:
    """The number of the window of each day, from 0: day 0 is the last of the window before it."""
    return (days - 1) // DAYS_A_WINDOW + WINDOWS_EACH_SIDE


def quantiles(
    keys: IntArray, values: FloatArray, shares: Sequence[float]
) -> tuple[IntArray, IntArray, list[FloatArray]]:
    """For each key, sorted: how many values it has, and their quantiles by linear interpolation of ranks (type 7)."""
    order = np.lexsort((values, keys))
    ordered = values[order]
    found, start, count = np.unique(keys[order], return_index=True, return_counts=True)
    columns = []
    for share in shares:
        rank = (count - 1) * share
        rank = np.where(np.abs(rank - np.rint(rank)) < _NEARLY, np.rint(rank), rank)
        below = np.floor(rank).astype(np.int64)
        first, second = ordered[start + below], ordered[start + np.ceil(rank).astype(np.int64)]
        with np.errstate(invalid="ignore"):  # infinity less itself, where the first is taken anyway
            columns.append(np.where(first == second, first, first + (second - first) * (rank - below)))
    return found.astype(np.int64), count.astype(np.int64), columns


def _within_the_year(readings: Readings) -> Readings:
    """By patient and time; values of one day keep their order."""
    window = window_of(readings.day)
    near = readings.only((window >= 0) & (window < WINDOWS))
    return near.only(np.lexsort((near.day, near.patient)))


def _as_on_the_day(near: Readings) -> BoolArray:
    """Which values were measured as the last one up to the day was; the first one, where there is none before it."""
    _, start, of_patient = np.unique(near.patient, return_index=True, return_inverse=True)
    up_to = np.bincount(of_patient, weights=near.day <= 0, minlength=len(start)).astype(np.int64)
    on_the_day = near.segment[start + np.maximum(up_to - 1, 0)]
    return np.asarray(near.segment == on_the_day[of_patient], dtype=np.bool_)


def _ends(readings: Readings) -> tuple[FloatArray, FloatArray]:
    """The least and the most that each value may be. No marker is measured below 0."""
    low = np.where(readings.censoring < 0, 0.0, readings.value)
    high = np.where(readings.censoring > 0, np.inf, readings.value)
    return low, high


def _own_levels(kept: Readings, low: FloatArray, high: FloatArray, *, patients: int) -> tuple[FloatArray, FloatArray]:
    """The least and the most that each patient's level may be; not a number where no value stands before the day."""
    before = kept.day <= 0
    levels = (np.full(patients, np.nan), np.full(patients, np.nan))
    for ends, level in zip((low, high), levels, strict=True):
        who, _, (median,) = quantiles(kept.patient[before], ends[before], (0.5,))
        level[who] = median
    return levels


def _courses(kept: Readings, low: FloatArray, high: FloatArray, groups: Sequence[str]) -> tuple[GroupCourse, ...]:
    codes = sorted(set(groups))
    number = {code: at for at, code in enumerate(codes)}
    group_of = np.array([number[code] for code in groups], dtype=np.int64)
    key = kept.patient * WINDOWS + window_of(kept.day)
    once, _, (least,) = quantiles(key, low, (0.5,))
    _, _, (most,) = quantiles(key, high, (0.5,))
    patient, window = once // WINDOWS, once % WINDOWS
    cell = group_of[patient] * WINDOWS + window
    found, count, lows = quantiles(cell, least, SHARES)
    _, _, highs = quantiles(cell, most, SHARES)
    at = {int(one): place for place, one in enumerate(found)}
    behind = np.bincount(group_of[np.unique(patient)], minlength=len(codes))
    return tuple(
        GroupCourse(
            code,
            int(behind[group]),
            tuple(_window(window, at.get(group * WINDOWS + window), count, lows, highs) for window in range(WINDOWS)),
        )
        for group, code in enumerate(codes)
    )


def _window(
    window: int, place: int | None, count: IntArray, lows: Sequence[FloatArray], highs: Sequence[FloatArray]
) -> Window:
    first = (window - WINDOWS_EACH_SIDE) * WEEKS_A_WINDOW
    patients = 0 if place is None else int(count[place])
    figures: list[Figure | None] = [None, None, None]
    if place is not None and patients >= FEWEST:
        figures = [Figure(float(low[place]), float(high[place])) for low, high in zip(lows, highs, strict=True)]
    low, median, high = figures
    return Window(first=first, last=first + WEEKS_A_WINDOW, patients=patients, low=low, median=median, high=high)


def joined(windows: Sequence[Window]) -> list[list[Window]]:
    """The drawn windows in runs without a gap: a line goes from one to the next only where nothing lies between."""
    runs: list[list[Window]] = []
    drawn = [window for window in windows if window.median is not None]
    for before, window in zip([None, *drawn], drawn, strict=False):
        if before is None or before.last != window.first:
            runs.append([])
        runs[-1].append(window)
    return runs
