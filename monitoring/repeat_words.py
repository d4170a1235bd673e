"""When a repeat draw would tell most, in words, beside the draw that the plan has due.

The engine counts days from the last draw that it read; the page is read later. A day that has passed is never stated
as one to come, and whoever reads the page need not hold two days against each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, ngettext

from monitoring.wording import date_text
from patients.derived import INPUTS_OF

DAYS_A_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDraw:
    """The plan's next draw: the day the blood is waited for, and what it will measure."""

    on: dt.date
    markers: frozenset[str]

    def serves(self, repeat_on: dt.date, *, of: Collection[str], today: dt.date) -> bool:
        """It measures what rose, and comes no sooner than a repeat would tell; one that is late comes today at best."""
        return max(self.on, today) >= repeat_on and needed(of) <= self.markers


def needed(markers: Collection[str]) -> frozenset[str]:
    """What a draw has to measure: of a computed marker its inputs."""
    return frozenset(one for marker in markers for one in INPUTS_OF.get(marker, (marker,)))


def repeat_text(
    days: float | None,
    *,
    read_on: dt.date | None,
    drawn_on: dt.date | None,
    planned: PlannedDraw | None,
    of: Collection[str],
    today: dt.date,
) -> str:
    """`read_on` is the day of the newest draw that was read, `drawn_on` that of the newest on record, all on the
    clinic's calendar; `of` are the markers that are to be seen again."""
    if days is None or read_on is None:
        return ""
    day = read_on + dt.timedelta(days=days)
    if drawn_on is not None and drawn_on >= day:
        return gettext("The draw of %(day)s, not read yet, comes late enough to serve as the repeat draw.") % {
            "day": date_text(drawn_on)
        }
    said = _due(day, weeks=round(days / DAYS_A_WEEK), today=today)
    if planned is None or not planned.serves(day, of=of, today=today):
        return said
    return gettext("%(repeat)s %(plan)s") % {"repeat": said, "plan": _planned(planned.on, today=today)}


def _due(day: dt.date, *, weeks: int, today: dt.date) -> str:
    if day > today:
        text = ngettext(
            "A repeat draw would say most from %(day)s on, about %(weeks)d week after the last one.",
            "A repeat draw would say most from %(day)s on, about %(weeks)d weeks after the last one.",
            weeks,
        )
    elif day == today:
        text = ngettext(
            "A repeat draw is due today: it says most from about %(weeks)d week after the last one on.",
            "A repeat draw is due today: it says most from about %(weeks)d weeks after the last one on.",
            weeks,
        )
    else:
        text = ngettext(
            "A repeat draw is due since %(day)s: it says most from about %(weeks)d week after the last one on.",
            "A repeat draw is due since %(day)s: it says most from about %(weeks)d weeks after the last one on.",
            weeks,
        )
    return text % {"weeks": weeks, "day": date_text(day)}


def _planned(on: dt.date, *, today: dt.date) -> str:
    if on < today:
        return gettext("The draw that the plan had due on %(day)s, still waited for, will serve.") % {
            "day": date_text(on)
        }
    if on == today:
        return gettext("The draw that the plan has due today will serve.")
    return gettext("The draw that the plan has due on %(day)s will serve.") % {"day": date_text(on)}
