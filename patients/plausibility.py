"""Can a value be true? Impossible ones are refused, unlikely ones confirmed, dangerous ones announced. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

from patients.catalogue import MarkerDefinition

Severity = Literal["refuse", "confirm", "urgent"]

LARGE_CHANGE = 5
LARGE_CHANGE_DAYS = 14
# A slip explains a change if, once undone, at most a factor of two is left, and at most a quarter of the slip itself.
_LEFT_AT_MOST = math.log(2)
_LEFT_OF_SLIP = 0.25
# A reciprocal such as 1/0.2495 is shown and used to six digits.
_SIX_DIGITS = Context(prec=6)


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about a value that somebody must see; `code` is stable, `params` fill its text."""

    severity: Severity
    code: str
    params: dict[str, str]


def check_value(marker: MarkerDefinition, canonical: Decimal, comparator: str) -> tuple[Concern, ...]:
    """What is wrong with a value in the canonical unit; a refusal stands alone.

    Hard limits belong to the possible values, and so do the warning limits to the usual ones; the urgent limits are
    themselves urgent. A censored value counts as what is sure: `>20` lies above 20, `<50` may lie anywhere below.
    """
    if canonical < marker.plausible_low:
        return (_concern("refuse", "value_below_possible", marker, canonical, marker.plausible_low),)
    if canonical > marker.plausible_high:
        return (_concern("refuse", "value_above_possible", marker, canonical, marker.plausible_high),)
    return (*_urgent(marker, canonical, comparator), *_unusual(marker, canonical, comparator))


def check_change(
    marker: MarkerDefinition, canonical: Decimal, previous: Decimal | None, days_since: float | None
) -> tuple[Concern, ...]:
    """What is odd about the step from the previous value: a slip of the unit, or a large change in a few days.

    A slip is asked about at any distance in time, a change of more than five times within fourteen days either way (a
    draw may be entered after a later one). From or to 0 there is no ratio, so nothing is said.
    """
    if previous is None or previous <= 0 or canonical <= 0:
        return ()
    concerns = []
    slip = _unit_slip(marker, canonical, previous)
    params = {"marker": marker.code, "value": _plain(canonical), "previous": _plain(previous), "unit": marker.unit}
    if slip is not None:
        concerns.append(Concern("confirm", "change_fits_unit_slip", {**params, "factor": _plain(slip)}))
    soon = days_since is not None and abs(days_since) < LARGE_CHANGE_DAYS
    if soon and (canonical > LARGE_CHANGE * previous or previous > LARGE_CHANGE * canonical):
        days = {"days": f"{abs(days_since or 0):.0f}"}
        concerns.append(Concern("confirm", "change_large_and_fast", {**params, **days}))
    return tuple(concerns)


def _urgent(marker: MarkerDefinition, canonical: Decimal, comparator: str) -> Iterator[Concern]:
    low, high = marker.urgent_low, marker.urgent_high
    if low is not None and comparator in {"", "<", "<="} and canonical <= low.value:
        yield _concern("urgent", "value_urgently_low", marker, canonical, low.value)
    if high is not None and comparator in {"", ">", ">="} and canonical >= high.value:
        yield _concern("urgent", "value_urgently_high", marker, canonical, high.value)


def _unusual(marker: MarkerDefinition, canonical: Decimal, comparator: str) -> Iterator[Concern]:
    low, high = marker.warn_low, marker.warn_high
    if low is not None and _beyond(low.value, canonical, comparator, sure="<"):
        yield _concern("confirm", "value_unusually_low", marker, canonical, low.value)
    if high is not None and _beyond(canonical, high.value, comparator, sure=">"):
        yield _concern("confirm", "value_unusually_high", marker, canonical, high.value)
    if marker.warn_at_zero and canonical == 0 and not comparator:
        yield _concern("confirm", "value_zero", marker, canonical, Decimal(0))


def _beyond(greater: Decimal, lesser: Decimal, comparator: str, *, sure: str) -> bool:
    """Whether the value lies beyond the limit for sure; `sure` is the sign that points away from the usual values."""
    if comparator == sure:
        return greater >= lesser
    return comparator in {"", f"{sure}="} and greater > lesser


def _unit_slip(marker: MarkerDefinition, canonical: Decimal, previous: Decimal) -> Decimal | None:
    """The factor that brings the value back to the previous one, if a slip explains the change better than growth."""
    change = math.log(canonical) - math.log(previous)
    best: tuple[float, Decimal] | None = None
    for factor in _slip_factors(marker):
        undone = math.log(factor)
        left = abs(change + undone)
        explains = left <= min(_LEFT_AT_MOST, _LEFT_OF_SLIP * abs(undone))
        if explains and (best is None or left < best[0]):
            best = (left, factor)
    return None if best is None else best[1]


def _slip_factors(marker: MarkerDefinition) -> Iterator[Decimal]:
    factors = {Decimal(1000), *(conversion.factor for conversion in marker.conversions)}
    for factor in sorted(factors - {Decimal(1)}):
        yield factor
        yield _SIX_DIGITS.divide(Decimal(1), factor)


def _concern(severity: Severity, code: str, marker: MarkerDefinition, value: Decimal, limit: Decimal) -> Concern:
    params = {"marker": marker.code, "value": _plain(value), "limit": _plain(limit), "unit": marker.unit}
    return Concern(severity, code, params)


def _plain(number: Decimal) -> str:
    """Every digit, without an exponent."""
    return f"{number:f}"
