"""What was left out and what was put in between two texts, word by word; Chinese sign by sign. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

# A run of letters and digits that is written without spaces between words is taken apart.
PIECE: Final = re.compile(r"[㐀-鿿]|\s+|[^\s㐀-鿿\w]|[^\W㐀-鿿]+")


class Kind(StrEnum):
    SAME = "same"
    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    text: str


def difference(old: str, new: str) -> tuple[Piece, ...]:
    """`old` and `new` in one: read without what is in, it is `old`; without what is out, `new`."""
    before, after = PIECE.findall(old), PIECE.findall(new)
    pieces: list[Piece] = []
    for tag, start, end, begin, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Kind.SAME, "".join(before[start:end])))
            continue
        if end > start:
            pieces.append(Piece(Kind.OUT, "".join(before[start:end])))
        if stop > begin:
            pieces.append(Piece(Kind.IN, "".join(after[begin:stop])))
    return tuple(pieces)
