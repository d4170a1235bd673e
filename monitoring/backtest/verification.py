"""Who was looked at: without a scan nobody knows whether an alert was false."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.backtest.cohort import BoolArray, Cohort
from monitoring.backtest.event_file import POSITIVE, History
from monitoring.backtest.outcomes import NEVER, Outcomes
from monitoring.backtest.scoring import counted_alerts

LOOKED_AT_WITHIN: Final = 90  # days after an alert: about one round of the usual imaging
NO_SCAN: Final = "no_scan"
BEFORE: Final = "before_the_horizon"


@dataclass(frozen=True, slots=True)
class Verification:
    """`after_alerts` counts what the first scan within 90 days of each false alert showed, `no_scan` without one, and
    `before_the_horizon` where the patient progressed later than the horizon allows."""

    without_scan: int  # patients of whom no scan is on record
    negative_only: int  # patients with scans, none of them positive
    progressed: int  # with a positive scan after the first draw
    from_start: int  # with a positive scan on or before the first draw
    scans: int
    after_alerts: Counter[str]


def verify(cohort: Cohort, histories: Mapping[int, History], outcomes: Outcomes, alerts: BoolArray) -> Verification:
    """`alerts` marks the draws at which the engine said ALERT."""
    scans = {patient: history.scans for patient, history in histories.items() if history.scans}
    positive = outcomes.scan < NEVER
    return Verification(
        without_scan=len(cohort.patients) - len(scans),
        negative_only=len(scans) - int(np.count_nonzero(positive)),
        progressed=len(outcomes.progressors),
        from_start=int(np.count_nonzero(positive & outcomes.from_start)),
        scans=sum(len(of_patient) for of_patient in scans.values()),
        after_alerts=_after_alerts(cohort, histories, outcomes, alerts),
    )


def _after_alerts(
    cohort: Cohort, histories: Mapping[int, History], outcomes: Outcomes, alerts: BoolArray
) -> Counter[str]:
    at = np.flatnonzero(alerts & outcomes.off)
    counted = counted_alerts(np.ones((len(at), 1), dtype=np.bool_), cohort.draws.patient[at], cohort.draws.date[at])
    found: Counter[str] = Counter()
    for draw in at[counted[:, 0]].tolist():
        patient, date = int(cohort.draws.patient[draw]), int(cohort.draws.date[draw])
        scans = histories[patient].scans if patient in histories else []
        soon = [one for one in scans if 0 <= one.date - date <= LOOKED_AT_WITHIN]
        if soon:
            finding = min(soon).finding
            found[BEFORE if finding in POSITIVE else finding] += 1
        else:
            found[BEFORE if outcomes.scan[patient] < NEVER else NO_SCAN] += 1
    return found
