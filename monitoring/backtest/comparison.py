"""The numbers of the report: the engine and the published rules on the same draws, judged by the same outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from monitoring.backtest.cohort import BoolArray, Cohort
from monitoring.backtest.curves import EARLY_DAYS, Curve, Resampling, at_rate, interval, share_of, sweep
from monitoring.backtest.evaluating import LEVELS, Readings
from monitoring.backtest.outcomes import Outcomes
from monitoring.backtest.scopes import PANEL, Scope
from monitoring.backtest.scoring import HUNDRED, false_rate, score_setting
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import FloatArray, IntArray

ENGINE: Final = "engine"
RATES: Final = (1.0, 2.0, 5.0, 10.0, 20.0)
MATCHED: Final = 5.0
FEWEST_PROGRESSORS: Final = 10
FEWEST_YEARS: Final = 20.0  # with fewer, not even one false alert is expected at 5 per 100 patient-years
BEYOND: Final = 0.025  # on either side of an interval
INTERVALS: Final = ((0.0, 28.0), (28.0, 45.0), (45.0, 75.0), (75.0, 110.0), (110.0, math.inf))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its central 95 % over resampled patients; NaN where there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule in one scope, its threshold moved. Rates are false alerts per 100 patient-years."""

    scope: Scope
    rule: str
    rates: tuple[float, ...]  # the curve
    found: tuple[float, ...]
    early: tuple[float, ...]
    found_at: Mapping[float, Estimate]
    early_at: Mapping[float, Estimate]
    matched_rate: float  # the matched one, or the most that the rule can give
    matched: Estimate  # found there
    matched_early: Estimate
    leads: IntArray  # of those found there
    behind: Estimate | None  # the engine's share found at the matched rate less this rule's, paired
    by_watch: bool = False  # of the engine: no marker here may carry an ALERT by itself


@dataclass(frozen=True, slots=True)
class Setting:
    """One rule as it ships or was published."""

    rule: str  # the engine's level, or the name of a published rule
    rate: Estimate
    found: Estimate
    early: Estimate
    lead: Estimate  # median, of those found
    leads: IntArray  # of those found
    false_alerts: int
    true_alerts: int


@dataclass(frozen=True, slots=True)
class Stratum:
    """Patients whose median drawing interval lies between `low` and `high` days."""

    low: float
    high: float
    patients: int
    years: float
    progressors: int
    settings: tuple[Setting, ...]  # ALERT, WATCH


@dataclass(frozen=True, slots=True)
class Comparison:
    settings: tuple[Setting, ...]  # ALERT and WATCH first
    rules: tuple[RuleResult, ...]  # of the panel, the engine first
    scopes: tuple[tuple[Scope, tuple[RuleResult, ...]], ...]  # families and markers, the engine first in each
    strata: tuple[Stratum, ...]

    @property
    def best_rule(self) -> RuleResult | None:
        return best_of(self.rules)


def best_of(results: Sequence[RuleResult]) -> RuleResult | None:
    """The published rule that finds most at the matched rate; None where no rule ever speaks."""
    known = [one for one in results if one.rule != ENGINE and (one.matched_rate > 0 or one.matched.value > 0)]
    return max(known, key=lambda one: (one.matched.value, one.matched_early.value), default=None)


def is_enough(outcomes: Outcomes) -> bool:
    """Whether anything about sensitivity can be said at all."""
    return len(outcomes.progressors) >= FEWEST_PROGRESSORS and outcomes.total_years >= FEWEST_YEARS


