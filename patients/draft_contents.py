"""What a page of entry holds beside what its draft holds: whether one is all of the other, and where they differ. Pure.

A draft and a page are compared by what a person typed: an empty cell is no value, and a confirmation is none either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Cells = Mapping[str, Mapping[str, str]]
LARGEST_ID = 2**63 - 1
LARGEST_REVISION = 2**31 - 1
STATE = re.compile(r"([0-9]{1,19})\.([0-9]{1,10})")
# What counts of a cell: the same number in another unit is another value.
PARTS = ("value", "unit", "assay", "act")
# How much of a page is shown is nothing that anybody typed.
SHAPE = frozenset({"lines", "markers"})
# What a page of corrections had shown: where it is stale, its own rule says so.
SHOWN = "seen_"


@dataclass(frozen=True, slots=True)
class DraftState:
    """One state of one draft: the one a page goes on with. A page that never kept anything knows of none.

    The number alone would not do: the draft after this one is counted from 1 again.
    """

    draft_id: int = 0
    revision: int = 0

    def __str__(self) -> str:
        return f"{self.draft_id}.{self.revision}"


NOTHING_KEPT = DraftState()


def state_of(text: str) -> DraftState:
    """What a form sent of it; what cannot be read knows of no draft, so that it can cost none."""
    match = STATE.fullmatch(text)
    state = DraftState(*map(int, match.groups())) if match else NOTHING_KEPT
    return state if state.draft_id <= LARGEST_ID and state.revision <= LARGEST_REVISION else NOTHING_KEPT


@dataclass(frozen=True, slots=True)
class Held:
    """Everything one page holds, as its draft keeps it."""

    cells: Cells
    context: Mapping[str, str]

    def has_all_of(self, draft: Held) -> bool:
        """Whether nothing that the draft holds is missing here or says otherwise."""
        return not any(there for _what, there, _here in differing(draft, self))


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell or fact: what the other window's draft says, and what this page says. Empty where nothing was typed."""

    what: str
    there: str
    here: str


def differing(there: Held, here: Held) -> Iterator[tuple[str, str, str]]:
    """(fact or cell, what is typed there, what is typed here), the facts first."""
    for name, text in there.context.items():
        # A page that has no such field says nothing against it.
        if (
            name not in SHAPE
            and not name.startswith(SHOWN)
            and (mine := here.context.get(name, text).strip()) != text.strip()
        ):
            yield name, text.strip(), mine
    for name in dict.fromkeys([*there.cells, *here.cells]):
        theirs, own = _typed(there, name), _typed(here, name)
        known = theirs.keys() & own.keys() if theirs and own else theirs.keys() | own.keys()
        differs = [part for part in PARTS if part in known and theirs.get(part) != own.get(part)]
        if differs:
            only_beside = "value" not in differs
            yield name, _shown(theirs, whole=only_beside), _shown(own, whole=only_beside)


def _typed(held: Held, name: str) -> dict[str, str]:
    """The parts of a cell that count; none where nothing was typed."""
    cell = {part: text.strip() for part, text in held.cells.get(name, {}).items() if part in PARTS}
    return cell if cell.get("value") or cell.get("act") else {}


def _shown(cell: Mapping[str, str], *, whole: bool) -> str:
    """The value as it was typed; the rest of the cell only where that is what differs."""
    parts = [cell.get(part, "") for part in PARTS]
    return " ".join(part for part in parts if part) if whole else parts[0] or parts[-1]
