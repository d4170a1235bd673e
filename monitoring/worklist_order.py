"""Who stands on a worklist, and in which order: by concern, then by the age of the alert.

The whole of it is decided here, once, so that page two goes on where page one ends, "3 of 17" counts what the list
shows, and what a filter leaves out is known. A fixed number of queries, whatever the number of patients.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from monitoring.models import OPEN_STATES, Alert
from monitoring.selectors import OPEN_ALERT, TO_WATCH, by_concern
from monitoring.worklist_filters import LEVELS, NO_TREATMENT, TREATMENT_LABELS, Filters
from patients.access import visible_patients
from patients.due import Due, due_draws
from patients.models import Patient, Treatment
from patients.selectors import matching
from patients.silence import silent_patients

if TYPE_CHECKING:
    from accounts.models import User

LAST_MOMENT: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Counts:
    """The headline. `patients` is everybody the viewer may see."""

    alerts: int
    watch: int
    overdue: int
    due: int
    patients: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides the place of one patient, and whether a filter shows it."""

    patient_id: int
    concern: int
    waiting_since: dt.datetime | None
    rising_since: dt.date | None
    histology: str
    team_id: int


@dataclass(frozen=True, slots=True)
class Everybody:
    """All the viewer may see, by name, and when the next draw of each is due."""

    viewer: User
    patients: QuerySet[Patient]
    standings: tuple[Standing, ...]
    due: Mapping[int, Due]
    today: dt.date


@dataclass(frozen=True, slots=True)
class Listed:
    """The list in its order. `hidden_alerts` need an answer and are not on it."""

    order: tuple[int, ...]
    counts: Counts
    hidden_alerts: int
    due: Mapping[int, Due]


def listed(user: User, *, filters: Filters, query: str = "", day: dt.date | None = None, now: dt.datetime) -> Listed:
    """The viewer's patients that answer to every filter and to the search, those of most concern first."""
    everybody = _everybody(user, now=now)
    shown = {one.patient_id for one in everybody.standings}
    for name in filters.names:
        shown &= RULES[name](everybody, filters.of(name))
    if query:
        shown &= set(matching(everybody.patients, query).values_list("pk", flat=True))
    if day is not None:
        shown &= {patient_id for patient_id, due in everybody.due.items() if due.expected_on == day}
    waited_for = bool(filters.of("draw")) or day is not None
    chosen = [one for one in everybody.standings if one.patient_id in shown]
    order = sorted(chosen, key=lambda one: _place(one, everybody.due[one.patient_id] if waited_for else None))
    return Listed(
        order=tuple(one.patient_id for one in order),
        counts=_counts(everybody),
        hidden_alerts=sum(one.concern == OPEN_ALERT for one in everybody.standings if one.patient_id not in shown),
        due=everybody.due,
    )


def _everybody(user: User, *, now: dt.datetime) -> Everybody:
    patients = visible_patients(user)
    fields = ("pk", "concern", "waiting_since", "rising_since", "histology", "care_team_id")
    rows = by_concern(patients, now=now).order_by("name", "pk").values_list(*fields)
    standings = tuple(Standing(*row) for row in rows)
    due = due_draws([one.patient_id for one in standings], tz=timezone.get_current_timezone())
    return Everybody(user, patients, standings, due, timezone.localtime(now).date())


def _place(one: Standing, due: Due | None) -> tuple[int, dt.date | dt.datetime, dt.date]:
    """Among equals of concern: the alert, then the rise, that is oldest; or who is waited for longest. Then by name."""
    if due is not None:
        return (one.concern, due.due_on, dt.date.max)
    return (one.concern, one.waiting_since or LAST_MOMENT, one.rising_since or dt.date.max)


def _counts(everybody: Everybody) -> Counts:
    return Counts(
        alerts=sum(one.concern == OPEN_ALERT for one in everybody.standings),
        watch=sum(one.concern == TO_WATCH for one in everybody.standings),
        overdue=len(_of_draw(everybody, ("overdue",))),
        due=len(_of_draw(everybody, ("due",))),
        patients=len(everybody.standings),
    )


# --- the rules of the filters: each the patients that answer to one of its values -----------------------------------
def _of_level(everybody: Everybody, values: tuple[str, ...]) -> set[int]:
    wanted = {LEVELS[value] for value in values}
    return {one.patient_id for one in everybody.standings if one.concern in wanted}


def _mine(everybody: Everybody, _values: tuple[str, ...]) -> set[int]:
    standing = Alert.objects.filter(state__in=OPEN_STATES, owner=everybody.viewer, patient__in=everybody.patients)
    return set(standing.values_list("patient_id", flat=True))


def _of_draw(everybody: Everybody, values: tuple[str, ...]) -> set[int]:
    return {
        patient_id
        for patient_id, due in everybody.due.items()
        if ("overdue" in values and due.is_overdue(everybody.today))
        or ("due" in values and due.is_due(everybody.today))
    }


def _silent(everybody: Everybody, _values: tuple[str, ...]) -> set[int]:
    return silent_patients(everybody.patients, today=everybody.today, tz=timezone.get_current_timezone())


def _of_treatment(everybody: Everybody, values: tuple[str, ...]) -> set[int]:
    """A course is in force from its first day to its last; without an end it still is."""
    today = everybody.today
    running = (
        Treatment.objects.filter(patient__in=everybody.patients, kind__in=TREATMENT_LABELS, started_on__lte=today)
        .filter(Q(ended_on__isnull=True) | Q(ended_on__gte=today))
        .values_list("patient_id", "kind")
    )
    courses = list(running)
    found = {patient_id for patient_id, kind in courses if kind in values}
    if NO_TREATMENT in values:
        treated = {patient_id for patient_id, _kind in courses}
        found |= {one.patient_id for one in everybody.standings if one.patient_id not in treated}
    return found


def _of_histology(everybody: Everybody, values: tuple[str, ...]) -> set[int]:
    return {one.patient_id for one in everybody.standings if one.histology in values}


def _of_team(everybody: Everybody, values: tuple[str, ...]) -> set[int]:
    return {one.patient_id for one in everybody.standings if str(one.team_id) in values}


RULES: Final[Mapping[str, Callable[[Everybody, tuple[str, ...]], set[int]]]] = {
    "level": _of_level,
    "mine": _mine,
    "draw": _of_draw,
    "silent": _silent,
    "treatment": _of_treatment,
    "histology": _of_histology,
    "team": _of_team,
}
