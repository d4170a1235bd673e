"""When a draw was taken or something happened: a date, a date and time, or a number of days."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from monitoring.backtest.problems import LineProblem
from monitoring.events import clock_of

SECONDS_A_DAY: Final = 86_400
EPOCH: Final = dt.date(1970, 1, 1).toordinal()
FURTHEST_DAY: Final = 200_000  # a number of days beyond five centuries is a mistake; a date in signs is longer still
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?"
_DATE = re.compile(
    rf"(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}})(?:(?:T|\s+){_CLOCK})?",
    re.IGNORECASE | re.ASCII,
)
_COMPACT = re.compile(r"(?P<year>(?:19|20|21)\d{2})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_WIDE = str.maketrans("０１２３４５６７８９：／－．　", "0123456789:/-. ")


@dataclass(frozen=True, slots=True)
class Moment:
    """`day` as the engine counts: days since 1970-01-01 00:00 UTC, or the number as it stood (`relative`).

    `date` is the whole calendar day in the clinic's time zone, counted from 1970-01-01; of a number its whole part.
    Where only the day is known (`timed` False), `day` is its beginning. `clock`: as `monitoring.events.clock_of` says.
    """

    day: float
    date: int
    timed: bool
    relative: bool
    clock: str = "unknown"  # of a number of days nobody can tell where its day begins


def read_moment(text: str, *, zone: dt.tzinfo, column: str) -> Moment:
    """A time without offset is the clinic's.

    Raises
    ------
    LineProblem
        it is neither a date that can be read in one way nor a number of days.
    """
    plain = text.translate(_WIDE).strip()
    if match := _DATE.fullmatch(plain) or _COMPACT.fullmatch(plain):
        return _calendar(match.groupdict(), text, zone, column)
    if _NUMBER.fullmatch(plain) and abs(number := float(plain)) <= FURTHEST_DAY:
        return Moment(number, int(number // 1), timed=True, relative=True)
    raise LineProblem("date_not_understood", column, text)


def _calendar(parts: dict[str, str | None], text: str, zone: dt.tzinfo, column: str) -> Moment:
    timed = parts.get("hour") is not None
    try:
        naive = dt.datetime(  # noqa: DTZ001 - the zone is added below, where it is known which
            *(int(parts.get(name) or 0) for name in ("year", "month", "day", "hour", "minute", "second"))  # type: ignore[arg-type]
        )
        moment = naive.replace(tzinfo=_zone(parts.get("offset"), zone))
        local = moment.astimezone(zone)
        clock = clock_of(moment, tz=zone, time_known=timed)
        date = local.toordinal() - EPOCH
        return Moment(moment.timestamp() / SECONDS_A_DAY, date, timed=timed, relative=False, clock=clock)
    except (ValueError, OverflowError) as error:
        raise LineProblem("date_not_understood", column, text) from error


def _zone(offset: str | None, clinic: dt.tzinfo) -> dt.tzinfo:
    if offset is None:
        return clinic
    if offset in ("Z", "z"):
        return dt.UTC
    distance = dt.timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return dt.timezone(-distance if offset[0] == "-" else distance)
