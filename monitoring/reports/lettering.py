"""Letters on paper: which font holds a character, how wide a text is, where a line breaks.

Two fonts come with Leadtime (fonts/README.md): one for Latin, Greek and Cyrillic letters and for figures, one for
Chinese. A character that neither holds is printed as its Unicode number, so that no name loses a sign unseen.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER: Final = Path(__file__).parent / "fonts"
LETTERS, CHINESE = "LeadtimeLetters", "LeadtimeChinese"
FILES: Final = {LETTERS: "NotoSans-Regular.ttf", CHINESE: "NotoSansSC-Regular.ttf"}
# A line may end after a space and at any Chinese character but before one of these.
_HAN: Final = r"\u2e80-\u9fff\uf900-\uffef\U00020000-\U0003ffff"
_PIECES: Final = re.compile(rf"[{_HAN}][，。、；：）」』”’！？]*|[^ {_HAN}]+| +")
_BEYOND: Final = re.compile(r"<([0-9A-F]{5,6})>")
_MARKED: Final = re.compile(r".[\u0300-\u036f]+")
ELLIPSIS: Final = "…"


class _Font(TTFont):  # type: ignore[misc]  # the library has no types
    """Names characters beyond the first plane as a reader of PDF expects it; the library writes a number too long."""

    def addObjects(self, doc: Any) -> None:
        super().addObjects(doc)
        for name, stream in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:") and isinstance(stream.content, str):
                stream.content = _BEYOND.sub(_surrogates, stream.content)


def _surrogates(number: re.Match[str]) -> str:
    return f"<{chr(int(number[1], 16)).encode('utf-16-be').hex().upper()}>"


@cache
def _fonts() -> dict[str, _Font]:
    """Read once a process, at the first sheet: the Chinese one takes half a second."""
    fonts = {name: _Font(name, FOLDER / file) for name, file in FILES.items()}
    for font in fonts.values():
        pdfmetrics.registerFont(font)
    return fonts


@cache
def font_of(character: str) -> str:
    """The font that holds it; '' where none does."""
    return next((name for name, font in _fonts().items() if ord(character) in font.face.charToGlyph), "")


def printable(text: str) -> str:
    """The text as it can be printed: `[U+D55C]` for what no font holds; line breaks and tabs are spaces."""
    return "".join(one if font_of(one) else f"[U+{ord(one):04X}]" for one in _composed(text))


def lost(text: str) -> bool:
    """Whether a character of it is printed as its number."""
    return not all(font_of(one) for one in _composed(text))


def _composed(text: str) -> str:
    """A letter and its mark as one character, where there is one; compatibility characters stay as they were typed."""
    composed = _MARKED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    return "".join(" " if one.isspace() and one != "\u00a0" else one for one in composed)


def runs(text: str) -> list[tuple[str, str]]:
    """Font and text of each stretch of a printable text."""
    return [(font, "".join(letters)) for font, letters in groupby(text, key=font_of)]


def width_of(text: str, size: float) -> float:
    return float(sum(pdfmetrics.stringWidth(part, font, size) for font, part in runs(printable(text))))


def shortened(text: str, size: float, width: float) -> str:
    """The text, or as much of its beginning as fits, with an ellipsis."""
    text = _composed(text)
    if width_of(text, size) <= width:
        return text
    while text and width_of(text + ELLIPSIS, size) > width:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS if text else ""


def wrapped(text: str, size: float, width: float, *, most: int = 0) -> list[str]:
    """The lines of a text; with `most` the last one says by an ellipsis that there is more."""
    lines: list[str] = [""]
    for piece in _pieces(_composed(text), size, width):
        if width_of(lines[-1] + piece.rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    lines = [line.rstrip() for line in lines]
    if most and len(lines) > most:
        return [*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), size, width)]
    return lines


def _pieces(text: str, size: float, width: float) -> list[str]:
    """What may not be parted, but where it alone is wider than a line."""
    pieces: list[str] = []
    for piece in _PIECES.findall(text):
        pieces += [piece] if width_of(piece, size) <= width else list(piece)
    return pieces
