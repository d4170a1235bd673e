"""The engine on material it was neither tuned nor calibrated on: another generator, and real series of other diseases.

    python -m benchmarks.detection.unseen [--quick]

writes unseen.md beside this file (--quick: prints it).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.detection.frozen import LEVELS, rate_in
from benchmarks.detection.matched import ENGINE_ANY_DRAW, TARGET, judged, judged_engine
from benchmarks.detection.matching import at_rate, found_by
from benchmarks.detection.material import OTHER_GENERATOR_SEED, Material, reached, read_material
from benchmarks.detection.other_generator import FAST_DOUBLING, MEDIAN_DOUBLING, other_cohort
from benchmarks.detection.real_series import Material as RealMaterial
from benchmarks.detection.real_series import real_materials
from benchmarks.detection.shipped import Shipped, shipped
from benchmarks.detection.tables import Table
from monitoring.calibration.counting import HUNDRED, REFRACTORY_DAYS
from monitoring.calibration.knowledge import Knowledge
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.trends.detection import DAYS_A_YEAR, Gate
from monitoring.trends.engine import level_history
from monitoring.trends.types import Level

RESULTS: Final = Path(__file__).with_name("unseen.md")
PATIENTS: Final = 8_000
SHOWN: Final = 6  # published rules
REACHING: Final[dict[Gate, tuple[Level, ...]]] = {"alert": ("alert",), "watch": ("watch", "alert")}
HORIZON_DAYS: Final = 365.0  # an alert that much before the outcome, or less, is a true one


def other_tables(engine: Shipped, patients: int) -> list[Table]:
    """With the published doubling time of CEA, and with half of it."""
    tables = []
    for days in (MEDIAN_DOUBLING, FAST_DOUBLING):
        cohort = other_cohort(patients=patients, seed=OTHER_GENERATOR_SEED, median_doubling=days)
        material = read_material(engine, cohort, Knowledge.nothing(cohort), THREE_MARKERS)
        tables += [_frozen(engine, material, days), _matched(engine, material, days)]
    return tables


def _frozen(engine: Shipped, material: Material, doubling: float) -> Table:
    table = Table(
        f"Another generator, median doubling {doubling:.0f} days, shipped thresholds",
        f"{len(material.cohort.days):,} patients, {int(np.sum(material.cohort.progresses)):,} progress, "
        f"{material.quiet.total_years:,.0f} patient-years without progression; CEA, CYFRA 21-1, ALP.",
        ("level", "false alerts /100 py", "95 %", "sensitivity %", "≥ 60 d early %", "median lead d"),
    )
    for level, gate in LEVELS:
        rate, found = rate_in(material, engine, gate), found_by(reached(material, engine, gate), material)
        held = f"{rate.low:.1f} to {rate.high:.1f}"
        table.add(level, rate.value, held, found.sensitivity, found.early, found.median_lead)
    return table


def _matched(engine: Shipped, material: Material, doubling: float) -> Table:
    table = Table(
        f"Another generator, median doubling {doubling:.0f} days, matched at {TARGET:g} false alerts /100 py",
        f"The engine and the {SHOWN} best of the published rules.",
        ("rule", "sensitivity %", "≥ 60 d early %", "median lead d"),
    )
    watch, _ = at_rate(material.index.watch, material, TARGET)
    table.add(ENGINE_ANY_DRAW, watch.sensitivity, watch.early, watch.median_lead)
    for one in (judged_engine(material), *judged(material, engine)[:SHOWN]):
        table.add(one.rule, one.found.sensitivity, one.found.early, one.found.median_lead)
    return table


@dataclass(frozen=True, slots=True)
class _Told:
    """Of one patient: alerts that count, and whether one came within the horizon before the outcome."""

    alerts_off: int
    years_off: float
    lead: float  # days, NaN where none


def real_table(engine: Shipped, materials: Sequence[RealMaterial]) -> Table:
    table = Table(
        "Real series of other diseases, shipped thresholds",
        "One marker each, told as a tumour marker at the weight of CEA with an assumed variation. With the outcome: "
        f"share with the level within {HORIZON_DAYS:.0f} days before it. All other time, of everybody: the level per "
        "100 patient-years, at most once in 180 days. Treatment is not on record and not blanked.",
        (
            "series",
            "patients",
            "median draws",
            "outcome",
            "with it",
            "level",
            "of these reached %",
            "median lead d",
            "otherwise /100 py",
            "years",
        ),
    )
    for material in materials:
        for level, reaching in LEVELS:
            told = _read(engine, material, REACHING[reaching])
            with_it = [one for one, patient in zip(told, material.patients, strict=True) if patient.has_outcome]
            leads = np.array([one.lead for one in with_it])
            known = leads[np.isfinite(leads)]
            years = sum(one.years_off for one in told)
            table.add(
                material.name,
                len(told),
                f"{np.median([len(one.days) for one in material.patients]):.0f}",
                material.outcome,
                len(with_it),
                level,
                HUNDRED * len(known) / max(len(with_it), 1),
                float(np.median(known)) if len(known) else float("nan"),
                HUNDRED * sum(one.alerts_off for one in told) / years if years > 0 else float("nan"),
                f"{years:,.0f}",
            )
    return table


def _read(engine: Shipped, material: RealMaterial, levels: Sequence[Level]) -> list[_Told]:
    parameters = replace(engine.told.parameters, bone_layer=True)
    marker = material.marker
    histories = level_history(material.series(), {marker.marker: marker}, parameters)
    raised = {one.patient: [draw.day for draw in one.draws if draw.level in levels] for one in histories}
    found = []
    for place, patient in enumerate(material.patients):
        horizon = patient.end - HORIZON_DAYS if patient.has_outcome else np.inf
        first = patient.days[0] if patient.days else patient.end
        days = raised.get(place, [])
        true = [day for day in days if day >= horizon]
        years = max(min(patient.end, horizon) - first, 0.0) / DAYS_A_YEAR
        lead = patient.end - true[0] if true else float("nan")
        found.append(_Told(_counted([day for day in days if day < horizon]), years, lead))
    return found


def _counted(days: Sequence[float]) -> int:
    count, last = 0, -np.inf
    for day in days:
        if day - last >= REFRACTORY_DAYS:
            count, last = count + 1, day
    return count


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description="The engine on material that it has not seen.")
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args(arguments).quick
    engine = shipped()
    tables = other_tables(engine, PATIENTS // 10 if quick else PATIENTS)
    try:
        tables.append(real_table(engine, real_materials()))
    except FileNotFoundError:
        sys.stderr.write("../shared/data is missing: the real series are left out.\n")
    head = (
        "# Detection on material the engine has not seen\n\n"
        f"Command: `python -m benchmarks.detection.unseen`. {datetime.now(UTC).date().isoformat()}. Engine "
        f"{engine.version}; thresholds {engine.thresholds.version}. Seed {OTHER_GENERATOR_SEED}. The other generator "
        "is assumed throughout (`other_generator.py`); the real series are not lung cancer. No clinical performance.\n"
    )
    text = "\n".join([head, *(line for table in tables for line in table.markdown())]).rstrip() + "\n"
    if quick:
        sys.stdout.write(text)
    else:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
