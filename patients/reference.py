"""Which reference interval holds for a patient, and whether a value lies outside its limits. Pure."""

from __future__ import annotations

from decimal import Decimal

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
        and _age_fits(interval, age)
    ]
    return max(fitting, key=_exactness, default=None)


def flag(value: Decimal, comparator: str, interval: ReferenceInterval | None) -> str:
    """ "H", "L" or "" for a value in the unit of `interval`; no interval, no flag."""
    return "" if interval is None else flag_between(value, comparator, low=interval.low, high=interval.high)


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


def _age_fits(interval: ReferenceInterval, age: int | None) -> bool:
    if age is None:
        return interval.age_from is None and interval.age_to is None
    return (interval.age_from is None or interval.age_from <= age) and (
        interval.age_to is None or age <= interval.age_to
    )


def _exactness(interval: ReferenceInterval) -> int:
    by_age = interval.age_from is not None or interval.age_to is not None
    return sum((interval.sex is not None, by_age, interval.menopause is not None, interval.smoking is not None))
