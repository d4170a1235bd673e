"""Measures the engine on synthetic patients, beside the published rules.

    python -m benchmarks.detection.measure [--quick]

writes results.md and results.json beside this file (--quick: into --output alone).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import scipy

from benchmarks.detection.doubling import doubling_table
from benchmarks.detection.frozen import broken_table, interval_tables
from benchmarks.detection.matched import curve_table, matched_tables
from benchmarks.detection.material import BASE_SEED, DOUBLING_SEED, FULL, QUICK, SCENARIO_SEED, STRATUM_SEEDS, Sizes
from benchmarks.detection.shipped import Shipped, shipped
from benchmarks.detection.speed import speed_table
from benchmarks.detection.tables import Table

HERE: Final = Path(__file__).parent
HONESTY: Final = """\
**Synthetic patients.** The same hands wrote generator and engine; growth family, secretor shares, excesses and passing
causes are assumptions (`monitoring/simulator/`). None of this is clinical performance. A false alert is one before the
growth began or in a patient who never progressed, at most one in 180 days; sensitivity is the share of those who
progress with an alert between onset and the scan that shows it; lead is counted to that scan.
"""

Part = Callable[[Shipped, Sizes], Sequence[Table]]
PARTS: Final[dict[str, Part]] = {
    "matched": matched_tables,
    "curve": lambda engine, sizes: [curve_table(engine, sizes)],
    "intervals": interval_tables,
    "broken": lambda engine, sizes: [broken_table(engine, sizes)],
    "doubling": lambda engine, sizes: [doubling_table(engine, sizes)],
    "speed": lambda _engine, sizes: [speed_table(sizes)],
}


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description="Measure the engine on synthetic patients.")
    options.add_argument("--quick", action="store_true", help="a minute instead of ten; too few patients to quote")
    options.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options.add_argument("--output", type=Path, default=None, help="folder; the default is where the results are kept")
    chosen = options.parse_args(arguments)
    whole = not chosen.quick and set(chosen.only) == set(PARTS)
    if chosen.output is None and not whole:
        options.error("--quick and --only need --output: what is kept is the whole")
    measure(QUICK if chosen.quick else FULL, chosen.only, chosen.output or HERE, quick=chosen.quick)


def measure(sizes: Sizes, parts: Sequence[str], folder: Path, *, quick: bool) -> None:
    engine = shipped()
    begun = time.perf_counter()
    tables: list[Table] = []
    for name in parts:
        tables.extend(PARTS[name](engine, sizes))
        sys.stderr.write(f"{name}: {time.perf_counter() - begun:.0f} s\n")
    head = _head(engine, quick=quick, minutes=(time.perf_counter() - begun) / 60.0)
    text = "\n".join([head, HONESTY, *(line for table in tables for line in table.markdown())])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    plain = {"engine": engine.version, "thresholds": engine.thresholds.version, "quick": quick}
    content = {**plain, "tables": [table.plain() for table in tables]}
    (folder / "results.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _head(engine: Shipped, *, quick: bool, minutes: float) -> str:
    strata = f"{min(STRATUM_SEEDS.values())}-{max(STRATUM_SEEDS.values())}"
    signed = f"signed off by {engine.thresholds.signed_off_by}" if engine.thresholds.is_signed_off else "not signed off"
    return "\n".join(
        [
            "# Detection: what was measured",
            "",
            f"Command: `python -m benchmarks.detection.measure{' --quick' if quick else ''}`, {minutes:.1f} minutes on "
            f"one core. {datetime.now(UTC).date().isoformat()}. {_processor()}, Python {platform.python_version()}, "
            f"NumPy {np.__version__}, SciPy {scipy.__version__}.",
            "",
            f"Engine {engine.version}; thresholds {engine.thresholds.version}, {signed}. Seeds: matched rates and "
            f"curve {BASE_SEED}, scenarios {SCENARIO_SEED}, doubling times {DOUBLING_SEED}, intervals {strata}; "
            "tuning and calibration used others (`monitoring/calibration/seeds.py`).",
            "",
        ]
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
