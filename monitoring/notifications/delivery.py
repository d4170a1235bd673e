"""From a waiting row to a message handed over: claimed, sent outside any transaction, marked.

A sender that dies leaves its claim behind; after the lease another takes the row again. Between the mail server's "250"
and our mark lies one window that SMTP cannot close: whoever takes a row again writes an audit event, and the message
goes out under the same Message-ID, so that a reader's program shows it once.
"""

from __future__ import annotations

import datetime as dt
import logging
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.services import record
from monitoring.errors import DeliveryProblem, frames_of
from monitoring.models import DeliveryState, Notification
from monitoring.notifications import email
from monitoring.notifications.letter import Channel, letter_of

log = logging.getLogger(__name__)

LEASE: Final = dt.timedelta(minutes=5)  # far longer than one hand-over may take (EMAIL_TIMEOUT is 20 s a step)
MOST_ATTEMPTS: Final = 12  # with the delays below about five hours
FIRST_DELAY: Final = dt.timedelta(seconds=30)
LONGEST_DELAY: Final = dt.timedelta(hours=1)
JITTER: Final = 0.2
MOST_A_RUN: Final = 500
LONGEST_RUN: Final = dt.timedelta(minutes=1)
CHANNELS: Final[Mapping[str, Channel]] = {"email": email.CHANNEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    sent: int = 0
    put_off: int = 0
    failed: int = 0


def deliver(*, actor: str = "task:deliver", clock: Callable[[], dt.datetime] = timezone.now) -> DeliverySummary:
    """Send what is due, oldest first, for at most a minute. `clock` is asked for each message: a lease runs from its
    claim, not from the start of the run.
    """
    begun = clock()
    failed = _give_up_lost(now=begun)
    sent = put_off = 0
    for _turn in range(MOST_A_RUN):
        now = clock()
        claimed = _claim(now=now, actor=actor) if now - begun < LONGEST_RUN else None
        if claimed is None:
            break
        problem = _hand_over(claimed)
        state = _settle(claimed, problem, now=clock(), actor=actor)
        sent += state == DeliveryState.SENT
        put_off += state == DeliveryState.WAITING
        failed += state == DeliveryState.FAILED
    return DeliverySummary(sent=sent, put_off=put_off, failed=failed)


def _lost(now: dt.datetime) -> Q:
    return Q(state=DeliveryState.SENDING, claimed_at__lte=now - LEASE)


def _give_up_lost(*, now: dt.datetime) -> int:
    """A message under which its sender died again and again is not tried for ever."""
    rows = Notification.objects.filter(_lost(now), attempts__gte=MOST_ATTEMPTS)
    return rows.update(state=DeliveryState.FAILED, failure="SenderLost")


@transaction.atomic
def _claim(*, now: dt.datetime, actor: str) -> Notification | None:
    """Take the next row for this sender. PostgreSQL passes over rows that others hold; SQLite has one writer."""
    due = Q(state=DeliveryState.WAITING, not_before__lte=now) | _lost(now)
    row = (
        Notification.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("person", "alert_event__alert")
        .filter(due, attempts__lt=MOST_ATTEMPTS)
        .order_by("not_before", "pk")
        .first()
    )
    if row is None:
        return None
    taken_again = row.state == DeliveryState.SENDING
    row.state, row.claimed_at, row.attempts = DeliveryState.SENDING, now, row.attempts + 1
    row.save(update_fields=["state", "claimed_at", "attempts"])
    if taken_again:
        _audit(row, "notification.taken_again", actor)
    return row


def _hand_over(row: Notification) -> DeliveryProblem | None:
    """Outside any transaction. Whatever is wrong with one message is said of that message and stops no other."""
    try:
        channel = CHANNELS[row.channel]
        address = channel.address_of(row.person)
        if not row.person.is_active or not address:
            return DeliveryProblem("NobodyThere", permanent=True)
        channel.send(letter_of(row, address=address))
    except SoftTimeLimitExceeded:
        raise  # the worker is to stop; the lease runs out and another sends it
    except DeliveryProblem as problem:
        return problem
    except Exception as problem:
        log.error("notification %s cannot be made: %s\n%s", row.pk, type(problem).__name__, frames_of(problem))
        # A mistake of ours, not of the message: a broken release must not turn every alert into a failed one at once.
        return DeliveryProblem(type(problem).__name__, permanent=False)
    return None


@transaction.atomic
def _settle(row: Notification, problem: DeliveryProblem | None, *, now: dt.datetime, actor: str) -> str:
    """Compare-and-set on our own claim: a row that was taken from us meanwhile is its taker's to mark."""
    ours = Notification.objects.filter(pk=row.pk, state=DeliveryState.SENDING, claimed_at=row.claimed_at)
    if problem is None:
        marked = ours.update(state=DeliveryState.SENT, sent_at=now, claimed_at=None, failure="")
        action, state = "notification.sent", DeliveryState.SENT
    elif problem.permanent or row.attempts >= MOST_ATTEMPTS:
        marked = ours.update(state=DeliveryState.FAILED, claimed_at=None, failure=problem.code[:120])
        action, state = "notification.failed", DeliveryState.FAILED
    else:
        again_at = now + delay_after(row.attempts, row.pk)
        marked = ours.update(
            state=DeliveryState.WAITING, claimed_at=None, not_before=again_at, failure=problem.code[:120]
        )
        log.warning("notification %s put off: %s", row.pk, problem.code)
        return _if_ours(marked, DeliveryState.WAITING)
    if marked:
        _audit(row, action, actor)
    return _if_ours(marked, state)


def _if_ours(marked: int, state: DeliveryState) -> str:
    return state.value if marked else ""


def delay_after(attempts: int, row_id: int) -> dt.timedelta:
    """30 s, 1 min, 2 min ... 1 h, each up to 20 % off, so that what failed together is not tried together.

    The jitter is drawn from the row and the attempt, so that the same failure gives the same delay.
    """
    delay = min(FIRST_DELAY * int(2 ** min(attempts - 1, 16)), LONGEST_DELAY)
    share = zlib.crc32(f"{row_id}:{attempts}".encode()) / 0xFFFFFFFF
    return delay * (1 - JITTER + 2 * JITTER * share)


def _audit(row: Notification, action: str, actor: str) -> None:
    record(
        actor=actor,
        action=action,
        object_type="notification",
        object_id=row.pk,
        patient_id=row.alert_event.alert.patient_id if row.alert_event else None,
        details={"person": row.person_id, "attempts": row.attempts},
    )
