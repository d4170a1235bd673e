"""Lines of a text file, and the records that cells with line breaks make of them. Holds one record at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TextIO

MOST_CHARACTERS: Final = 100_000  # of a line
MOST_LINES: Final = 20  # of a record: a quotation mark that is never closed must not swallow the file


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line. Of a line that is too long only the beginning is kept."""

    number: int
    text: str
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One line of cells, or, with `problem`, what could not be made into cells."""

    first: int
    last: int
    raw: str
    cells: tuple[str, ...]
    problem: str = ""


def read_lines(text: TextIO) -> Iterator[Line]:
    """Line by line at \\n, \\r\\n or \\r, whatever the length (`text` is open with newline='')."""
    number = 0
    while piece := text.readline(MOST_CHARACTERS):
        number += 1
        if len(piece) < MOST_CHARACTERS or piece.endswith(("\n", "\r")):
            yield Line(number, piece)
            continue
        following = piece
        while len(following) == MOST_CHARACTERS and not following.endswith(("\n", "\r")):
            following = text.readline(MOST_CHARACTERS)
        yield Line(number, piece, too_long=True)


class Records:
    """The records of a file from some line on."""

    def __init__(self, lines: Iterator[Line], *, delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._waiting: list[Line] = []  # lines read ahead for a quotation mark that was never closed

    def __iter__(self) -> Iterator[Record]:
        while (line := self._next()) is not None:
            if line.too_long:
                yield Record(line.number, line.number, line.text, (), "line_too_long")
            else:
                yield self._record(line)

    def _next(self) -> Line | None:
        return self._waiting.pop(0) if self._waiting else next(self._lines, None)

    def _record(self, line: Line) -> Record:
        raw = line.text
        ahead: list[Line] = []
        while True:
            cells, problem = split_cells(raw, self._delimiter)
            if not problem:
                return Record(line.number, line.number + len(ahead), raw, cells)
            following = None
            if problem == "line_quote_not_closed" and len(ahead) < MOST_LINES and len(raw) < MOST_CHARACTERS:
                following = self._next()
            if following is not None:
                ahead.append(following)
            if following is None or following.too_long:
                # Only the line that opened the quotation is lost; those read ahead are read again, each for itself.
                self._waiting[:0] = ahead
                return Record(line.number, line.number, line.text, (), "line_quote_not_closed" if ahead else problem)
            raw += following.text


def split_cells(raw: str, delimiter: str) -> tuple[tuple[str, ...], str]:
    """The cells of one record, or why there are none."""
    if '"' not in raw and "\x00" not in raw:
        return tuple(raw.rstrip("\r\n").split(delimiter)), ""
    if "\x00" in raw:
        return (), "line_has_nul"
    try:
        return tuple(next(csv.reader([raw], delimiter=delimiter, strict=True))), ""
    except csv.Error as error:
        return (), "line_quote_not_closed" if "unexpected end of data" in str(error) else "line_quotes_broken"
    except StopIteration:
        return (), ""
