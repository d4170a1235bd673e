"""Which reference interval holds for a patient, and whether a value lies outside its limits. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from patients.catalogue import MarkerDefinition, ReferenceInterval
from patients.values import ValueProblem, parse_value

# The sources know smokers and non-smokers. Of former smokers they say nothing, so no interval by smoking fits them.
_SMOKING = {"smoker": "smoker", "current": "smoker", "non_smoker": "non_smoker", "never": "non_smoker"}


def reference_for(
    marker: MarkerDefinition, *, sex: str, age: int | None, menopause: str, smoking: str
) -> ReferenceInterval | None:
    """The interval that fits the patient best; None if none fits.

    An interval fits if everything it asks for (sex, age, menopause, smoking) is known of the patient and true. Of
    those that fit, the one that asks for most is taken; of equals, the first in the marker's file. So the interval
    for everybody serves only where nothing more exact is known.
    """
    fitting = [
        interval
        for interval in marker.reference_intervals
        if interval.sex in (None, sex)
        and interval.menopause in (None, menopause)
        and interval.smoking in (None, _SMOKING.get(smoking))
        and age_fits(interval.age_from, interval.age_to, age)
    ]
    return max(fitting, key=_exactness, default=None)


class Limits(Protocol):
    """An interval or a range: None is no limit on that side."""

    @property
    def low(self) -> Decimal | None: ...
    @property
    def high(self) -> Decimal | None: ...


def flag(value: Decimal, comparator: str, within: Limits | None) -> str:
    """ "H", "L" or "" for a value in the unit of `within`; no interval, no flag."""
    return "" if within is None else flag_between(value, comparator, low=within.low, high=within.high)


def flag_between(value: Decimal, comparator: str, *, low: Decimal | None, high: Decimal | None) -> str:
    """ "H", "L" or "" for a value and limits of one unit, such as those reported with the value itself.

    A value on a limit is inside. 0 is a limit, None is none. A censored value is flagged only if it must lie outside:
    `<0.5` is low for a limit of 0.5, and says nothing for one of 0.3. Limits that contradict each other flag nothing.
    """
    if low is not None and high is not None and low > high:
        return ""
    if high is not None and _surely_above(value, comparator, high):
        return "H"
    if low is not None and _surely_below(value, comparator, low):
        return "L"
    return ""


def reported_limits(low: str, high: str, *, factor: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """The limits a laboratory printed beside a value ("5", "<5", "0"), in the unit that `factor` leads to.

    They are of the method that measured the value, so where there is one of them it goes before the catalogue's. What
    cannot be read is no limit, never a guess.
    """
    return _limit(low, factor), _limit(high, factor)


def _limit(text: str, factor: Decimal) -> Decimal | None:
    if not text.strip():
        return None
    try:
        return parse_value(text).number * factor
    except ValueProblem:
        return None


def _surely_above(value: Decimal, comparator: str, limit: Decimal) -> bool:
    if comparator == ">":
        return value >= limit
    return comparator in {"", ">="} and value > limit


def _surely_below(value: Decimal, comparator: str, limit: Decimal) -> bool:
    if comparator == "<":
        return value <= limit
    return comparator in {"", "<="} and value < limit


def age_fits(first: int | None, last: int | None, age: int | None) -> bool:
    """Whether whole years lie within both ends; an age that is not known fits only what asks for none."""
    if age is None:
        return first is None and last is None
    return (first is None or first <= age) and (last is None or age <= last)


class Line(Protocol):
    """One line of a laboratory's table of intervals, as far as it says whom it holds for."""

    assay_key: str
    sex: str
    age_from: int | None
    age_to: int | None


def asks_for(line: Line) -> int:
    """How much a line asks of a person."""
    return (line.sex != "") + (line.age_from is not None or line.age_to is not None)


def same_place(line: Line) -> tuple[str, str, int | None, int | None]:
    """What a newer line must share to take the place of an older one of the same laboratory and marker."""
    return line.assay_key, line.sex, line.age_from, line.age_to


def meet(one: Line, other: Line) -> bool:
    """Whether two lines of one assay hold for one and the same person."""
    if one.assay_key != other.assay_key or (one.sex and other.sex and one.sex != other.sex):
        return False
    first = max(one.age_from or 0, other.age_from or 0)
    last = min((age for age in (one.age_to, other.age_to) if age is not None), default=None)
    return last is None or first <= last


def _exactness(interval: ReferenceInterval) -> int:
    by_age = interval.age_from is not None or interval.age_to is not None
    return sum((interval.sex is not None, by_age, interval.menopause is not None, interval.smoking is not None))
