"""How each draw was read: what was expected of it, what it says for the rise that leads now, what was done with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.trends.analysis import Analysis
from monitoring.trends.bank import Trace, follow
from monitoring.trends.state import USED_ABOVE_ONLY
from monitoring.trends.types import BoolArray, DrawReading, FloatArray, IntArray, Series, Stance
from monitoring.trends.variation import reference_change_percent

STANCES: Final[tuple[Stance, ...]] = ("against", "neutral", "supports", "not_used")
AGAINST, NEUTRAL, SUPPORTS, NOT_USED = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """The hypothesis that leads at each patient's last date, followed over the draws; the draws on the ward's scale."""

    said: FloatArray  # rows x dates: log-likelihood ratio of each draw for it
    trace: Trace
    onset: FloatArray  # a row
    doubling: FloatArray
    table: FloatArray  # rows x dates x (expected, band low, band high, z, rise percent, ln R, said); NaN: not stated
    stance: IntArray
    used_before: IntArray

    def ahead(self, analysis: Analysis, row: int, last: int, days: float) -> tuple[float, float, float]:
        """Of a draw so many days after the last date: expected log value without a rise, what the rise would add to it
        beyond what the filter took in, and the predictive variance."""
        panel, path, parameters = analysis.panel, analysis.path, analysis.parameters
        column = int(np.flatnonzero(path.used[row, : last + 1])[-1])
        day = float(panel.day[row, last]) + days
        since = day - float(panel.day[row, column])
        fade = math.exp(-since / parameters.slow_days)
        mean = float(path.level[row, column]) + fade * float(path.excursion[row, column])
        doublings = max(day - float(self.onset[row]), 0.0) / float(self.doubling[row])
        added = math.log1p(parameters.start_share * math.expm1(doublings * math.log(2.0)))
        gap = added - float(self.trace.in_level[row]) - fade * float(self.trace.in_excursion[row])
        variance = float(path.noise[row, last]) * float(panel.sigma[row]) ** 2
        total = float(path.level_sd[row, column]) ** 2 + float(panel.drift[row]) * since + variance
        return mean, gap, total


def make_traces(analysis: Analysis) -> Traces:
    """Of every row at its patient's last date; rows without a leading hypothesis say nothing."""
    rows = analysis.panel.shape[0]
    onset, doubling = np.full(rows, math.inf), np.ones(rows)
    count = len(analysis.panel.series)
    last = np.array([len(analysis.panel.dates[at]) - 1 for at in analysis.panel.patient_row[:count].tolist()])
    if count:
        leading = analysis.evidence.onset[np.arange(count), last]
        known = ~np.isnan(leading)
        onset[:count] = np.where(known, leading, math.inf)
        doubling[:count] = np.where(known, analysis.evidence.doubling[np.arange(count), last], 1.0)
    trace = follow(analysis.panel.day, analysis.path, onset, doubling, analysis.parameters.start_share)
    used_before: IntArray = np.cumsum(analysis.path.used, axis=1) - analysis.path.used
    verdict = np.array([one.verdict for one in analysis.panel.parameters] + [False] * (rows - count))
    known_before = verdict[:, None] & (used_before > 0)
    return Traces(
        said=trace.said,
        trace=trace,
        onset=onset,
        doubling=doubling,
        table=_table(analysis, trace.said, known_before),
        stance=_stance(analysis, known_before),
        used_before=used_before,
    )


def _table(analysis: Analysis, said: FloatArray, known: BoolArray) -> FloatArray:
    panel, path = analysis.panel, analysis.path
    mirror = panel.mirror[:, None]
    z = np.array([one.z for one in panel.parameters] + [1.0] * (panel.shape[0] - len(panel.parameters)))[:, None]
    expected, spread = np.where(known, path.expected, 0.0), np.where(known, path.spread, 1.0)
    ends = (mirror * (expected - z * spread), mirror * (expected + z * spread))
    # A result below a reporting limit has no number to state a change of; beyond one it has at least the limit's.
    stated = known & path.used & ~panel.below
    distance = np.where(stated, panel.log - expected, 0.0)
    heard = known & np.isfinite(analysis.evidence.log_evidence)
    columns = (
        (known, np.exp(mirror * expected)),
        (known, np.exp(np.minimum(*ends))),
        (known, np.exp(np.maximum(*ends))),
        (stated, mirror * distance / spread),
        (stated, 100.0 * np.expm1(mirror * distance)),
        (heard, np.where(heard, analysis.evidence.log_evidence, 0.0)),
        (known & path.used, said),
    )
    return np.stack([np.where(shown, numbers, np.nan) for shown, numbers in columns], axis=-1)


def _stance(analysis: Analysis, known: BoolArray) -> IntArray:
    """As it was known at that draw: a later one does not change it.

    A draw "supports" in words where the marker is in question at all: by its odds, or because it lies out of its band.
    """
    panel, path = analysis.panel, analysis.path
    z = np.array([one.z for one in panel.parameters] + [1.0] * (panel.shape[0] - len(panel.parameters)))[:, None]
    score = np.where(known, path.score, 0.0)
    in_question = (analysis.markers.odds >= analysis.parameters.gate_odds) | (score >= z)
    supports = known & in_question & (np.nan_to_num(analysis.evidence.latest, nan=-1.0) > 0)
    spoken = np.where(supports, SUPPORTS, np.where(known & (score <= 0), AGAINST, NEUTRAL))
    return np.where(path.used, spoken, NOT_USED)


def draw_readings(analysis: Analysis, traces: Traces, row: int, columns: IntArray) -> tuple[DrawReading, ...]:
    series, parameters = analysis.panel.series[row], analysis.panel.parameters[row]
    rcv = None
    if parameters.verdict and parameters.sigma_total is not None:
        rcv = reference_change_percent(
            sigma=parameters.sigma_total, z=parameters.z, rise=parameters.direction != "down"
        )
    drawn = zip(
        series.draw_ids,
        series.days.tolist(),
        series.values.tolist(),
        series.censoring.tolist(),
        traces.table[row, columns].tolist(),
        traces.used_before[row, columns].tolist(),
        traces.stance[row, columns].tolist(),
        strict=True,
    )
    readings = []
    for at, (draw_id, day, value, censoring, numbers, before, stance) in enumerate(drawn):
        expected, low, high, z, rise, log_evidence, weight = (None if one != one else one for one in numbers)
        readings.append(
            DrawReading(
                draw_id=draw_id,
                day=day,
                value=value,
                censoring=censoring,
                expected=expected,
                band_low=low,
                band_high=high,
                baseline_draws=before,
                z=z,
                rise_vs_baseline_percent=rise,
                rcv_percent=rcv,
                stance=STANCES[stance],
                reason=_why(series, at, value, verdict=parameters.verdict, stance=stance, before=before),
                log_evidence=log_evidence,
                weight=weight,
                rebased=series.rebase_codes[at],
                uncertain=series.extra_codes[at],
                watch_only=series.watch_only[at],
            )
        )
    return tuple(readings)


def _why(series: Series, at: int, value: float, *, verdict: bool, stance: int, before: int) -> str:
    if series.exclusions[at]:
        return series.exclusions[at]
    if not math.isfinite(value):
        return "value_not_a_number"
    if value <= 0:
        return "value_not_positive"
    if not verdict:
        return "no_variation_estimate"
    if stance == NOT_USED:
        return USED_ABOVE_ONLY
    return "" if before > 0 else "first_in_segment"
