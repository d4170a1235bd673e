"""A value comes back as typed, or is refused with its reason."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.values import MAX_LENGTH, ReportedValue, ValueProblem, parse_value


@pytest.mark.parametrize(
    ("typed", "comparator", "text"),
    [
        ("0", "", "0"),
        ("0.0", "", "0.0"),
        ("0.004", "", "0.004"),
        ("3.20", "", "3.20"),
        ("0.50", "", "0.50"),
        (".5", "", "0.5"),
        ("007", "", "007"),
        ("999999999999.5", "", "999999999999.5"),
        ("<0.5", "<", "0.5"),
        ("< 0.50 ", "<", "0.50"),
        ("<.5", "<", "0.5"),
        ("＜0.20", "<", "0.20"),
        ("﹤0.20", "<", "0.20"),
        ("≤0.2", "<=", "0.2"),
        ("≦0.2", "<=", "0.2"),
        ("<=0.30", "<=", "0.30"),
        ("＜＝0.30", "<=", "0.30"),
        ("<=0", "<=", "0"),
        (">1000", ">", "1000"),
        ("＞1500.0", ">", "1500.0"),
        (">0", ">", "0"),
        (">=1500", ">=", "1500"),
        ("≥100", ">=", "100"),
        ("２１．５", "", "21.5"),
        ("\u300021.5\u00a0", "", "21.5"),
        ("\t<\u00a00.5\n", "<", "0.5"),
    ],
)
def test_a_result_comes_back_as_typed(typed: str, comparator: str, text: str) -> None:
    reported = parse_value(typed)
    assert (reported.comparator, reported.text, reported.as_typed) == (comparator, text, typed.strip())
    assert str(reported.number) == str(Decimal(text))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "value_empty"),
        ("   ", "value_empty"),
        ("\u3000", "value_empty"),
        ("<", "value_comparator_without_number"),
        ("≥ ", "value_comparator_without_number"),
        (">abc", "value_comparator_without_number"),
        ("<<5", "value_comparator_without_number"),
        ("<=>5", "value_comparator_without_number"),
        ("~3.2", "value_approximate"),
        ("～3.2", "value_approximate"),
        ("≈ 3.2", "value_approximate"),
        ("约3.2", "value_approximate"),
        ("ca. 3,2", "value_approximate"),
        ("<~3.2", "value_approximate"),
        ("3.2-3.6", "value_is_a_range"),
        ("3.2 – 3.6", "value_is_a_range"),
        ("3.2～3.6", "value_is_a_range"),
        ("3.2 to 3.6", "value_is_a_range"),
        ("<3-4", "value_is_a_range"),
        ("1e3", "value_exponent"),
        ("1E3", "value_exponent"),
        ("1.5e-2", "value_exponent"),
        ("1e999", "value_exponent"),
        ("<1e3", "value_exponent"),
        ("-3", "value_negative"),
        ("－3.5", "value_negative"),
        ("−3", "value_negative"),
        ("- 3", "value_negative"),
        ("-0", "value_negative"),
        ("<-1", "value_negative"),
        ("<0", "value_negative"),
        ("<0.00", "value_negative"),
        ("4,7", "value_decimal_comma_ambiguous"),
        ("<0,5", "value_decimal_comma_ambiguous"),
        ("1,234", "value_decimal_comma_ambiguous"),
        ("1,234.5", "value_decimal_comma_ambiguous"),
        ("1.234,5", "value_decimal_comma_ambiguous"),
        ("NaN", "value_not_a_number"),
        ("nan", "value_not_a_number"),
        ("inf", "value_not_a_number"),
        ("Infinity", "value_not_a_number"),
        ("-inf", "value_not_a_number"),
        ("+5", "value_not_a_number"),
        ("+", "value_not_a_number"),
        ("-", "value_not_a_number"),
        (".", "value_not_a_number"),
        (",", "value_not_a_number"),
        ("5.", "value_not_a_number"),
        ("1.2.3", "value_not_a_number"),
        ("1 234", "value_not_a_number"),
        ("1_000", "value_not_a_number"),
        ("0x10", "value_not_a_number"),
        ("5²", "value_not_a_number"),
        ("½", "value_not_a_number"),
        ("٣", "value_not_a_number"),
        ("negative", "value_not_a_number"),
        ("5 ng/mL", "value_not_a_number"),
        ("5*", "value_not_a_number"),
        ("5\x00", "value_not_a_number"),
        ("1234567890123", "value_too_many_digits"),
        ("0" * 13, "value_too_many_digits"),
        ("1" * 33, "value_too_long"),
        ("<" * 10_000, "value_too_long"),
    ],
)
def test_what_is_not_one_plain_value_is_refused_with_its_reason(typed: str, code: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        parse_value(typed)
    assert caught.value.code == code
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("typed", "comparator", "text"),
    [
        ("4,7", "", "4.7"),
        ("4,70", "", "4.70"),
        (",5", "", "0.5"),
        ("<0,10", "<", "0.10"),
        ("187", "", "187"),
        ("1.234,5", "", "1234.5"),
        ("12.345.678,90", "", "12345678.90"),
        ("1.234.567", "", "1234567"),
        ("３，８", "", "3.8"),
    ],
)
def test_a_declared_decimal_comma_is_read(typed: str, comparator: str, text: str) -> None:
    reported = parse_value(typed, decimal_comma=True)
    assert (reported.comparator, reported.text) == (comparator, text)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("1.234", "value_decimal_point_ambiguous"),
        ("4.7", "value_decimal_point_ambiguous"),
        ("1,234.5", "value_decimal_point_ambiguous"),
        ("12.34,5", "value_decimal_point_ambiguous"),
        ("1,2,3", "value_not_a_number"),
        ("4,", "value_not_a_number"),
        ("1.234.567.890.123,4", "value_too_many_digits"),
    ],
)
def test_under_a_decimal_comma_a_doubtful_point_is_refused(typed: str, code: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        parse_value(typed, decimal_comma=True)
    assert caught.value.code == code


def test_the_longest_value_is_taken_and_one_sign_more_is_not() -> None:
    longest = "1." + "3" * (MAX_LENGTH - 2)
    assert parse_value(f" {longest} ").text == longest
    with pytest.raises(ValueProblem, match="longer than 32 signs"):
        parse_value(f"{longest}3")


def test_the_reason_is_said_in_words() -> None:
    with pytest.raises(ValueProblem, match=r"'>abc': no number follows >"):
        parse_value(">abc")


plain_decimals = st.decimals(min_value=0, max_value=10**12 - 1, places=6, allow_nan=False, allow_infinity=False)


@given(
    number=plain_decimals,
    comparator=st.sampled_from(["", "<=", ">", ">="]),
    space=st.sampled_from(["", " ", "\u3000"]),
)
def test_writing_a_value_and_reading_it_is_a_round_trip(number: Decimal, comparator: str, space: str) -> None:
    text = f"{number:f}"
    for typed, decimal_comma in ((text, False), (text.replace(".", ","), True)):
        reported = parse_value(f"{space}{comparator}{space}{typed}{space}", decimal_comma=decimal_comma)
        assert (reported.comparator, reported.text, reported.number) == (comparator, text, number)


def outcome(text: str, *, decimal_comma: bool = False) -> ReportedValue | str:
    """The value, or the code of the problem."""
    try:
        return parse_value(text, decimal_comma=decimal_comma)
    except ValueProblem as problem:
        return problem.code


@given(st.text(max_size=40), st.booleans())
def test_any_text_is_a_plain_finite_value_or_a_problem(text: str, decimal_comma: bool) -> None:
    found = outcome(text, decimal_comma=decimal_comma)
    if isinstance(found, str):
        assert found in ValueProblem.texts
    else:
        assert found.number.is_finite()
        assert found.number >= 0
        assert Decimal(found.text) == found.number


@given(st.text(alphabet="0123456789.,<>=≤~-－ eE＜", max_size=34))
def test_a_comma_is_never_read_in_silence(text: str) -> None:
    found = outcome(text)
    assert isinstance(found, str) or "," not in found.as_typed
