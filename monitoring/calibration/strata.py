"""The synthetic material of a calibration: every drawing interval with every panel, kept on disk as it is read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from monitoring.calibration.counting import Quiet, quiet_of
from monitoring.calibration.fitting import Cell
from monitoring.calibration.identity import digest_of
from monitoring.calibration.knowledge import Knowledge, by_the_rules
from monitoring.calibration.reading import read_cohort
from monitoring.calibration.seeds import CALIBRATION
from monitoring.events import EventRules
from monitoring.simulator.cohort import THREE_MARKERS, Cohort, simulate
from monitoring.simulator.markers import DERIVED, marker_file
from monitoring.simulator.scenario import INTERVALS, Scenario
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.fusion import LEAST_THRESHOLD, TUMOUR
from monitoring.trends.types import MarkerParameters

PATIENTS: Final = 10_000  # a stratum
FIVE_MARKERS: Final = (*THREE_MARKERS, "BAP", "BCTX")
PANELS: Final = (
    ("CEA",),
    ("CYFRA211",),
    ("CEA", "CYFRA211"),
    ("CEA", "CYFRA211", "NSE"),
    THREE_MARKERS,
    ("ALP", "BAP", "BCTX"),
    FIVE_MARKERS,
)
# In the fit: the three markers that the engine is shipped for, and the whole catalogue at the other end, go before.
IMPORTANCE_OF_THREE, IMPORTANCE_OF_ALL = 15.0, 3.0
# Bone markers alone weigh about as much as one tumour marker and fire less often, so both pull at the same place of the
# curve: with the same say, CYFRA 21-1 alone comes to 27 false WATCHes where 20 are meant (docs/adr/0008).
IMPORTANCE_WITHOUT_TUMOUR_MARKER: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a calibration reads: a cohort for each interval, with its seed, and from each every panel."""

    panels: tuple[tuple[str, ...], ...]
    intervals: tuple[float, ...] = INTERVALS
    seeds: tuple[int, ...] = tuple(CALIBRATION)
    patients: int = PATIENTS

    def __post_init__(self) -> None:
        if len(self.seeds) != len(self.intervals):
            raise ValueError("a plan needs one seed for each drawing interval")

    @property
    def markers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(code for panel in self.panels for code in panel))

    @property
    def cells(self) -> int:
        return len(self.panels) * len(self.intervals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that the engine is told."""

    markers: Mapping[str, MarkerParameters]
    parameters: DetectionParameters
    rules: EventRules

    @property
    def digest(self) -> str:
        return digest_of(self.markers, self.parameters, self.rules)


@dataclass(frozen=True, slots=True)
class CellOfPlan:
    panel: tuple[str, ...]
    interval: float
    seed: int
    cell: Cell


def weighed(markers: Mapping[str, MarkerParameters]) -> tuple[str, ...]:
    """The markers that the engine weighs and the generator knows."""
    simulated = {*marker_file().models, *DERIVED}
    return tuple(code for code, one in markers.items() if one.participation and one.verdict and code in simulated)


def panels_within(codes: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The shipped panels as far as they lie within `codes`, and all of these."""
    parts = [tuple(code for code in panel if code in codes) for panel in PANELS]
    return tuple(dict.fromkeys(part for part in (*parts, tuple(codes)) if part))


def read_plan(plan: Plan, told: Told, folder: Path, on_cells: Callable[[float], None]) -> list[CellOfPlan]:
    """Reads what `folder` does not hold yet, and keeps it there. `on_cells` is told how many cells are done."""
    work = folder / _name_of(plan, told)
    work.mkdir(parents=True, exist_ok=True)
    found, done = [], 0
    for interval, seed in zip(plan.intervals, plan.seeds, strict=True):
        of_interval: tuple[Cohort, Knowledge] | None = None
        for panel in plan.panels:
            path = work / f"{interval:g}-{'+'.join(panel)}.npz"
            if not path.exists():
                of_interval = of_interval or _simulated(plan, told, interval, seed)
                before = done
                cell = _read(*of_interval, panel, told, lambda share, before=before: on_cells(before + share))  # type: ignore[misc]
                _keep(cell, path)
            done += 1
            on_cells(done)
            found.append(CellOfPlan(panel, interval, seed, _kept(path, interval, panel, told)))
    return found


def _simulated(plan: Plan, told: Told, interval: float, seed: int) -> tuple[Cohort, Knowledge]:
    scenario = Scenario(name=f"interval_{interval:g}", intervals=(interval,))
    cohort = simulate(scenario, patients=plan.patients, seed=seed, markers=plan.markers)
    return cohort, by_the_rules(cohort, told.markers, told.rules)


def _read(
    cohort: Cohort, known: Knowledge, panel: tuple[str, ...], told: Told, on_share: Callable[[float], None]
) -> Cell:
    patients = len(cohort.days)
    index = read_cohort(
        cohort, known, panel, told.markers, told.parameters, lambda done: on_share(0.99 * done / patients)
    )
    # No threshold is lower than the least one, so what lies below it can never fire.
    quiet, which = quiet_of(cohort, index.taken & (index.watch >= LEAST_THRESHOLD))
    return Cell("", quiet, index.watch[which], index.alert[which], index.interval[which], index.weight[which])


def _name_of(plan: Plan, told: Told) -> str:
    parts = [told.digest, plan.patients, plan.seeds, plan.intervals, plan.markers, _generator()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _generator() -> str:
    """A digest of the generator's code and figures."""
    text = hashlib.sha256()
    for path in sorted((Path(__file__).parents[1] / "simulator").glob("*")):
        if path.suffix in (".py", ".toml"):
            text.update(path.read_bytes())
    return text.hexdigest()


def _keep(cell: Cell, path: Path) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(f".{os.getpid()}.unfinished.npz")
    np.savez(
        unfinished,
        patient=cell.quiet.patient,
        day=cell.quiet.day,
        years=cell.quiet.years,
        watch=cell.watch,
        alert=cell.alert,
        interval=cell.interval,
        weight=cell.weight,
    )
    unfinished.replace(path)


def _kept(path: Path, interval: float, panel: tuple[str, ...], told: Told) -> Cell:
    with np.load(path) as parts:
        return Cell(
            name=f"{interval:g} d, {', '.join(panel)}",
            quiet=Quiet(parts["patient"], parts["day"], parts["years"]),
            watch=parts["watch"],
            alert=parts["alert"],
            interval=parts["interval"],
            weight=parts["weight"],
            importance=importance_of(panel, told.markers),
        )


def importance_of(panel: tuple[str, ...], markers: Mapping[str, MarkerParameters]) -> float:
    if panel == THREE_MARKERS:
        return IMPORTANCE_OF_THREE
    if not any(markers[code].family == TUMOUR for code in panel):
        return IMPORTANCE_WITHOUT_TUMOUR_MARKER
    return IMPORTANCE_OF_ALL if len(panel) > len(FIVE_MARKERS) else 1.0
