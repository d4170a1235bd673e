from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from monitoring.wording import ago_text, change_text, date_text, figures, interval_text, percent_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.04123, "0.0412"),
        (7.4, "7.4"),
        (131.2, "131"),
        (2040.7, "2041"),
        (0, "0"),
        (0.00012345, "0.000123"),
        (2.0, "2"),
    ],
)
def test_a_computed_number_keeps_three_digits_and_has_no_exponent(number: float, text: str) -> None:
    assert figures(number) == text


def test_in_a_column_the_zeros_say_how_far_it_was_rounded() -> None:
    assert [figures(number, keep_zeros=True) for number in (1.5, 1.46, 362.0)] == ["1.50", "1.46", "362"]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0, 5, "0–5"), (None, 5, "≤ 5"), (40, None, "≥ 40"), (None, 0, "≤ 0"), (0, None, "≥ 0"), (None, None, "")],
)
def test_zero_is_a_limit_and_none_is_not(low: float | None, high: float | None, text: str) -> None:
    assert interval_text(low, high) == text


@pytest.mark.parametrize(
    ("percent", "text"),
    [
        (118.4, "+118\xa0%"),
        (-12.3, "−12\xa0%"),
        (0.2, "0\xa0%"),
        (-0.4, "0\xa0%"),
        (199.4, "+199\xa0%"),
        (199.6, "×3.0"),
        (1552.0, "×17"),
    ],
)
def test_a_change_has_its_sign(percent: float, text: str) -> None:
    assert percent_text(percent) == text


@pytest.mark.parametrize(
    ("percent", "comparator", "text"),
    [
        (118.0, "", "+118\u00a0%"),
        (-40.0, "", "−40\u00a0%"),
        (None, "", ""),
        (118.0, ">", "at least +118\u00a0%"),
        (118.0, ">=", "at least +118\u00a0%"),
        (-40.0, ">", ""),
        (118.0, "<", ""),
        (-40.0, "<", ""),
        (-40.0, "<=", ""),
        (None, ">", ""),
    ],
)
def test_a_limit_has_no_change_as_if_it_were_exact(percent: float | None, comparator: str, text: str) -> None:
    assert change_text(percent, comparator=comparator) == text


def test_dates_have_letters_in_english_and_none_in_chinese() -> None:
    day = dt.date(2026, 3, 3)
    with translation.override("en"):
        assert date_text(day) == "03-Mar-2026"
    with translation.override("zh-hans"):
        assert date_text(day) == "2026-03-03"


def test_how_long_ago_in_words() -> None:
    assert [ago_text(days) for days in (0, 1, 30)] == ["today", "1 day ago", "30 days ago"]
