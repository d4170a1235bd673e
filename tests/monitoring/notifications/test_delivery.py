"""From a waiting row to a message handed over, whatever goes wrong between."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from pytest_django import Settings

from accounts.models import User
from audit.models import AuditEvent
from monitoring import tasks
from monitoring.models import DeliveryState, Notification
from monitoring.notifications.delivery import LEASE, MOST_ATTEMPTS, DeliverySummary, delay_after, deliver
from tests import servers
from tests.cast import Cast
from tests.monitoring.scenes import NOW, patient_with, run

pytestmark = pytest.mark.django_db
MOMENT = dt.timedelta(microseconds=1)


@pytest.fixture
def waiting(cast: Cast) -> Notification:
    run(patient_with(cast.team))
    return Notification.objects.get()


def deliver_at(moment: dt.datetime) -> DeliverySummary:
    return deliver(clock=lambda: moment)


def state_of(notification: Notification) -> tuple[str, int, str]:
    notification.refresh_from_db()
    return notification.state, notification.attempts, notification.failure


@dataclass
class Refusing:
    """A mail server that answers as it is told to, in turn, and then takes what comes."""

    answers: list[str]
    at_recipient: bool = False
    taken: list[bytes] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.at_recipient and self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(envelope.content)
        return "250 OK"


@contextmanager
def server(settings: Settings, handler: Refusing) -> Iterator[Refusing]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = servers.HOST, servers.free_port(), 5
    controller = Controller(handler, hostname=servers.HOST, port=settings.EMAIL_PORT)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


# --- sent ---------------------------------------------------------------------------------------------------------


def test_a_message_is_sent_once_and_marked(waiting: Notification) -> None:
    assert deliver_at(NOW) == DeliverySummary(sent=1)
    assert deliver_at(NOW) == DeliverySummary()
    assert len(mail.outbox) == 1
    assert state_of(waiting) == ("sent", 1, "")
    assert (waiting.sent_at, waiting.claimed_at) == (NOW, None)
    assert AuditEvent.objects.get(action="notification.sent").details == {"person": waiting.person_id, "attempts": 1}


def test_a_message_is_not_sent_before_its_time(waiting: Notification) -> None:
    Notification.objects.update(not_before=NOW)
    assert deliver_at(NOW - MOMENT) == DeliverySummary()
    assert deliver_at(NOW) == DeliverySummary(sent=1)


def test_the_task_delivers(waiting: Notification) -> None:
    tasks.deliver()
    assert state_of(waiting)[0] == DeliveryState.SENT


def test_the_oldest_goes_first_and_a_run_ends_after_a_minute(cast: Cast) -> None:
    run(*(patient_with(cast.team) for _ in range(4)))
    moments = iter(NOW + dt.timedelta(seconds=seconds) for seconds in (0, 0, 25, 25, 59, 59, 60, 60, 60))
    assert deliver(clock=lambda: next(moments)) == DeliverySummary(sent=3)
    states = list(Notification.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["sent", "sent", "sent", "waiting"]


# --- put off and failed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "at_recipient", "failure"),
    [
        ("451 try later", False, "SMTPDataError 451"),
        ("450 busy", True, "SMTPRecipientsRefused 450"),
    ],
)
def test_a_server_that_says_later_is_tried_again_under_the_same_message_id(
    waiting: Notification, settings: Settings, answer: str, at_recipient: bool, failure: str
) -> None:
    with server(settings, Refusing([answer], at_recipient=at_recipient)) as sink:
        assert deliver_at(NOW) == DeliverySummary(put_off=1)
        assert state_of(waiting) == ("waiting", 1, failure)
        again_at = NOW + delay_after(1, waiting.pk)
        assert waiting.not_before == again_at
        assert deliver_at(again_at - MOMENT) == DeliverySummary()
        assert deliver_at(again_at) == DeliverySummary(sent=1)
    (taken,) = sink.taken
    assert waiting.message_id.encode() in taken


@pytest.mark.parametrize(
    ("answer", "at_recipient", "failure"),
    [
        ("554 refused", False, "SMTPDataError 554"),
        ("550 no such mailbox", True, "SMTPRecipientsRefused 550"),
    ],
)
def test_a_server_that_says_never_is_believed(
    waiting: Notification, settings: Settings, answer: str, at_recipient: bool, failure: str
) -> None:
    with server(settings, Refusing([answer], at_recipient=at_recipient)):
        assert deliver_at(NOW) == DeliverySummary(failed=1)
    assert state_of(waiting) == ("failed", 1, failure)
    assert AuditEvent.objects.filter(action="notification.failed").count() == 1


def test_a_server_that_is_not_there_is_tried_again_until_the_limit(waiting: Notification, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = servers.HOST, servers.free_port()
    moment = NOW
    for attempt in range(1, MOST_ATTEMPTS):
        assert deliver_at(moment) == DeliverySummary(put_off=1)
        assert state_of(waiting) == ("waiting", attempt, "ConnectionRefusedError")
        moment = waiting.not_before
    assert dt.timedelta(hours=4) < moment - NOW < dt.timedelta(hours=7)
    assert deliver_at(moment) == DeliverySummary(failed=1)
    assert state_of(waiting) == ("failed", MOST_ATTEMPTS, "ConnectionRefusedError")


def test_delays_double_up_to_an_hour_and_differ_between_messages() -> None:
    for attempt, seconds in [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (11, 3600)]:
        delays = [delay_after(attempt, row).total_seconds() for row in range(1, 200)]
        assert min(delays) >= 0.8 * seconds
        assert max(delays) <= 1.2 * seconds
        assert len(set(delays)) == 199
    assert delay_after(3, 7) == delay_after(3, 7)


def test_one_message_that_cannot_be_made_stops_no_other(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    run(*(patient_with(cast.team) for _ in range(3)))
    bad = Notification.objects.order_by("pk")[0]
    Notification.objects.filter(pk=bad.pk).update(channel="pigeon")
    with caplog.at_level(logging.ERROR):
        assert deliver_at(NOW) == DeliverySummary(sent=2, put_off=1)
    assert state_of(bad) == ("waiting", 1, "KeyError")
    assert f"notification {bad.pk} cannot be made: KeyError" in caplog.text


@pytest.mark.parametrize("change", [{"email": ""}, {"is_active": False}])
def test_a_person_who_left_is_not_written_to(waiting: Notification, change: dict[str, Any]) -> None:
    User.objects.filter(pk=waiting.person_id).update(**change)
    assert deliver_at(NOW) == DeliverySummary(failed=1)
    assert state_of(waiting) == ("failed", 1, "NobodyThere")
    assert mail.outbox == []


# --- a sender that died -------------------------------------------------------------------------------------------


def test_what_a_dead_sender_held_is_taken_again_when_its_lease_is_over(waiting: Notification) -> None:
    Notification.objects.update(state=DeliveryState.SENDING, claimed_at=NOW, attempts=1)
    assert deliver_at(NOW + LEASE - MOMENT) == DeliverySummary()
    assert deliver_at(NOW + LEASE) == DeliverySummary(sent=1)
    assert state_of(waiting) == ("sent", 2, "")
    assert mail.outbox[0].extra_headers["Message-ID"] == waiting.message_id
    assert AuditEvent.objects.filter(action="notification.taken_again").count() == 1


def test_a_message_under_which_senders_die_is_given_up_in_the_end(waiting: Notification) -> None:
    Notification.objects.update(state=DeliveryState.SENDING, claimed_at=NOW, attempts=MOST_ATTEMPTS)
    assert deliver_at(NOW + LEASE - MOMENT) == DeliverySummary()
    assert deliver_at(NOW + LEASE) == DeliverySummary(failed=1)
    assert state_of(waiting) == ("failed", MOST_ATTEMPTS, "SenderLost")
    assert mail.outbox == []


def test_a_slow_sender_does_not_mark_what_was_taken_from_it(waiting: Notification) -> None:
    taken_at = NOW + LEASE

    def clock() -> Iterator[dt.datetime]:
        yield NOW  # the run begins
        yield NOW  # the claim
        # While the mail was on its way the lease ran out and another sender took the row.
        Notification.objects.update(claimed_at=taken_at, attempts=2)
        yield taken_at
        yield taken_at + dt.timedelta(hours=1)

    moments = clock()
    assert deliver(clock=lambda: next(moments)) == DeliverySummary()
    assert state_of(waiting) == ("sending", 2, "")


def test_the_log_of_a_failed_delivery_names_nobody(
    waiting: Notification, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    answer = "451 clinician@clinic.invalid has a full mailbox, Quibble"
    with caplog.at_level(logging.INFO), server(settings, Refusing([answer])):
        deliver_at(NOW)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("monitoring"))
    assert ours == f"notification {waiting.pk} put off: SMTPDataError 451"
