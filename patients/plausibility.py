"""Can a value be true? Impossible ones are refused, unlikely ones confirmed, dangerous ones announced. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

from patients.catalogue import Figure, MarkerDefinition, ReferenceInterval

Severity = Literal["refuse", "confirm", "urgent"]

LARGE_CHANGE = 5
LARGE_CHANGE_DAYS = 14
# A slip explains a change if, once undone, at most a factor of two is left, and at most a quarter of the slip itself.
# Assumed; in the 2,274 steps of a real cohort (PBC) tenfold slips are then asked about nine times.
_LEFT_AT_MOST = math.log(2)
_LEFT_OF_SLIP = 0.25
_DECIMAL_SLIPS = (Decimal(10), Decimal(100), Decimal(1000))
# Of a first value there is only the reference interval to go by, and disease moves most markers tenfold and more: what
# is asked about is a thousandfold, a unit's own factor, and in minerals, which nothing moves that far, any slip.
_FIRST_VALUE_SLIPS = (Decimal(1000),)
_SMALLEST_OF_A_FIRST_VALUE = 3
# Where an interval has no lower limit, levels of healthy people are taken to reach down to a twentieth of the upper.
_BELOW_A_LONE_LIMIT = 20
ASSUMED = "A"
# A reciprocal such as 1/0.2495 is shown and used to six digits.
_SIX_DIGITS = Context(prec=6)


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about a value that somebody must see; `code` is stable, `params` fill its text."""

    severity: Severity
    code: str
    params: dict[str, str]

    @property
    def source(self) -> str:
        """Where the limit or factor was read; empty where the rule is Leadtime's own."""
        return self.params.get("source", "")

    @property
    def grade(self) -> str:
        """How far the source can be trusted, as in the catalogue."""
        return self.params.get("grade", "")


@dataclass(frozen=True, slots=True)
class _Slip:
    """The factor that undoes it, and, where it is a unit's, the unit that was meant instead."""

    factor: Decimal
    unit: str = ""
    source: str = ""
    grade: str = ASSUMED


def check_value(marker: MarkerDefinition, canonical: Decimal, comparator: str) -> tuple[Concern, ...]:
    """What is wrong with a value in the canonical unit; a refusal stands alone.

    Hard limits belong to the possible values, and so do the warning limits to the usual ones; the urgent limits are
    themselves urgent. A censored value counts as what is sure: `>20` lies above 20, `<50` may lie anywhere below.
    """
    if canonical < marker.plausible_low:
        return (_concern("refuse", "value_below_possible", marker, canonical, marker.plausible_limits[0]),)
    if canonical > marker.plausible_high:
        return (_concern("refuse", "value_above_possible", marker, canonical, marker.plausible_limits[1]),)
    return (*_urgent(marker, canonical, comparator), *_unusual(marker, canonical, comparator))


def check_change(
    marker: MarkerDefinition, canonical: Decimal, previous: Decimal | None, days_since: float | None
) -> tuple[Concern, ...]:
    """What is odd about the step from the previous value: a slip of point or unit, or a large change in a few days.

    A slip is asked about at any distance in time, a change of more than five times within fourteen days either way (a
    draw may be entered after a later one). From or to 0 there is no ratio, so nothing is said.
    """
    if previous is None or previous <= 0 or canonical <= 0:
        return ()
    concerns = []
    params = {"marker": marker.code, "value": _plain(canonical), "previous": _plain(previous), "unit": marker.unit}
    if slip := _slip_of_change(marker, canonical, previous):
        told = params | _told(slip)
        concerns.append(Concern("confirm", "change_fits_unit_slip" if slip.unit else "change_fits_decimal_slip", told))
    soon = days_since is not None and abs(days_since) < LARGE_CHANGE_DAYS
    if soon and (canonical > LARGE_CHANGE * previous or previous > LARGE_CHANGE * canonical):
        days = {"days": f"{abs(days_since or 0):.0f}"}
        concerns.append(Concern("confirm", "change_large_and_fast", {**params, **days}))
    return tuple(concerns)


def check_first(
    marker: MarkerDefinition, canonical: Decimal, comparator: str, reference: ReferenceInterval | None
) -> tuple[Concern, ...]:
    """Whether a value with nothing before it lies among healthy people's only after a factor: the unit's, or 1000."""
    band = _band(reference)
    if band is None or comparator or canonical <= 0 or band[0] <= canonical <= band[1]:
        return ()
    for slip in _slips(marker, _DECIMAL_SLIPS if marker.family == "mineral" else _FIRST_VALUE_SLIPS):
        wide = max(slip.factor, 1 / slip.factor) >= _SMALLEST_OF_A_FIRST_VALUE
        if wide and band[0] <= canonical * slip.factor <= band[1]:
            params = {"marker": marker.code, "value": _plain(canonical), "unit": marker.unit, **_told(slip)}
            low = reference.low if reference else None
            params |= {"low": "" if low is None else _plain(low), "high": _plain(band[1])}
            return (Concern("confirm", "first_value_fits_unit" if slip.unit else "first_value_fits_factor", params),)
    return ()


