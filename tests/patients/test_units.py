"""Units: spelling is normalised, magnitude never touched; conversion goes by the marker's own table, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.catalogue import catalogue
from patients.units import UnitProblem, canonicalise, normalise_unit

CONVERSIONS = [
    (marker.code, conversion.unit, conversion.factor)
    for marker in catalogue().markers
    for conversion in marker.conversions
]


@pytest.mark.parametrize(
    ("typed", "unit"),
    [
        ("ng/mL", "ng/mL"),
        ("ng/ml", "ng/mL"),
        ("NG/ML", "ng/mL"),
        (" ng / mL ", "ng/mL"),
        ("ｎｇ／ｍＬ", "ng/mL"),
        ("ng∕ml", "ng/mL"),
        ("µg/L", "ug/L"),
        ("μg/L", "ug/L"),
        ("µg/l", "ug/L"),
        ("mcg/L", "ug/L"),
        ("ug/l", "ug/L"),
        ("㎍/ℓ", "ug/L"),
        ("㎎/㎗", "mg/dL"),
        ("mg/dl", "mg/dL"),
        ("g/dl", "g/dL"),
        ("g/l", "g/L"),
        ("mmol/l", "mmol/L"),
        ("U/l", "U/L"),
        ("u/L", "U/L"),
        ("IU/l", "IU/L"),
        ("µkat/l", "ukat/L"),
        ("mU/dl", "mU/dL"),
        ("10*9/L", "10*9/L"),
        ("10^9/L", "10*9/L"),
        ("x10^9/L", "10*9/L"),
        ("×10^9/L", "10*9/L"),
        ("×10⁹/L", "10*9/L"),
        ("x 10⁹ / l", "10*9/L"),
        ("*10^9/L", "10*9/L"),
        ("10e9/L", "10*9/L"),
        ("10E9/l", "10*9/L"),
        ("10**9/L", "10*9/L"),
        ("G/L", "10*9/L"),
        ("G/l", "10*9/L"),
        ("Gpt/l", "10*9/L"),
        ("/nl", "10*9/L"),
        ("10^3/uL", "10*3/uL"),
        ("10³/µL", "10*3/uL"),
        ("K/uL", "10*3/uL"),
        ("k/µl", "10*3/uL"),
        ("Tsd./µl", "10*3/uL"),
        ("10^3/mm³", "10*3/uL"),
        ("10^4/uL", "10*4/uL"),
        ("万/µL", "10*4/uL"),
        ("/µl", "/uL"),
        ("cells/uL", "/uL"),
        ("/mm3", "/uL"),
        ("％", "%"),
        ("ratio", "{ratio}"),
        ("fl", "fL"),
    ],
)
def test_a_spelling_is_read(typed: str, unit: str) -> None:
    assert normalise_unit(typed) == unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("g/L", "G/L"),
        ("mg/dL", "mg/L"),
        ("ng/mL", "ng/L"),
        ("mmol/L", "umol/L"),
        ("mU/L", "MU/L"),
        ("U/L", "IU/L"),
        ("10^9/L", "109/L"),
        ("10^9/L", "10^6/L"),
        ("10^3/uL", "10^3/mL"),
    ],
)
def test_spelling_never_changes_the_magnitude(one: str, other: str) -> None:
    assert normalise_unit(one) != normalise_unit(other)


@pytest.mark.parametrize("typed", ["", "  ", "furlong", "ng", "ng/ml/h", "×109/L", "10^12/L", "MU/dL", "G/DL", "/"])
def test_what_is_not_recognised_comes_back_without_its_spaces(typed: str) -> None:
    assert normalise_unit(typed) == "".join(typed.split())


@pytest.mark.parametrize(
    ("code", "number", "unit", "value", "factor"),
    [
        ("CEA", "4.70", "ng/mL", "4.70", "1"),
        ("CEA", "4.70", "µg/l", "4.70", "1"),
        ("BCTX", "612.3", "pg/mL", "0.6123", "0.001"),
        ("BCTX", "0.412", "ng/mL", "0.412", "1"),
        ("ALP", "1.5", "µkat/L", "90.0", "60"),
        ("ALP", "142", "IU/L", "142", "1"),
        ("LDH", "200", "IU/l", "200", "1"),
        ("BAP_U", "20", "IU/L", "20", "1"),
        ("CA", "9.6", "mg/dL", "2.39520", "0.2495"),
        ("ALB", "2.6", "g/dL", "26.0", "10"),
        ("PHOS", "3.5", "mg/dl", "1.13015", "0.3229"),
        ("PLT", "187", "Gpt/l", "187", "1"),
        ("PLT", "236", "10^9/L", "236", "1"),
        ("PLT", "236", "K/uL", "236", "1"),
        ("PLT", "23.6", "万/µL", "236.0", "10"),
        ("PLT", "236000", "/µL", "236.000", "0.001"),
        ("NEUT", "4200", "cells/uL", "4.200", "0.001"),
        ("TRACP5B", "3.5", "U/L", "350.0", "100"),
        ("RDW_CV", "13.5", "%", "13.5", "1"),
        ("RDW_CV", "0.135", "1", "13.500", "100"),
        ("RDW_CV", "0.135", "ratio", "13.500", "100"),
        ("PROGRP", "50", "ng/L", "50", "1"),
        ("CEA", "0", "ug/L", "0", "1"),
    ],
)
def test_a_value_becomes_canonical_exactly(code: str, number: str, unit: str, value: str, factor: str) -> None:
    marker = catalogue().marker(code)
    canonical = canonicalise(marker, Decimal(number), unit)
    assert (str(canonical.value), canonical.unit, canonical.factor) == (value, marker.unit, Decimal(factor))


@pytest.mark.parametrize(
    ("code", "unit", "problem"),
    [
        ("CEA", "", "unit_missing"),
        ("PHOS", " ", "unit_missing"),
        ("PHOS", "g/L", "unit_unknown"),
        ("CEA", "pg/mL", "unit_unknown"),
        ("CEA", "U/mL", "unit_unknown"),
        ("CEA", "IU/L", "unit_unknown"),
        ("ALB", "G/L", "unit_unknown"),
        ("PLT", "g/L", "unit_unknown"),
        ("PLT", "109/L", "unit_unknown"),
        ("NEUT", "%", "unit_unknown"),
        ("NEUT", "10*4/uL", "unit_unknown"),
        ("BAP", "U/L", "unit_of_another_marker"),
        ("BAP", "IU/l", "unit_of_another_marker"),
        ("BAP_U", "µg/L", "unit_of_another_marker"),
        ("BAP_U", "ng/mL", "unit_of_another_marker"),
        ("NSE", "U/L", "unit_not_convertible"),
        ("NMID", "nmol/L", "unit_not_convertible"),
        ("RDW_CV", "fL", "unit_not_convertible"),
    ],
)
def test_a_unit_is_never_guessed(code: str, unit: str, problem: str) -> None:
    marker = catalogue().marker(code)
    with pytest.raises(UnitProblem) as caught:
        canonicalise(marker, Decimal("4.5"), unit)
    assert caught.value.code == problem
    assert caught.value.params["marker"] == code
    assert caught.value.params["units"] == ", ".join(marker.accepted_units)


def test_activity_reported_for_mass_bap_is_told_where_it_belongs() -> None:
    with pytest.raises(UnitProblem, match=r"BAP: 'U/l' is a unit of BAP_U, not of BAP \(ug/L, ng/mL\)") as caught:
        canonicalise(catalogue().marker("BAP"), Decimal(20), "U/l")
    assert caught.value.params["other"] == "BAP_U"
    assert "没有固定换算系数" in caught.value.params["reason_zh"]


def test_no_marker_takes_a_unit_it_refuses_or_the_other_bap() -> None:
    assert set(catalogue().marker("BAP").accepted_units).isdisjoint(catalogue().marker("BAP_U").accepted_units)


@given(
    conversion=st.sampled_from(CONVERSIONS),
    number=st.decimals(min_value=0, max_value=10**12 - 1, places=9, allow_nan=False, allow_infinity=False),
)
def test_a_conversion_loses_no_digit(conversion: tuple[str, str, Decimal], number: Decimal) -> None:
    code, unit, factor = conversion
    canonical = canonicalise(catalogue().marker(code), number, unit)
    assert Fraction(canonical.value) / Fraction(factor) == Fraction(number)
    assert canonical.unit == catalogue().marker(code).unit


@given(st.text(alphabet="0123456789^*×xeEGgmnpuµμkKUILlLdD%/.⁹³ ", max_size=12))
def test_reading_a_spelling_twice_is_reading_it_once(text: str) -> None:
    once = normalise_unit(text)
    assert normalise_unit(once) == once
