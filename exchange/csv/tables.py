"""A file as a table, whatever it is: one line of column names, and lines of cells under it."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final, Protocol, TextIO

from exchange.csv.columns import MOST_NAMED, RIGHT, count_recognised
from exchange.csv.encoding import find_encoding
from exchange.csv.mapping import DELIMITERS, ENCODINGS, FileMapping, fingerprint
from exchange.csv.messages import FileRefused, raw_text
from exchange.csv.records import Record, Records, read_lines, split_cells
from exchange.csv.workbook import WorkbookTable, check_workbook, is_workbook, sheet_records, visible_sheets

ROWS_SHOWN: Final = 20
HEAD: Final = 1 << 16
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<sign>[,;\t|])"?', re.IGNORECASE)


class Table(Protocol):
    """What reading results needs to know of a file."""

    @property
    def encoding(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def delimiter(self) -> str: ...
    @property
    def header_line(self) -> int: ...
    @property
    def headers(self) -> tuple[str, ...]: ...

    def records(self) -> Iterator[Record]:
        """Every record under the column names."""
        ...

    def last_line(self) -> int: ...


@dataclass(frozen=True, slots=True)
class DelimitedTable:
    """A text file whose cells are separated by a sign."""

    stream: BinaryIO
    encoding: str
    sha256: str
    delimiter: str
    header_line: int
    headers: tuple[str, ...]

    def records(self) -> Iterator[Record]:
        with _text(self.stream, self.encoding) as text:
            lines = read_lines(text)
            for line in lines:
                if line.number == self.header_line:
                    break
            yield from Records(lines, delimiter=self.delimiter)

    def last_line(self) -> int:
        last = self.header_line
        with _text(self.stream, self.encoding) as text:
            for line in read_lines(text):
                last = line.number
        return max(last, self.header_line)


@dataclass(frozen=True, slots=True)
class Peek:
    """The beginning of a file, for a person to say what its columns are."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]  # line number and cells
    encoding: str
    delimiter: str
    sheets: tuple[str, ...]
    sheet: str


def open_table(stream: BinaryIO, mapping: FileMapping | None = None) -> Table:
    """Find the line of column names.

    Raises
    ------
    FileRefused
        there is none, or the file cannot be read at all.
    """
    if is_workbook(stream):
        return _open_workbook(stream, mapping)
    encoded = find_encoding(stream, said=mapping.encoding if mapping else "")
    with _text(stream, encoded.name) as text:
        header_line, delimiter, headers = _find_header(text, mapping)
    return DelimitedTable(stream, encoded.name, encoded.sha256, delimiter, header_line, headers)


def peek(stream: BinaryIO, mapping: FileMapping | None = None) -> Peek:
    """The first lines, read as well as can be: nothing of this is taken in."""
    if is_workbook(stream):
        check_workbook(stream)
        sheets = visible_sheets(stream)
        sheet = _choose_sheet(sheets, mapping)
        found = islice(sheet_records(stream, sheet), ROWS_SHOWN + 1)
        return Peek(tuple((record.first, record.cells) for record in found), "XLSX", ",", sheets, sheet)
    encoding = _some_encoding(stream, mapping)
    with _text(stream, encoding, errors="replace") as text:
        forced, lines = _first_lines(text)
    said = mapping.delimiter if mapping else ""
    delimiter = said or forced or _likely_delimiter([line for _number, line in lines])
    rows = tuple((number, _cells(line, delimiter)) for number, line in lines)
    return Peek(rows, encoding, delimiter, (), "")


def known_lines(stream: BinaryIO) -> dict[str, int]:
    """The fingerprint of each of the first lines, to find the one under which this kind of file was met before."""
    if is_workbook(stream):
        return _marks(peek(stream))
    stream.seek(0)
    head = stream.read(HEAD)
    beginning = io.BytesIO(head[: head.rfind(b"\n") + 1] or head)
    found: dict[str, int] = {}
    for encoding in ("", *ENCODINGS):
        for delimiter in ("", *DELIMITERS):
            said = FileMapping(columns=(), encoding=encoding, delimiter=delimiter)
            found = _marks(peek(beginning, said)) | found
    return found


