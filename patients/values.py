"""Reads one reported value: comparator and plain decimal as typed, or a refusal with a reason; never a guess. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal

Comparator = Literal["", "<", "<=", ">", ">="]

MAX_LENGTH = 32
MAX_INTEGER_DIGITS = 12

_TYPED_COMPARATORS: tuple[tuple[str, Comparator], ...] = (
    ("<=", "<="),
    (">=", ">="),
    ("≤", "<="),
    ("≦", "<="),
    ("⩽", "<="),
    ("≥", ">="),
    ("≧", ">="),
    ("⩾", ">="),
    ("<", "<"),
    (">", ">"),
)
_PLAIN = re.compile(r"[0-9]*\.[0-9]+|[0-9]+")
_PLAIN_COMMA = re.compile(r"[0-9]*,[0-9]+|[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_DIGITS_AND_SEPARATORS = re.compile(r"[0-9.,]*[0-9][0-9.,]*")
_EXPONENT = re.compile(r"[0-9.,]+[eE][+-]?[0-9]+")
_RANGE = re.compile(r"[0-9.,]+\s*(?:-|–|—|−|~|∼|\.\.\.?|to|bis|至|到)\s*[0-9.,]+")
_APPROXIMATE = re.compile(r"(?:~|∼|≈|≃|≅|±|约|大约|ca\.?|c\.|about|approx\.?)\s*[0-9.,]+", re.IGNORECASE)


class InputProblem(ValueError):
    """Something typed or sent cannot be taken: a stable `code` for translation, and `params` for its text."""

    texts: ClassVar[dict[str, str]] = {}

    def __init__(self, code: str, params: dict[str, str]) -> None:
        self.code = code
        self.params = params
        super().__init__(self.texts[code].format(**params))


class ValueProblem(InputProblem):
    """The value of a result cannot be taken."""

    texts: ClassVar[dict[str, str]] = {
        "value_empty": "there is no value",
        "value_too_long": "the value is longer than {limit} signs",
        "value_too_many_digits": "{value!r} has more than {limit} digits before the decimal point",
        "value_not_a_number": "{value!r} is not a number",
        "value_comparator_without_number": "{value!r}: no number follows {comparator}",
        "value_negative": "{value!r}: a concentration or count cannot be below zero",
        "value_is_a_range": "{value!r} is a range, not a single value",
        "value_approximate": "{value!r} is an approximate value",
        "value_exponent": "{value!r} must be written out as a plain decimal",
        "value_decimal_comma_ambiguous": "{value!r}: a comma may mean decimals or thousands",
        "value_decimal_point_ambiguous": "{value!r}: beside a decimal comma, a point may mean decimals or thousands",
    }


@dataclass(frozen=True, slots=True)
class ReportedValue:
    """A value as the laboratory reported it. `text` is its decimal text exactly: "0.50" is not "0.5"."""

    as_typed: str
    comparator: Comparator
    number: Decimal
    text: str


def parse_value(text: str, *, decimal_comma: bool = False) -> ReportedValue:
    """Read `text` as `3.20`, `<0.5`, `≥100`, ...; with `decimal_comma`, as `3,20` or `1.234,5`.

    Spaces around the value and after the comparator do not count, full-width signs are read as their plain forms. An
    exponent (`1e3`) is refused: laboratories print plain decimals, so it is more likely a spreadsheet's doing.

    Raises
    ------
    ValueProblem
        the value is empty, not one plain number, negative, too long, or ambiguous.
    """
    plain = narrow(text).strip()
    if not plain:
        raise ValueProblem("value_empty", {"value": ""})
    if len(plain) > MAX_LENGTH:
        raise ValueProblem("value_too_long", {"value": f"{plain[:MAX_LENGTH]}…", "limit": str(MAX_LENGTH)})
    comparator, sign, body = _split_comparator(plain)
    digits = _decimal_text(plain, body, sign=sign, decimal_comma=decimal_comma)
    if len(digits.partition(".")[0]) > MAX_INTEGER_DIGITS:
        raise ValueProblem("value_too_many_digits", {"value": plain, "limit": str(MAX_INTEGER_DIGITS)})
    number = Decimal(digits)
    if comparator == "<" and number == 0:
        raise ValueProblem("value_negative", {"value": plain})
    return ReportedValue(as_typed=text.strip(), comparator=comparator, number=number, text=digits)


def narrow(text: str) -> str:
    """Full-width and small forms become plain. Not the whole of NFKC: that would read 5² as 52 and ½ as 1⁄2."""
    return "".join(
        unicodedata.normalize("NFKC", sign)
        if unicodedata.decomposition(sign).startswith(("<wide>", "<small>", "<noBreak>"))
        else sign
        for sign in text
    )


def _split_comparator(plain: str) -> tuple[Comparator, str, str]:
    """The comparator, the sign it was typed with, and what follows."""
    for sign, comparator in _TYPED_COMPARATORS:
        if plain.startswith(sign):
            return comparator, sign, plain.removeprefix(sign).strip()
    return "", "", plain


def _decimal_text(plain: str, body: str, *, sign: str, decimal_comma: bool) -> str:
    """The digits of `body` with a decimal point, as typed but for a 0 before a leading point."""
    if decimal_comma and _GROUPED.fullmatch(body):
        return body.replace(".", "").replace(",", ".")
    if (_PLAIN_COMMA if decimal_comma else _PLAIN).fullmatch(body):
        digits = body.replace(",", ".")
        return f"0{digits}" if digits.startswith(".") else digits
    raise ValueProblem(_refusal(body, sign=sign, decimal_comma=decimal_comma), {"value": plain, "comparator": sign})


def _refusal(body: str, *, sign: str, decimal_comma: bool) -> str:
    """Why `body` is no number, as exactly as can be told."""
    if body[:1] in {"-", "−"} and _DIGITS_AND_SEPARATORS.fullmatch(body[1:].strip()):
        return "value_negative"
    for pattern, code in (
        (_APPROXIMATE, "value_approximate"),
        (_RANGE, "value_is_a_range"),
        (_EXPONENT, "value_exponent"),
    ):
        if pattern.fullmatch(body):
            return code
    if _DIGITS_AND_SEPARATORS.fullmatch(body) and not body.endswith((".", ",")):
        if not decimal_comma and "," in body:
            return "value_decimal_comma_ambiguous"
        if decimal_comma and "." in body:
            return "value_decimal_point_ambiguous"
    return "value_comparator_without_number" if sign else "value_not_a_number"
