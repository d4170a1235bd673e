"""The classical rules as running statistics: the larger the more suspicious, from a draw and earlier ones alone.

Each rule maps a panel to a rows x draws matrix; minus infinity where the rule says nothing: at a draw that is not
usable or reported as "<", with too few draws before it, or without the variation figures that it needs. A rule speaks
at a draw where its statistic exceeds a threshold (`Rule.met`); `published_threshold` is that of its source, where there
is one, and the benchmark sweeps others. The statistic of a confirmed rule is the lesser of a draw and its confirming
draw, so that exceeding means that both do. Where a fall is what matters the caller mirrors the logs (times -1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from monitoring.trends.classical import change_points, lines, ranks, sequential
from monitoring.trends.classical.baselines import (
    Expectation,
    in_logs,
    peb,
    personal_interval,
    population,
    previous_draw,
    standardised,
)
from monitoring.trends.classical.confirmation import Confirmed, confirmed
from monitoring.trends.classical.factors import TWO_SIDED_95, first_result_factor
from monitoring.trends.classical.panel import Panel, Past, past_of
from monitoring.trends.types import ONE_SIDED_95, BoolArray, FloatArray

EGTM_RISE: Final = 1.30
NADIR_RISE: Final = 2.0
# The second occasion: for the doubling of the nadir at least a week later (GCIG); EGTM states only the latest time for
# it (about a month), so that any later day will do.
ANY_LATER_DAY: Final = 1.0
NADIR_DAYS_APART: Final = 7.0

ROUNDING: Final = 1e-12  # 13 is 30 % above 10, whatever the last bit of their logarithms

Statistic = Callable[[Panel], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One published rule. `statistic` gives rows x draws; `published_threshold` is on the scale of that statistic."""

    name: str
    citation: str
    published_threshold: float | None
    statistic: Statistic
    confirmed: bool = False
    inclusive: bool = False  # the source says "at least", not "more than"

    def met(self, statistic: FloatArray, threshold: float | None = None) -> BoolArray:
        """Where the rule speaks, at `threshold` or the published one. `ValueError` where there is neither."""
        limit = self.published_threshold if threshold is None else threshold
        if limit is None:
            raise ValueError(f"{self.name} has no published threshold")
        return statistic >= limit - ROUNDING if self.inclusive else statistic > limit


def population_limit(panel: Panel) -> FloatArray:
    """SDs above the population's mean level: the same limit for everybody, on a scale that several markers share."""
    return standardised(panel.logs, population(panel), at=past_of(panel).speaks)


def change_from_previous(panel: Panel) -> FloatArray:
    """Log-normal reference change: (y - previous) / (root 2 sigma)."""
    past = past_of(panel)
    return standardised(panel.logs, previous_draw(panel, past), at=past.speaks)


def change_from_first(panel: Panel) -> FloatArray:
    """(y - first) / (c_n sigma), n results of the segment including the first and this one."""
    past = past_of(panel)
    return standardised(panel.logs, first_draw(panel, past), at=past.speaks)


def first_draw(panel: Panel, past: Past) -> Expectation:
    """The first result of the segment, with c_n sigma as the scale: 1 is the limit."""
    most = int(np.max(past.count, initial=0.0)) + 1
    factor = np.array([math.nan, math.nan, *(first_result_factor(results) for results in range(2, most + 1))])
    results = past.count.astype(np.int64) + 1
    return Expectation(centre=past.first, scale=factor[results] * panel.sigma[:, None])


def above_personal_interval(panel: Panel) -> FloatArray:
    past = past_of(panel)
    return standardised(panel.logs, personal_interval(panel, past), at=past.speaks)


def peb_z(panel: Panel) -> FloatArray:
    past = past_of(panel)
    return standardised(panel.logs, peb(panel, past), at=past.speaks)


def peb_confirmed(panel: Panel) -> FloatArray:
    past = past_of(panel)
    return confirmed(panel, past, peb_z(panel), days_apart=ANY_LATER_DAY).statistic


def rise_over_mean(panel: Panel) -> FloatArray:
    """Log ratio to the geometric mean of the earlier results of the segment, two draws in a row."""
    return twice_over_mean(panel, past_of(panel)).statistic


def twice_over_mean(panel: Panel, past: Past) -> Confirmed:
    single = standardised(panel.logs, in_logs(past.mean), at=past.speaks)
    return confirmed(panel, past, single, days_apart=ANY_LATER_DAY)


