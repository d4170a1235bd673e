"""Time of the courses of 20,000 synthetic series, 26 values each: a year to either side of the day, in four groups.

    python -m benchmarks.cohort.aggregation

prints one line for values in units and one for multiples of the own level, the best of three runs on one core, and ends
with an error where either takes longer than the limit: what a person waits for beside reading the record.
"""

from __future__ import annotations

import sys
import time
from typing import Final

import numpy as np

from monitoring.cohort import Readings, aggregate

SERIES, VALUES_EACH, GROUPS, RUNS = 20_000, 26, 4, 3
MOST_SECONDS: Final = 5.0
SEED: Final = 560


def readings() -> Readings:
    """A tenth of the values only limits, a tenth of the patients with a change of assay."""
    rng = np.random.default_rng(SEED)
    size = SERIES * VALUES_EACH
    patient = np.repeat(np.arange(SERIES), VALUES_EACH)
    day = rng.integers(-363, 365, size)
    level = rng.lognormal(1.0, 0.7, SERIES)[patient] * rng.lognormal(0.0, 0.2, size)
    return Readings(
        patient=patient,
        day=day,
        value=level,
        censoring=np.where(rng.random(size) < 0.1, -1, 0),
        segment=np.where((patient % 10 == 0) & (day > 100), 1, 0),
    )


def main() -> int:
    columns = readings()
    groups = [f"group {patient % GROUPS}" for patient in range(SERIES)]
    slow = False
    for kind in ("units", "ratio"):
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            cohort = aggregate(columns, groups, relative=kind == "ratio")
            times.append(time.perf_counter() - start)
        drawn = sum(window.median is not None for course in cohort.groups for window in course.windows)
        sys.stdout.write(f"{kind}: {min(times):.2f} s, {cohort.counted.patients} patients, {drawn} windows\n")
        slow = slow or min(times) > MOST_SECONDS
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
