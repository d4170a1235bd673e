"""How often the stated interval of a doubling time holds the true one, at the draw that confirms a rise.

The truth is known in the synthetic cohort alone: growth without any variation. Three truths are compared, because a
marker is the sum of the person's own level and what the tumour adds, and so speeds up while it rises: the mean rate of
the marker over the fitted draws (what the estimate is of), its rate at the latest of them, and the tumour's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import linregress

from benchmarks.trends.cohort import Growth, SyntheticPatient, parameters
from monitoring.trends.batch import build_batch
from monitoring.trends.engine import evaluate
from monitoring.trends.slope import NORMAL_QUANTILE, SHORTEST_SPAN_DAYS, WIDENING, WIDEST_RATIO
from monitoring.trends.types import MarkerFinding, Series
from monitoring.trends.walk import SUSTAINED, Walk, walk

FloatArray = NDArray[np.float64]
LOG_TWO = math.log(2.0)
LEFT_OUT = "not_used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A marker's finding as it stood at one draw of a sustained rise."""

    finding: MarkerFinding
    growth: Growth | None  # None: nothing grew when the rise began
    confirming: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    days: FloatArray  # of the draws fitted
    rate: float
    low: float
    high: float

    @property
    def stated(self) -> bool:
        long_enough = self.days[-1] - self.days[0] >= SHORTEST_SPAN_DAYS
        return bool(long_enough and self.low > 0 and self.high / self.low <= WIDEST_RATIO)


Estimator = Callable[[MarkerFinding], Estimate | None]


def rises(cohort: Sequence[SyntheticPatient]) -> list[Rise]:
    """Every draw at which a marker is in a sustained rise, each read from the draws up to it."""
    series = [one for patient in cohort for one in patient.series if len(one.days)]
    batch = build_batch(series, parameters())
    walked = walk(batch)
    patients = {patient.patient: patient for patient in cohort}
    cuts: list[Series] = []
    known: list[tuple[Growth | None, bool]] = []
    for row, one in enumerate(series):
        for column, confirming in _sustained(walked, row, len(one.days)):
            begun = float(one.days[int(walked.run_start[row, column])])
            growth = patients[one.patient].growth.get(one.marker)
            known.append((growth if growth is not None and begun >= growth.onset else None, confirming))
            cuts.append(replace(_until(one, column), patient=len(cuts)))
    findings = [found.markers[0] for found in evaluate(cuts, parameters())]
    return [Rise(finding=f, growth=g, confirming=c) for f, (g, c) in zip(findings, known, strict=True)]


def _sustained(walked: Walk, row: int, width: int) -> Iterator[tuple[int, bool]]:
    before = False
    for column in range(width):
        now = bool(walked.state[row, column] == SUSTAINED)
        if now:
            yield column, not before
        before = now


def _until(one: Series, column: int) -> Series:
    end = column + 1
    return replace(
        one,
        days=one.days[:end],
        values=one.values[:end],
        censoring=one.censoring[:end],
        segments=one.segments[:end],
        exclusions=one.exclusions[:end],
        draw_ids=one.draw_ids[:end],
    )


def fitted(finding: MarkerFinding) -> tuple[FloatArray, FloatArray]:
    """Days and logs of the last used draw before the run and of the run; nothing if the former has no number."""
    at = [reading.draw_id for reading in finding.readings].index(finding.supporting_draw_ids[0])
    earlier = [reading for reading in finding.readings[:at] if reading.stance != LEFT_OUT]
    chosen = [*earlier[-1:], *(one for one in finding.readings[at:] if one.stance == "supports")]
    kept = [reading for reading in chosen if reading.censoring == 0]
    return np.array([one.day for one in kept]), np.log(np.array([one.value for one in kept]))


def shipped(finding: MarkerFinding) -> Estimate | None:
    slope = finding.slope
    if slope is None:
        return None
    return Estimate(days=fitted(finding)[0], rate=slope.per_day, low=slope.low, high=slope.high)


