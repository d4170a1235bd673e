"""Where the pages of a worklist ended when they were shown, kept with the session: ids and dates, never a name.

The next page begins after that row by its key. Counted from the top instead, an answer given meanwhile would move a
patient over the edge of a page that was read already, and a far page would step over all before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import MutableMapping
from typing import Any, Final

from monitoring.worklist import PageEnd, Worklist

KEPT: Final = "worklist_ends"
MOST_PAGES: Final = 100
Session = MutableMapping[str, Any]


def end_of(session: Session, *, address: str, page: int) -> PageEnd | None:
    """Where that page of the list ended; None of a page that was not shown, or of another list."""
    kept = session.get(KEPT) or {}
    end = kept.get("ends", {}).get(str(page)) if kept.get("list") == address else None
    return None if end is None else (end[0], dt.date.fromisoformat(end[1]), end[2])


def keep_end(session: Session, shown: Worklist) -> None:
    """A list with other filters is another list; the first page begins it anew."""
    kept = session.get(KEPT) or {}
    same = kept.get("list") == shown.filters.address and shown.page > 1
    ends = {page: end for page, end in (kept.get("ends", {}) if same else {}).items() if int(page) < shown.page}
    if shown.last is not None:
        last = shown.last
        ends[str(shown.page)] = [last.reading, last.rising_since.isoformat(), last.patient_id]
    newest = dict(list(ends.items())[-MOST_PAGES:])
    session[KEPT] = {"list": shown.filters.address, "ends": newest}
