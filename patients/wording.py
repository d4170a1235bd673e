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
FOLD_FROM_PERCENT: Final = 200
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
    return percent_text((value / previous - 1) * PARTS) if previous > 0 else ""


def percent_text(percent: Number, *, space: str = " ") -> str:
    """A change in whole percent; from `+200 %` on how many times as much it became. What the grid's script says too."""
    if is_fold(percent):
        return gettext("×%(times)s") % {"times": times_text(percent)}
    rounded = round(float(percent))
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
    return f"{sign}{abs(rounded)}{space}%"


def limit_text(percent: Number, *, space: str = " ") -> str:
    """What a change is held against, in the same figures; nothing rose to it, so it is never said as a rise."""
    return f"×{times_text(percent)}" if is_fold(percent) else percent_text(percent, space=space)


def is_fold(percent: Number) -> bool:
    """From a tripling on, times say more than a percentage of four digits."""
    return round(float(percent)) >= FOLD_FROM_PERCENT


def times_text(percent: Number) -> str:
    """`3.0`, `9.9`, `10`, `1552`."""
    times = float(1 + percent / PARTS)
    return f"{times:.1f}" if round(times, 1) < MANY_TIMES else f"{times:.0f}"


def ago_text(days: int) -> str:
    if days <= 0:
        return gettext("today")
    return ngettext("%(days)d day ago", "%(days)d days ago", days) % {"days": days}
