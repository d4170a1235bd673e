"""From what was read to a file of thresholds."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Final

from monitoring.calibration.counting import rate_of
from monitoring.calibration.fitting import Cell, fit, highest_rate, realised
from monitoring.calibration.strata import CellOfPlan, Told
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.threshold_file import Method, Rate, Stratum, ThresholdFile, rounded
from monitoring.trends.detection import Gate, Thresholds
from monitoring.trends.engine import ENGINE_VERSION
from monitoring.trends.types import MarkerParameters

TARGETS: Final[Mapping[Gate, float]] = {"alert": 5.0, "watch": 20.0}
LEAST_REACH: Final = 0.8  # of the target: a cell that no threshold brings so far says nothing about the threshold
NO_CURVE: Final = (1.5, 0.0, 0.0, 1.0, 0.0)


def calibrated(
    cells: Sequence[CellOfPlan], told: Told, *, targets: Mapping[Gate, float], date: dt.date
) -> ThresholdFile:
    """Thresholds that come to `targets`, false alerts per 100 patient-years, in all cells as nearly as they can."""
    start = Thresholds(
        curve={"alert": NO_CURVE, "watch": NO_CURVE},
        weight=_weight(THREE_MARKERS, told.markers),
        interval_days=(min(one.interval for one in cells), max(one.interval for one in cells)),
        weight_range=_weight_range(cells),
    )
    return thresholds_from(cells, start, told, targets=targets, date=date, method="synthetic", trust_in_start=0.0)


def thresholds_from(
    cells: Sequence[CellOfPlan],
    start: Thresholds,
    told: Told,
    *,
    targets: Mapping[Gate, float],
    date: dt.date,
    method: Method,
    trust_in_start: float,
) -> ThresholdFile:
    now = start
    for gate in ("alert", "watch"):
        target = targets[gate]
        used = [one.cell for one in cells if highest_rate(one.cell, gate) >= LEAST_REACH * target]
        now = fit(used, gate, target, now, trust_in_start=trust_in_start)
    now = rounded(now)
    return ThresholdFile(
        date=date,
        engine=ENGINE_VERSION,
        parameters=told.digest,
        method=method,
        thresholds=now,
        targets=targets,
        strata=tuple(_stratum(one, now) for one in cells),
    )


def _stratum(one: CellOfPlan, thresholds: Thresholds) -> Stratum:
    return Stratum(
        panel=one.panel,
        interval=one.interval,
        seed=one.seed,
        patients=len(one.cell.quiet.years),
        years=one.cell.quiet.total_years,
        alert=_rate(one.cell, "alert", thresholds),
        watch=_rate(one.cell, "watch", thresholds),
    )


def _rate(cell: Cell, gate: Gate, thresholds: Thresholds) -> Rate:
    return rate_of(realised(cell, gate, thresholds), cell.quiet.years)


def _weight(panel: Sequence[str], markers: Mapping[str, MarkerParameters]) -> float:
    shares = [markers[code].participation or 0.0 for code in panel]
    return math.fsum(share / (1.0 - share) for share in shares)


def _weight_range(cells: Sequence[CellOfPlan]) -> tuple[float, float]:
    """The weights that were seen where anything could fire."""
    weights = [one.cell.weight[one.cell.weight > 0] for one in cells]
    low = min(float(part.min()) for part in weights if len(part))
    high = max(float(part.max()) for part in weights if len(part))
    return round(low, 4), round(max(high, low * 1.001), 4)
