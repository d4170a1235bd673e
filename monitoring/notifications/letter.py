"""What a message says. It names no patient and no finding: a link that needs a sign-in, and nothing else.

The words are whole sentences per kind, so that a translator sees each as it will be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol, cast

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from monitoring.models import RESTATED, AlertEvent, AlertState, Notification

Kind = Literal["alert", "withdrawn", "restated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    subject: str | Promise
    sentence: str | Promise
    button: str | Promise
    why: str | Promise


WORDS: Final[dict[Kind, Words]] = {
    "alert": Words(
        subject=_("Leadtime: an alert needs an answer"),
        sentence=_("An alert for one of your team's patients needs an answer."),
        button=_("Open the alert"),
        why=_("You get this mail because you receive your team's alerts. An administrator can change that."),
    ),
    "withdrawn": Words(
        subject=_("Leadtime: an alert was withdrawn"),
        sentence=_("An alert you were told about no longer holds, because the record was corrected. It is withdrawn."),
        button=_("See what changed"),
        why=_("You get this mail because the alert was sent to you."),
    ),
    "restated": Words(
        subject=_("Leadtime: a value behind an alert was corrected"),
        sentence=_(
            "A value behind an alert you were told about was corrected. The alert was not withdrawn: look at it again "
            "with the corrected value."
        ),
        button=_("See what changed"),
        why=_("You get this mail because the alert was sent to you."),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one person, ready for a channel."""

    kind: Kind
    address: str
    language: str
    message_id: str
    link: str

    @property
    def words(self) -> Words:
        return WORDS[self.kind]


class Channel(Protocol):
    """One way to reach people."""

    def address_of(self, person: User) -> str:
        """Where this person is reached; empty where the channel does not reach them."""

    def send(self, letter: Letter) -> None:
        """Hand the message over. Raises DeliveryProblem where that failed for a reason the channel knows."""


def kind_of(event: AlertEvent) -> Kind:
    if event.code == RESTATED:
        return "restated"
    return "withdrawn" if event.new_state == AlertState.WITHDRAWN else "alert"


def letter_of(notification: Notification, *, address: str) -> Letter:
    event = notification.alert_event
    path = reverse("worklist") if event is None else reverse("alert", args=[event.alert_id])
    return Letter(
        kind=cast(Kind, notification.kind),
        address=address,
        language=notification.language,
        message_id=notification.message_id,
        link=settings.SITE_URL + path,
    )
