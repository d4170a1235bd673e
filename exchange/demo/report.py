"""From a finished journey to what the laboratories reported: dates, texts, units, accession numbers."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Final

from exchange.demo.journey import HARBOUR, RIVERSIDE, Journey
from exchange.demo.markers import MODELS, reported
from exchange.demo.types import DemoDraw, DemoResult

DAY_ONLY_SHARE: Final = 0.04
MISSING_SHARE: Final = 0.02  # of single results: not enough serum, a tube lost
NEVER_MISSING: Final = frozenset({"CEA", "NSE", "CYFRA211"})
PREFIXES: Final = {"Central laboratory": "C", RIVERSIDE: "R", HARBOUR: "H"}


@dataclass(frozen=True, slots=True)
class OtherUnit:
    unit: str
    per_canonical: float
    decimals: int


HARBOUR_UNITS: Final = {
    "BCTX": OtherUnit("pg/mL", 1000.0, 0),
    "PLT": OtherUnit("10*3/uL", 1.0, 0),
    "CA": OtherUnit("mg/dL", 1.0 / 0.2495, 1),
    "ALB": OtherUnit("g/dL", 0.1, 1),
    "CEA": OtherUnit("ug/L", 1.0, 2),
}
RIVERSIDE_ASSAYS: Final = {"ECLIA": "CLIA-2", "CLIA": "EIA-2", "EIA": "EIA-2"}


def report_draws(journey: Journey) -> tuple[DemoDraw, ...]:
    return tuple(_draw(journey, at) for at in range(journey.count) if at not in journey.lost)


def _draw(journey: Journey, at: int) -> DemoDraw:
    day = _working_day(journey.date(float(journey.days[at])))
    minutes = 7 * 60 + 10 + 5 * int(journey.rng.integers(0, 30))
    laboratory = journey.laboratories[at]
    return DemoDraw(
        day=day,
        time=None if journey.rng.random() < DAY_ONLY_SHARE else dt.time(minutes // 60, minutes % 60),
        laboratory=laboratory,
        accession=f"{PREFIXES[laboratory]}{journey.person.number[4:]}-{at + 1:02d}",
        fasting=journey.fasting[at],
        haemolysis=journey.haemolysis[at],
        note=journey.notes[at],
        results=_results(journey, at),
    )


def _results(journey: Journey, at: int) -> tuple[DemoResult, ...]:
    told = {marker for draw, marker in (*journey.texts, *journey.corrections) if draw == at}
    found = []
    for marker in journey.logs:
        lost = journey.rng.random() < MISSING_SHARE
        if lost and marker not in NEVER_MISSING | told:
            continue
        found.append(_result(journey, at, marker))
    return tuple(found)


def _result(journey: Journey, at: int, marker: str) -> DemoResult:
    value, laboratory = math.exp(float(journey.logs[marker][at])), journey.laboratories[at]
    unit, assay = MODELS[marker].unit, MODELS[marker].assay
    text = journey.texts.get((at, marker)) or reported(marker, value)
    if laboratory == HARBOUR and marker in HARBOUR_UNITS:
        other = HARBOUR_UNITS[marker]
        unit, text = other.unit, f"{value * other.per_canonical:.{other.decimals}f}"
    if laboratory == RIVERSIDE:
        assay = RIVERSIDE_ASSAYS.get(assay, assay)
    first, reason = journey.corrections.get((at, marker), ("", ""))
    return DemoResult(marker=marker, text=text, unit=unit, assay=assay, first_reported=first, reason=reason)


def _working_day(day: dt.date) -> dt.date:
    """Saturday and Sunday become the Friday before: laboratories take follow-up samples on working days."""
    return day - dt.timedelta(days=max(day.weekday() - 4, 0))
