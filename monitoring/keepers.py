"""Who may keep an alert of a patient."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from accounts.models import User
from accounts.roles import Permission, Role, role_may
from patients.models import Patient

# Who can do what becomes of an alert: have blood drawn and told of, a scan recorded.
KEEPERS: Final = tuple(role for role in Role if role_may(role, Permission.RECORD_EVENTS))


def keepers_of(patient: Patient) -> QuerySet[User]:
    """To whom an alert of this patient may be handed: who is of the care team and can do what becomes of it."""
    members = User.objects.filter(memberships__team_id=patient.care_team_id, is_active=True, role__in=KEEPERS)
    return members.order_by("last_name", "first_name", "username")
