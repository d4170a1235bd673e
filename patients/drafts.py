"""Reading what somebody typed and did not save yet: their own drafts, never those of others."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from accounts.roles import Permission
from patients.access import visible_patients
from patients.draft_contents import DraftState
from patients.forms import short_date
from patients.models import EntryDraft, EntryScope, Patient
from patients.selectors import primary_numbers
from patients.services.drafts import oldest_kept, stands_in

DRAFTS_SHOWN = 20
DAYS_SHOWN = 3
PAGES: Mapping[str, str] = {
    EntryScope.DRAW: "draw_new",
    EntryScope.DATES: "dates",
    EntryScope.CORRECTION: "draw_correct",
}


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """One line of the list to continue from. A clinic is nobody's own: `patients` says of how many it is."""

    draft: EntryDraft
    patient: Patient | None
    number: str
    typed: int
    patients: int = 0

    @property
    def address(self) -> str:
        if self.patient is None:
            return reverse("clinic")
        draw = [self.draft.key] if self.draft.scope == EntryScope.CORRECTION else []
        return reverse(PAGES[self.draft.scope], args=[self.patient.pk, *draw])

    @property
    def state(self) -> DraftState:
        return stands_in(self.draft)

    @property
    def laboratory(self) -> str:
        return str(self.draft.context.get("laboratory", "")).strip()

    @property
    def days(self) -> list[str]:
        """The days of its draws as far as they were typed, in the order of the page."""
        context = self.draft.context
        names = ["collected_on", "day", *(name for name in context if re.fullmatch("day_[0-9]+", name))]
        typed = [context.get(name, "").strip() for name in names]
        return [_day(text) for text in dict.fromkeys(typed) if text]

    @property
    def first_days(self) -> list[str]:
        return self.days[:DAYS_SHOWN]

    @property
    def more_days(self) -> int:
        return len(self.days) - len(self.first_days)


def _day(text: str) -> str:
    """A day as the page writes it; what is no day yet, as it was typed."""
    try:
        return short_date(dt.date.fromisoformat(text))
    except ValueError:
        return text


def own_draft(user: User, scope: str, key: str) -> EntryDraft | None:
    return EntryDraft.objects.filter(user=user, scope=scope, key=key, updated_at__gte=oldest_kept()).first()


def own_drafts(user: User) -> list[OpenDraft]:
    """What somebody began and did not save, the latest first; only of patients that are still theirs to enter."""
    mine = visible_patients(user, permission=Permission.ENTER_RESULTS)
    kept = EntryDraft.objects.filter(user=user, updated_at__gte=oldest_kept())
    of_patients = kept.filter(scope__in=PAGES, patient__in=mine).select_related("patient")
    listed = list(of_patients.order_by("-updated_at", "pk")[:DRAFTS_SHOWN])
    numbers = primary_numbers([draft.patient_id for draft in listed if draft.patient_id])
    found = [OpenDraft(one, one.patient, numbers.get(one.patient_id or 0, ""), _waiting(one)) for one in listed]
    for draft in kept.filter(scope=EntryScope.CLINIC)[:1]:  # one a person
        found += _clinic(draft, mine)
    return sorted(found, key=lambda one: (one.draft.updated_at, -one.draft.pk), reverse=True)[:DRAFTS_SHOWN]


def _clinic(draft: EntryDraft, mine: QuerySet[Patient]) -> list[OpenDraft]:
    """A clinic with the rows that are this person's to enter; none where none is any more."""
    rows = re.findall(r"(?:^|,)([0-9]{1,18})(?=,|$)", draft.context.get("patients", ""))
    visible = {str(pk) for pk in mine.filter(pk__in=rows).values_list("pk", flat=True)}
    return [OpenDraft(draft, None, "", _waiting(draft, visible), patients=len(visible))] if visible else []


def _waiting(draft: EntryDraft, lines: Collection[str] | None = None) -> int:
    """How many values are typed and on record nowhere; of these lines only, where they are named."""
    saved = re.findall(r"(?:^|,)([0-9]{1,18})=", draft.context.get("saved", ""))
    typed = [name for name, cell in draft.cells.items() if cell.get("value", "").strip()]
    of_lines = [name.partition(":")[0] for name in typed]
    return sum(1 for line in of_lines if line not in saved and (lines is None or line in lines))
