"""Speed and memory on one core, beside pymannkendall's plain test on the same series in the same run.

    python -m benchmarks.detection.speed 6000

measures in a process of its own and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.detection.material import Sizes
from benchmarks.detection.shipped import shipped
from benchmarks.detection.tables import Table
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.types import Series

DRAWS: Final = 40
GAP_DAYS: Final = 42.0
SEED: Final = 7  # the speed does not depend on it
PEER_SERIES: Final = 1_500  # enough to time the peer by
REPEATS: Final = 3
ONE_CORE: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
KIB: Final = 1024.0


def make_series(count: int) -> list[Series]:
    """Three markers of the same 40 draws a patient, every seventh patient with a rise at the end."""
    rng = np.random.default_rng(SEED)
    levels = {"CEA": (2.2, 0.19), "CYFRA211": (1.7, 0.26), "ALP": (78.0, 0.1)}
    found = []
    days = np.zeros(DRAWS)
    for at in range(count):
        patient, marker = divmod(at, len(THREE_MARKERS))
        median, sd = levels[THREE_MARKERS[marker]]
        if marker == 0:
            days = np.cumsum(rng.gamma(25.0, GAP_DAYS / 25.0, size=DRAWS))
        logs = np.log(median) + rng.normal(0.0, 0.5) + rng.normal(0.0, sd, size=DRAWS)
        if patient % 7 == 0:
            logs[-6:] += np.linspace(0.2, 1.2, 6)
        found.append(
            Series(
                patient=patient,
                marker=THREE_MARKERS[marker],
                days=days,
                values=np.exp(logs),
                censoring=np.zeros(DRAWS, dtype=np.int8),
                segments=np.zeros(DRAWS, dtype=np.int64),
                exclusions=("",) * DRAWS,
                draw_ids=tuple(range(DRAWS)),
            )
        )
    return found


def measured(count: int) -> dict[str, float]:
    import pymannkendall

    told = shipped().told
    series = make_series(count)
    before = _peak()

    def peer() -> None:
        for one in series[:PEER_SERIES]:
            pymannkendall.original_test(one.values)

    return {
        "series": count,
        "level_history": count / _seconds(lambda: level_history(series, told.markers, told.parameters)),
        "evaluate": count / _seconds(lambda: evaluate(series, told.markers, told.parameters)),
        "peer": min(PEER_SERIES, count) / _seconds(peer),
        "input_mib": before / KIB,
        "peak_mib": _peak() / KIB,
    }


def _seconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


def _peak() -> float:
    """KiB. Linux counts what the parent held at the fork into `ru_maxrss`, so its own mark is read first."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1])
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def speed_table(sizes: Sizes) -> Table:
    table = Table(
        f"Speed: series of {DRAWS} draws a second, one core",
        f"Three markers of the same draws a patient; median of {REPEATS}; each line in a process of its own. "
        "Peak memory includes Python, NumPy, the input and the findings that are handed back.",
        ("series", "level_history", "evaluate", "pymannkendall.original_test", "ratio", "before MiB", "peak MiB"),
    )
    for count in (sizes.speed // 4, sizes.speed):
        found = _in_own_process(count)
        table.add(
            count,
            float(found["level_history"]),
            float(found["evaluate"]),
            float(found["peer"]),
            float(found["level_history"] / found["peer"]),
            float(found["input_mib"]),
            float(found["peak_mib"]),
        )
    return table


def _in_own_process(count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.detection.speed", str(count)]
    ran = subprocess.run(command, env={**os.environ, **ONE_CORE}, capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]))) + "\n")
