"""Reading what somebody typed and did not save yet: their own drafts, never those of others."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission
from patients.access import visible_draws, visible_patients
from patients.draft_contents import DraftState
from patients.forms import short_date
from patients.models import Draw, EntryDraft, EntryScope, Patient
from patients.selectors import primary_numbers
from patients.services.drafts import oldest_kept, stands_in

DRAFTS_SHOWN = 20
DAYS_SHOWN = 3
PAGES: Mapping[str, str] = {
    EntryScope.DRAW: "draw_new",
    EntryScope.DATES: "dates",
    EntryScope.CORRECTION: "draw_correct",
    EntryScope.CHECK: "draw_second_entry",
}
OF_A_DRAW = frozenset({EntryScope.CORRECTION, EntryScope.CHECK})  # the key is the draw's, not the patient's


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """One line of the list to continue from. A clinic is nobody's own: `patients` says of how many it is.

    `draw` is the one on record that a correction or a second entry is of.
    """

    draft: EntryDraft
    patient: Patient | None
    number: str
    typed: int
    patients: int = 0
    draw: Draw | None = None

    @property
    def address(self) -> str:
        if self.patient is None:
            return reverse("clinic")
        draw = [self.draw.pk] if self.draw else []
        return reverse(PAGES[self.draft.scope], args=[self.patient.pk, *draw])

    @property
    def state(self) -> DraftState:
        return stands_in(self.draft)

    @property
    def laboratory(self) -> str:
        said = self.draw.laboratory if self.draw and self.draft.scope == EntryScope.CHECK else ""
        return said or str(self.draft.context.get("laboratory", "")).strip()

    @property
    def days(self) -> list[str]:
        """The days of its draws as far as they were typed, in the order of the page."""
        if self.draw and self.draft.scope == EntryScope.CHECK:
            return [short_date(timezone.localdate(self.draw.collected_at))]
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
    of_patients = kept.filter(of_records(user, visible_patients)).select_related("patient")
    listed = _with_draws(user, of_patients.order_by("-updated_at", "pk")[:DRAFTS_SHOWN])
    numbers = primary_numbers({patient.pk for _draft, patient, _draw in listed})
    found = [
        OpenDraft(one, patient, numbers.get(patient.pk, ""), _waiting(one), draw=draw) for one, patient, draw in listed
    ]
    for draft in kept.filter(scope=EntryScope.CLINIC)[:1]:  # one a person
        found += _clinic(draft, mine)
    return sorted(found, key=lambda one: (one.draft.updated_at, -one.draft.pk), reverse=True)[:DRAFTS_SHOWN]


def of_records(user: User, find: Callable[..., QuerySet[Patient]]) -> Q:
    """Drafts of the records that `find` finds for who may type there: a first time, or as the second person."""
    again = Q(scope=EntryScope.CHECK, patient__in=find(user, permission=Permission.CHECK_RESULTS))
    first = [scope for scope in PAGES if scope != EntryScope.CHECK]
    return again | Q(scope__in=first, patient__in=find(user, permission=Permission.ENTER_RESULTS))


def _with_draws(user: User, drafts: Iterable[EntryDraft]) -> list[tuple[EntryDraft, Patient, Draw | None]]:
    """Each with its patient. A draw stands where it is by now: a merge that was undone took it back with it."""
    listed = list(drafts)
    ids = [int(draft.key) for draft in listed if draft.scope in OF_A_DRAW]
    draws = visible_draws(user).select_related("patient").in_bulk(ids)
    found: list[tuple[EntryDraft, Patient, Draw | None]] = []
    for draft in listed:
        if draft.scope not in OF_A_DRAW and draft.patient:
            found.append((draft, draft.patient, None))
        elif draft.scope in OF_A_DRAW and (draw := draws.get(int(draft.key))):
            found.append((draft, draw.patient, draw))
    return found


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
