"""Notes as people write them, for the tests of what follows from it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from accounts.models import Team, User
from accounts.roles import Role
from accounts.services import create_user, join_team
from audit.models import AuditEvent
from monitoring.models import Alert, Mention, Note, NoteVersion
from monitoring.services import amend_note, take_back_note, write_note
from patients.models import Patient
from tests.cast import ACTOR, PASSWORD
from tests.monitoring.scenes import NOW

LATER = NOW + dt.timedelta(minutes=5)


def note_by(
    user: User,
    patient: Patient,
    text: str = "seen at home",
    *,
    tell: Collection[User] = (),
    alert: Alert | None = None,
    key: uuid.UUID | None = None,
    now: dt.datetime = NOW,
) -> Note:
    return write_note(
        actor=user.audit_name,
        user=user,
        patient_id=patient.pk,
        alert_id=alert.pk if alert else None,
        text=text,
        tell=[one.pk for one in tell],
        key=key or uuid.uuid4(),
        now=now,
    )


def amend(note: Note, text: str, *, by: User | None = None, seen: int = 1, **given: Any) -> Note:
    user = by or note.author
    said = {"reason": "mistyped", "now": LATER, **given}
    return amend_note(actor=user.audit_name, user=user, note_id=note.pk, seen=seen, text=text, **said)


def take_back(note: Note, *, by: User | None = None, seen: int = 1, reason: str = "other patient") -> Note:
    user = by or note.author
    return take_back_note(actor=user.audit_name, user=user, note_id=note.pk, seen=seen, reason=reason, now=LATER)


def said(note: Note) -> list[tuple[str, str, bool]]:
    """Text, reason and whether it was taken back, of each version, the oldest first."""
    return list(note.versions.order_by("number").values_list("text", "reason", "taken_back"))


def told(note: Note) -> list[tuple[int, str]]:
    """Version and user name of each mention."""
    rows = Mention.objects.filter(version__note=note).order_by("version__number", "person__username")
    return list(rows.values_list("version__number", "person__username"))


def rows() -> list[Any]:
    """Every row a note may change, to see that nothing changed."""
    return [list(table._default_manager.order_by("pk").values()) for table in (Note, NoteVersion, Mention)]


def events() -> list[tuple[str, dict[str, Any]]]:
    kinds = ("note", "mention")
    return list(AuditEvent.objects.filter(object_type__in=kinds).order_by("pk").values_list("action", "details"))


def colleague(team: Team, name: str, role: Role = Role.NURSE) -> User:
    user = create_user(actor=ACTOR, username=name, password=PASSWORD, role=role, email=f"{name}@clinic.invalid")
    join_team(actor=ACTOR, user=user, team=team)
    return user
