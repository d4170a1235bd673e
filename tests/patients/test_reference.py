"""The interval that fits, and every side of every limit."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from patients.catalogue import MarkerDefinition, catalogue
from patients.reference import flag, flag_between, reference_for

LIMITS = [(marker.code, number) for marker in catalogue().markers for number in range(len(marker.reference_intervals))]


@pytest.mark.parametrize(
    ("code", "sex", "age", "menopause", "smoking", "low", "high"),
    [
        ("CEA", "female", 65, "post", "current", "0", "4.85"),
        ("CEA", "male", 59, "not_applicable", "current", "0", "5.0"),
        ("CEA", "male", 59, "not_applicable", "smoker", "0", "5.0"),
        ("CEA", "male", 59, "not_applicable", "never", "0", "3.0"),
        ("CEA", "male", 59, "not_applicable", "non_smoker", "0", "3.0"),
        ("CEA", "male", 59, "not_applicable", "former", None, "5.0"),
        ("CEA", "unknown", None, "unknown", "unknown", None, "5.0"),
        ("CYFRA211", "male", 60, "", "", "0", "4.66"),
        ("CYFRA211", "male", 59, "", "", "0", "4.89"),
        ("CYFRA211", "male", 50, "", "", "0", "4.89"),
        ("CYFRA211", "male", 49, "", "", "0", "3.86"),
        ("CYFRA211", "male", 17, "", "", None, "3.3"),
        ("CYFRA211", "male", None, "", "", None, "3.3"),
        ("NSE", "male", 60, "", "", "0", "19.41"),
        ("NSE", "male", 59, "", "", None, "16.3"),
        ("PROGRP", "male", 39, "", "", "0", "65.35"),
        ("PROGRP", "male", 80, "", "", "0", "98.03"),
        ("PROGRP", "male", 17, "", "", None, "73.9"),
        ("BAP", "male", 60, "", "", "7.6", "25.6"),
        ("BAP", "male", None, "", "", "0", "20"),
        ("BAP", "male", 77, "", "", "0", "20"),
        ("BAP", "female", 60, "post", "", "8.1", "31.6"),
        ("BAP", "female", None, "post", "", "0", "22"),
        ("BAP", "female", None, "pre", "", "0", "14"),
        ("BAP", "female", 60, "unknown", "", "7.0", "27.4"),
        ("BAP", "other", 60, "post", "", None, "22"),
        ("BCTX", "female", 60, "post", "", "0.041", "0.675"),
        ("BCTX", "female", 40, "pre", "", "0.101", "0.632"),
        ("BCTX", "unknown", 60, "unknown", "", "0.04", "0.675"),
        ("TRACP5B", "female", None, "post", "", "250", "760"),
        ("ALP", "male", 60, "", "", "45", "125"),
        ("ALP", "female", 49, "", "", "35", "100"),
        ("ALP", "female", 50, "", "", "50", "135"),
        ("ALP", "female", 80, "", "", "45", "125"),
        ("NLR", "male", 45, "", "", "0.83", "3.92"),
        ("NLR", "male", 44, "", "", "0.88", "4.0"),
        ("PLT", "male", 44, "", "", "125", "350"),
    ],
)
def test_the_interval_that_asks_for_most_is_taken(
    code: str, sex: str, age: int | None, menopause: str, smoking: str, low: str | None, high: str
) -> None:
    interval = reference_for(catalogue().marker(code), sex=sex, age=age, menopause=menopause, smoking=smoking)
    assert interval is not None
    assert (interval.low, interval.high) == (None if low is None else Decimal(low), Decimal(high))


@pytest.mark.parametrize("marker", catalogue().markers, ids=lambda marker: marker.code)
def test_a_patient_of_whom_nothing_is_known_gets_the_interval_for_everybody(marker: MarkerDefinition) -> None:
    interval = reference_for(marker, sex="unknown", age=None, menopause="unknown", smoking="unknown")
    assert interval is not None
    assert (interval.sex, interval.age_from, interval.age_to, interval.menopause, interval.smoking) == (None,) * 5


def test_a_marker_without_a_fitting_interval_has_no_reference_and_no_flag() -> None:
    alp = catalogue().marker("ALP")
    bare = dataclasses.replace(alp, reference_intervals=alp.reference_intervals[:1])
    assert reference_for(bare, sex="female", age=60, menopause="", smoking="") is None
    assert flag(Decimal(10_000), "", None) == ""


@pytest.mark.parametrize(("code", "number"), LIMITS)
def test_every_side_of_every_limit(code: str, number: int) -> None:
    interval = catalogue().marker(code).reference_intervals[number]
    step = Decimal("0.001")
    if interval.high is not None:
        assert flag(interval.high + step, "", interval) == "H"
        assert flag(interval.high, "", interval) == ""
        assert flag(interval.high - step, "", interval) == ""
    if interval.low is not None:
        assert flag(interval.low, "", interval) == ""
        assert flag(interval.low + step, "", interval) == ""
        assert flag(interval.low - step, "", interval) == "L"
    if interval.low is None:
        assert flag(Decimal(0), "", interval) == ""


@pytest.mark.parametrize(
    ("value", "comparator", "low", "high", "expected"),
    [
        ("5.1", "", "0", "5", "H"),
        ("0", "", "0", "5", ""),
        ("5.1", "", None, "5", "H"),
        ("0", "", None, "5", ""),
        ("0", "", "1", None, "L"),
        ("9", "", "1", None, ""),
        ("9", "", None, None, ""),
        ("0.5", "<", "0", "5", ""),
        ("0.5", "<", "0.5", "5", "L"),
        ("0.5", "<", "0.3", "5", ""),
        ("0.5", "<=", "0.5", "5", ""),
        ("0.4", "<=", "0.5", "5", "L"),
        ("9", "<", "0", "5", ""),
        ("9", "<=", "0", "5", ""),
        ("5", ">", "0", "5", "H"),
        ("4.9", ">", "0", "5", ""),
        ("5", ">=", "0", "5", ""),
        ("5.1", ">=", "0", "5", "H"),
        ("0.1", ">", "1", "5", ""),
        ("0.1", ">=", "1", "5", ""),
        ("9", "", "5", "1", ""),
    ],
)
def test_a_flag_is_given_only_where_it_is_sure(
    value: str, comparator: str, low: str | None, high: str | None, expected: str
) -> None:
    limits = {"low": low, "high": high}
    numbers = {side: None if text is None else Decimal(text) for side, text in limits.items()}
    assert flag_between(Decimal(value), comparator, low=numbers["low"], high=numbers["high"]) == expected
