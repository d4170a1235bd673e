"""What a page of several draws holds, as it was typed: the facts of the page, and cells by line and marker.

A line is one draw: a patient of the clinic grid, a date of the dates grid. The form of the page and its draft hold the
same, so that either can be read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from accounts.models import User
from patients.catalogue import MarkerDefinition, catalogue
from patients.draft_contents import Cells, DraftState, Held
from patients.drafts import own_draft
from patients.entry import Typed
from patients.models import EntryDraft
from patients.services import DraftIsGone, DraftIsOlder, save_draft
from patients.services.drafts import held_in, stands_in

CELL = re.compile(r"(value|confirm)_([0-9]{1,18})_([A-Z0-9_]{1,40})")
# What each draw of the page says of itself beside its day and its values.
LINE_FACTS: Final = ("time", "accession", "fasting", "haemolysis", "biotin", "g_csf", "steroid")
FACT = re.compile(
    r"day|laboratory|fasting|markers|patients|lines|unknown|lost|saved"
    rf"|(?:day|same_day|same_draw|{'|'.join(LINE_FACTS)})_[0-9]{{1,18}}|(?:unit|assay)_[A-Z0-9_]{{1,40}}"
)
KEY = re.compile(r"[0-9]{1,18}:[A-Z0-9_]{1,40}")
LONGEST_FACT = 20_000
LONGEST_CELL = 200
# What a browser still types in at once. Confirmations, units and facts come on top: DATA_UPLOAD_MAX_NUMBER_FIELDS.
MOST_CELLS = 800


@dataclass(frozen=True, slots=True)
class Sheet:
    context: Mapping[str, str]
    cells: Cells

    def fact(self, name: str) -> str:
        return self.context.get(name, "")

    @property
    def markers(self) -> tuple[MarkerDefinition, ...]:
        """In the order of the catalogue; a code nobody knows is none."""
        return markers_of(self.fact("markers").split(","))

    @property
    def saved(self) -> dict[str, tuple[str, int]]:
        """line -> when it was saved and as which draw."""
        found = re.findall(r"([0-9]{1,18})=([0-9]{2}:[0-9]{2}:[0-9]{2})=([0-9]{1,18})", self.fact("saved"))
        return {line: (at, int(draw)) for line, at, draw in found}

    def typed(self, line: str) -> dict[str, Typed]:
        """The cells of one draw, each in the unit that its marker's heading names."""
        typed = {}
        for marker in self.markers:
            cell = self.cells.get(f"{line}:{marker.code}", {})
            typed[marker.code] = Typed(
                value=cell.get("value", ""),
                unit=self.fact(f"unit_{marker.code}") or marker.unit,
                assay=self.fact(f"assay_{marker.code}").strip(),
                confirm=cell.get("confirm", ""),
            )
        return typed

    def line_facts(self, line: str) -> dict[str, str]:
        """The facts of one draw. Fasting is asked once for all, too; what was said of none of them is left out."""
        said = {name: self.fact(f"{name}_{line}").strip() for name in LINE_FACTS}
        said["fasting"] = said["fasting"] or self.fact("fasting")
        return {name: text for name, text in said.items() if text}

    def is_typed(self, line: str) -> bool:
        return any(typed.value.strip() for typed in self.typed(line).values())

    def with_facts(self, **facts: str) -> Sheet:
        return replace(self, context={**self.context, **facts})


def markers_of(codes: Collection[str]) -> tuple[MarkerDefinition, ...]:
    return tuple(marker for marker in catalogue().markers if marker.code in codes and not marker.derived)


def sheet_of_form(data: Mapping[str, str]) -> Sheet:
    context: dict[str, str] = {}
    cells: dict[str, dict[str, str]] = {}
    for name, sent in data.items():
        text = sent.replace("\0", "\ufffd")  # which no database holds
        if match := CELL.fullmatch(name):
            part, line, code = match.groups()
            cells.setdefault(f"{line}:{code}", {})[part] = text[:LONGEST_CELL]
        elif FACT.fullmatch(name):
            context[name] = text[:LONGEST_FACT]
    return Sheet(context, cells)


def sheet_of_draft(draft: EntryDraft) -> Sheet:
    return Sheet(draft.context, draft.cells)


def held_by(sheet: Sheet) -> Held:
    cells = {name: cell for name, cell in sheet.cells.items() if any(text.strip() for text in cell.values())}
    return Held(cells, sheet.context)


def keep(
    sheet: Sheet, *, user: User, scope: str, key: str, known: DraftState, patient_id: int | None = None
) -> EntryDraft:
    """Put the draft where the page stands; a draft that was saved or thrown away in another window begins anew.

    Raises
    ------
    DraftIsOlder
        another window typed on what this one goes on with; it is left alone.
    """
    held = held_by(sheet)
    newest = own_draft(user, scope, key)
    if newest and stands_in(newest) != known and not held.has_all_of(held_in(newest)):
        raise DraftIsOlder(revision=str(newest.revision))
    put = partial(
        save_draft,
        user=user,
        scope=scope,
        key=key,
        patient_id=patient_id,
        cells=held.cells,
        context=held.context,
    )
    state = stands_in(newest)
    try:
        return put(revision=state.revision, draft_id=state.draft_id)
    except DraftIsGone:  # in the moment since it was read
        return put(revision=0)


def joined(parts: Sequence[object]) -> str:
    return ",".join(str(part) for part in parts)
