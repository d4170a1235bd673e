"""Markers computed from others of the same draw: NLR, SII and albumin-corrected calcium. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

_EXACT = Context(prec=64, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class DerivedInput:
    """One result of the draw: its canonical value and the comparator it was reported with."""

    result_id: int
    value: Decimal
    comparator: str


@dataclass(frozen=True, slots=True)
class DerivedValue:
    """A derived marker of one draw.

    `input_ids` are the results it was, or would have been, computed from. Where `value` is None, `missing` says why:
    `CODE:missing`, `CODE:zero` or `CODE:censored`, several separated by commas.
    """

    marker: str
    value: Decimal | None
    input_ids: tuple[int, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class _Formula:
    marker: str
    inputs: tuple[str, ...]
    compute: Callable[..., Decimal]
    # The last digit kept: about a thousandth of a usual value, far below the noise and no more than the inputs carry.
    quantum: Decimal


def _nlr(neut: Decimal, lymph: Decimal) -> Decimal:
    return _EXACT.divide(neut, lymph)


def _sii(plt: Decimal, neut: Decimal, lymph: Decimal) -> Decimal:
    return _EXACT.divide(_EXACT.multiply(plt, neut), lymph)


def _ca_corr(ca: Decimal, alb: Decimal) -> Decimal:
    """Payne 1973, in mmol/L and g/L."""
    return _EXACT.add(ca, _EXACT.multiply(Decimal("0.02"), _EXACT.subtract(Decimal(40), alb)))


_FORMULAS = (
    _Formula("NLR", ("NEUT", "LYMPH"), _nlr, Decimal("0.001")),
    _Formula("SII", ("PLT", "NEUT", "LYMPH"), _sii, Decimal("0.1")),
    _Formula("CA_CORR", ("CA", "ALB"), _ca_corr, Decimal("0.001")),
)

INPUTS_OF: Mapping[str, tuple[str, ...]] = {formula.marker: formula.inputs for formula in _FORMULAS}


def derive(inputs: Mapping[str, DerivedInput]) -> tuple[DerivedValue, ...]:
    """NLR, SII and CA_CORR, in this order, from the results of ONE draw by marker code.

    Always all three; one without any input in the draw has empty `input_ids`. NLR and CA_CORR are rounded to 0.001, SII
    to 0.1, half to even. An input that is absent, zero (no ratio, no logarithm) or censored leaves the value None.
    """
    return tuple(_derive(formula, inputs) for formula in _FORMULAS)


def _derive(formula: _Formula, inputs: Mapping[str, DerivedInput]) -> DerivedValue:
    given = [inputs[code] for code in formula.inputs if code in inputs]
    ids = tuple(entry.result_id for entry in given)
    missing = ",".join(f"{code}:{why}" for code in formula.inputs if (why := _unusable(inputs.get(code))))
    if missing:
        return DerivedValue(formula.marker, None, ids, missing)
    value = formula.compute(*(entry.value for entry in given))
    return DerivedValue(formula.marker, _EXACT.quantize(value, formula.quantum), ids, "")


def _unusable(entry: DerivedInput | None) -> str:
    if entry is None:
        return "missing"
    if entry.comparator:
        return "censored"
    return "zero" if entry.value == 0 else ""
