"""Reads a unit's spelling and converts by the marker's own table. A unit is never guessed from the value. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import ClassVar

from patients.catalogue import MarkerDefinition
from patients.values import InputProblem

# Enough for every digit of the longest value times the longest factor: a product is exact, never rounded.
_EXACT = Context(prec=64)

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SUPERSCRIPT_RUN = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SLASHES = str.maketrans("⁄∕", "//")
_POWER_OF_TEN = re.compile(r"(?:[x×*])?10(?:\^|\*\*|\*|e)\+?0?([1-9])")

# Amounts whose letters mean the same in either case. "g" and "mU" are not among them: G/L is 10*9/L and MU a million U.
_AMOUNTS = {
    "fg": "fg", "pg": "pg", "ng": "ng", "ug": "ug", "mcg": "ug", "mg": "mg",
    "fmol": "fmol", "pmol": "pmol", "nmol": "nmol", "umol": "umol", "mmol": "mmol", "mol": "mol",
    "u": "U", "iu": "IU", "ukat": "ukat", "nkat": "nkat",
}  # fmt: skip
_EXACT_CASE_AMOUNTS = {
    "g": "g", "gm": "g", "mU": "mU", "mu": "mU", "mIU": "mIU", "kU": "kU", "uU": "uU",
}  # fmt: skip
# Counts: how laboratories write "times ten to the n".
_COUNTS = {"k": "10*3", "tsd": "10*3", "tsd.": "10*3", "gpt": "10*9", "giga": "10*9", "万": "10*4"}
_NOTHING_BUT_A_COUNT = {"", "1", "#", "cells", "cell", "{cells}", "个"}
_VOLUMES = {
    "l": "L", "liter": "L", "litre": "L", "dl": "dL", "ml": "mL", "ul": "uL", "mcl": "uL", "mm^3": "uL",
    "mm3": "uL", "cmm": "uL",
}  # fmt: skip
_WHOLE = {
    "%": "%", "percent": "%", "1": "1", "ratio": "{ratio}", "{ratio}": "{ratio}", "fl": "fL",
    "/nl": "10*9/L", "1/nl": "10*9/L",
}  # fmt: skip


class UnitProblem(InputProblem):
    """The unit of a result cannot be taken for its marker; `units` in the params names those that can."""

    texts: ClassVar[dict[str, str]] = {
        "unit_missing": "{marker}: the unit is missing; it must be one of {units}",
        "unit_unknown": "{marker}: {unit!r} is not a unit of this marker; it must be one of {units}",
        "unit_of_another_marker": "{marker}: {unit!r} is a unit of {other}, not of {marker} ({units}). {reason_en}",
        "unit_not_convertible": "{marker}: {unit!r} cannot be converted to {units}. {reason_en}",
    }


@dataclass(frozen=True, slots=True)
class Canonical:
    """A value in the marker's canonical unit, and the factor that led there from the reported one."""

    value: Decimal
    unit: str
    factor: Decimal


def canonicalise(marker: MarkerDefinition, number: Decimal, unit: str) -> Canonical:
    """`number` of `unit` in the canonical unit of `marker`, exactly.

    Raises
    ------
    UnitProblem
        the unit is missing, unknown to the marker, or known to measure something else.
    """
    spelt = normalise_unit(unit)
    if not spelt:
        raise UnitProblem("unit_missing", _params(marker, unit))
    if spelt == marker.unit:
        return Canonical(number, marker.unit, Decimal(1))
    for conversion in marker.conversions:
        if spelt == conversion.unit:
            return Canonical(_EXACT.multiply(number, conversion.factor), marker.unit, conversion.factor)
    raise _problem(marker, unit, spelt)


def normalise_unit(text: str) -> str:
    """The UCUM spelling of a unit as laboratories print it; what is not recognised comes back without its spaces.

    Spelling only, never magnitude: `µg/l` is `ug/L`, but `mg/L` stays what it is.
    """
    # Superscripts first: the compatibility form of 10⁹ is 109.
    powered = _SUPERSCRIPT_RUN.sub(lambda run: f"^{run[0].translate(_SUPERSCRIPT)}", text)
    plain = unicodedata.normalize("NFKC", powered).translate(_SLASHES)
    # NFKC makes the micro sign a Greek mu; both are written u in UCUM.
    plain = re.sub(r"\s+", "", plain).replace("μ", "u").replace("Μ", "u")
    if whole := _WHOLE.get(plain.casefold()):
        return whole
    amount, slash, volume = plain.rpartition("/")
    spelt_volume = _VOLUMES.get(volume.casefold())
    if not slash or spelt_volume is None:
        return plain
    spelt_amount = _amount(amount, spelt_volume)
    return plain if spelt_amount is None else f"{spelt_amount}/{spelt_volume}"


def _amount(amount: str, volume: str) -> str | None:
    folded = amount.casefold()
    if folded in _NOTHING_BUT_A_COUNT:
        return ""
    if power := _POWER_OF_TEN.fullmatch(folded):
        return f"10*{power[1]}"
    if amount == "G" and volume == "L":
        return "10*9"
    return _EXACT_CASE_AMOUNTS.get(amount) or _AMOUNTS.get(folded) or _COUNTS.get(folded)


def _problem(marker: MarkerDefinition, unit: str, spelt: str) -> UnitProblem:
    params = _params(marker, unit)
    for refused in marker.refused_units:
        if refused.unit == spelt:
            params |= {"other": refused.marker, "reason_en": refused.reason_en, "reason_zh": refused.reason_zh}
            return UnitProblem("unit_of_another_marker" if refused.marker else "unit_not_convertible", params)
    return UnitProblem("unit_unknown", params)


def _params(marker: MarkerDefinition, unit: str) -> dict[str, str]:
    return {"marker": marker.code, "unit": unit.strip(), "units": ", ".join(marker.accepted_units)}
