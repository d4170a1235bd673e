"""The published rules on the series of one marker, as lines of a table.

They stand beside the level, for whoever knows them, and decide nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from monitoring.trends.classical.readings import ClassicalReadings
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.classical.types import ConfirmedRise, MannKendall, PersonalInterval, TheilSen
from monitoring.trends.types import Direction
from monitoring.wording import NO_BREAK, figures, interval_text, limit_text, percent_text, signed_text
from patients.wording import MINUS

SEN: Final = "Sen 1968, doi:10.1080/01621459.1968.10480934"
MONTH_DAYS: Final = 30.0
SMALLEST_P: Final = 0.001  # printed

NO_NUMBER: Final[dict[str, str | Promise]] = {
    "no_draw": gettext_lazy("no usable draw"),
    "no_earlier_draw": gettext_lazy("no earlier draw to compare with"),
    "too_few_draws": gettext_lazy("too few draws"),
    "one_day": gettext_lazy("all draws on one day"),
    "no_variation": gettext_lazy("variation not known"),
    "below_limit": gettext_lazy("the latest value is only a limit"),
    "reference_above_limit": gettext_lazy("the value before is only a limit"),
    "too_few_for_interval": gettext_lazy("too few draws for an interval"),
    "no_second_draw": gettext_lazy("no second draw to confirm it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicalRow:
    """One rule. `beyond` is a word; '' where the rule has no published limit or nothing to say, `remark` then why."""

    rule: str
    source: str
    value: str
    limit: str
    beyond: str
    remark: str


def classical_rows(found: ClassicalReadings | None, *, unit: str, direction: Direction) -> tuple[ClassicalRow, ...]:
    """The readings in the order of what they compare; `unit` as printed, `direction` that which matters."""
    if found is None:
        return ()
    return (
        *_comparisons(found),
        _personal_interval(found.prri, unit=unit),
        _empirical_bayes(found),
        *_tendencies(found, unit=unit, falls=direction == "down"),
        _confirmed(found.egtm, gettext("above the mean of the earlier draws, twice"), "egtm_confirmed"),
        _confirmed(found.nadir, gettext("above the lowest earlier draw, twice"), "nadir_confirmed"),
        _row(
            gettext("CUSUM"),
            "cusum",
            value=_number(found.cusum.value),
            limit=figures(found.cusum.limit),
            beyond=found.cusum.exceeded,
            reason=found.cusum.reason,
        ),
    )


def _row(
    rule: str, name: str, *, value: str, limit: str = "", beyond: bool | None = None, reason: str = "", source: str = ""
) -> ClassicalRow:
    return ClassicalRow(
        rule=rule,
        source=source or RULES[name].citation,
        value=value,
        limit=limit,
        beyond="" if beyond is None else gettext("yes") if beyond else gettext("no"),
        remark=str(NO_NUMBER.get(reason, reason)),
    )


def _comparisons(found: ClassicalReadings) -> Iterator[ClassicalRow]:
    before, first = found.rcv_previous, found.rcv_first
    yield _row(
        gettext("change from the draw before, one-sided"),
        "rcv_previous",
        value=_percent(before.change_percent),
        limit=_limit(before.limit_percent),
        beyond=before.exceeded,
        reason=before.reason,
    )
    yield _row(
        gettext("change from the draw before, two-sided"),
        "rcv_previous",
        value=_percent(before.change_percent),
        limit=_percents(before.two_sided_low_percent, before.two_sided_high_percent),
        beyond=before.exceeded_two_sided,
        reason=before.reason,
    )
    yield _row(
        gettext("change from the first of %(draws)d draws") % {"draws": first.results},
        "rcv_first",
        value=_percent(first.change_percent),
        limit=_limit(first.limit_percent),
        beyond=first.exceeded,
        reason=first.reason,
    )


def _personal_interval(found: PersonalInterval, *, unit: str) -> ClassicalRow:
    limits = interval_text(found.low, found.high)
    where = {"above": gettext("above it"), "below": gettext("below it"), "": gettext("inside it")}
    return _row(
        gettext("interval of this person’s earlier draws"),
        "prri",
        value="" if found.outside is None else where[found.outside],
        limit=f"{limits} {unit}".strip() if limits else "",
        beyond=None if found.outside is None else bool(found.outside),
        reason=found.reason,
    )


def _empirical_bayes(found: ClassicalReadings) -> ClassicalRow:
    return _row(
        gettext("empirical Bayes"),
        "peb",
        value=_z(found.peb.z),
        limit=_z(found.peb.limit_z),
        beyond=found.peb.exceeded,
        reason=found.peb.reason,
    )


def _tendencies(found: ClassicalReadings, *, unit: str, falls: bool) -> Iterator[ClassicalRow]:
    yield _mann_kendall(found.mann_kendall, falls=falls)
    yield _theil_sen(found.theil_sen, falls=falls)
    line, slope = found.log_slope, found.ols_slope
    yield _row(
        gettext("slope of the logarithm over a year, known variation"),
        "log_slope",
        value=" · ".join(part for part in (_a_month(line.per_day), _z(line.z)) if part),
        reason=line.reason,
    )
    per_year = "" if slope.per_year is None else gettext("%(change)s a year") % {"change": _with_sign(slope.per_year)}
    yield _row(
        gettext("slope of the value since the series began"),
        "ols_slope",
        value=f"{per_year} ({unit})" if per_year and unit else per_year,
        reason=slope.reason,
    )


def _mann_kendall(found: MannKendall, *, falls: bool) -> ClassicalRow:
    limit = RULES["mann_kendall"].published_threshold
    towards = None if found.z is None else -found.z if falls else found.z
    return _row(
        gettext("Mann–Kendall, the last %(draws)d draws") % {"draws": found.draws},
        "mann_kendall",
        value=" · ".join(part for part in (_z(found.z), _p(found.p)) if part),
        limit="" if limit is None else _z(-limit if falls else limit),
        beyond=None if towards is None or limit is None else towards > limit,
        reason=found.reason,
    )


def _theil_sen(found: TheilSen, *, falls: bool) -> ClassicalRow:
    """Beyond where the whole interval lies on the side that matters."""
    beyond = None
    if found.low is not None and found.high is not None:
        beyond = found.high < 0 if falls else found.low > 0
    ends = (None if end is None else _month(end) for end in (found.low, found.high))
    interval = _percents(*ends)
    return _row(
        gettext("Theil–Sen slope over a year"),
        "theil_sen",
        value=_a_month(found.per_day) + (f" ({interval})" if interval else ""),
        limit="" if beyond is None else limit_text(0),
        beyond=beyond,
        reason=found.reason,
        source=SEN,
    )


def _confirmed(found: ConfirmedRise, rule: str, name: str) -> ClassicalRow:
    return _row(
        rule,
        name,
        value=_percent(found.change_percent),
        limit=_limit(found.limit_percent),
        beyond=found.met,
        reason=found.reason,
    )


# --- numbers ------------------------------------------------------------------------------------------------------
def _percent(percent: float | None) -> str:
    return "" if percent is None else percent_text(percent)


def _limit(percent: float | None) -> str:
    return "" if percent is None else limit_text(percent)


def _percents(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return gettext("%(low)s to %(high)s") % {"low": limit_text(low), "high": limit_text(high)}


def _number(number: float | None) -> str:
    return "" if number is None else figures(number)


def _with_sign(number: float) -> str:
    return f"{MINUS if number < 0 else '+'}{figures(abs(number))}"


def _z(number: float | None) -> str:
    return "" if number is None else f"z{NO_BREAK}{signed_text(number, places=2)}"


def _p(number: float | None) -> str:
    if number is None:
        return ""
    return f"p{NO_BREAK}{figures(number, 2)}" if number >= SMALLEST_P else f"p{NO_BREAK}<{SMALLEST_P}"


def _month(per_day: float) -> float:
    """A slope of ln value per day as percent in 30 days."""
    return 100.0 * math.expm1(per_day * MONTH_DAYS)


def _a_month(per_day: float | None) -> str:
    return "" if per_day is None else gettext("%(change)s in 30 days") % {"change": percent_text(_month(per_day))}
