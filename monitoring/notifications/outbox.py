"""Who is told, as rows written in the transaction of the alert. A row that is written is a message that will be sent.

An alert goes to the clinicians of the patient's care team who receive alerts; where the team has none, to every member
who does, because a mail to the wrong colleague is better than a mail to nobody. A withdrawal goes to exactly those who
were told, or may have been; so does word of a corrected value behind an alert that stands.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import Membership
from accounts.roles import Role
from monitoring.models import AlertEvent, AlertState, DeliveryState, Notification
from monitoring.notifications.letter import kind_of

EMAIL: Final = "email"
WITHDRAWN_UNSENT: Final = "AlertWithdrawn"  # the `failure` of a message that need not be sent any more


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    language: str


def tell_the_team(events: Sequence[AlertEvent], *, now: dt.datetime) -> int:
    """One notification an event and person of the patient's team; returns how many. Two queries."""
    if not events:
        return 0
    people = people_to_tell([event.alert_id for event in events])
    rows = [_row(event, person, EMAIL, now) for event in events for person in people[event.alert_id]]
    return len(Notification.objects.bulk_create(rows))


def people_to_tell(alert_ids: Collection[int]) -> dict[int, list[Person]]:
    """alert id -> the clinicians of its team who receive alerts by mail, or, where none does, every member who does."""
    members = Membership.objects.filter(receives_alerts=True, user__is_active=True).exclude(user__email="")
    rows = members.filter(team__patients__alerts__in=alert_ids).order_by("team_id", "user_id")
    clinicians: dict[int, list[Person]] = defaultdict(list)
    everybody: dict[int, list[Person]] = defaultdict(list)
    fields = ("team__patients__alerts", "user_id", "user__language", "user__role")
    for alert_id, user_id, language, role in rows.values_list(*fields):
        everybody[alert_id].append(Person(user_id, language))
        if role == Role.CLINICIAN:
            clinicians[alert_id].append(Person(user_id, language))
    return {alert_id: clinicians[alert_id] or everybody[alert_id] for alert_id in alert_ids}


def tell_the_told(events: Sequence[AlertEvent], *, now: dt.datetime) -> int:
    """Correct what was said: one notification to each who was told; what was not sent yet is not sent any more.

    A message that is being sent, or was tried and failed, may have arrived: its reader counts as told.
    """
    if not events:
        return 0
    said = _said({event.alert_id for event in events})
    unsent = [one.pk for one in said if one.state == DeliveryState.WAITING]
    Notification.objects.filter(pk__in=unsent).update(state=DeliveryState.FAILED, failure=WITHDRAWN_UNSENT)
    return _tell_again(events, said, now=now)


def tell_of_a_correction(events: Sequence[AlertEvent], *, now: dt.datetime) -> int:
    """A value behind an alert that stands was corrected: one notification to each who was told of the alert.

    Who has a message of this alert still waiting is led by that one to what is true now.
    """
    if not events:
        return 0
    said = _said({event.alert_id for event in events})
    coming = {_recipient(one) for one in said if one.state == DeliveryState.WAITING and not one.attempts}
    return _tell_again(events, [one for one in said if _recipient(one) not in coming], now=now)


def _said(alert_ids: Collection[int]) -> list[Notification]:
    """Every message about these alerts but that of a withdrawal, held until the end of the transaction."""
    return list(
        Notification.objects.select_for_update(of=("self",))
        .filter(alert_event__alert_id__in=alert_ids)
        .exclude(alert_event__new_state=AlertState.WITHDRAWN)
        .select_related("alert_event", "person")
        .order_by("pk")
    )


def _recipient(notification: Notification) -> tuple[int, int, str]:
    return alert_of(notification), notification.person_id, notification.channel


def alert_of(notification: Notification) -> int:
    """The alert a message of an alert speaks of. Raises ValueError for a message of another kind."""
    if notification.alert_event is None:
        raise ValueError(f"notification {notification.pk} speaks of no alert")
    return notification.alert_event.alert_id


def _tell_again(events: Sequence[AlertEvent], said: Iterable[Notification], *, now: dt.datetime) -> int:
    event_of = {event.alert_id: event for event in events}
    told = {
        _recipient(one): one for one in said if one.state in (DeliveryState.SENT, DeliveryState.SENDING) or one.attempts
    }
    rows = [
        _row(event_of[alert_id], Person(person_id, notification.person.language), channel, now)
        for (alert_id, person_id, channel), notification in told.items()
    ]
    return len(Notification.objects.bulk_create(rows))


def _row(event: AlertEvent, person: Person, channel: str, now: dt.datetime) -> Notification:
    return Notification(
        alert_event=event,
        kind=kind_of(event),
        person_id=person.user_id,
        channel=channel,
        language=person.language,
        message_id=message_id(now, event.pk, person.user_id, channel),
        not_before=now,
        created_at=now,
    )


def message_id(*parts: object) -> str:
    """Opaque numbers only. The moment is in it because numbers start anew where a database is set up again."""
    return f"<{'.'.join(_plain(parts))}@{message_domain()}>"


def _plain(parts: Iterable[object]) -> Iterable[str]:
    return (f"{part:%Y%m%d%H%M%S}" if isinstance(part, dt.datetime) else str(part) for part in parts)


def message_domain() -> str:
    """The host people know Leadtime by; an IPv6 address cannot stand in a Message-ID as it is."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    return host if host and ":" not in host else "leadtime.invalid"