def compare(cohort: Cohort, readings: Readings, outcomes: Outcomes, on_progress: Callable[[int], None]) -> Comparison:
    """`on_progress` is told how many of `steps_of` are done."""
    resampling = Resampling(outcomes)
    settings = tuple(_setting(name, fired, cohort, outcomes, resampling) for name, fired in _settings(readings))
    by_scope: list[tuple[Scope, tuple[RuleResult, ...]]] = []
    done = 0
    for scope in readings.scopes if is_enough(outcomes) else ():
        results: list[RuleResult] = []
        ahead: _Matched | None = None
        for rule, statistic in _statistics(readings, scope):
            result, found = _rule(scope, rule, statistic, cohort, outcomes, resampling, ahead=ahead)
            ahead = found if ahead is None else ahead
            results.append(replace(result, by_watch=rule == ENGINE and is_watch_only(readings, scope)))
            done += 1
            on_progress(done)
        by_scope.append((scope, tuple(results)))
    return Comparison(
        settings=settings,
        rules=by_scope[0][1] if by_scope else (),
        scopes=tuple(by_scope[1:]),
        strata=tuple(_strata(cohort, readings, outcomes)),
    )


def steps_of(readings: Readings) -> int:
    return len(readings.scopes) * (len(RULES) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    value: float
    again: FloatArray  # in each resample


def is_watch_only(readings: Readings, scope: Scope) -> bool:
    """Whether nothing in the scope ever carried an ALERT, as a bone marker by itself may not."""
    return not bool(np.any(np.isfinite(readings.engine[scope.name].alert)))


def _statistics(readings: Readings, scope: Scope) -> Iterator[tuple[str, FloatArray]]:
    reading = readings.engine[scope.name]
    yield ENGINE, reading.watch if is_watch_only(readings, scope) else reading.alert
    if readings.published is not None:
        for rule in RULES:
            yield rule, readings.published.statistics[scope.name, rule]


def _settings(readings: Readings) -> Iterator[tuple[str, BoolArray]]:
    level = readings.engine[PANEL].level
    yield "alert", level >= LEVELS.index("alert")
    yield "watch", level >= LEVELS.index("watch")
    if readings.published is not None:
        for name, rule in RULES.items():
            if rule.published_threshold is not None:
                yield name, rule.met(readings.published.statistics[PANEL, name])


def _rule(
    scope: Scope,
    rule: str,
    statistic: FloatArray,
    cohort: Cohort,
    outcomes: Outcomes,
    resampling: Resampling,
    *,
    ahead: _Matched | None,
) -> tuple[RuleResult, _Matched]:
    """The result, and what `ahead` is of the engine: the share found at the matched rate."""
    curve = sweep(statistic, cohort.draws, outcomes)
    again = resampling.of(curve.score)
    matched = _at(MATCHED, curve.rates, curve.found, again.rates, again.found, or_most=True)
    at_matched = at_rate(again.rates, again.found, MATCHED, or_most=True)
    behind = None
    if ahead is not None:
        behind = Estimate(ahead.value - matched.value, *interval(ahead.again - at_matched))
    result = RuleResult(
        scope=scope,
        rule=rule,
        rates=tuple(curve.rates.tolist()),
        found=tuple(curve.found.tolist()),
        early=tuple(curve.early.tolist()),
        found_at={rate: _at(rate, curve.rates, curve.found, again.rates, again.found) for rate in RATES},
        early_at={rate: _at(rate, curve.rates, curve.early, again.rates, again.early) for rate in RATES},
        matched_rate=min(MATCHED, float(np.max(curve.rates))),
        matched=matched,
        matched_early=_at(MATCHED, curve.rates, curve.early, again.rates, again.early, or_most=True),
        leads=_leads(statistic, curve, cohort, outcomes),
        behind=behind,
    )
    return result, _Matched(matched.value, at_matched)


def _at(
    rate: float,
    rates: FloatArray,
    shares: FloatArray,
    again: FloatArray,
    shares_again: FloatArray,
    *,
    or_most: bool = False,
) -> Estimate:
    value = float(at_rate(rates[None, :], shares[None, :], rate, or_most=or_most)[0])
    if math.isnan(value):
        return Estimate(value)
    return Estimate(value, *interval(at_rate(again, shares_again, rate, or_most=or_most)))


def _leads(statistic: FloatArray, curve: Curve, cohort: Cohort, outcomes: Outcomes) -> IntArray:
    threshold = curve.threshold_at(MATCHED)
    if math.isnan(threshold):
        threshold = float(curve.thresholds[-1])
    lead = score_setting(statistic >= threshold, cohort.draws, outcomes).lead[:, 0]
    return lead[lead >= 0]


def _setting(rule: str, fired: BoolArray, cohort: Cohort, outcomes: Outcomes, resampling: Resampling) -> Setting:
    counted = score_setting(fired, cohort.draws, outcomes)
    again = resampling.of(counted)
    lead = counted.lead[:, 0]
    found = lead[lead >= 0]
    median = float(np.median(found)) if len(found) else math.nan
    return Setting(
        rule=rule,
        rate=_rate(float(false_rate(counted.false, outcomes.total_years)[0]), again.rates[:, 0], outcomes.total_years),
        found=_share(float(share_of(counted.lead >= 0)[0]), again.found[:, 0], len(lead)),
        early=_share(float(share_of(counted.lead >= EARLY_DAYS)[0]), again.early[:, 0], len(lead)),
        lead=Estimate(median, *interval(resampling.medians(lead))),
        leads=found,
        false_alerts=int(np.sum(counted.false)),
        true_alerts=len(found),
    )


def _rate(value: float, again: FloatArray, years: float) -> Estimate:
    """Where there was no false alert every resample says so too: the upper limit is then Poisson's."""
    if value == 0:
        return Estimate(0.0, 0.0, HUNDRED * -math.log(BEYOND) / years)
    return Estimate(value, *interval(again))


def _share(value: float, again: FloatArray, of: int) -> Estimate:
    """Where none or all were found every resample says so too: the limit is then the exact binomial one."""
    if value == 0:
        return Estimate(0.0, 0.0, 1.0 - BEYOND ** (1.0 / of))
    return Estimate(1.0, BEYOND ** (1.0 / of), 1.0) if value == 1 else Estimate(value, *interval(again))


def _strata(cohort: Cohort, readings: Readings, outcomes: Outcomes) -> Iterator[Stratum]:
    """By the patients' own median interval between draws; those with fewer than two drawing days have none."""
    usual = median_intervals(cohort)
    level = readings.engine[PANEL].level
    for low, high in INTERVALS:
        inside = (usual > low) & (usual <= high)
        if not bool(np.any(inside)):
            continue
        part = _only(outcomes, inside, cohort)
        resampling = Resampling(part)
        yield Stratum(
            low=low,
            high=high,
            patients=int(np.count_nonzero(inside)),
            years=part.total_years,
            progressors=len(part.progressors),
            settings=tuple(
                _setting(name, level >= LEVELS.index(name), cohort, part, resampling) for name in ("alert", "watch")
            ),
        )


def median_intervals(cohort: Cohort) -> FloatArray:
    """A patient: the median of the days between successive drawing days; NaN with fewer than two."""
    draws = cohort.draws
    gaps = np.diff(draws.date)
    counts = (np.diff(draws.patient) == 0) & (gaps > 0)
    patient, gap = draws.patient[1:][counts], gaps[counts]
    order = np.lexsort((gap, patient))
    patient, gap = patient[order], gap[order].astype(np.float64)
    edges = np.searchsorted(patient, np.arange(len(cohort.patients) + 1))
    count = np.diff(edges)
    usual = np.full(len(cohort.patients), np.nan)
    known = count > 0
    middle = edges[:-1] + (count - 1) // 2, edges[:-1] + count // 2
    usual[known] = (gap[middle[0][known]] + gap[middle[1][known]]) / 2.0
    return usual


def _only(outcomes: Outcomes, inside: BoolArray, cohort: Cohort) -> Outcomes:
    """The outcomes of some patients; of the others nothing counts."""
    of_draw = inside[cohort.draws.patient]
    return Outcomes(
        horizon=outcomes.horizon,
        scan=outcomes.scan,
        from_start=outcomes.from_start | ~inside,
        years=np.where(inside, outcomes.years, 0.0),
        off=outcomes.off & of_draw,
        lead=np.where(of_draw, outcomes.lead, -1),
    )
