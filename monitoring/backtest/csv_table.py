"""A table in a text file, line by line: encoding, separator, columns in any order, and the number of every line."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from monitoring.backtest.problems import FileRefused, LineProblem, Rejection, Rejections

DELIMITERS: Final = (",", ";", "\t")
BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WITHOUT_BOM: Final = ("utf-8", "gb18030")
WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
PIECE: Final = 1 << 20
MOST_LINES: Final = 20  # of one record: a quotation mark that is never closed must not swallow the file
EVERY: Final = 5000  # lines between two words about the progress

OnProgress = Callable[[int], None]  # bytes read so far


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a table must and may have, by their own names; `also` holds other spellings of them."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    also: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


@dataclass(frozen=True, slots=True)
class Table:
    """An open table. `places` is the column of each name of the layout, -1 for an optional one that is not there."""

    name: str
    encoding: str
    places: tuple[int, ...]
    ignored: tuple[str, ...]  # columns nobody asked for
    lines: Iterator[tuple[int, str]]
    delimiter: str
    width: int

    def rows(self, rejections: Rejections) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells, in the order of the layout's names; blank lines left out, wrong ones rejected."""
        places, width = self.places, self.width
        blank = width  # the place of a column that is not there
        order = [place if place >= 0 else blank for place in places]
        for number, cells in _records(self.lines, self.delimiter):
            if isinstance(cells, LineProblem):
                rejections.add(Rejection.of(self.name, number, cells))
                continue
            count = len(cells)
            if count != width:
                if not any(cell.strip() for cell in cells):
                    continue
                if count > width and any(cell.strip() for cell in cells[width:]):
                    problem = LineProblem("line_cells_too_many", "", count=str(count), columns=str(width))
                    rejections.add(Rejection.of(self.name, number, problem))
                    continue
                cells = [*cells[:width], *[""] * (width - count)]
            cells.append("")
            row = [cells[place].strip() for place in order]
            if any(row):
                yield number, row


@contextlib.contextmanager
def open_table(
    path: Path, layout: Layout, *, encoding: str = "", on_progress: OnProgress | None = None
) -> Iterator[Table]:
    """Open `path` and find its columns.

    Raises
    ------
    FileRefused
        it cannot be read as text, or a required column is missing or there twice.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror or 'cannot be read'}.") from error
    with stream:
        name = encoding or find_encoding(stream, path.name)
        stream.seek(0)
        text = io.TextIOWrapper(stream, encoding=name, newline=None)
        lines = _numbered(text, stream, path.name, on_progress)
        header_line, header = _header(lines, path.name, layout)
        delimiter = max(DELIMITERS, key=lambda sign: _fit(header, sign, layout))
        headers = _split(header, delimiter)
        if isinstance(headers, LineProblem):
            raise FileRefused(f"{path.name}, line {header_line}: {headers.wrong}; right would be: {headers.right}.")
        places, ignored = find_columns([cell.strip() for cell in headers], layout, path.name)
        yield Table(path.name, name, places, ignored, lines, delimiter, len(headers))


def find_encoding(stream: BinaryIO, name: str) -> str:
    """By byte order mark; without one UTF-8, else GB18030, whichever every byte of the file agrees with."""
    head = stream.read(4)
    if not head:
        raise FileRefused(f"{name} is empty.")
    if head.startswith(WORKBOOKS):
        raise FileRefused(f"{name} is a workbook, not a text file; save the sheet as CSV (UTF-8).")
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    for encoding in WITHOUT_BOM:
        if _decodes(stream, encoding):
            return encoding
    raise FileRefused(f"{name} is neither UTF-8 nor GB18030; save it as UTF-8, or name the encoding with --encoding.")


def _decodes(stream: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while piece := stream.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def column_key(text: str) -> str:
    """Column names compare without case, spaces and signs."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def find_columns(headers: Sequence[str], layout: Layout, file: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Where each column of the layout stands, and which were not asked for."""
    known = {column_key(name): name for name in layout.names} | {column_key(k): v for k, v in layout.also.items()}
    found: dict[str, int] = {}
    ignored = []
    for place, header in enumerate(headers):
        name = known.get(column_key(header))
        if name is None:
            ignored.append(header)
        elif name in found:
            raise FileRefused(f"{file} has two columns for {name}: keep one of them.")
        else:
            found[name] = place
    if missing := [name for name in layout.required if name not in found]:
        raise FileRefused(
            f"{file} has no column {', '.join(missing)}. Its first line has: {', '.join(headers)[:300] or 'nothing'}. "
            f"Needed are: {','.join(layout.required)}."
        )
    return tuple(found.get(name, -1) for name in layout.names), tuple(header for header in ignored if header)


def _numbered(text: TextIO, stream: BinaryIO, name: str, on_progress: OnProgress | None) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(text, start=1):
            if on_progress is not None and number % EVERY == 0:
                on_progress(stream.tell())
            yield number, line
    except UnicodeError as error:
        raise FileRefused(f"{name} cannot be decoded after line {number}; save it as UTF-8.") from error


def _header(lines: Iterator[tuple[int, str]], name: str, layout: Layout) -> tuple[int, str]:
    for number, line in lines:
        plain = line.strip("\ufeff \t\r\n")
        if plain:
            return number, plain
    raise FileRefused(f"{name} is empty. Needed is a first line with: {','.join(layout.required)}.")


def _fit(header: str, delimiter: str, layout: Layout) -> int:
    known = {column_key(name) for name in (*layout.names, *layout.also)}
    cells = _split(header, delimiter)
    return 0 if isinstance(cells, LineProblem) else sum(column_key(cell) in known for cell in cells)


def _records(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str] | LineProblem]]:
    """Line number and cells. Only a cell in quotation marks may go over several lines; most lines have none."""
    waiting: list[tuple[int, str]] = []  # read ahead for a quotation mark that nothing closed
    while True:
        entry = waiting.pop(0) if waiting else next(lines, None)
        if entry is None:
            return
        number, line = entry
        cells = _split(line, delimiter)
        ahead: list[tuple[int, str]] = []
        raw = line
        while isinstance(cells, LineProblem) and cells.code == "line_quote_not_closed" and len(ahead) < MOST_LINES:
            following = waiting.pop(0) if waiting else next(lines, None)
            if following is None:
                break
            ahead.append(following)
            raw += following[1]
            cells = _split(raw, delimiter)
        if isinstance(cells, LineProblem):
            waiting = ahead + waiting  # only the line that opened the quotation is lost
        yield number, cells


def _split(raw: str, delimiter: str) -> list[str] | LineProblem:
    if "\x00" in raw:
        return LineProblem("line_has_nul", "")
    if '"' not in raw:
        return raw.rstrip("\n").split(delimiter)
    try:
        return next(csv.reader([raw], delimiter=delimiter, strict=True))
    except csv.Error as error:
        code = "line_quote_not_closed" if "unexpected end of data" in str(error) else "line_quotes_broken"
        return LineProblem(code, "", raw.strip())
