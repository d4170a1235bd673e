"""Which notes and mentions a person may read. Restricted in SQL; the default is nothing."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from accounts.models import User
from accounts.roles import Permission, Role, role_may
from monitoring.models import Mention, Note
from patients.access import visible_patients
from patients.models import Patient

Viewer = User | AnonymousUser


def readable_notes(user: Viewer) -> QuerySet[Note]:
    """The notes on the patients of the viewer's teams, or none."""
    return Note.objects.filter(patient__in=visible_patients(user, permission=Permission.WRITE_NOTES))


def mentions_of(user: Viewer) -> QuerySet[Mention]:
    """The person's entries, one a note: of its newest version, and only while the person may see the patient."""
    if not isinstance(user, User):
        return Mention.objects.none()
    seen = visible_patients(user, permission=Permission.WRITE_NOTES)
    return Mention.objects.filter(
        person=user, version__number=F("version__note__newest"), version__note__patient__in=seen
    )


def mentions_in_order(user: Viewer) -> QuerySet[Mention]:
    """Unread first, then the newest first, with what a list shows of each."""
    read = Case(When(read_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = mentions_of(user).select_related("version__note__patient", "version__note__author", "version__note__alert")
    return rows.order_by(read, "-pk")


def unread_mentions(user: Viewer) -> int:
    """What the head of every page shows; who reads no notes costs no query."""
    if not isinstance(user, User) or not user.may(Permission.WRITE_NOTES):
        return 0
    return mentions_of(user).filter(read_at=None).count()


def readers_of(patient: Patient) -> QuerySet[User]:
    """Who may read the notes on this patient: of the care team, with a role that keeps notes."""
    roles = [role for role in Role if role_may(role, Permission.WRITE_NOTES)]
    members = User.objects.filter(memberships__team_id=patient.care_team_id, is_active=True, role__in=roles)
    return members.order_by("last_name", "first_name", "username")
