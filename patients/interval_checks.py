"""Do limits that are typed for a laboratory look like limits of this marker? A slip of unit or point is asked about.

Pure. The catalogue's intervals are the measure: two laboratories differ by their method, seldom by a factor of five.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Final

from patients.catalogue import MarkerDefinition
from patients.plausibility import Concern

# Assumed: less than this two methods may differ; a slip of the point or the unit moves limits by 10, 60 or 1000.
FAR_OFF: Final = 5
# A unit explains what is far off if in it the limits lie within a factor of two of the catalogue's.
EXPLAINED: Final = 2
_SHORT: Final = Context(prec=2)
_EXACT: Final = Context(prec=40)


def odd_limits(
    marker: MarkerDefinition, *, low: Decimal | None, high: Decimal | None, factor: Decimal
) -> Concern | None:
    """A question, where a limit lies far from all of the catalogue's; `factor` leads to the canonical unit.

    A limit of 0 and one that the catalogue has none like say nothing.
    """
    off = max(_off(marker, low=low, high=high, factor=factor), key=lambda one: abs(math.log(one)), default=Decimal(1))
    if max(off, 1 / off) < FAR_OFF:
        return None
    meant = _meant(marker, off, factor)
    params = {"marker": marker.code, "factor": _rounded(off), "other_unit": meant}
    return Concern("confirm", "limits_fit_another_unit" if meant else "limits_far_off", params)


def _off(marker: MarkerDefinition, *, low: Decimal | None, high: Decimal | None, factor: Decimal) -> Iterator[Decimal]:
    """Of each limit, by what factor it lies beside the nearest of the catalogue's."""
    intervals = marker.reference_intervals
    for limit, theirs in ((low, [one.low for one in intervals]), (high, [one.high for one in intervals])):
        known = [one for one in theirs if one]
        if limit and known:
            own = _EXACT.multiply(limit, factor)
            yield min((_EXACT.divide(own, one) for one in known), key=lambda ratio: abs(math.log(ratio)))


def _meant(marker: MarkerDefinition, off: Decimal, factor: Decimal) -> str:
    """The unit in which these very numbers would lie among the catalogue's; '' if none."""
    units = [(marker.unit, Decimal(1)), *((one.unit, one.factor) for one in marker.conversions)]
    left = {unit: abs(math.log(off * one / factor)) for unit, one in units if one != factor}
    best = min(left, key=lambda unit: left[unit], default="")
    return best if best and left[best] <= math.log(EXPLAINED) else ""


def _rounded(off: Decimal) -> str:
    """Two digits: it is `about`. Below one, the reciprocal of a whole number, to be read as what it divides by."""
    if off >= 1:
        return f"{_SHORT.plus(off):f}"
    return str(1 / Decimal(f"{_SHORT.divide(Decimal(1), off):f}").to_integral_value())
