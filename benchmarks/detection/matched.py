"""Engine and published rules at the same rate of false alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.detection.baselines import COMMON, statistics_of
from benchmarks.detection.matching import Found, Resamples, at_rate, central_95, found_by, summary
from benchmarks.detection.material import PANEL_NAMES, Material, Sizes, draws_before_onset, protocol_material, reached
from benchmarks.detection.shipped import Shipped
from benchmarks.detection.tables import Table
from monitoring.calibration.counting import leads_of
from monitoring.calibration.strata import FIVE_MARKERS
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import BoolArray, FloatArray

TARGET: Final = 5.0
RATES: Final = (1.0, 2.0, 5.0, 10.0, 20.0)
ENGINE: Final = "**engine**"
ENGINE_ANY_DRAW: Final = "engine, WATCH index (no confirmation)"
RESAMPLING_SEED: Final = 1
FIGURES: Final = (
    "false alerts /100 py",
    "sensitivity %",
    "95 %",
    "≥ 60 d early %",
    "≥ 90 d early %",
    "median lead d",
    "mean lead d (misses 0)",
)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A rule at the matched rate, over several markers in the better of the two ways."""

    rule: str
    way: str
    found: Found
    statistic: FloatArray
    fired: BoolArray


def judged(material: Material, engine: Shipped, target: float = TARGET) -> list[Judged]:
    """The published rules, best first."""
    best: dict[str, Judged] = {}
    for rule, way, statistic in statistics_of(material, engine.told.markers):
        found, fired = at_rate(statistic, material, target)
        if rule not in best or found.sensitivity > best[rule].found.sensitivity:
            best[rule] = Judged(rule, way, found, statistic, fired)
    return sorted(best.values(), key=lambda one: -one.found.sensitivity)


def judged_engine(material: Material, target: float = TARGET) -> Judged:
    found, fired = at_rate(material.index.alert, material, target)
    return Judged(ENGINE, "", found, material.index.alert, fired)


def matched_tables(engine: Shipped, sizes: Sizes) -> list[Table]:
    summary_of = Table(
        "Margin over the best published rule at 5 false alerts per 100 patient-years",
        "Paired: the same resampled patients for both, thresholds matched again in each resample.",
        ("panel", "engine %", "95 %", "best rule", "its sensitivity %", "margin, points", "95 %"),
    )
    tables = [summary_of]
    for panel in (("CEA",), THREE_MARKERS, FIVE_MARKERS, engine.weighed):
        material = protocol_material(engine, panel, sizes.of(sizes.matched, panel))
        tables.append(_panel_table(material, engine, sizes, summary_of))
        if panel == THREE_MARKERS:
            tables.append(few_draws_table(material, engine))
            tables.append(published_table(material, engine))
        if panel == ("CEA",):
            tables.append(published_table(material, engine))
    return tables


def _panel_table(material: Material, engine: Shipped, sizes: Sizes, margins: Table) -> Table:
    cohort = material.cohort
    name = PANEL_NAMES.get(material.panel, f"all {len(material.panel)} markers with a weight")
    table = Table(
        f"{name}, matched at {TARGET:g} false alerts per 100 patient-years",
        f"{len(cohort.days):,} patients, {int(np.sum(cohort.progresses)):,} progress, "
        f"{material.quiet.total_years:,.0f} patient-years without progression. Rules over several markers: the better "
        "of one common threshold and an equal share of false alerts for each marker.",
        ("rule", "way", *FIGURES),
    )
    resamples = Resamples.of(cohort, resamples=sizes.resamples, seed=RESAMPLING_SEED)
    of_engine = judged_engine(material)
    again = resamples.sensitivity(of_engine.statistic, material, TARGET)
    rules = judged(material, engine)
    _add(table, of_engine, again)
    watch, _ = at_rate(material.index.watch, material, TARGET)
    table.add(ENGINE_ANY_DRAW, "", *_figures(watch, "–"))
    for place, one in enumerate(rules):
        theirs = resamples.sensitivity(one.statistic, material, TARGET)
        _add(table, one, theirs)
        if place == 0:
            margins.add(
                name,
                of_engine.found.sensitivity,
                _range(again),
                one.rule,
                one.found.sensitivity,
                of_engine.found.sensitivity - one.found.sensitivity,
                _range(again - theirs),
            )
    return table


def _add(table: Table, one: Judged, again: FloatArray) -> None:
    table.add(one.rule, one.way, *_figures(one.found, _range(again)))


def _figures(found: Found, interval: str) -> Sequence[str | float]:
    return (
        found.rate,
        found.sensitivity,
        interval,
        found.early,
        found.earlier,
        found.median_lead,
        found.mean_lead,
    )


def _range(numbers: FloatArray) -> str:
    low, high = central_95(numbers)
    return f"{low:.1f} to {high:.1f}"


def curve_table(engine: Shipped, sizes: Sizes) -> Table:
    """Sensitivity, and in brackets the share found at least 60 days early, at each rate."""
    material = protocol_material(engine, THREE_MARKERS, sizes.curve)
    table = Table(
        "Operating curve, CEA, CYFRA 21-1, ALP: sensitivity % (≥ 60 d early %)",
        "False alerts per 100 patient-years in the columns; each rule in the better way at each rate.",
        ("rule", *(f"{rate:g}" for rate in RATES)),
    )
    by_rule: dict[str, list[str]] = {}
    for rate in RATES:
        for one in (judged_engine(material, rate), *judged(material, engine, rate)):
            by_rule.setdefault(one.rule, []).append(f"{one.found.sensitivity:.1f} ({one.found.early:.1f})")
    for rule in (ENGINE, *RULES):
        table.add(rule, *by_rule[rule])
    return table


def few_draws_table(material: Material, engine: Shipped) -> Table:
    table = Table(
        "Few draws before the growth began, CEA, CYFRA 21-1, ALP",
        f"Sensitivity % by the draws taken before onset; thresholds matched at {TARGET:g} in the whole cohort.",
        ("rule", "≤ 2", "3 to 5", "≥ 6"),
    )
    before = draws_before_onset(material)
    groups = (before <= 2, (before >= 3) & (before <= 5), before >= 6)
    table.add("patients who progress", *(int(np.sum(group)) for group in groups))
    for one in (judged_engine(material), *judged(material, engine)):
        leads = leads_of(one.fired, material.cohort)
        table.add(one.rule, *(summary(0.0, leads[group]).sensitivity for group in groups))
    return table


def published_table(material: Material, engine: Shipped) -> Table:
    table = Table(
        f"Rules at the settings of their sources, {PANEL_NAMES[material.panel]}",
        "Any marker over the published threshold; SDs are those of patients. The engine at its shipped thresholds.",
        ("rule", "threshold", *(name for name in FIGURES if name != "95 %")),
    )
    for level, fired in (
        ("ALERT", reached(material, engine, "alert")),
        ("WATCH or ALERT", reached(material, engine, "watch")),
    ):
        found = found_by(fired, material)
        table.add(f"**engine, {level}**", "shipped", *_without_interval(found))
    for name, way, statistic in statistics_of(material, engine.told.markers):
        rule = RULES[name]
        if way == COMMON and rule.published_threshold is not None:
            found = found_by(rule.met(statistic) & material.index.taken, material)
            table.add(name, f"{rule.published_threshold:.3g}", *_without_interval(found))
    return table


def _without_interval(found: Found) -> Sequence[float]:
    return (found.rate, found.sensitivity, found.early, found.earlier, found.median_lead, found.mean_lead)
