"""What was typed on the correction page and kept: the same as the page itself would send, so that either can be read.

Kept are the cells that differ from the record, the facts of the draw, the reasons, and what the page had shown: a draft
that is opened after somebody else corrected the draw says so, as the page does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from patients.catalogue import catalogue
from patients.correcting import CorrectionRow, as_it_stands, seen_in, shown_results
from patients.draft_contents import Held
from patients.forms_correction import AmendForm
from patients.models import Draw, EntryDraft

CELL_PARTS: Final = frozenset({"value", "unit", "assay", "confirm", "act"})
WHOLE_REASON: Final = "whole-reason"
LONGEST_TEXT: Final = 300  # as long as a reason


def context_names() -> frozenset[str]:
    """The fields beside the cells, by their names on the page."""
    seen = {f"seen_{marker.code}" for marker in catalogue().markers}
    return frozenset({*AmendForm.base_fields, WHOLE_REASON, "seen_version", *seen})


def held_by_page(data: Mapping[str, str], rows: Iterable[CorrectionRow]) -> Held:
    """What the page was sent with, as its draft would hold it."""
    cells = {row.marker.code: {part: getattr(row.cell, part) for part in CELL_PARTS} for row in rows if row.changed}
    return Held(cells, {name: data[name] for name in context_names() if name in data})


def typed_in(draft: EntryDraft, draw: Draw) -> dict[str, str]:
    """The draft as the page would have sent it; a cell that was not touched holds what the page had shown there."""
    data = dict(draft.context)
    for code, result in shown_results(draw, seen_in(data)).items():
        base = as_it_stands(result)
        data |= {f"value_{code}": base.value, f"unit_{code}": base.unit, f"assay_{code}": base.assay}
    for code, cell in draft.cells.items():
        data |= {f"{part}_{code}": text for part, text in cell.items()}
    return data
