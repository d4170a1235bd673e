"""Who keeps an alert, and how long it may rest. Neither moves it: where it stands, it stands."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from monitoring.errors import AlertProblem
from monitoring.keepers import keepers_of
from monitoring.models import HANDED_OVER, SNOOZED, UNSNOOZED, Alert
from monitoring.services.answers import day_from_today
from monitoring.services.steps import hold_alert, said_of, take_step


@transaction.atomic
def snooze_alert(
    *, actor: str, user: User, alert_id: int, seen: int, until: dt.date | None, comment: str, now: dt.datetime
) -> Alert:
    """The alert rests until the morning of `until` in the clinic's time zone, for the reason given.

    It wakes earlier when the evidence grows: when a draw that nobody knew of yet speaks for the rise of one of its
    markers, when a further marker joins the sustained rise, or a repeat draw confirms it (`decision`).

    Raises
    ------
    AlertProblem
        `day_missing`, `day_past` (the first morning is tomorrow's), `day_too_far`, and the codes of `steps`.
    """
    said = said_of(user, comment)
    day = day_from_today(until, now=now, first=1)
    alert = hold_alert(alert_id, seen=seen, to=None)
    return take_step(
        alert,
        actor=actor,
        user=user,
        now=now,
        action="alert.snoozed",
        event={"comment": said, "code": SNOOZED, "until": day},
        snoozed_until=morning_of(day),
    )


@transaction.atomic
def wake_alert(*, actor: str, user: User, alert_id: int, seen: int, now: dt.datetime) -> Alert:
    """End a snooze before its day.

    Raises
    ------
    AlertProblem
        `not_snoozed`, and the codes of `steps`.
    """
    said_of(user, "", needed=False)
    alert = hold_alert(alert_id, seen=seen, to=None)
    if not alert.sleeps(now):
        raise AlertProblem("not_snoozed")
    return take_step(
        alert,
        actor=actor,
        user=user,
        now=now,
        action="alert.unsnoozed",
        event={"code": UNSNOOZED},
        snoozed_until=None,
    )


@transaction.atomic
def hand_over_alert(
    *, actor: str, user: User, alert_id: int, seen: int, owner_id: int | None, comment: str, now: dt.datetime
) -> Alert:
    """Another person of the patient's care team keeps the alert from now on; the comment says what they should know.

    Raises
    ------
    AlertProblem
        `owner_not_of_team`, `owner_already`, and the codes of `steps`.
    """
    said = said_of(user, comment)
    alert = hold_alert(alert_id, seen=seen, to=None)
    if owner_id is not None and owner_id == alert.owner_id:
        raise AlertProblem("owner_already")
    owner = keepers_of(alert.patient).filter(pk=owner_id).first() if owner_id else None
    if owner is None:
        raise AlertProblem("owner_not_of_team")
    return take_step(
        alert,
        actor=actor,
        user=user,
        now=now,
        action="alert.handed_over",
        event={"comment": said, "code": HANDED_OVER, "owner": owner},
        owner=owner,
    )


def morning_of(day: dt.date) -> dt.datetime:
    """The first moment of that day where the clinic is."""
    return dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_current_timezone())
