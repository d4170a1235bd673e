"""The engine at its shipped thresholds: at every drawing interval, and where an assumption of the generator breaks."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.detection.matched import TARGET, judged, judged_engine
from benchmarks.detection.matching import found_by
from benchmarks.detection.material import (
    PANEL_NAMES,
    SCENARIO_SEED,
    STRATUM_SEEDS,
    Material,
    Sizes,
    reached,
    shipped_material,
)
from benchmarks.detection.shipped import Shipped
from benchmarks.detection.tables import Table
from monitoring.calibration.counting import count_false, rate_of
from monitoring.calibration.strata import FIVE_MARKERS
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.simulator.scenario import INTERVALS, SCENARIOS
from monitoring.threshold_file import Rate
from monitoring.trends.detection import Gate

LEVELS: Final[tuple[tuple[str, Gate], ...]] = (("ALERT", "alert"), ("WATCH or ALERT", "watch"))
NOT_BROKEN: Final = tuple(f"interval_{days:.0f}" for days in INTERVALS if days not in (21.0, 91.0))


def interval_tables(engine: Shipped, sizes: Sizes) -> list[Table]:
    return [_intervals(engine, sizes, panel) for panel in (THREE_MARKERS, ("CEA",), FIVE_MARKERS, engine.weighed)]


def _intervals(engine: Shipped, sizes: Sizes, panel: tuple[str, ...]) -> Table:
    patients = sizes.of(sizes.stratum, panel)
    name = PANEL_NAMES.get(panel, f"all {len(panel)} markers with a weight")
    table = Table(
        f"Shipped thresholds at every drawing interval, {name}",
        f"{patients:,} patients an interval; targets 5 (ALERT) and 20 (WATCH or ALERT) per 100 patient-years.",
        (
            "days between draws",
            "level",
            "false alerts /100 py",
            "95 %",
            "sensitivity %",
            "≥ 60 d early %",
            "median lead d",
        ),
    )
    for interval in INTERVALS:
        material = shipped_material(engine, panel, f"interval_{interval:.0f}", patients, seed=STRATUM_SEEDS[interval])
        for level, gate in LEVELS:
            found = found_by(reached(material, engine, gate), material)
            rate = rate_in(material, engine, gate)
            interval_of_rate = f"{rate.low:.1f} to {rate.high:.1f}"
            table.add(
                f"{interval:.0f}",
                level,
                rate.value,
                interval_of_rate,
                found.sensitivity,
                found.early,
                found.median_lead,
            )
    return table


def rate_in(material: Material, engine: Shipped, gate: Gate) -> Rate:
    fired = reached(material, engine, gate)[material.is_quiet]
    return rate_of(count_false(fired, material.quiet), material.quiet.years)


def broken_table(engine: Shipped, sizes: Sizes) -> Table:
    table = Table(
        "Broken assumptions, CEA, CYFRA 21-1, ALP",
        f"{sizes.scenario:,} patients each, the same patients throughout with one thing changed. Frozen: at the "
        f"shipped thresholds. Matched again: at {TARGET:g} false alerts per 100 patient-years in that scenario.",
        (
            "scenario",
            "ALERT, frozen: false /100 py",
            "95 %",
            "sensitivity %",
            "WATCH, frozen: false /100 py",
            "engine, matched again %",
            "best rule, matched again %",
            "which",
            "lead, points",
        ),
    )
    for scenario in SCENARIOS:
        if scenario in NOT_BROKEN:
            continue
        material = shipped_material(engine, THREE_MARKERS, scenario, sizes.scenario, seed=SCENARIO_SEED)
        alert = rate_in(material, engine, "alert")
        frozen = found_by(reached(material, engine, "alert"), material)
        again, best = judged_engine(material).found.sensitivity, judged(material, engine)[0]
        table.add(
            scenario,
            alert.value,
            f"{alert.low:.1f} to {alert.high:.1f}",
            frozen.sensitivity,
            rate_in(material, engine, "watch").value,
            again,
            best.found.sensitivity,
            best.rule,
            again - best.found.sensitivity,
        )
    return table


def share_of_worst(material: Material, engine: Shipped, share: float = 0.05) -> float:
    """Percent of the false alerts that fall on so many of the patients."""
    counts = np.sort(count_false(reached(material, engine, "alert")[material.is_quiet], material.quiet))[::-1]
    return 100.0 * float(np.sum(counts[: int(len(counts) * share)])) / max(float(np.sum(counts)), 1.0)
