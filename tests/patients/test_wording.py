from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation

from patients.catalogue import catalogue
from patients.wording import change_text, interval_text, limit_text, marker_name, number_text, unit_text


@pytest.mark.parametrize(
    ("unit", "printed"),
    [
        ("10*9/L", "×10⁹/L"),
        ("10*3/uL", "×10³/µL"),
        ("/uL", "/µL"),
        ("ug/L", "µg/L"),
        ("{ratio}", ""),
        ("ukat/L", "µkat/L"),
        ("ng/mL", "ng/mL"),
    ],
)
def test_a_unit_is_printed_as_on_the_laboratorys_paper(unit: str, printed: str) -> None:
    assert unit_text(unit) == printed


@pytest.mark.parametrize(("low", "high", "text"), [("0", "5", "0–5"), (None, "5", "≤ 5"), ("40", None, "≥ 40")])
def test_a_limit_of_zero_is_a_limit_and_an_absent_one_is_none(low: str | None, high: str | None, text: str) -> None:
    assert interval_text(Decimal(low) if low else None, Decimal(high) if high else None) == text


def test_no_limit_at_all_prints_nothing_and_zero_alone_prints() -> None:
    assert interval_text(None, None) == ""
    assert interval_text(Decimal(0), None) == "≥ 0"


@pytest.mark.parametrize(
    ("value", "previous", "text"),
    [("7.4", "3.4", "+118 %"), ("2", "4", "−50 %"), ("4", "4", "0 %"), ("4", "0", ""), ("0", "4", "−100 %")],
)
def test_a_change_is_said_in_percent_where_there_is_a_ratio(value: str, previous: str, text: str) -> None:
    assert change_text(Decimal(value), Decimal(previous)) == text


@pytest.mark.parametrize(
    ("value", "previous", "text"),
    [
        ("2.99", "1", "+199 %"),
        ("3", "1", "×3.0"),
        ("2.996", "1", "×3.0"),
        ("9.94", "1", "×9.9"),
        ("9.96", "1", "×10"),
        ("16.52", "1", "×17"),
    ],
)
def test_from_a_tripling_on_a_change_is_told_as_times_without_a_percentage(
    value: str, previous: str, text: str
) -> None:
    assert change_text(Decimal(value), Decimal(previous)) == text


def test_what_a_change_is_held_against_is_said_in_the_same_figures() -> None:
    assert [limit_text(percent) for percent in (68.6, -41.0, 199.0, 200.0, 1552.0)] == [
        "+69 %",
        "−41 %",
        "+199 %",
        "×3.0",
        "×17",
    ]


@pytest.mark.parametrize(("number", "text"), [("5.0", "5"), ("0.00", "0"), ("1E+3", "1000"), ("0.041", "0.041")])
def test_a_number_is_never_in_exponent_form(number: str, text: str) -> None:
    assert number_text(Decimal(number)) == text


def test_a_marker_is_called_in_the_language_of_the_reader() -> None:
    cea = catalogue().marker("CEA")
    assert marker_name(cea) == "Carcinoembryonic antigen"
    with translation.override("zh-hans"):
        assert marker_name(cea) == "癌胚抗原"
