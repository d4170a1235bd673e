"""Do the values of one draw go together? Neutrophils and lymphocytes are parts of the white cells. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from patients.plausibility import ASSUMED, Concern

PARTS: Final = ("NEUT", "LYMPH")
WHOLE: Final = "WBC"
# Of a differential in per cent these two make up most, and never more than all; one per cent is left for rounding.
_PERCENT_AT_LEAST: Final = Decimal(50)
_PERCENT_AT_MOST: Final = Decimal(101)
# Without the white cells only both parts together tell: so many lymphocytes beside so many neutrophils are no count
# that is met outside leukaemia. Assumed.
_LYMPHOCYTES_AS_PERCENT: Final = Decimal(5)


def check_together(counts: Mapping[str, Decimal]) -> tuple[Concern, ...]:
    """What does not fit between the values of ONE draw: canonical values by marker, without those that are limits.

    Where the parts look like per cent that is said; where they only exceed the whole, that. `markers` of the params
    names those concerned, one of which must be wrong.
    """
    parts = [code for code in PARTS if code in counts]
    total = sum((counts[code] for code in parts), Decimal(0))
    whole = counts.get(WHOLE)
    exceeds = whole is not None and total > whole + sum(_rounding(counts[code]) for code in (*parts, WHOLE))
    if _in_percent(counts) and (whole is None or exceeds):
        return (Concern("confirm", "differential_in_percent", _params(parts, total, whole)),)
    if parts and exceeds:
        return (Concern("confirm", "counts_exceed_wbc", _params([*parts, WHOLE], total, whole)),)
    return ()


def _in_percent(counts: Mapping[str, Decimal]) -> bool:
    if not all(code in counts for code in PARTS):
        return False
    total = sum(counts[code] for code in PARTS)
    return _PERCENT_AT_LEAST <= total <= _PERCENT_AT_MOST and counts["LYMPH"] >= _LYMPHOCYTES_AS_PERCENT


def _rounding(count: Decimal) -> Decimal:
    """Half of the last digit printed: 3.45 + 1.26 beside 4.7 is rounding, no mistake."""
    exponent = count.as_tuple().exponent
    return Decimal(1).scaleb(exponent) / 2 if isinstance(exponent, int) else Decimal(0)


def _params(markers: Sequence[str], total: Decimal, whole: Decimal | None) -> dict[str, str]:
    params = {"markers": ",".join(markers), "sum": f"{total:f}", "whole": "" if whole is None else f"{whole:f}"}
    return {**params, "unit": "10*9/L", "grade": ASSUMED}
