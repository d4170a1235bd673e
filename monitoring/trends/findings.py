"""From the engine's matrices to frozen findings, back on the scale the ward reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.trends.analysis import Analysis
from monitoring.trends.classical.readings import ClassicalReadings, classical_readings
from monitoring.trends.doubling import doubling_time
from monitoring.trends.fusion import FEWEST_DRAWS
from monitoring.trends.readings import Traces, draw_readings
from monitoring.trends.slope import last_year, slope_of
from monitoring.trends.types import (
    Baseline,
    FloatArray,
    IntArray,
    MarkerFinding,
    MarkerState,
    RiseEvidence,
    Slope,
)
from monitoring.trends.variation import reference_change_percent

LEVEL_INTERVAL_Z: Final = 1.959963984540054
FURTHEST_REPEAT_DAYS: Final = (14.0, 21.0, 28.0, 42.0)
# A repeat is worth its needle where, if the rise is real, it would on average say at least this much (log units).
WORTH_SAYING: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Of:
    """One series inside the analysis: its row, the columns of its draws, the last date of its patient."""

    row: int
    columns: IntArray
    last: int


def of_series(analysis: Analysis, row: int) -> Of:
    patient = int(analysis.panel.patient_row[row])
    return Of(row, analysis.panel.place[row], len(analysis.panel.dates[patient]) - 1)


def marker_finding(
    analysis: Analysis,
    traces: Traces,
    row: int,
    *,
    shape: tuple[FloatArray, FloatArray] | None,
    lowering: float | None,
    with_classical: bool,
) -> MarkerFinding:
    """Of rows that moved `shape`: doubling time and onset of the rise (D14), and `lowering`: the log of the value below
    which the next draw lowers the state. The classical readings are computed of markers that moved, where the patient
    has a level."""
    of = of_series(analysis, row)
    series, parameters = analysis.panel.series[row], analysis.panel.parameters[row]
    state = state_of(analysis, of)
    moved = state in ("sustained_rise", "single_rise")
    supporting = _supporting(analysis, traces, of) if state not in ("not_enough_data", "no_verdict") else []
    last = _last_read(analysis, of)
    baseline = _baseline(analysis, of, moved=moved, supporting=supporting)
    doubling, why_not = (None, "not_rising")
    if shape is not None and moved:
        doubling, why_not = doubling_time(
            shape[0], draws=len(supporting) + 1, rising=state == "sustained_rise" and parameters.direction != "down"
        )
    return MarkerFinding(
        patient=series.patient,
        marker=series.marker,
        family=parameters.family,
        direction=parameters.direction,
        state=state,
        readings=draw_readings(analysis, traces, row, of.columns),
        baseline=baseline,
        rcv_up_percent=_rcv(analysis, row),
        supporting_draw_ids=tuple(series.draw_ids[at] for at in supporting),
        since_day=float(series.days[supporting[0]]) if supporting else None,
        last_value=None if last is None else float(series.values[last]),
        last_censoring=0 if last is None else int(series.censoring[last]),
        last_day=None if last is None else float(series.days[last]),
        change_percent=_change(analysis, of, baseline, last),
        slope=_slope(analysis, of, supporting if moved else []),
        doubling_time=doubling,
        doubling_time_reason=why_not,
        what_would_lower_it=_what_would_lower_it(analysis, row, lowering) if moved else None,
        grade=parameters.grade,
        segment=None if last is None else int(series.segments[last]),
        segment_start_day=None if last is None else _segment_start(analysis, of, last),
        evidence=_evidence(analysis, of, shape),
        classical=_classical(analysis, of) if moved and with_classical else None,
    )


def state_of(analysis: Analysis, of: Of) -> MarkerState:
    if not analysis.panel.parameters[of.row].verdict:
        return "no_verdict"
    if int(np.sum(analysis.path.used[of.row])) < FEWEST_DRAWS:
        return "not_enough_data"
    if analysis.markers.odds[of.row, of.last] < analysis.parameters.gate_odds:
        return "calm"
    return "sustained_rise" if analysis.markers.confirmed[of.row, of.last] else "single_rise"


def _supporting(analysis: Analysis, traces: Traces, of: Of) -> list[int]:
    """The draws since the leading onset that speak for the rise, by their place in the series."""
    used = analysis.path.used[of.row, of.columns]
    onset = analysis.evidence.onset[of.row, of.last]
    said = traces.said[of.row, of.columns]
    day = analysis.panel.day[of.row, of.columns]
    return [int(at) for at in np.flatnonzero(used & (said > 0) & (day > onset))]


def _last_read(analysis: Analysis, of: Of) -> int | None:
    series = analysis.panel.series[of.row]
    fine = np.isfinite(series.values) & (series.values > 0)
    read = [at for at, code in enumerate(series.exclusions) if not code and fine[at]]
    return read[-1] if read else None


def _baseline(analysis: Analysis, of: Of, *, moved: bool, supporting: list[int]) -> Baseline | None:
    """The level as it was known before the first draw that supports the rise; else before the latest used draw."""
    panel, path = analysis.panel, analysis.path
    used = np.flatnonzero(path.used[of.row, of.columns])
    if len(used) == 0:
        return None
    until = supporting[0] if moved and supporting else int(used[-1])
    before = used[used < until]
    if len(before) == 0:
        before = used[:1]
    column = int(of.columns[before[-1]])
    mirror = float(panel.mirror[of.row])
    mean, half = float(path.level[of.row, column]), LEVEL_INTERVAL_Z * float(path.level_sd[of.row, column])
    low, high = sorted((mirror * (mean - half), mirror * (mean + half)))
    rebased = bool(np.any(panel.rebase_variance[of.row, : column + 1] > 0))
    ids = panel.series[of.row].draw_ids
    return Baseline(
        level=math.exp(mirror * mean),
        low=math.exp(low),
        high=math.exp(high),
        draws=len(before),
        draw_ids=tuple(ids[at] for at in before.tolist()),
        start="segment" if rebased else "series",
    )


def _change(analysis: Analysis, of: Of, baseline: Baseline | None, last: int | None) -> float | None:
    series = analysis.panel.series[of.row]
    if last is None or baseline is None or not analysis.path.used[of.row, of.columns[last]]:
        return None
    # A result below a reporting limit has no number to state a change of; beyond one it has at least the limit's.
    if series.censoring[last] * analysis.panel.mirror[of.row] < 0 or int(np.sum(analysis.path.used[of.row])) < 2:
        return None
    # Two assays give two numbers for one sample: across a change of assay there is nothing to divide.
    if series.segments[last] != series.segments[series.draw_ids.index(baseline.draw_ids[-1])]:
        return None
    return 100.0 * (float(series.values[last]) / baseline.level - 1.0)


def _slope(analysis: Analysis, of: Of, supporting: list[int]) -> Slope | None:
    """E11: of the rise, with the last used draw before it, where there is one; else of the last year of the segment."""
    series = analysis.panel.series[of.row]
    fine = np.isfinite(series.values) & (series.values > 0) & (series.censoring == 0)
    read = np.array([not code for code in series.exclusions], dtype=np.bool_)
    if supporting:
        used = np.flatnonzero(analysis.path.used[of.row, of.columns])
        before = used[used < supporting[0]][-1:].tolist()
        chosen = np.array([at for at in [*before, *supporting] if fine[at]], dtype=np.int64)
        rise = slope_of(series.days[chosen], np.log(series.values[chosen]), method="rise")
        if rise is not None:
            return rise
    chosen = np.flatnonzero(fine & read)
    if len(chosen):
        chosen = chosen[series.segments[chosen] == series.segments[chosen[-1]]]
        chosen = chosen[last_year(series.days[chosen])]
    return slope_of(series.days[chosen], np.log(series.values[chosen]), method="year")


def _segment_start(analysis: Analysis, of: Of, last: int) -> float:
    series = analysis.panel.series[of.row]
    return float(series.days[int(np.argmax(series.segments == series.segments[last]))])


def _rcv(analysis: Analysis, row: int) -> float | None:
    parameters = analysis.panel.parameters[row]
    if not parameters.verdict or parameters.sigma_total is None:
        return None
    return reference_change_percent(sigma=parameters.sigma_total, z=parameters.z, rise=parameters.direction != "down")


def _evidence(analysis: Analysis, of: Of, shape: tuple[FloatArray, FloatArray] | None) -> RiseEvidence | None:
    """None before the second used draw, and where nothing is concluded of the marker."""
    row, last = of.row, of.last
    log_evidence = float(analysis.evidence.log_evidence[row, last])
    if analysis.markers.odds[row, last] <= 0 or not analysis.panel.parameters[row].verdict:
        return None
    first = float(analysis.panel.first_day[analysis.panel.patient_row[row]])
    onset = float(analysis.evidence.onset[row, last])
    low, high = (onset, onset) if shape is None else (float(shape[1][0]), float(shape[1][2]))
    return RiseEvidence(
        log_evidence=log_evidence,
        odds=float(analysis.markers.odds[row, last]),
        part=float(analysis.markers.part[row, last]),
        confirmed=bool(analysis.markers.confirmed[row, last]),
        support=float(analysis.evidence.support[row, last]),
        onset_day=first + onset,
        onset_low=first + min(low, onset),
        onset_high=first + max(high, onset),
        noise=float(analysis.path.noise[row, last]),
    )


def _classical(analysis: Analysis, of: Of) -> ClassicalReadings | None:
    """The published rules on the same series; they decide nothing here."""
    series, parameters = analysis.panel.series[of.row], analysis.panel.parameters[of.row]
    if parameters.sigma_total is None:
        return None
    fine = np.isfinite(series.values) & (series.values > 0)
    changed = np.diff(series.segments, prepend=series.segments[:1]) != 0
    return classical_readings(
        days=series.days,
        values=series.values,
        censoring=series.censoring,
        usable=fine & np.array([not code for code in series.exclusions], dtype=np.bool_),
        rebase=changed | np.array([bool(code) for code in series.rebase_codes], dtype=np.bool_),
        sigma=parameters.sigma_total,
        set_point_log_mean=parameters.set_point_log_mean,
        set_point_log_sd=parameters.set_point_log_sd,
        z=parameters.z,
        direction=parameters.direction,
    )


def _what_would_lower_it(analysis: Analysis, row: int, lowering: float | None) -> float | None:
    """The value below which the next draw, after the patient's usual interval, would lower the state of this marker."""
    if lowering is None or math.isnan(lowering):
        return None
    return math.exp(float(analysis.panel.mirror[row]) * lowering)


def days_to_a_telling_draw(analysis: Analysis, traces: Traces, rows: list[int], last: int) -> float | None:
    """The shortest usual wait after which one more draw, if the rise is real, says enough (D8: half the squared gap
    over the predictive variance, on average)."""
    for days in FURTHEST_REPEAT_DAYS:
        for row in rows:
            _, gap, variance = traces.ahead(analysis, row, last, days)
            if 0.5 * gap**2 / variance >= WORTH_SAYING:
                return days
    return FURTHEST_REPEAT_DAYS[-1] if rows else None
