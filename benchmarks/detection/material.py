"""The synthetic cohorts that the benchmark measures on, each with a seed that nothing was chosen by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.detection.shipped import Shipped
from monitoring.calibration.counting import Quiet, quiet_of
from monitoring.calibration.knowledge import Knowledge, by_the_rules, of_the_protocol
from monitoring.calibration.reading import Indices, read_cohort
from monitoring.calibration.seeds import TEST
from monitoring.calibration.strata import FIVE_MARKERS
from monitoring.simulator.cohort import THREE_MARKERS, Cohort, simulate
from monitoring.simulator.scenario import INTERVALS, SCENARIOS
from monitoring.trends.detection import Gate
from monitoring.trends.fusion import USUAL_INTERVAL, threshold
from monitoring.trends.types import BoolArray, IntArray

BASE_SEED: Final = TEST[0]
SCENARIO_SEED: Final = TEST[1]  # one for all, so that a scenario is the base cohort with one thing changed
DOUBLING_SEED: Final = TEST[2]
STRATUM_SEEDS: Final[Mapping[float, int]] = {days: TEST[10 + at] for at, days in enumerate(INTERVALS)}
CHECK_SEED: Final = TEST[20]
OTHER_GENERATOR_SEED: Final = TEST[30]
PANEL_NAMES: Final[Mapping[tuple[str, ...], str]] = {
    ("CEA",): "CEA only",
    THREE_MARKERS: "CEA, CYFRA 21-1, ALP",
    FIVE_MARKERS: "the same, BAP, β-CTx",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Patients."""

    matched: Mapping[int, int]  # by number of markers, the largest that is not above a panel's
    curve: int
    stratum: Mapping[int, int]
    scenario: int
    doubling: int
    resamples: int
    speed: int

    def of(self, sizes: Mapping[int, int], panel: Sequence[str]) -> int:
        return sizes[max(size for size in sizes if size <= len(panel))]


FULL: Final = Sizes(
    matched={1: 16_000, 6: 8_000},
    curve=8_000,
    stratum={1: 6_000, 6: 1_500},
    scenario=6_000,
    doubling=6_000,
    resamples=400,
    speed=6_000,
)
QUICK: Final = Sizes(
    matched={1: 2_000, 6: 500},
    curve=2_000,
    stratum={1: 500, 6: 150},
    scenario=500,
    doubling=800,
    resamples=50,
    speed=1_200,
)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A cohort, what is known of it, and what the engine said."""

    cohort: Cohort
    known: Knowledge
    panel: tuple[str, ...]
    index: Indices
    quiet: Quiet
    is_quiet: BoolArray  # patients x draws


def protocol_material(engine: Shipped, panel: tuple[str, ...], patients: int, *, seed: int = BASE_SEED) -> Material:
    """What every rule is told alike: windows and re-basing after treatment, surgery, bone agents, assay changes."""
    cohort = simulate(SCENARIOS["base"], patients=patients, seed=seed, markers=panel)
    return read_material(engine, cohort, of_the_protocol(cohort, engine.told.markers), panel)


def shipped_material(engine: Shipped, panel: tuple[str, ...], scenario: str, patients: int, *, seed: int) -> Material:
    """What the shipped rules make of all recorded events."""
    cohort = simulate(SCENARIOS[scenario], patients=patients, seed=seed, markers=panel)
    return read_material(engine, cohort, by_the_rules(cohort, engine.told.markers, engine.told.rules), panel)


def read_material(engine: Shipped, cohort: Cohort, known: Knowledge, panel: tuple[str, ...]) -> Material:
    index = read_cohort(cohort, known, panel, engine.told.markers, engine.told.parameters)
    quiet, is_quiet = quiet_of(cohort, index.taken)
    return Material(cohort, known, panel, index, quiet, is_quiet)


def draws_before_onset(material: Material) -> IntArray:
    """Of each patient who progresses."""
    before = material.index.taken & (material.cohort.days < material.cohort.onset[:, None])
    count: IntArray = np.sum(before, axis=1)[material.cohort.progresses]
    return count


def reached(material: Material, engine: Shipped, gate: Gate) -> BoolArray:
    """Patients x draws: where the level, or a higher one, is reached at the shipped thresholds."""
    index = material.index
    weight = np.where(index.taken, index.weight, 0.0)
    interval = np.where(index.taken, index.interval, USUAL_INTERVAL)
    said = index.alert if gate == "alert" else index.watch
    there: BoolArray = index.taken & (said >= threshold(engine.told.parameters, gate, interval, weight))
    return there if gate == "alert" else there | reached(material, engine, "alert")
