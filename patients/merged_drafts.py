"""What somebody typed for a record that was merged into another before it was saved: offered where the record went.

A draft stays with the record it was typed for until its author goes on with it, so that undoing the merge finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from accounts.models import User
from patients.access import kept_records, merged_patients
from patients.catalogue import catalogue
from patients.drafts import OF_A_DRAW, PAGES, of_records
from patients.models import Draw, EntryDraft, EntryScope, Patient
from patients.services.drafts import oldest_kept
from patients.sheets import sheet_of_draft

Cells = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class MergedDraft:
    """One draft of a record that went to `kept_id`. `lines` is what was typed, a draw each.

    `has_draw` says that the draw it was typed for, where it is of one on record, went there too.
    """

    draft: EntryDraft
    retired: Patient
    kept_id: int
    lines: tuple[str, ...]
    has_draw: bool = False

    @property
    def address(self) -> str:
        """Where it is gone on with, in the record that was kept."""
        if self.draft.scope not in OF_A_DRAW:
            return reverse(PAGES[self.draft.scope], args=[self.kept_id])
        # A draw that stayed behind is the same blood as one of the kept record.
        draw = [int(self.draft.key)] if self.has_draw else []
        return reverse(PAGES[self.draft.scope] if draw else "patient", args=[self.kept_id, *draw])


def merged_drafts(user: User, *, kept_id: int | None = None, scope: str = "") -> list[MergedDraft]:
    """The user's own, the latest first; with `kept_id` only those of records that went into this one."""
    drafts = EntryDraft.objects.filter(
        of_records(user, merged_patients),
        user=user,
        scope__in=[scope] if scope else PAGES,
        updated_at__gte=oldest_kept(),
    ).select_related("patient")
    found = [(draft, draft.patient) for draft in drafts.order_by("-updated_at", "pk") if draft.typed]
    ids = [patient.pk for _draft, patient in found if patient]
    if not ids:
        return []
    kept = kept_records(user, ids)
    of_draws = [int(draft.key) for draft, _patient in found if draft.scope in OF_A_DRAW]
    draws = dict(Draw.objects.filter(pk__in=of_draws).values_list("pk", "patient_id")) if of_draws else {}
    return [
        MergedDraft(draft, patient, kept[patient.pk], tuple(_lines(draft)), _went_along(draft, draws, kept[patient.pk]))
        for draft, patient in found
        if patient and patient.pk in kept and kept_id in {None, kept[patient.pk]}
    ]


def _went_along(draft: EntryDraft, draws: Mapping[int, int], kept_id: int) -> bool:
    return draft.scope in OF_A_DRAW and draws.get(int(draft.key)) == kept_id


def typed_text(cells: Cells) -> str:
    """Marker code -> cell as one line, in the order of the catalogue: 'CEA 3.1 ng/mL, NSE 9 ng/mL'."""
    typed = [
        f"{marker.short_name} {cell['value'].strip()} {cell.get('unit', '')}".strip()
        for marker in catalogue().markers
        if (cell := cells.get(marker.code)) and cell.get("value", "").strip()
    ]
    return gettext(", ").join(typed)


def _lines(draft: EntryDraft) -> Iterator[str]:
    if draft.scope != EntryScope.DATES:
        facts = [draft.context.get(name, "") for name in ("collected_on", "collected_time", "laboratory", "accession")]
        yield _line(" ".join(fact for fact in facts if fact), typed_text(draft.cells))
        return
    sheet = sheet_of_draft(draft)
    for line in sorted({key.partition(":")[0] for key in draft.cells}, key=int):
        typed = {code: {"value": one.value, "unit": one.unit} for code, one in sheet.typed(line).items()}
        if text := typed_text(typed):
            yield _line(sheet.fact(f"day_{line}"), text)


def _line(facts: str, values: str) -> str:
    return gettext("%(facts)s: %(values)s") % {"facts": facts, "values": values} if facts else values