def known_sd(widening: float, *, from_baseline: bool = False) -> Estimator:
    """A line with the known SD; `from_baseline` puts the baseline, with its uncertainty, in the first draw's place."""

    def estimate(finding: MarkerFinding) -> Estimate | None:
        days, logs = fitted(finding)
        if len(days) < 3 or days[-1] <= days[0]:
            return None
        sigma = parameters()[finding.marker].sigma_total or 0.0
        variance = np.full(len(days), (widening * sigma) ** 2)
        if from_baseline and finding.baseline is not None:
            level = finding.baseline
            logs[0] = math.log(level.level)
            variance[0] += (math.log(level.high / level.low) / 2.0 / NORMAL_QUANTILE) ** 2
        weight = 1.0 / variance
        x = days - np.sum(weight * days) / np.sum(weight)
        about = float(np.sum(weight * x * x))
        rate, half = float(np.sum(weight * x * logs)) / about, NORMAL_QUANTILE / math.sqrt(about)
        return Estimate(days=days, rate=rate, low=rate - half, high=rate + half)

    return estimate


def year(finding: MarkerFinding) -> Estimate | None:
    """Engine 1.0.0: least squares over the last 365 days of the segment, as a marker without a verdict has it now."""
    values = [one for one in finding.readings if one.day >= (finding.segment_start_day or 0.0)]
    one = Series(
        patient=1,
        marker=finding.marker,
        days=np.array([reading.day for reading in values]),
        values=np.array([reading.value for reading in values]),
        censoring=np.array([reading.censoring for reading in values], dtype=np.int8),
        segments=np.zeros(len(values), dtype=np.int64),
        exclusions=("",) * len(values),
        draw_ids=tuple(range(len(values))),
    )
    (found,) = evaluate([one], {})
    slope, last = found.markers[0].slope, max(reading.day for reading in values if reading.censoring == 0)
    if slope is None:
        return None
    days = np.array([reading.day for reading in values if reading.censoring == 0 and reading.day >= last - 365.0])
    return Estimate(days=days, rate=slope.per_day, low=slope.low, high=slope.high)


ESTIMATORS: tuple[tuple[str, Estimator], ...] = (
    ("last 365 days, t (engine 1.0.0)", year),
    ("rise, known σ", known_sd(1.0)),
    ("rise from the baseline's level, known σ and its variance", known_sd(1.0, from_baseline=True)),
    ("the same, √2·σ", known_sd(WIDENING, from_baseline=True)),
    ("**rise, √2·σ or the residuals' (shipped)**", shipped),
)


def coverage_rows(found: Sequence[Rise]) -> list[str]:
    true = [rise for rise in found if rise.growth is not None]
    confirming = [rise for rise in true if rise.confirming]
    groups: list[tuple[str, list[Rise], tuple[tuple[str, Estimator], ...]]] = [
        ("confirming draw", confirming, ESTIMATORS),
        ("every draw of the rise", true, ESTIMATORS[-1:]),
        *(
            (f"confirming draw, {marker}", [one for one in confirming if one.finding.marker == marker], ESTIMATORS[-1:])
            for marker in parameters()
        ),
    ]
    rows = [
        "| at | fit | stated / rises | mean over the draws: % in the interval, median est/true "
        "| rate at the latest draw | tumour's own |",
        "|---|---|---|---|---|---|",
    ]
    for group, members, estimators in groups:
        for name, estimator in estimators:
            rows.append(f"| {group} | {name} | {_row(members, estimator)} |")
    return rows


def _row(members: Sequence[Rise], estimator: Estimator) -> str:
    judged: list[tuple[Estimate, tuple[float, float, float]]] = []
    for rise in members:
        estimate = estimator(rise.finding)
        if estimate is not None and estimate.stated and rise.growth is not None:
            judged.append((estimate, _truths(rise.growth, estimate.days)))
    cells = [f"{len(judged)} / {len(members)}"]
    for at in range(3):
        held = np.mean([one.low <= truths[at] <= one.high for one, truths in judged]) if judged else math.nan
        ratio = np.median([truths[at] / one.rate for one, truths in judged]) if judged else math.nan
        cells.append(f"{100.0 * held:.1f}, {ratio:.2f}")
    return " | ".join(cells)


def _truths(growth: Growth, days: FloatArray) -> tuple[float, float, float]:
    mean = float(linregress(days - days[-1], growth.log_rise(days)).slope)
    return mean, growth.rate(float(days[-1])), LOG_TWO / growth.doubling


def stated_without_growth(found: Sequence[Rise]) -> str:
    """A doubling time stated for a rise that is none: its interval leaves zero out, so it is wrong each time."""
    false = [rise for rise in found if rise.growth is None and rise.confirming]
    stated = sum(rise.finding.doubling_time is not None for rise in false)
    return f"{stated} of {len(false)} ({100.0 * stated / max(len(false), 1):.0f} %)"
