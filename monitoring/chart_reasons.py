"""Why a panel looks as it does, in words that stand at it: what is hatched and why, and where its series starts anew.

The script of the page shows those of the window; the image of one panel carries them below it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from monitoring.chart_panels import Panel
from monitoring.draw_notes import reason_text
from monitoring.event_spans import EventSpan
from monitoring.wording import date_text, days_text

Json = dict[str, Any]


def hatched_reasons(spans: Sequence[EventSpan]) -> list[Json]:
    """Newest first; what the same reason holds back in several ways at once is one time."""
    found = [(first, last, code) for code, times in _by_code(spans).items() for first, last in times]
    return [
        {
            "from": _iso(first),
            "to": _iso(last + 1),  # the hatching ends with the last day
            "text": gettext("%(why)s, %(first)s – %(last)s, held back %(days)s")
            % {
                "why": reason_text(code),
                "first": _text(first),
                "last": _text(last),
                "days": days_text(last - first + 1),
            },
        }
        for first, last, code in sorted(found, reverse=True)
    ]


def _by_code(spans: Sequence[EventSpan]) -> Mapping[str, list[tuple[int, int]]]:
    joined: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for span in sorted(spans):
        times = joined[span.code]
        if times and span.first <= times[-1][1] + 1:
            times[-1] = (times[-1][0], max(times[-1][1], span.last))
        else:
            times.append((span.first, span.last))
    return joined


def break_reasons(panel: Panel) -> list[Json]:
    """Where the line is broken or the own level re-based, oldest first."""
    reasons = []
    for view in panel.views:
        rebased = view.reading.rebased if view.reading else ""
        why = view.breaks or (
            gettext("level re-based: %(reason)s") % {"reason": reason_text(rebased)} if rebased else ""
        )
        if why:
            reasons.append({"at": view.x, "text": f"{date_text(dt.date.fromisoformat(view.x[:10]))} {why}"})
    return reasons


def _iso(day: int) -> str:
    return dt.date.fromordinal(day).isoformat()


def _text(day: int) -> str:
    return date_text(dt.date.fromordinal(day))