def _band(reference: ReferenceInterval | None) -> tuple[Decimal, Decimal] | None:
    if reference is None or reference.high is None or reference.high <= 0:
        return None
    return reference.low or reference.high / _BELOW_A_LONE_LIMIT, reference.high


def _told(slip: _Slip) -> dict[str, str]:
    return {"factor": _plain(slip.factor), "other_unit": slip.unit, "source": slip.source, "grade": slip.grade}


def _urgent(marker: MarkerDefinition, canonical: Decimal, comparator: str) -> Iterator[Concern]:
    low, high = marker.urgent_low, marker.urgent_high
    if low is not None and comparator in {"", "<", "<="} and canonical <= low.value:
        yield _concern("urgent", "value_urgently_low", marker, canonical, low)
    if high is not None and comparator in {"", ">", ">="} and canonical >= high.value:
        yield _concern("urgent", "value_urgently_high", marker, canonical, high)


def _unusual(marker: MarkerDefinition, canonical: Decimal, comparator: str) -> Iterator[Concern]:
    low, high = marker.warn_low, marker.warn_high
    if low is not None and _beyond(low.value, canonical, comparator, sure="<"):
        yield _concern("confirm", "value_unusually_low", marker, canonical, low)
    if high is not None and _beyond(canonical, high.value, comparator, sure=">"):
        yield _concern("confirm", "value_unusually_high", marker, canonical, high)
    if marker.warn_at_zero and canonical == 0 and not comparator:
        params = {"marker": marker.code, "value": _plain(canonical), "limit": "0", "unit": marker.unit}
        yield Concern("confirm", "value_zero", params)


def _beyond(greater: Decimal, lesser: Decimal, comparator: str, *, sure: str) -> bool:
    """Whether the value lies beyond the limit for sure; `sure` is the sign that points away from the usual values."""
    if comparator == sure:
        return greater >= lesser
    return comparator in {"", f"{sure}="} and greater > lesser


def _slip_of_change(marker: MarkerDefinition, canonical: Decimal, previous: Decimal) -> _Slip | None:
    """The slip that brings the value back to the previous one, if one explains the change better than growth."""
    change = math.log(canonical) - math.log(previous)
    best: tuple[float, _Slip] | None = None
    for slip in _slips(marker, _DECIMAL_SLIPS):
        undone = math.log(slip.factor)
        left = abs(change + undone)
        explains = left <= min(_LEFT_AT_MOST, _LEFT_OF_SLIP * abs(undone))
        if explains and (best is None or left < best[0]):
            best = (left, slip)
    return None if best is None else best[1]


def _slips(marker: MarkerDefinition, decimal: tuple[Decimal, ...]) -> Iterator[_Slip]:
    """The factors of the marker's own units, then those of the decimal point, each with its reciprocal."""
    seen = {Decimal(1)}
    for conversion in marker.conversions:
        if conversion.factor not in seen:
            seen.add(conversion.factor)
            source, grade = conversion.source, conversion.grade.value
            # Typed as the canonical unit and meant as the other, a value is multiplied to undo it; else divided.
            yield _Slip(conversion.factor, conversion.unit, source, grade)
            yield _Slip(_SIX_DIGITS.divide(Decimal(1), conversion.factor), conversion.unit, source, grade)
    for factor in decimal:
        for each in (factor, _SIX_DIGITS.divide(Decimal(1), factor)):
            if each not in seen and _SIX_DIGITS.divide(Decimal(1), each) not in seen:
                yield _Slip(each)


def _concern(severity: Severity, code: str, marker: MarkerDefinition, value: Decimal, limit: Figure) -> Concern:
    params = {"marker": marker.code, "value": _plain(value), "limit": _plain(limit.value), "unit": marker.unit}
    return Concern(severity, code, {**params, "source": limit.source, "grade": limit.grade.value})


def _plain(number: Decimal) -> str:
    """Every digit, without an exponent."""
    return f"{number:f}"


def facts_filled(changes: Mapping[str, tuple[str, str]]) -> Concern:
    """That a draw on record is told more of itself: a haemolysis changes what its values count for."""
    said = {f"says_{name}": new for name, (_old, new) in changes.items()}
    return Concern("confirm", "draw_facts_filled", {"facts": ",".join(sorted(changes)), **said})
