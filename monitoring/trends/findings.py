"""From the walk's matrices to frozen findings, back on the scale the ward reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.trends.batch import Batch
from monitoring.trends.slope import Slopes, measure_slopes
from monitoring.trends.types import (
    Baseline,
    BaselineStart,
    DrawReading,
    FloatArray,
    MarkerFinding,
    MarkerState,
    Stance,
)
from monitoring.trends.variation import reference_change_percent
from monitoring.trends.walk import (
    FIRST,
    MUTE_ABOVE,
    MUTE_BELOW,
    NOT_USED,
    SUPPORTS,
    Walk,
)

STATES: Final[tuple[MarkerState, ...]] = ("not_enough_data", "calm", "single_rise", "sustained_rise")
STANCES: Final[dict[int, Stance]] = {-1: "against", 0: "neutral", 1: "supports", 2: "not_used"}
REMARKS: Final = {MUTE_BELOW: "limit_above_band", MUTE_ABOVE: "limit_below_band", FIRST: "first_in_segment"}
STARTS: Final[tuple[BaselineStart, ...]] = ("series", "segment", "sustained_fall")
LEVEL_INTERVAL_Z: Final = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Readable:
    """The walk's log-scale matrices turned into numbers of the canonical unit."""

    batch: Batch
    walk: Walk
    slopes: Slopes
    table: FloatArray  # series x draws x (expected, band low, band high, support limit, z, rise percent)


def make_readable(batch: Batch, walk: Walk) -> Readable:
    mirror = batch.mirror[:, None]
    known = np.isfinite(walk.expected)
    expected = np.where(known, walk.expected, 0.0)
    spread = np.where(known, walk.spread, 1.0)
    reach = batch.z[:, None] * spread
    ends = (mirror * (expected - reach), mirror * (expected + reach))
    spoken = known & (walk.stance != NOT_USED)
    distance = np.where(spoken, batch.logs - expected, 0.0)
    columns = (
        np.exp(mirror * expected),
        np.exp(np.minimum(*ends)),
        np.exp(np.maximum(*ends)),
        np.exp(mirror * np.where(known, walk.limit, 0.0)),
        mirror * distance / spread,
        100.0 * np.expm1(mirror * distance),
    )
    # A result below a reporting limit has no number to state a change of; beyond one it has at least the limit's.
    stated = spoken & (batch.censoring >= 0)
    shown = (known, known, known, known, stated, stated)
    table = np.stack([np.where(seen, numbers, np.nan) for numbers, seen in zip(columns, shown, strict=True)], axis=-1)
    return Readable(batch, walk, measure_slopes(batch, walk), table)


def marker_finding(source: Readable, row: int) -> MarkerFinding:
    batch, walk = source.batch, source.walk
    series, parameters = batch.series[row], batch.parameters[row]
    width = len(series.draw_ids)
    rcv = _rcv(source, row)
    readings = _readings(source, row, rcv)
    measured = np.flatnonzero(batch.measurable[row, :width])
    last = int(measured[-1]) if len(measured) else None
    run_start = int(walk.run_start[row, width - 1]) if width else -1
    supporting = _supporting(source, row, run_start)
    doubling, doubling_reason = source.slopes.doubling_time(row)
    return MarkerFinding(
        patient=series.patient,
        marker=series.marker,
        family=parameters.family,
        direction=parameters.direction,
        state=state_at(source, row, width - 1),
        readings=readings,
        baseline=_baseline(source, row),
        rcv_up_percent=rcv,
        supporting_draw_ids=supporting,
        since_day=float(series.days[run_start]) if supporting else None,
        last_value=None if last is None else float(series.values[last]),
        last_censoring=0 if last is None else int(series.censoring[last]),
        last_day=None if last is None else float(series.days[last]),
        change_percent=None if last is None else readings[last].rise_vs_baseline_percent,
        slope=source.slopes.slope(row),
        doubling_time=doubling,
        doubling_time_reason=doubling_reason,
        what_would_lower_it=readings[run_start].support_limit if supporting else None,
        grade=parameters.grade,
        segment=None if last is None else int(series.segments[last]),
        segment_start_day=None if last is None else float(series.days[int(walk.segment_start[row])]),
    )


def state_at(source: Readable, row: int, column: int) -> MarkerState:
    if not source.batch.parameters[row].verdict:
        return "no_verdict"
    return STATES[int(source.walk.state[row, column])] if column >= 0 else "not_enough_data"


def _rcv(source: Readable, row: int) -> float | None:
    parameters = source.batch.parameters[row]
    if not parameters.verdict or parameters.sigma_total is None:
        return None
    return reference_change_percent(sigma=parameters.sigma_total, z=parameters.z, rise=parameters.direction != "down")


def _readings(source: Readable, row: int, rcv: float | None) -> tuple[DrawReading, ...]:
    series, walk = source.batch.series[row], source.walk
    width = len(series.draw_ids)
    verdict = source.batch.parameters[row].verdict
    remarks = walk.remark[row, :width].tolist()
    columns = zip(
        series.draw_ids,
        series.days.tolist(),
        series.values.tolist(),
        series.censoring.tolist(),
        source.table[row, :width].tolist(),
        walk.baseline_draws[row, :width].tolist(),
        walk.stance[row, :width].tolist(),
        [_why(series.exclusions[at], series.values[at], remarks[at], verdict=verdict) for at in range(width)],
        strict=True,
    )
    readings = []
    for draw_id, day, value, censoring, numbers, resting_on, stance, reason in columns:
        expected, low, high, limit, z, rise = (None if number != number else number for number in numbers)
        readings.append(
            DrawReading(
                draw_id=draw_id,
                day=day,
                value=value,
                censoring=censoring,
                expected=expected,
                band_low=low,
                band_high=high,
                support_limit=limit,
                baseline_draws=resting_on,
                z=z,
                rise_vs_baseline_percent=rise,
                rcv_percent=rcv,
                stance=STANCES[stance],
                reason=reason,
            )
        )
    return tuple(readings)


def _why(exclusion: str, value: np.float64, remark: int, *, verdict: bool) -> str:
    if exclusion:
        return exclusion
    if not np.isfinite(value):
        return "value_not_a_number"
    if value <= 0:
        return "value_not_positive"
    if not verdict:
        return "no_variation_estimate"
    return REMARKS.get(remark, "")


def _supporting(source: Readable, row: int, run_start: int) -> tuple[int, ...]:
    if run_start < 0:
        return ()
    ids, stances = source.batch.series[row].draw_ids, source.walk.stance[row]
    return tuple(ids[at] for at in range(run_start, len(ids)) if stances[at] == SUPPORTS)


def _baseline(source: Readable, row: int) -> Baseline | None:
    batch, walk = source.batch, source.walk
    draws = int(walk.baseline.draws[row])
    if draws == 0 or walk.last_used[row] < 0:
        return None
    mirror, mean = float(batch.mirror[row]), float(walk.baseline.mean[row])
    half = LEVEL_INTERVAL_Z * float(np.sqrt(walk.baseline.variance[row]))
    low, high = sorted((mirror * (mean - half), mirror * (mean + half)))
    ids = batch.series[row].draw_ids
    return Baseline(
        level=float(np.exp(mirror * mean)),
        low=float(np.exp(low)),
        high=float(np.exp(high)),
        draws=draws,
        draw_ids=tuple(ids[at] for at in np.flatnonzero(walk.baseline.members[row, : len(ids)])),
        start=STARTS[int(walk.baseline_start[row])],
    )
