"""Readings that compare the latest draw with what came before it."""

from __future__ import annotations

import math

from monitoring.trends.classical.baselines import (
    FEWEST_FOR_INTERVAL,
    Expectation,
    peb,
    personal_interval,
    previous_draw,
    standardised,
)
from monitoring.trends.classical.confirmation import Confirmed
from monitoring.trends.classical.factors import TWO_SIDED_95, first_result_factor
from monitoring.trends.classical.latest import Latest
from monitoring.trends.classical.sequential import CUSUM_LIMIT, cusum
from monitoring.trends.classical.statistics import RULES, Rule, twice_over_mean, twice_over_nadir
from monitoring.trends.classical.types import (
    ConfirmedRise,
    Cusum,
    EmpiricalBayes,
    FirstChange,
    Outside,
    PersonalInterval,
    PreviousChange,
    ReadingReason,
)
from monitoring.trends.types import FloatArray
from monitoring.trends.variation import reference_change_percent


def previous_change(latest: Latest, *, z: float) -> PreviousChange:
    """Log-normal reference change value against the result before. Fokkema 2006, Clin Chem 52:1602."""
    if math.isnan(latest.sigma):
        return PreviousChange(limit_z=z, two_sided_z=TWO_SIDED_95, reason="no_variation")
    reason = _no_comparison(latest, latest.earlier[-1:])
    change = observed = exceeded = two_sided = None
    if not reason:
        before = latest.earlier[-1]
        difference = latest.log - float(latest.panel.logs[0, before])
        change = latest.percent(difference)
        observed = _last(
            standardised(latest.panel.logs, previous_draw(latest.panel, latest.past), at=latest.past.speaks)
        )
        exceeded = observed > z
        # A fall from a "<" is not known to be one.
        two_sided = observed > TWO_SIDED_95 or (observed < -TWO_SIDED_95 and not latest.panel.censored[0, before])
    elif reason == "below_limit":
        exceeded = False
    return PreviousChange(
        change_percent=change,
        z=observed,
        limit_percent=reference_change_percent(sigma=latest.sigma, z=z, rise=latest.mirror > 0),
        limit_z=z,
        exceeded=exceeded,
        two_sided_low_percent=reference_change_percent(sigma=latest.sigma, z=TWO_SIDED_95, rise=False),
        two_sided_high_percent=reference_change_percent(sigma=latest.sigma, z=TWO_SIDED_95),
        two_sided_z=TWO_SIDED_95,
        exceeded_two_sided=two_sided,
        reason=reason,
    )


def first_change(latest: Latest) -> FirstChange:
    """Rise over the first of several results. Lund, Petersen, Fraser 2015, Ann Clin Biochem 52:237."""
    results = len(latest.earlier) + 1
    if math.isnan(latest.sigma):
        return FirstChange(results=results, reason="no_variation")
    reason = _no_comparison(latest, latest.earlier[:1])
    if reason == "no_earlier_draw":
        return FirstChange(results=results, reason=reason)
    factor = first_result_factor(results)
    limit = factor * latest.sigma
    difference = latest.log - float(latest.panel.logs[0, latest.earlier[0]])
    unknown: bool | None = False if reason == "below_limit" else None
    return FirstChange(
        change_percent=None if reason else latest.percent(difference),
        results=results,
        factor=factor,
        limit_percent=latest.percent(limit),
        exceeded=unknown if reason else difference > limit,
        reason=reason,
    )


def personal(latest: Latest) -> PersonalInterval:
    """Personalised reference interval, on logs. Coskun 2021, doi:10.1093/clinchem/hvaa233."""
    draws = len(latest.earlier)
    if math.isnan(latest.sigma):
        return PersonalInterval(draws=draws, limit_z=TWO_SIDED_95, reason="no_variation")
    if draws < FEWEST_FOR_INTERVAL:
        return PersonalInterval(draws=draws, limit_z=TWO_SIDED_95, reason="too_few_draws")
    centre, scale = _expected(personal_interval(latest.panel, latest.past))
    ends = sorted(latest.value(centre + side * TWO_SIDED_95 * scale) for side in (-1.0, 1.0))
    outside = _outside(latest, centre=centre, reach=TWO_SIDED_95 * scale)
    return PersonalInterval(
        low=ends[0],
        high=ends[1],
        draws=draws,
        limit_z=TWO_SIDED_95,
        outside=outside,
        reason="below_limit" if outside is None else "",
    )