def rise_over_nadir(panel: Panel) -> FloatArray:
    """Log ratio to the lowest earlier result of the segment, on two occasions at least a week apart."""
    return twice_over_nadir(panel, past_of(panel)).statistic


def twice_over_nadir(panel: Panel, past: Past) -> Confirmed:
    single = standardised(panel.logs, in_logs(past.lowest), at=past.speaks)
    return confirmed(panel, past, single, days_apart=NADIR_DAYS_APART)


def _with_past(statistic: Callable[[Panel, Past], FloatArray]) -> Statistic:
    def of_panel(panel: Panel) -> FloatArray:
        return statistic(panel, past_of(panel))

    return of_panel


_ALL: Final = (
    Rule(
        name="fixed_threshold",
        citation="Upper reference limit, 97.5th percentile; for CEA: Shinkins 2017, doi:10.1371/journal.pone.0171810",
        published_threshold=TWO_SIDED_95,
        statistic=population_limit,
    ),
    Rule(
        name="rcv_previous",
        citation="Harris and Yasaka 1983, Clin Chem 29:25; log-normal: Fokkema 2006, Clin Chem 52:1602",
        published_threshold=ONE_SIDED_95,
        statistic=change_from_previous,
    ),
    Rule(
        name="rcv_first",
        citation="Lund, Petersen, Fraser 2015, Ann Clin Biochem 52:237",
        published_threshold=1.0,
        statistic=change_from_first,
    ),
    Rule(
        name="egtm_confirmed",
        citation="EGTM: Duffy 2003, doi:10.1016/S0959-8049(02)00811-0 (30 %, recalled); over the earlier mean",
        published_threshold=math.log(EGTM_RISE),
        statistic=rise_over_mean,
        confirmed=True,
        inclusive=True,
    ),
    Rule(
        name="nadir_confirmed",
        citation="GCIG: Rustin 2011, doi:10.1097/IGC.0b013e3182070f17; cf. PCWG3: doi:10.1200/JCO.2015.64.2702",
        published_threshold=math.log(NADIR_RISE),
        statistic=rise_over_nadir,
        confirmed=True,
        inclusive=True,
    ),
    Rule(
        name="prri",
        citation="Coskun 2021, doi:10.1093/clinchem/hvaa233; in CEA: doi:10.1515/cclm-2024-0546",
        published_threshold=TWO_SIDED_95,
        statistic=above_personal_interval,
    ),
    Rule(
        name="peb",
        citation="McIntosh and Urban 2003, doi:10.1093/biostatistics/4.1.27",
        published_threshold=ONE_SIDED_95,
        statistic=peb_z,
    ),
    Rule(
        name="peb_confirmed",
        citation="McIntosh and Urban 2003, doi:10.1093/biostatistics/4.1.27, and a second draw must agree",
        published_threshold=ONE_SIDED_95,
        statistic=peb_confirmed,
        confirmed=True,
    ),
    Rule(
        name="ols_slope",
        citation="Shinkins 2018, doi:10.1002/bjs.10819",
        published_threshold=None,
        statistic=_with_past(lines.raw_slope),
    ),
    Rule(
        name="log_slope",
        citation="Regression of ln value over 365 days with a known SD; after Shinkins 2018, doi:10.1002/bjs.10819",
        published_threshold=None,
        statistic=_with_past(lines.log_slope_z),
    ),
    Rule(
        name="mann_kendall",
        citation="Mann 1945, doi:10.2307/1907187; last eight draws",
        published_threshold=ONE_SIDED_95,
        statistic=_with_past(ranks.mann_kendall_z),
    ),
    Rule(
        name="cusum",
        citation="Page 1954, doi:10.1093/biomet/41.1-2.100; k = 0.5 on the PEB z",
        published_threshold=sequential.CUSUM_LIMIT,
        statistic=_with_past(sequential.cusum),
    ),
    Rule(
        name="ewma",
        citation="Roberts 1959, doi:10.1080/00401706.1959.10489860; weight 0.3 on the PEB z",
        published_threshold=sequential.EWMA_LIMIT,
        statistic=_with_past(sequential.ewma),
    ),
    Rule(
        name="bocpd",
        citation="Adams and MacKay 2007, arXiv:0710.3742; known SD, changes upwards within a year",
        published_threshold=None,
        statistic=_with_past(change_points.upward_change),
    ),
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.name: rule for rule in _ALL})
