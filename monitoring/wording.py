"""Computed numbers, changes and days as people read them, in the language of the request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from patients import wording
from patients.wording import MINUS
from patients.wording import ago_text as ago_text

NO_BREAK: Final = "\u00a0"  # the sign stays with its number


def figures(number: float | Decimal, digits: int = 3, *, keep_zeros: bool = False) -> str:
    """A computed number with `digits` significant digits, never in exponent form: 0.0412, 7.4, 131, 2040.

    In a column of numbers the trailing zeros stay, so that each says how far it was rounded.
    """
    value = Decimal(str(number))
    if value == 0:
        return "0"
    places = max(digits - 1 - value.adjusted(), 0)
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text and not keep_zeros else text


def interval_text(low: float | Decimal | None, high: float | Decimal | None, *, digits: int = 3) -> str:
    """Computed limits, rounded to `digits` significant digits."""
    return wording.interval_text(low, high, printed=lambda number: figures(number, digits))


def percent_text(percent: float) -> str:
    """`+118 %`, `−12 %`, `0 %`; from `+200 %` on how many times as much: `×3.0`, `×16`."""
    return wording.percent_text(percent, space=NO_BREAK)


def limit_text(percent: float) -> str:
    """The same of what a change is held against."""
    return wording.limit_text(percent, space=NO_BREAK)


def change_text(percent: float | None, *, comparator: str) -> str:
    """The change of a value against its baseline; a value that is only a limit has none as if it were exact.

    Above `>100` it rose at least so far; below `<0.5` nobody knows how far it fell.
    """
    if percent is None:
        return ""
    if not comparator:
        return percent_text(percent)
    if comparator.startswith(">") and percent > 0:
        return gettext("at least %(change)s") % {"change": percent_text(percent)}
    return ""


def share_text(share: float) -> str:
    """`72 %`, `<1 %`: a part of a whole."""
    percent = round(100 * share)
    return f"{percent if percent else '<1'}{NO_BREAK}%"


def signed_text(number: float, *, places: int = 1) -> str:
    """`+2.3`, `−0.4`, `0.0`: a computed number with its sign."""
    text = f"{abs(number):.{places}f}"
    if float(text) == 0:
        return text
    return f"{'+' if number > 0 else MINUS}{text}"


def date_text(day: dt.date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def moment_text(moment: dt.datetime, *, time_known: bool = True) -> str:
    local = timezone.localtime(moment)
    return date_format(local, "SHORT_DATETIME_FORMAT") if time_known else date_text(local.date())


def listed(parts: Sequence[str]) -> str:
    return gettext(", ").join(parts)


def days_text(days: int) -> str:
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
