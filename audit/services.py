"""The only writer of the audit log, and the chain over it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.models import AuditEvent, AuditLink

SEAL_LOCK = 7_261_034  # any constant: names the advisory lock that lets one sealer in at a time
GENESIS = "0" * 64


def record(
    *,
    actor: str,
    action: str,
    object_type: str,
    object_id: object,
    patient_id: int | None = None,
    details: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Write one event in the caller's transaction. `details` holds ids, codes and counts, never a name or a value."""
    return AuditEvent.objects.create(
        at=timezone.now(),
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        patient_id=patient_id,
        details=dict(details or {}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event of a batch; `details` as for `record`."""

    action: str
    object_type: str
    object_id: str
    patient_id: int | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def record_many(*, actor: str, events: Iterable[NewEvent]) -> None:
    """Write the events of a batch in the caller's transaction, in one query."""
    now = timezone.now()
    AuditEvent.objects.bulk_create(
        AuditEvent(
            at=now,
            actor=actor,
            action=event.action,
            object_type=event.object_type,
            object_id=event.object_id,
            patient_id=event.patient_id,
            details=dict(event.details),
        )
        for event in events
    )


def openings(*, actor: str, since: dt.datetime) -> QuerySet[AuditEvent]:
    """What the log tells of patients that this actor opened since, on whatever page; to be joined to a query."""
    events = AuditEvent.objects.filter(actor=actor, at__gte=since, object_type="patient")
    return events.exclude(action__endswith=".refused")


def chain_hash(*, previous: str, event: AuditEvent) -> str:
    """SHA-256 of the previous hash and the length-prefixed fields of `event` (so that fields cannot run together)."""
    fields = (
        str(event.pk),
        event.at.astimezone(UTC).isoformat(),
        event.actor,
        event.action,
        event.object_type,
        event.object_id,
        str(event.patient_id),
        json.dumps(event.details, sort_keys=True, ensure_ascii=False),
    )
    canonical = "".join(f"{len(field)}:{field}" for field in fields)
    return hashlib.sha256(f"{previous}{canonical}".encode()).hexdigest()


@transaction.atomic
def seal(*, limit: int = 5000) -> int:
    """Link the events that have no link yet, oldest first; returns how many."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEAL_LOCK])
    last = AuditLink.objects.order_by("-position").first()
    previous, position = (last.hash, last.position) if last else (GENESIS, 0)
    links = []
    for event in AuditEvent.objects.filter(link__isnull=True).order_by("pk")[:limit]:
        position += 1
        previous = chain_hash(previous=previous, event=event)
        links.append(AuditLink(event=event, position=position, hash=previous))
    AuditLink.objects.bulk_create(links)
    return len(links)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify` found: how many links hold, and the first event that does not."""

    sealed: int
    unsealed: int
    broken_event: int | None
    head: str

    @property
    def intact(self) -> bool:
        return self.broken_event is None


def verify() -> ChainReport:
    """Walk the chain and compute it again."""
    previous, expected_position = GENESIS, 0
    for link in AuditLink.objects.select_related("event").order_by("position").iterator(chunk_size=2000):
        expected_position += 1
        if link.position != expected_position or link.hash != chain_hash(previous=previous, event=link.event):
            return ChainReport(expected_position - 1, 0, link.event_id, previous)
        previous = link.hash
    unsealed = AuditEvent.objects.filter(link__isnull=True).count()
    return ChainReport(expected_position, unsealed, None, previous)
