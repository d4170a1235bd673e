"""Do the shipped thresholds still keep their rates? Fails where they do not.

    python -m benchmarks.detection.check

reads synthetic patients that nothing was fitted to, at every drawing interval and mixed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.detection.frozen import rate_in
from benchmarks.detection.material import CHECK_SEED, shipped_material
from benchmarks.detection.shipped import Shipped, shipped
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.simulator.scenario import INTERVALS
from monitoring.threshold_file import Rate
from monitoring.trends.detection import Gate

PATIENTS: Final = 6_000
WITHIN: Final = 0.2  # of the target: 4 to 6 at 5
SCENARIOS: Final = ("base", *(f"interval_{days:.0f}" for days in INTERVALS))


@dataclass(frozen=True, slots=True)
class Checked:
    scenario: str
    gate: Gate
    target: float
    rate: Rate

    @property
    def holds(self) -> bool:
        return abs(self.rate.value - self.target) <= WITHIN * self.target


def checked(engine: Shipped, scenarios: tuple[str, ...] = SCENARIOS, patients: int = PATIENTS) -> Iterator[Checked]:
    for scenario in scenarios:
        material = shipped_material(engine, THREE_MARKERS, scenario, patients, seed=CHECK_SEED)
        for gate, target in engine.thresholds.targets.items():
            yield Checked(scenario, gate, target, rate_in(material, engine, gate))


def main() -> None:
    kept = True
    for one in checked(shipped()):
        kept &= one.holds
        found = f"{one.rate.value:5.2f} ({one.rate.low:.2f} to {one.rate.high:.2f})"
        verdict = "" if one.holds else "  outside"
        sys.stdout.write(f"{one.scenario:12} {one.gate:5} target {one.target:g}: {found}{verdict}\n")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
