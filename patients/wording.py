"""Names, units, limits and changes of markers as people read them, in the language of the request."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from django.utils.translation import get_language, gettext, ngettext

from patients.catalogue import MarkerDefinition

_PRINTED: Final = (("10*", "×10"), ("{ratio}", ""), ("ug/", "µg/"), ("/uL", "/µL"), ("ukat", "µkat"))
_POWERS: Final = str.maketrans("3456789", "³⁴⁵⁶⁷⁸⁹")
MINUS: Final = "−"
Number = float | Decimal
FOLD_FROM_PERCENT: Final = 200  # from a tripling on, times say more than a percentage of four digits
MANY_TIMES: Final = 10
PARTS: Final = 100


def chinese() -> bool:
    return (get_language() or "").startswith("zh")


def marker_name(marker: MarkerDefinition) -> str:
    return marker.name_zh if chinese() else marker.name_en


def unit_text(unit: str) -> str:
    """A UCUM unit as it is printed: `10*9/L` is ×10⁹/L, a ratio has none."""
    head, power, tail = unit.partition("10*")
    if power:
        unit = f"{head}10*{tail[:1].translate(_POWERS)}{tail[1:]}"
    for code, printed in _PRINTED:
        unit = unit.replace(code, printed)
    return unit


def number_text(number: Decimal) -> str:
    """Every digit that says something, without an exponent: 5.0 is 5, 1E+3 is 1000."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval_text(low: Number | None, high: Number | None, *, printed: Callable[[Number], str] | None = None) -> str:
    """`2.1–3.4`, `≤ 5`, `≥ 40`; empty without limits. 0 is a limit. `printed` rounds; without it nothing is rounded."""
    text = printed or (lambda number: number_text(Decimal(str(number))))
    if low is None:
        return "" if high is None else f"≤ {text(high)}"
    return f"≥ {text(low)}" if high is None else f"{text(low)}–{text(high)}"


def change_text(value: Decimal, previous: Decimal) -> str:
    """`+118 %`, `−12 %`, `0 %`, from a tripling on `×3.0`, `×16`; empty where there is no ratio."""
    if previous <= 0:
        return ""
    times = value / previous
    percent = round((times - 1) * PARTS)
    if percent >= FOLD_FROM_PERCENT:
        return f"×{times:.0f}" if times >= MANY_TIMES else f"×{times:.1f}"
    if percent == 0:
        return "0 %"
    return f"{'+' if percent > 0 else MINUS}{abs(percent)} %"


def ago_text(days: int) -> str:
    if days <= 0:
        return gettext("today")
    return ngettext("%(days)d day ago", "%(days)d days ago", days) % {"days": days}
