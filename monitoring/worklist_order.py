"""Who stands on a worklist, and in which order: by concern, then by the age of the alert.

Decided in the database from what is stored of each patient (`WorklistPlace`), so that a page costs what it shows and
not what there is. Those with an alert that stands are few and are put in order by the clock, which wakes a snooze;
all the others follow in the order of an index.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields.tuple_lookups import TupleGreaterThan
from django.utils import timezone

from monitoring.models import OPEN_STATES, Alert, Reading, WorklistPlace
from monitoring.selectors import ANSWERED_ALERT, OPEN_ALERT, SNOOZED_ALERT
from monitoring.worklist_filters import LEVELS, NO_TREATMENT, TREATMENT_LABELS, Filters
from patients.access import visible_patients, visible_team_ids
from patients.due import DUE_SOON_DAYS
from patients.models import Treatment
from patients.selectors import matching

if TYPE_CHECKING:
    from accounts.models import User

NO_ALERT: Final = Q(awake_from__isnull=True)
OTHERS_ORDER: Final = ("reading", "rising_since", "name", "patient_id")
ALERTS_ORDER: Final = ("concern", "waiting_since", "rising_since", "name", "patient_id")
DRAWS_ORDER: Final = ("concern", "due_on", "name", "patient_id")


@dataclass(frozen=True, slots=True)
class Counts:
    """The headline. `patients` is everybody the viewer may see."""

    alerts: int
    watch: int
    overdue: int
    due: int
    patients: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and when: what a rule may compare with."""

    viewer: User
    now: dt.datetime

    @property
    def today(self) -> dt.date:
        return timezone.localtime(self.now).date()


@dataclass(frozen=True, slots=True)
class Last:
    """The key of a patient without an alert, in the order of OTHERS_ORDER."""

    reading: int
    rising_since: dt.date
    name: str
    patient_id: int


@dataclass(frozen=True, slots=True)
class Listed:
    """The list in its order: a part of it, the place of a patient, how many. Each method is one query or two."""

    places: QuerySet[WorklistPlace]  # all that are on it
    by_day: bool  # they are waited for: in the order of the day, for it is that day which is asked about
    now: dt.datetime

    def count(self) -> int:
        return self.places.count()

    def open_alerts(self) -> int:
        return self.places.filter(_of_concern(OPEN_ALERT, self.now)).count()

    def ids(self, start: int, stop: int, *, after: Last | None = None) -> list[int]:
        """The patients from one place to another, both counted from 0; see `part`."""
        return self.part(start, stop, after=after)[0]

    def part(self, start: int, stop: int, *, after: Last | None = None) -> tuple[list[int], Last | None]:
        """The patients from one place to another, and the last of them where it stands in the order of the index.

        With `after`, the last of the part before, those who follow it by their key: nothing is stepped over, and who
        came in before it meanwhile moves nobody from one part to another.
        """
        if self.by_day:
            return list(self._of_days().values_list("patient_id", flat=True)[start:stop]), None
        front = self._alerts()
        ahead = front.count()
        first = list(front.values_list("patient_id", flat=True)[start:stop])
        others, at = self._others(), max(start - ahead, 0)
        if after is not None and at:
            others, at = others.filter(_follows(after)), 0
        keys = list(others.values_list(*OTHERS_ORDER)[at : at + stop - start - len(first)])
        last = Last(*keys[-1]) if keys else None
        return first + [key[-1] for key in keys], last

    def last_again(self, reading: int, rising_since: dt.date, patient_id: int) -> Last | None:
        """The end of a part that was shown, with the name, which nobody keeps but the record; None where they left."""
        name = self.places.filter(patient_id=patient_id).values_list("name", flat=True).first()
        return None if name is None else Last(reading, rising_since, name, patient_id)

    def first_of(self, patient_ids: Sequence[int]) -> int | None:
        """The first of these that is on the list."""
        there = set(self.places.filter(patient_id__in=patient_ids).values_list("patient_id", flat=True))
        return next((pk for pk in patient_ids if pk in there), None)

    def place_of(self, patient_id: int) -> int | None:
        """How many stand before the patient; None where it is not on the list."""
        if self.by_day:
            return _rank(self._of_days(), patient_id, DRAWS_ORDER)
        front = self._alerts()
        rank = _rank(front, patient_id, ALERTS_ORDER)
        if rank is not None:
            return rank
        rank = _rank(self._others(), patient_id, OTHERS_ORDER)
        return None if rank is None else front.count() + rank

    def _alerts(self) -> QuerySet[WorklistPlace, Any]:
        found = self.places.filter(awake_from__isnull=False)
        return found.annotate(concern=_concern(self.now)).order_by(*ALERTS_ORDER)

    def _others(self) -> QuerySet[WorklistPlace, Any]:
        return self.places.filter(NO_ALERT).order_by(*OTHERS_ORDER)

    def _of_days(self) -> QuerySet[WorklistPlace, Any]:
        return self.places.annotate(concern=_concern(self.now)).order_by(*DRAWS_ORDER)


