"""The draft behind a page of entry: which of its states the page goes on with, and where another window's differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from django import forms
from django.utils.translation import gettext

from accounts.models import User
from accounts.roles import Permission
from patients.access import visible_patients
from patients.catalogue import catalogue
from patients.draft_contents import Difference, DraftState, Held, differing, state_of
from patients.entry import typed_rows
from patients.forms import DrawForm
from patients.models import EntryDraft, EntryScope
from patients.services.drafts import held_in, stands_in

OF_A_LINE: Final = re.compile(r"([a-z_]+)_([0-9]{1,18})")
OF_A_MARKER: Final = re.compile(r"(unit|assay)_([A-Z0-9_]{1,40})")


class SentWith(TypedDict):
    """Which draft the page goes on with, and which one its person has seen and leaves for later."""

    known: DraftState
    beside: DraftState


def sent_with(data: Mapping[str, str]) -> SentWith:
    return {"known": state_of(data.get("draft", "")), "beside": state_of(data.get("save_beside", ""))}


def held_by_draw_form(data: Mapping[str, str]) -> Held:
    """What the page of one draw was sent with, as its draft would hold it."""
    cells = {
        code: {"value": one.value, "unit": one.unit, "assay": one.assay, "confirm": one.confirm}
        for code, one in typed_rows(data).items()
    }
    return Held(cells, {name: data.get(name, "") for name in DrawForm.base_fields})


@dataclass(frozen=True, slots=True)
class NewerDraft:
    """What another window kept, where it is more than or other than what this page holds."""

    state: DraftState
    draft: EntryDraft
    differences: tuple[Difference, ...]


def newer_than(user: User, draft: EntryDraft | None, *, known: DraftState, held: Held) -> NewerDraft | None:
    if draft is None or stands_in(draft) == known or held.has_all_of(held_in(draft)):
        return None
    return NewerDraft(stands_in(draft), draft, differences(user, draft, held))


def differences(user: User, draft: EntryDraft, here: Held) -> tuple[Difference, ...]:
    """Where the draft and the page differ, each in the words of the page."""
    found = list(differing(held_in(draft), here))
    lines = {name.partition(":")[0] for name, _there, _mine in found if ":" in name}
    lines |= {match[2] for name, _there, _mine in found if (match := OF_A_LINE.fullmatch(name))}
    lines |= {pk for name, *texts in found if name == "patients" for text in texts for pk in text.split(",")}
    names = _names(user, draft.scope, sorted(lines))
    return tuple(_in_words(found, names))


def _names(user: User, scope: str, lines: Sequence[str]) -> dict[str, str]:
    """How the page calls its lines: by patient, as far as they are this person's to see, or by number."""
    if scope != EntryScope.CLINIC:
        return {line: gettext("column %(number)s") % {"number": line} for line in lines}
    ids = [int(line) for line in lines if line.isascii() and line.isdigit() and len(line) < 19]
    mine = visible_patients(user, permission=Permission.ENTER_RESULTS)
    return {str(pk): name for pk, name in mine.filter(pk__in=ids).values_list("pk", "name")}


def _in_words(found: Sequence[tuple[str, str, str]], names: Mapping[str, str]) -> Iterator[Difference]:
    for name, there, here in found:
        label = _cell_label(name, names) or _fact_label(name, names)
        yield Difference(label, _fact_text(name, there, names), _fact_text(name, here, names))


def _cell_label(name: str, names: Mapping[str, str]) -> str:
    line, _, code = name.rpartition(":")
    marker = {marker.code: marker.short_name for marker in catalogue().markers}.get(code, "")
    return f"{names.get(line, line)}{gettext(', ')}{marker}" if line and marker else marker


def _fact_label(name: str, names: Mapping[str, str]) -> str:
    labels = {
        "day": gettext("Collected on"),
        "patients": gettext("Patients"),
        "saved": gettext("Saved"),
        "unknown": gettext("Hospital numbers"),
    }
    if match := OF_A_MARKER.fullmatch(name):
        said = gettext("Unit of %(marker)s") if match[1] == "unit" else gettext("Assay of %(marker)s")
        return said % {"marker": _cell_label(match[2], names)}
    if match := OF_A_LINE.fullmatch(name):
        return f"{names.get(match[2], match[2])}{gettext(', ')}{_fact_label(match[1], names)}"
    field = _field(name)
    return labels.get(name) or (str(field.label) if field else gettext("Another field of the page"))


def _field(name: str) -> forms.Field | None:
    return DrawForm.base_fields.get(name) or DrawForm.base_fields.get(f"collected_{name}")


def _fact_text(name: str, text: str, names: Mapping[str, str]) -> str:
    """A fact as the page shows it; a cell and what is typed freely, as it was typed."""
    match = OF_A_LINE.fullmatch(name)
    field = _field(match[1] if match else name)
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(text, text))  # type: ignore[arg-type]  # choices of a form field
    if name == "saved":
        return str(len(text.split(","))) if text else ""
    if name == "patients":
        return gettext(", ").join(filter(None, (names.get(pk, "") for pk in text.split(","))))
    return gettext(", ").join(text.splitlines())
