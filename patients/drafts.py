"""Reading what somebody typed and did not save yet: their own drafts, never those of others."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from accounts.roles import Permission
from patients.access import visible_patients
from patients.models import EntryDraft, EntryScope, Patient
from patients.selectors import primary_numbers
from patients.services.drafts import oldest_kept

DRAFTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """One line of the list to continue from."""

    draft: EntryDraft
    patient: Patient
    number: str


def own_draft(user: User, scope: str, key: str) -> EntryDraft | None:
    return EntryDraft.objects.filter(user=user, scope=scope, key=key, updated_at__gte=oldest_kept()).first()


def own_drafts(user: User) -> list[OpenDraft]:
    """Draws and corrections begun and not saved, the latest first; only of patients that are still theirs to enter."""
    drafts = EntryDraft.objects.filter(
        user=user,
        scope__in=[EntryScope.DRAW, EntryScope.CORRECTION],
        updated_at__gte=oldest_kept(),
        patient__in=visible_patients(user, permission=Permission.ENTER_RESULTS),
    ).select_related("patient")
    shown = [(draft, draft.patient) for draft in drafts.order_by("-updated_at", "pk")[:DRAFTS_SHOWN]]
    numbers = primary_numbers([patient.pk for _draft, patient in shown if patient])
    return [OpenDraft(draft, patient, numbers.get(patient.pk, "")) for draft, patient in shown if patient]
