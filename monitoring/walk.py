"""Going through a list patient by patient: "3 of 17", who is next, and the way back to the same row.

The order is taken down when the first patient of a list is opened and kept with the session, as ids. An answer moves a
patient down the list or off it; who read the list anew for each step would step over the one that moved up instead.
Opening the worklist forgets it. The address holds the filters of the list and nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from django.http import QueryDict
from django.utils.http import urlencode

from monitoring.worklist_filters import Filters, read_filters
from monitoring.worklist_order import listed
from patients.access import visible_patients, visible_teams

if TYPE_CHECKING:
    from accounts.models import User

KEPT: Final = "walk"
BEFORE: Final = 200
AFTER: Final = 800  # two days of work at twenty patients an hour; from there on the list is read again
Session = MutableMapping[str, Any]


class Taken(TypedDict):
    """What the session keeps. `first` places were not taken down, `of` is the length of the whole list."""

    list: str
    ids: list[int]
    first: int
    of: int
    at: int


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a patient stands in the list one came from. `place` is 0 where it is not on it any more."""

    list: str
    place: int
    of: int
    previous: int | None
    next: int | None
    narrowed: bool

    @property
    def link(self) -> str:
        """What the address of another patient of the list ends with."""
        return urlencode({"list": self.list})


def walk(user: User, session: Session, *, patient_id: int, asked: str | None, now: dt.datetime) -> Walk | None:
    """None where the page was not opened from a list.

    Without `asked` the patient opened last is meant: who answers an alert or enters a draw comes back to that page.
    """
    taken: Taken | None = session.get(KEPT)
    if asked is None:
        if taken is None or taken["at"] != patient_id:
            return None
        filters = _filters(user, taken["list"])
    else:
        filters = _filters(user, asked)
    if taken is None or taken["list"] != filters.address or not _holds(taken, patient_id):
        taken = _take_down(user, filters=filters, patient_id=patient_id, now=now)
    session[KEPT] = {**taken, "at": patient_id}
    return _at(user, taken, patient_id=patient_id, narrowed=bool(filters))


def forget(session: Session) -> None:
    if KEPT in session:
        del session[KEPT]


def following(session: Session, patient_id: int) -> Sequence[int]:
    """The patient and those after it as they were taken down: where to go on when it has left the list."""
    taken: Taken | None = session.get(KEPT)
    if taken is None or patient_id not in taken["ids"]:
        return [patient_id]
    return taken["ids"][taken["ids"].index(patient_id) :]


def _filters(user: User, asked: str) -> Filters:
    return read_filters(QueryDict(asked), teams=visible_teams(user))


def _holds(taken: Taken, patient_id: int) -> bool:
    """Not at the edge of what was taken down: its neighbour there is not known."""
    if patient_id not in taken["ids"]:
        return False
    place = taken["ids"].index(patient_id)
    at_start = place == 0 and taken["first"] > 0
    at_end = place == len(taken["ids"]) - 1 and taken["first"] + place + 1 < taken["of"]
    return not at_start and not at_end


def _take_down(user: User, *, filters: Filters, patient_id: int, now: dt.datetime) -> Taken:
    shown = listed(user, filters=filters, now=now)
    place = shown.place_of(patient_id) or 0
    first = max(0, place - BEFORE)
    ids = shown.ids(first, place + AFTER)
    return {"list": filters.address, "ids": ids, "first": first, "of": shown.count(), "at": patient_id}


def _at(user: User, taken: Taken, *, patient_id: int, narrowed: bool) -> Walk:
    """Who left the viewer's teams since is stepped over."""
    ids = taken["ids"]
    if patient_id not in ids:
        return Walk(taken["list"], 0, taken["of"], None, None, narrowed)
    seen = set(visible_patients(user).filter(pk__in=ids).values_list("pk", flat=True))
    place = ids.index(patient_id)
    return Walk(
        list=taken["list"],
        place=taken["first"] + place + 1,
        of=taken["of"],
        previous=next((pk for pk in reversed(ids[:place]) if pk in seen), None),
        next=next((pk for pk in ids[place + 1 :] if pk in seen), None),
        narrowed=narrowed,
    )
