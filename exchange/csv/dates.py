"""When a sample was taken, from what stands in a file. A date that can be read in two ways is refused."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from exchange.csv.messages import LineProblem

FIRST_YEAR: Final = 1900
_SECONDS_A_DAY: Final = 86_400
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?(?:\s*(?P<half>[apAP])\.?\s?[mM]\.?)?"
)
_OFFSET = r"\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}})(?:(?:T|\s+){_CLOCK}{_OFFSET})?"
)
_CHINESE = re.compile(rf"(?P<year>\d{{4}})年(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})日(?:\s*{_CLOCK}{_OFFSET})?")
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    rf"(?:T?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?{_OFFSET})?"
)
_GERMAN = re.compile(
    rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}})(?:,?\s+{_CLOCK}{_OFFSET}(?:\s*Uhr)?)?"
)
_NAMED = re.compile(
    rf"(?P<day>\d{{1,2}})[-\s](?P<name>[A-Za-z]{{3}})[A-Za-z]*[-\s](?P<year>\d{{4}})(?:\s+{_CLOCK}{_OFFSET})?"
)
_EITHER_ORDER = re.compile(r"\d{1,2}([/-])\d{1,2}\1(?:\d{4}|\d{2})(?:\D.*)?")
# Only where somebody said in which order day and month stand.
_SLASHED = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<sign>[/-])(?P<two>\d{{1,2}})(?P=sign)(?P<year>\d{{4}})(?:,?\s+{_CLOCK})?"
)
# How a spreadsheet counts days (1927 to 2173); its fraction is the time of day.
_SERIAL = re.compile(r"(?P<days>\d{5})(?:[.,](?P<fraction>\d+))?")
_SERIAL_EPOCHS: Final = {"excel1900": dt.datetime(1899, 12, 30), "excel1904": dt.datetime(1904, 1, 1)}  # noqa: DTZ001
_CLOCK_ONLY = re.compile(_CLOCK)
_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_WIDE = str.maketrans("０１２３４５６７８９：／－．　", "0123456789:/-. ")
_READERS = (_YEAR_FIRST, _GERMAN, _CHINESE, _COMPACT, _NAMED)


@dataclass(frozen=True, slots=True)
class Moment:
    """An aware moment; where only the day was given it is the day's beginning, and `time_known` is False."""

    at: dt.datetime
    time_known: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """The clinic's time zone, which a time without offset is in, and the moment after which nothing was yet drawn."""

    zone: dt.tzinfo
    now: dt.datetime


def read_moment(text: str, *, clock: Clock, column: str, time_text: str = "", order: str = "") -> Moment:
    """Read a date, or date and time; `time_text` is the clock time where it has a column of its own.

    `order` is what was said of the file's dates: `dmy`, `mdy`, or the epoch of a spreadsheet's day numbers.

    Raises
    ------
    LineProblem
        it is no date, may be two dates, or cannot be (future, long past, skipped by the clocks).
    """
    plain = text.translate(_WIDE).strip()
    parts = _parts(plain, order)
    if parts is None:
        raise LineProblem(_why_not(plain), {"value": text.strip()[:40], "column": column})
    if time_text.strip():
        match_time = _CLOCK_ONLY.fullmatch(time_text.translate(_WIDE).strip())
        if match_time is None or parts["hour"] is not None:
            raise _not_understood(f"{text} {time_text}", column)
        parts |= {name: part for name, part in match_time.groupdict().items() if name != "offset"}
    return _moment(parts, text, clock, column)


def read_day(text: str, *, clock: Clock, column: str) -> dt.date:
    """Read a day, such as a date of birth."""
    return read_moment(text, clock=clock, column=column).at.astimezone(clock.zone).date()


def _parts(plain: str, order: str) -> dict[str, str | None] | None:
    for reader in _READERS:
        if match := reader.fullmatch(plain):
            return match.groupdict()
    if order in {"dmy", "mdy"} and (match := _SLASHED.fullmatch(plain)):
        parts = match.groupdict()
        day, month = ("one", "two") if order == "dmy" else ("two", "one")
        return {**parts, "day": parts[day], "month": parts[month]}
    if order in _SERIAL_EPOCHS and (match := _SERIAL.fullmatch(plain)):
        return _serial_parts(match, order)
    return None


def _serial_parts(match: re.Match[str], order: str) -> dict[str, str | None]:
    """A day number as the parts of a written date, to the second."""
    seconds = round(float(f"0.{match['fraction'] or 0}") * _SECONDS_A_DAY)
    at = _SERIAL_EPOCHS[order] + dt.timedelta(days=int(match["days"]), seconds=seconds)
    day: dict[str, str | None] = {"year": f"{at:%Y}", "month": f"{at:%m}", "day": f"{at:%d}"}
    clock = (f"{at:%H}", f"{at:%M}", f"{at:%S}") if match["fraction"] else (None, None, None)
    return day | dict(zip(("hour", "minute", "second"), clock, strict=True))


def _why_not(plain: str) -> str:
    if _EITHER_ORDER.fullmatch(plain):
        return "date_order_ambiguous"
    return "date_is_serial_number" if _SERIAL.fullmatch(plain) else "date_not_understood"


def _hour(parts: dict[str, str | None]) -> int:
    hour, half = int(parts.get("hour") or 0), (parts.get("half") or "").casefold()
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("a clock of twelve hours has no such hour")
    return hour % 12 + (12 if half == "p" else 0)


def _moment(parts: dict[str, str | None], text: str, clock: Clock, column: str) -> Moment:
    month = parts.get("month") or str(_MONTHS.get((parts.get("name") or "").casefold(), 0))
    time_known = parts["hour"] is not None
    if 0 < int(parts["year"] or 0) < FIRST_YEAR:
        shown = {"value": text.strip()[:40], "column": column, "year": str(FIRST_YEAR)}
        raise LineProblem("date_too_early", shown)
    try:
        naive = dt.datetime(  # noqa: DTZ001 - the zone is added below, where it is known which
            int(parts["year"] or 0),
            int(month),
            int(parts["day"] or 0),
            _hour(parts),
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
        )
        zone = _zone(parts.get("offset"), clock.zone)
        moment = Moment(naive.replace(tzinfo=zone).astimezone(dt.UTC), time_known)
    except (ValueError, OverflowError) as error:
        raise _not_understood(text, column) from error
    if time_known and moment.at.astimezone(zone).replace(tzinfo=None) != naive:
        raise LineProblem("time_does_not_exist", {"value": text.strip()[:40], "column": column})
    if moment.at > clock.now:
        raise LineProblem("date_in_future", {"value": text.strip()[:40], "column": column})
    return moment


def _zone(offset: str | None, clinic: dt.tzinfo) -> dt.tzinfo:
    if offset is None:
        return clinic
    if offset == "Z":
        return dt.UTC
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    distance = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-distance if offset[0] == "-" else distance)


def _not_understood(text: str, column: str) -> LineProblem:
    return LineProblem("date_not_understood", {"value": text.strip()[:40], "column": column})
