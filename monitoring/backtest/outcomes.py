"""What happened to the patients, as far as the files say: the yardstick of the report.

The outcome is the first scan that shows a bone metastasis or a progression. Nobody knows on which day the progression
began, so the `horizon` decides: an alert within that many days before the scan, or on its day, is true; an earlier one
is false, and so is every alert of a patient without such a scan. What comes after the scan is not looked at. Days are
whole days of the clinic's calendar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.backtest.cohort import BoolArray, Cohort
from monitoring.backtest.event_file import POSITIVE, History
from monitoring.trends.detection import DAYS_A_YEAR
from monitoring.trends.types import FloatArray, IntArray

NEVER: Final = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    horizon: int
    scan: IntArray  # a patient: the day of the first positive scan, NEVER without one
    from_start: BoolArray  # a patient: that scan lies on or before the first draw, so that nothing was left to find
    years: FloatArray  # a patient: time under observation in which an alert is false
    off: BoolArray  # a draw: an alert here is false
    lead: IntArray  # a draw: days to the scan where an alert is true, -1 elsewhere

    @property
    def progressors(self) -> IntArray:
        """The patients whose progression could be found."""
        return np.flatnonzero((self.scan < NEVER) & ~self.from_start)

    @property
    def total_years(self) -> float:
        return float(np.sum(self.years))


def read_outcomes(cohort: Cohort, histories: Mapping[int, History], *, horizon: int) -> Outcomes:
    draws = cohort.draws
    scan = np.full(len(cohort.patients), NEVER, dtype=np.int64)
    for patient, history in histories.items():
        scan[patient] = min((one.date for one in history.scans if one.finding in POSITIVE), default=NEVER)
    first, last = draws.date[draws.first[:-1]], draws.date[draws.first[1:] - 1]
    from_start = scan <= first
    until = np.minimum(last, scan - horizon)
    years = np.where(from_start, 0.0, np.maximum(until - first, 0) / DAYS_A_YEAR)
    to_scan = scan[draws.patient] - draws.date
    counts = ~from_start[draws.patient]
    return Outcomes(
        horizon=horizon,
        scan=scan,
        from_start=from_start,
        years=years,
        off=counts & (to_scan > horizon),
        lead=np.where(counts & (to_scan >= 0) & (to_scan <= horizon), to_scan, -1),
    )
