"""The next draw and the last call about it as people read them, in the language of the request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from patients.catalogue import catalogue
from patients.due import Due, LastCall
from patients.models import CallOutcome
from patients.wording import ago_text

MARKERS_NAMED: Final = 3


def due_text(due: Due, today: dt.date) -> str:
    """Due on a day, due today, overdue by so many days; paused; or late, but promised for a day still to come."""
    days = due.days_overdue(today)
    if due.is_paused(today):
        return gettext("paused until %(day)s") % {"day": _day(due.due_on)}
    if days > 0:
        return ngettext("overdue by %(days)d day", "overdue by %(days)d days", days) % {"days": days}
    if today > due.due_on:
        return gettext("was due %(day)s") % {"day": _day(due.due_on)}
    if today == due.due_on:
        return gettext("due today")
    return gettext("due %(day)s") % {"day": _day(due.due_on)}


def missing_text(due: Due, today: dt.date) -> str:
    """Which planned markers the last draw lacked; said where a draw is due or late, empty elsewhere."""
    if not due.panel_missing or due.last_draw_on is None or not needs_a_draw(due, today):
        return ""
    return gettext("not in the draw of %(day)s: %(markers)s") % {
        "day": _day(due.last_draw_on),
        "markers": named(due.panel_missing),
    }


def needs_a_draw(due: Due, today: dt.date) -> bool:
    """Late, due soon, or late and promised."""
    return not due.is_paused(today) and (due.is_overdue(today) or due.is_due(today) or today > due.due_on)


def named(codes: Sequence[str]) -> str:
    """The first few by their short names, and how many more."""
    names = [catalogue().marker(code).short_name for code in codes[:MARKERS_NAMED]]
    more = len(codes) - len(names)
    if more:
        names.append(ngettext("%(n)d more", "%(n)d more", more) % {"n": more})
    return gettext(", ").join(names)


def last_call_text(due: Due, today: dt.date) -> str:
    return call_text(due.call, today) if due.call else ""


def call_text(call: LastCall, today: dt.date) -> str:
    """`called 2 days ago: comes 17-Mar-2026`."""
    said = [outcome_text(call, today)]
    if call.call_again_on is not None:
        said.append(_call_again(call.call_again_on, today))
    return gettext("called %(ago)s: %(outcome)s") % {
        "ago": ago_text((today - call.called_on).days),
        "outcome": gettext(", ").join(said),
    }


def outcome_text(call: LastCall, today: dt.date) -> str:
    if call.comes_on is None:
        return str(CallOutcome(call.outcome).label)
    if call.comes_on < today:
        return gettext("was to come %(day)s") % {"day": _day(call.comes_on)}
    return gettext("comes %(day)s") % {"day": _day(call.comes_on)} if call.comes_on > today else gettext("comes today")


def _call_again(day: dt.date, today: dt.date) -> str:
    if day == today:
        return gettext("call again today")
    if day < today:
        return gettext("was to be called again %(day)s") % {"day": _day(day)}
    return gettext("call again %(day)s") % {"day": _day(day)}


def _day(day: dt.date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