def _marks(shown: Peek) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, cells in shown.rows:
        if mark := fingerprint(cells):
            found.setdefault(mark, number)
    return found


def _open_workbook(stream: BinaryIO, mapping: FileMapping | None) -> WorkbookTable:
    sha256 = check_workbook(stream)
    sheets = visible_sheets(stream)
    sheet = _choose_sheet(sheets, mapping)
    wanted = mapping.header_line if mapping else 0
    for record in sheet_records(stream, sheet):
        if not wanted or record.first == wanted:
            headers = tuple(raw_text(cell.strip()) for cell in record.cells)
            comma = mapping is not None and mapping.decimal == "comma"
            return WorkbookTable(stream, sha256, sheet, sheets, record.first, headers, comma)
    raise FileRefused("file_empty", {"right": RIGHT})


def _choose_sheet(sheets: tuple[str, ...], mapping: FileMapping | None) -> str:
    if not sheets:
        raise FileRefused("file_empty", {"right": RIGHT})
    return mapping.sheet if mapping and mapping.sheet in sheets else sheets[0]


@contextlib.contextmanager
def _text(stream: BinaryIO, encoding: str, errors: str = "strict") -> Iterator[TextIO]:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="", errors=errors)
    try:
        yield text
    finally:
        text.detach()  # closing the wrapper would close the caller's stream


def _find_header(text: TextIO, mapping: FileMapping | None) -> tuple[int, str, tuple[str, ...]]:
    """The line of column names, its separator, and the names."""
    wanted = mapping.header_line if mapping else 0
    forced = mapping.delimiter if mapping else ""
    for line in read_lines(text):
        plain = line.text.strip("\r\n\ufeff")
        if match := _SEPARATOR_LINE.fullmatch(plain):  # Excel's own first line
            forced = forced or match["sign"]
        elif plain.strip() and (not wanted or line.number == wanted):
            delimiter = forced or _likely_delimiter([line.text])
            cells, problem = split_cells(line.text, delimiter)
            if problem or line.too_long:
                found = raw_text(plain)[: 4 * MOST_NAMED]
                raise FileRefused("file_columns_missing", {"missing": RIGHT, "found": found, "right": RIGHT})
            return line.number, delimiter, tuple(raw_text(cell.strip("\ufeff \t")) for cell in cells)
    raise FileRefused("file_empty", {"right": RIGHT})


def _likely_delimiter(lines: list[str]) -> str:
    return max(DELIMITERS, key=lambda sign: max((_fit(line, sign) for line in lines), default=(0, 0)))


def _fit(header: str, delimiter: str) -> tuple[int, int]:
    cells, _problem = split_cells(header, delimiter)
    return count_recognised(cells), len(cells)


def _some_encoding(stream: BinaryIO, mapping: FileMapping | None) -> str:
    said = mapping.encoding if mapping else ""
    try:
        return find_encoding(stream, said=said).name
    except FileRefused as refused:
        if refused.code in {"file_empty", "file_is_spreadsheet"}:
            raise
        return said or "utf-8"


def _first_lines(text: TextIO) -> tuple[str, list[tuple[int, str]]]:
    forced = ""
    found: list[tuple[int, str]] = []
    for line in islice(read_lines(text), 10 * ROWS_SHOWN):
        plain = line.text.strip("\r\n\ufeff")
        if match := _SEPARATOR_LINE.fullmatch(plain):
            forced = match["sign"]
        elif plain.strip() and len(found) <= ROWS_SHOWN:
            found.append((line.number, plain))
    return forced, found


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    cells, problem = split_cells(line, delimiter)
    return (raw_text(line),) if problem else tuple(raw_text(cell.strip()) for cell in cells)