def _outside(latest: Latest, *, centre: float, reach: float) -> Outside | None:
    """None for a "<" whose limit lies inside the interval, or above it."""
    low = latest.log < centre - reach
    if latest.below_limit and not low:
        return None
    if low:
        return "below" if latest.mirror > 0 else "above"
    if latest.log > centre + reach:
        return "above" if latest.mirror > 0 else "below"
    return ""


def empirical_bayes(latest: Latest, *, z: float) -> EmpiricalBayes:
    """Parametric empirical Bayes. McIntosh and Urban 2003, doi:10.1093/biostatistics/4.1.27."""
    if math.isnan(latest.sigma):
        return EmpiricalBayes(limit_z=z, reason="no_variation")
    centre, scale = _expected(peb(latest.panel, latest.past))
    if math.isnan(centre):
        return EmpiricalBayes(limit_z=z, reason="no_earlier_draw")
    observed = None if latest.below_limit else (latest.log - centre) / scale
    return EmpiricalBayes(
        expected=latest.value(centre),
        limit=latest.value(centre + z * scale),
        limit_z=z,
        z=observed,
        exceeded=observed is not None and observed > z,
        reason="below_limit" if observed is None else "",
    )


def over_mean(latest: Latest) -> ConfirmedRise:
    """EGTM-type: a percentage above the mean of the earlier draws, twice. doi:10.1016/S0959-8049(02)00811-0."""
    return _confirmed_rise(latest, RULES["egtm_confirmed"], twice_over_mean(latest.panel, latest.past))


def over_nadir(latest: Latest) -> ConfirmedRise:
    """GCIG-type: twice the lowest earlier result, on two occasions. doi:10.1097/IGC.0b013e3182070f17."""
    return _confirmed_rise(latest, RULES["nadir_confirmed"], twice_over_nadir(latest.panel, latest.past))


def _confirmed_rise(latest: Latest, rule: Rule, found: Confirmed) -> ConfirmedRise:
    limit = latest.percent(rule.published_threshold or 0.0)
    if latest.below_limit:
        return ConfirmedRise(met=False, limit_percent=limit, reason="below_limit")
    if len(latest.earlier) < 2:
        return ConfirmedRise(limit_percent=limit, reason="too_few_draws")
    statistic = _last(found.statistic)
    if math.isinf(statistic):
        return ConfirmedRise(met=False, limit_percent=limit, reason="no_second_draw")
    met = rule.met(found.statistic)[0]
    since = None
    for column in reversed(latest.counted):
        if not met[column]:
            break
        since = float(latest.panel.days[0, found.begun[0, column]])
    return ConfirmedRise(
        met=bool(met[-1]), since_day=since, change_percent=latest.percent(statistic), limit_percent=limit
    )


def cumulative_sum(latest: Latest) -> Cusum:
    """Page's CUSUM on the PEB z. Page 1954, doi:10.1093/biomet/41.1-2.100."""
    if math.isnan(latest.sigma):
        return Cusum(limit=CUSUM_LIMIT, reason="no_variation")
    if latest.below_limit:
        return Cusum(limit=CUSUM_LIMIT, exceeded=False, reason="below_limit")
    value = _last(cusum(latest.panel, latest.past))
    if math.isinf(value):
        return Cusum(limit=CUSUM_LIMIT, reason="no_earlier_draw")
    return Cusum(value=value, limit=CUSUM_LIMIT, exceeded=value > CUSUM_LIMIT)


def _no_comparison(latest: Latest, reference: list[int]) -> ReadingReason:
    if not reference:
        return "no_earlier_draw"
    if latest.below_limit:
        return "below_limit"
    return "reference_above_limit" if latest.above[reference[0]] else ""


def _expected(expected: Expectation) -> tuple[float, float]:
    return _last(expected.centre), _last(expected.scale)


def _last(matrix: FloatArray) -> float:
    return float(matrix[0, -1])
