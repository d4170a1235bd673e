"""Memory and time of taking a file in, at 10,000 and at 100,000 lines, as CSV and as a workbook.

    python -m benchmarks.files.memory

makes an empty SQLite record in a temporary folder, takes each file into it in a process of its own and prints one line
each. It ends with an error where ten times the lines need more than the stated share of memory, or more than the limit.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

SIZES: Final = (10_000, 100_000)
MOST_RATIO: Final = 1.5  # of the peak at the larger size to that at the smaller
MOST_MIB: Final = 300
KIB: Final = 1024.0
HEADER: Final = ("patient_id", "marker", "value", "unit", "collected_at")
UNITS: Final = {"CEA": "ng/mL", "ALP": "U/L", "PLT": "10*9/L", "ALB": "g/L", "CA": "mmol/L"}
VALUES: Final = {"CEA": 3.2, "ALP": 90.0, "PLT": 210.0, "ALB": 41.0, "CA": 2.31}


def lines() -> Iterator[tuple[str, str, float, str, str]]:
    """Draws of five markers, every six weeks, fifty draws a patient."""
    patient = 0
    while True:
        for draw in range(50):
            day = f"{2018 + draw // 9}-{1 + draw % 9:02}-15 08:00"
            for marker, unit in UNITS.items():
                yield f"B{patient:05}", marker, VALUES[marker], unit, day
        patient += 1


def write_csv(path: Path, size: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADER) + "\n")
        file.writelines(",".join(map(str, line)) + "\n" for line in islice(lines(), size))


def write_workbook(path: Path, size: int) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Results")
    sheet.append(HEADER)
    for line in islice(lines(), size):
        sheet.append(line)
    book.save(path)


def take_in(path: Path) -> dict[str, float]:
    """Peak memory and seconds of one import, in this process."""
    import django

    django.setup()
    from accounts.models import Team
    from exchange.loader import import_file
    from exchange.orders import Order
    from monitoring.services import hold_nudges

    team, _made = Team.objects.get_or_create(name="Benchmark")
    order = Order(actor="benchmark", file_name=path.name, care_team=team, create_patients=True)
    start = time.perf_counter()
    with path.open("rb") as stream, hold_nudges():
        summary = import_file(order=order, stream=stream)
    taken = summary.counts.results_new + summary.counts.results_repeated
    assert taken == summary.lines_total, summary.counts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    return {"lines": summary.lines_total, "seconds": round(time.perf_counter() - start, 1), "peak_mib": round(peak)}


def measure(folder: Path, kind: str, size: int) -> dict[str, float]:
    """Take one file of `size` lines into an empty record."""
    data = folder / f"{kind}-{size}"
    data.mkdir()
    path = folder / f"{size}.{kind}"
    (write_csv if kind == "csv" else write_workbook)(path, size)
    environment = os.environ | {
        "LEADTIME_DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CLINIC_TIME_ZONE": "UTC",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, check=True)
    command = [sys.executable, "-m", "benchmarks.files.memory", str(path)]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603  # its own command line
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> int:
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(take_in(Path(sys.argv[1]))) + "\n")
        return 0
    failed = False
    with tempfile.TemporaryDirectory() as name:
        for kind in ("csv", "xlsx"):
            small, large = (measure(Path(name), kind, size) for size in SIZES)
            ratio = large["peak_mib"] / small["peak_mib"]
            failed |= ratio > MOST_RATIO or large["peak_mib"] > MOST_MIB
            for row in (small, large):
                sys.stdout.write(f"{kind} {row['lines']} lines: {row['peak_mib']} MiB, {row['seconds']} s\n")
            sys.stdout.write(f"{kind} ratio {ratio:.2f} (limit {MOST_RATIO}), at most {MOST_MIB} MiB\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
