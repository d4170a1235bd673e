"""The alerts of one patient as the page shows them: those that stand, with what may be done, and the earlier ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from monitoring.alert_wording import lead_time_text, next_step_text, study_text, what_happened
from monitoring.evaluation import clinic_zone
from monitoring.keepers import keepers_of
from monitoring.lead_time import lead_time_days
from monitoring.models import OPEN_STATES, SNOOZED, Alert, AlertState, Outcome
from monitoring.selectors import newest_first
from monitoring.wording import ago_text, date_text, listed
from patients.catalogue import catalogue
from patients.models import ImagingStudy, Patient


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an alert's history; `person` is empty where Leadtime took it itself."""

    at: dt.datetime
    label: str
    person: str
    comment: str
    is_note: bool = False  # written of the alert, no step of it
    event: int = 0  # its place in the history; 0 of what is no step


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One alert with its history, oldest step first; `answers` are the steps somebody commented."""

    alert: Alert
    is_open: bool
    markers: str
    age: str
    owner: str
    owner_left: bool  # is not of those who may keep it any more
    next_step: str
    late: bool
    snoozed: str
    seen: int | None  # the last event shown: what the reader had before them when they answer
    steps: tuple[Step, ...]
    results: tuple[ImagingStudy, ...]  # studies since imaging was asked for, the newest first, of one day the gravest
    shown_by: str
    lead_time: str

    @property
    def answers(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.comment and not step.is_note)

    @property
    def sleeps(self) -> bool:
        return bool(self.snoozed)

    def since(self, seen: int) -> tuple[Step, ...]:
        """What happened to it after the event that a reader had seen last."""
        return tuple(step for step in self.steps if step.event > seen)


@dataclass(frozen=True, slots=True)
class Alerts:
    """`standing` an open one before an answered one, what is snoozed last; `earlier` the one that ended last first."""

    standing: tuple[AlertView, ...]
    earlier: tuple[AlertView, ...]
    studies: tuple[ImagingStudy, ...]


def alerts_of(patient: Patient, *, studies: Sequence[ImagingStudy], now: dt.datetime) -> Alerts:
    """Every alert of a patient whom the viewer may see; `studies` are the patient's."""
    ordered = newest_first(studies)
    rows = list(
        Alert.objects.filter(patient=patient)
        .select_related("owner", "imaging")
        .prefetch_related("events__owner")
        .order_by("raised_at", "pk")
    )
    people = _people(event.actor for alert in rows for event in alert.events.all())
    owned = any(alert.owner_id for alert in rows if alert.state in OPEN_STATES)
    keepers = set(keepers_of(patient).values_list("pk", flat=True)) if owned else set()
    views = [_view(alert, people=people, keepers=keepers, studies=ordered, now=now) for alert in rows]
    standing = [view for view in views if view.alert.state in OPEN_STATES]
    earlier = [view for view in reversed(views) if view.alert.state not in OPEN_STATES]
    return Alerts(
        standing=tuple(sorted(standing, key=lambda view: (view.sleeps, not view.is_open))),
        earlier=tuple(earlier),
        studies=tuple(ordered),
    )


def _view(
    alert: Alert,
    *,
    people: Mapping[str, str],
    keepers: Collection[int],
    studies: Sequence[ImagingStudy],
    now: dt.datetime,
) -> AlertView:
    today = timezone.localdate(now)
    events = list(alert.events.all())
    results = results_of(alert, studies)
    standing = alert.state in OPEN_STATES
    return AlertView(
        alert=alert,
        is_open=alert.state == AlertState.OPEN,
        markers=listed([marker.short_name for marker in catalogue().markers if marker.code in alert.markers]),
        age=ago_text((today - timezone.localdate(alert.raised_at)).days),
        owner=str(alert.owner) if alert.owner else "",
        owner_left=standing and alert.owner_id is not None and alert.owner_id not in keepers,
        next_step=next_step_text(alert, today=today, result=results[0] if results else None),
        late=standing and _is_late(alert, today),
        snoozed=_snoozed_text(alert, people=people, now=now),
        seen=events[-1].pk if events else None,
        steps=tuple(
            Step(one.at, what_happened(one), people.get(one.actor, ""), one.comment, event=one.pk) for one in events
        ),
        results=results,
        shown_by=study_text(alert.imaging) if alert.imaging else "",
        lead_time=_lead_time(alert),
    )


def results_of(alert: Alert, studies: Iterable[ImagingStudy]) -> tuple[ImagingStudy, ...]:
    """The studies that may be what was asked for: examined on that day or later, in the order given."""
    if alert.state != AlertState.IMAGING_REQUESTED or alert.asked_at is None:
        return ()
    asked_on = timezone.localdate(alert.asked_at)
    return tuple(one for one in studies if one.performed_on >= asked_on)


def _is_late(alert: Alert, today: dt.date) -> bool:
    waits = alert.state in {AlertState.REPEAT_REQUESTED, AlertState.IMAGING_REQUESTED}
    return waits and alert.due_on is not None and alert.due_on < today


def _snoozed_text(alert: Alert, *, people: Mapping[str, str], now: dt.datetime) -> str:
    """Until when, who said so and why; '' of an alert that is awake."""
    if alert.snoozed_until is None or not alert.sleeps(now):
        return ""
    until = date_text(timezone.localdate(alert.snoozed_until))
    said = [event for event in alert.events.all() if event.code == SNOOZED]
    if not said:
        return gettext("Snoozed until %(day)s.") % {"day": until}
    return gettext("Snoozed until %(day)s by %(person)s: %(reason)s") % {
        "day": until,
        "person": people.get(said[-1].actor, said[-1].actor),
        "reason": said[-1].comment,
    }


def _lead_time(alert: Alert) -> str:
    if alert.outcome != Outcome.BONE_METASTASIS or alert.imaging is None:
        return ""
    return lead_time_text(lead_time_days(alert.raised_at, alert.imaging.performed_on, tz=clinic_zone()))


def _people(actors: Iterable[str]) -> dict[str, str]:
    """actor -> the person's name, for actors that are people."""
    ids = {int(actor.removeprefix("user:")) for actor in actors if actor.startswith("user:")}
    return {user.audit_name: str(user) for user in User.objects.filter(pk__in=ids)}