def listed(user: User, *, filters: Filters, query: str = "", day: dt.date | None = None, now: dt.datetime) -> Listed:
    """The viewer's patients that answer to every filter and to the search, those of most concern first."""
    places = _places(user)
    for name in filters.names:
        places = places.filter(RULES[name](Asked(user, now), filters.of(name)))
    if query:
        places = places.filter(patient_id__in=matching(visible_patients(user), query).values("pk"))
    if day is not None:
        places = places.filter(expected_on=day)
    return Listed(places, by_day=bool(filters.of("draw")) or day is not None, now=now)


def counts(user: User, *, now: dt.datetime) -> Counts:
    """Each of an index: as many entries are read as are counted."""
    places, asked = _places(user), Asked(user, now)
    return Counts(
        alerts=places.filter(_of_concern(OPEN_ALERT, now)).count(),
        watch=places.filter(NO_ALERT, reading=Reading.TO_WATCH).count(),
        overdue=places.filter(_of_draw(asked, ("overdue",))).count(),
        due=places.filter(_of_draw(asked, ("due",))).count(),
        patients=places.count(),
    )


def _places(user: User) -> QuerySet[WorklistPlace]:
    """Of the viewer's teams, asked by their ids: one team's places lie together in each index."""
    return WorklistPlace.objects.filter(care_team_id__in=visible_team_ids(user))


def _follows(last: Last) -> TupleGreaterThan:
    """Compared as one key, which both databases look up in the index."""
    return TupleGreaterThan(
        tuple(F(field) for field in OTHERS_ORDER), (last.reading, last.rising_since, last.name, last.patient_id)
    )


def _rank(ordered: QuerySet[WorklistPlace, Any], patient_id: int, fields: Sequence[str]) -> int | None:
    """How many stand before the patient: those that are less in the first field that differs."""
    place = ordered.filter(patient_id=patient_id).values_list(*fields).first()
    if place is None:
        return None
    before = Q()
    for depth, field in enumerate(fields):
        same = Q(**dict(zip(fields[:depth], place[:depth], strict=True)))
        before |= same & Q(**{f"{field}__lt": place[depth]})
    return ordered.filter(before).count()


# --- concern ----------------------------------------------------------------------------------------------------------
def _of_concern(concern: int, now: dt.datetime) -> Q:
    """An alert that is snoozed stands after the others until it wakes."""
    match concern:
        case _ if concern == OPEN_ALERT:
            return Q(awake_from__isnull=False, open_from__lte=now)
        case _ if concern == ANSWERED_ALERT:
            return Q(awake_from__lte=now) & (Q(open_from__isnull=True) | Q(open_from__gt=now))
        case _ if concern == SNOOZED_ALERT:
            return Q(awake_from__gt=now)
        case _:
            return NO_ALERT & Q(reading=concern)


def _concern(now: dt.datetime) -> Case:
    alerts = (OPEN_ALERT, ANSWERED_ALERT, SNOOZED_ALERT)
    return Case(
        *(When(_of_concern(one, now), then=Value(one)) for one in alerts),
        default=F("reading"),
        output_field=IntegerField(),
    )


# --- the rules of the filters: each says which places answer to one of its values -----------------------------------
def _of_level(asked: Asked, values: tuple[str, ...]) -> Q:
    return reduce(or_, (_of_concern(LEVELS[value], asked.now) for value in values))


def _mine(asked: Asked, _values: tuple[str, ...]) -> Q:
    standing = Alert.objects.filter(state__in=OPEN_STATES, owner=asked.viewer)
    return Q(patient_id__in=standing.values("patient_id"))


def _of_draw(asked: Asked, values: tuple[str, ...]) -> Q:
    """Late is what was expected before today; due is what is expected today or in the next seven days."""
    last = asked.today + dt.timedelta(days=DUE_SOON_DAYS)
    days = {"overdue": Q(expected_on__lt=asked.today), "due": Q(expected_on__range=(asked.today, last))}
    return reduce(or_, (days[value] for value in values))


def _silent(asked: Asked, _values: tuple[str, ...]) -> Q:
    return Q(quiet_until__lt=asked.today)


def _of_treatment(asked: Asked, values: tuple[str, ...]) -> Q:
    """A course is in force from its first day to its last; without an end it still is."""
    today = asked.today
    running = Treatment.objects.filter(
        Q(ended_on__isnull=True) | Q(ended_on__gte=today),
        patient_id=OuterRef("patient_id"),
        kind__in=TREATMENT_LABELS,
        started_on__lte=today,
    )
    found = Q(Exists(running.filter(kind__in=values)))
    return found | ~Q(Exists(running)) if NO_TREATMENT in values else found


def _of_histology(_asked: Asked, values: tuple[str, ...]) -> Q:
    return Q(patient__histology__in=values)


def _of_team(_asked: Asked, values: tuple[str, ...]) -> Q:
    return Q(care_team_id__in=[int(value) for value in values])


RULES: Final[Mapping[str, Callable[[Asked, tuple[str, ...]], Q]]] = {
    "level": _of_level,
    "mine": _mine,
    "draw": _of_draw,
    "silent": _silent,
    "treatment": _of_treatment,
    "histology": _of_histology,
    "team": _of_team,
}
