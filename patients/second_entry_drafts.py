"""What was typed on the page of a second entry and kept: each value with its unit, and which result the page asked for.

Of the first entry nothing is kept here. What became of it meanwhile is told when the page is opened again: a value that
waits for this person no more is shown as it was typed, and is not saved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from accounts.models import User
from patients.catalogue import MarkerDefinition, catalogue
from patients.draft_contents import Held
from patients.entry import Typed, typed_rows
from patients.models import CheckKind, CheckOutcome, Draw, Result, ResultCheck, SecondCheck
from patients.second_checks import HeldDraw

CELL_PARTS: Final = frozenset({"value", "unit"})
LONGEST_ID: Final = 18


def context_names() -> frozenset[str]:
    """The fields beside the cells, by their names on the page."""
    return frozenset(f"seen_{marker.code}" for marker in catalogue().markers if not marker.derived)


def may_keep_second_entry(user: User, draw_id: int) -> bool:
    """Whether this person is, or was until somebody was quicker, the second person of any value of the draw.

    Results are released and corrected while somebody types. What is typed by then is kept, so that it can be shown.
    """
    held = Q(awaiting_check=SecondCheck.BLIND) | Q(checks__kind__in=[CheckKind.TYPED, CheckKind.DECIDED])
    second = ~Q(recorded_by=user) | Q(checks__outcome=CheckOutcome.DIFFERS)
    return Result.objects.filter(held, draw_id=draw_id).filter(second).exists()


def held_by_page(data: Mapping[str, str]) -> Held:
    """What the page was sent with, as its draft would hold it."""
    typed = {code: cell for code, cell in typed_rows(data).items() if cell.value.strip()}
    cells = {code: {"value": cell.value, "unit": cell.unit} for code, cell in typed.items()}
    return Held(cells, {name: data[name] for name in context_names() if name in data})


def as_id(text: str) -> int:
    """An id of a form; what is none leads to no result and is refused as one that stands no more."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else 0


def seen_in(data: Mapping[str, str], codes: Collection[str]) -> dict[str, int]:
    """Which result the page had asked for, of each marker."""
    return {code: as_id(data.get(f"seen_{code}", "")) for code in codes}


@dataclass(frozen=True, slots=True)
class NoMore:
    """What was typed for a value that waits for this person no more."""

    marker: MarkerDefinition
    typed: Typed


def no_more(held: HeldDraw, typed: Mapping[str, Typed]) -> tuple[NoMore, ...]:
    mine = {row.read.marker.code for row in held.mine}
    gone = [marker for marker in catalogue().markers if marker.code in typed.keys() - mine]
    return tuple(NoMore(marker, typed[marker.code]) for marker in gone if typed[marker.code].value.strip())


def corrected_since(held: HeldDraw, seen: Mapping[str, int]) -> list[str]:
    """The markers whose first entry was corrected after the page had asked for it; what was typed still holds."""
    asked = [(row.read.marker, row.result.pk) for row in held.mine]
    return [marker.short_name for marker, pk in asked if seen.get(marker.code, pk) != pk]


def typed_before(user: User, draw: Draw, typed: Mapping[str, Typed], seen: Mapping[str, int]) -> list[ResultCheck]:
    """What this person saved already, word for word: the answer was lost and the page is sent again."""
    standing = Result.objects.current().filter(draw=draw, pk__in=[seen[code] for code in typed])
    checks = ResultCheck.objects.filter(by=user, result__in=standing).select_related("result")
    sent = {(code, seen[code], cell.value.strip(), cell.unit) for code, cell in typed.items()}
    return [one for one in checks if (one.result.marker_id, one.result_id, one.as_typed, one.unit) in sent]
