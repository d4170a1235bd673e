"""A sheet of an Excel workbook as lines of text cells: dates as dates, numbers with the digits that the sheet shows.

The workbook is read as a stream, one row at a time. What is unpacked is limited before anything is parsed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, BinaryIO, Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from exchange.csv.messages import FileRefused
from exchange.csv.records import Record

ZIP: Final = b"PK\x03\x04"
MOST_UNPACKED: Final = 1 << 30
MOST_SHARED: Final = 256 << 20  # texts of the cells, which are held in memory
MOST_RATIO: Final = 200  # of unpacked to packed bytes; real sheets stay below 50
RATIO_COUNTS_FROM: Final = 10 << 20
MOST_MEMBERS: Final = 5000
CHUNK: Final = 1 << 16
SIGNIFICANT: Final = ".15g"  # what Excel itself keeps of a number
_FORMULA_WITHOUT_VALUE = re.compile(rb"</f>\s*(?:<v>\s*</v>|<v\s*/>)?\s*</c>")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
# What a format may hold beside digits without changing what is read: colours, country, spaces, fillers.
_DECORATION = re.compile(
    r"\[\$[^\]]*\]|\[(?:black|blue|cyan|green|magenta|red|white|yellow|color\s*\d+)\]|_.|\*.", re.I
)
_DIGITS = re.compile(r"[#0?,]*[#0?](?:\.(?P<fixed>0*)(?P<more>[#?]*))?|\.(?P<fixed_only>0+)")
_TIME_IN_FORMAT = re.compile(r"[hs]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WorkbookTable:
    """One sheet, from the line of column names on."""

    stream: BinaryIO
    sha256: str
    sheet: str
    sheets: tuple[str, ...]  # the visible ones
    header_line: int
    headers: tuple[str, ...]
    decimal_comma: bool = False
    encoding: str = "XLSX"
    delimiter: str = ","

    def records(self) -> Iterator[Record]:
        for record in sheet_records(self.stream, self.sheet, decimal_comma=self.decimal_comma):
            if record.first > self.header_line:
                yield record

    def last_line(self) -> int:
        last = self.header_line
        for record in self.records():
            last = record.last
        return last


def is_workbook(stream: BinaryIO) -> bool:
    stream.seek(0)
    head = stream.read(len(ZIP))
    stream.seek(0)
    return head == ZIP


def check_workbook(stream: BinaryIO) -> str:
    """The fingerprint of a workbook that is safe to unpack.

    Raises
    ------
    FileRefused
        it is none, is broken, unpacks to too much, or has formulas whose results are not in it.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            _check_sizes(archive)
            if "xl/workbook.xml" not in archive.namelist():
                raise FileRefused("file_is_spreadsheet", {})
            for member in archive.infolist():
                if member.filename.endswith((".xml", ".rels")):
                    _check_member(archive, member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise FileRefused("workbook_broken", {}) from error
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Python unpacks no member beyond the size that the archive states, so what it states can be relied on."""
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    shared = sum(member.file_size for member in members if member.filename.endswith("sharedStrings.xml"))
    bomb = unpacked > RATIO_COUNTS_FROM and unpacked / packed > MOST_RATIO
    if bomb or unpacked > MOST_UNPACKED or shared > MOST_SHARED or len(members) > MOST_MEMBERS:
        raise FileRefused("workbook_too_large", {"limit": str(MOST_UNPACKED >> 20)})


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """No entities, which unpack once more when they are parsed, and no formula without the value it came to."""
    is_sheet = _SHEET.fullmatch(member.filename) is not None
    tail = b""
    with archive.open(member) as file:
        while chunk := file.read(CHUNK):
            here = tail + chunk
            if b"<!DOCTYPE" in here or b"<!ENTITY" in here or here.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise FileRefused("workbook_broken", {})
            if is_sheet and _FORMULA_WITHOUT_VALUE.search(here):
                raise FileRefused("workbook_formula_without_value", {})
            tail = here[-64:]


def visible_sheets(stream: BinaryIO) -> tuple[str, ...]:
    with _opened(stream) as book:
        return tuple(sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible")


def sheet_records(stream: BinaryIO, sheet: str, *, decimal_comma: bool = False) -> Iterator[Record]:
    """Every row that has a cell which is not blank.

    Where the texts of a sheet are said to have a decimal comma, its numbers are written with one too: one sign a file.
    """
    with _opened(stream) as book:
        rows = book[sheet]
        rows.reset_dimensions()  # what a program wrote there is often wrong
        for number, row in enumerate(rows.iter_rows(), start=1):
            cells = tuple(_cell_text(cell, decimal_comma) for cell in row)
            if any(cells):
                yield Record(number, number, "\t".join(cells), cells)


@contextlib.contextmanager
def _opened(stream: BinaryIO) -> Iterator[Any]:
    stream.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that say nothing about values
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, KeyError, ValueError, TypeError, SyntaxError, zipfile.BadZipFile) as error:
            raise FileRefused("workbook_broken", {}) from error
        # Closing the workbook would close the caller's stream.
        yield book


def _cell_text(cell: Any, decimal_comma: bool) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime | dt.time | dt.timedelta):
        return _moment_text(value, cell.number_format)
    if isinstance(value, int | float):
        shown = number_as_shown(value, cell.number_format)
        return shown.replace(".", ",") if decimal_comma else shown
    return str(value).strip().replace("\r\n", "\n")


def _moment_text(value: dt.datetime | dt.time | dt.timedelta, number_format: str) -> str:
    if isinstance(value, dt.timedelta):
        return str(value)
    if isinstance(value, dt.time):
        return value.isoformat(timespec="seconds")
    # A moment is a fraction of a day there: 08:03 may lie a millionth of a second before 08:03.
    rounded = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    if rounded.time() == dt.time() and not _TIME_IN_FORMAT.search(_DECORATION.sub("", number_format)):
        return rounded.date().isoformat()
    return rounded.isoformat(sep=" ")


def number_as_shown(value: float, number_format: str) -> str:
    """The number with the digits that the sheet shows: 3.2 under the format 0.00 is 3.20.

    A format that would show more than the number (a sign, a word, per cent) is written behind it, so that the value is
    refused with what stood there instead of being read as something else.
    """
    plain = format(Decimal(format(value, SIGNIFICANT)), "f")
    shown = _DECORATION.sub("", _section(value, number_format)).strip()
    if shown.casefold() in {"", "general", "@"} or re.fullmatch(r"0(?:\.0+)?e[+-]0+", shown, re.IGNORECASE):
        return plain
    match = _DIGITS.fullmatch(shown)
    if match is None or shown.rstrip().endswith(","):
        return f"{plain} [{shown}]"
    fixed = len(match["fixed"] or match["fixed_only"] or "")
    most = fixed + len(match["more"] or "")
    rounded = Decimal(plain).quantize(Decimal(1).scaleb(-most), rounding=ROUND_HALF_UP)
    text = format(rounded, "f")
    if most > fixed:
        whole, _point, decimals = text.partition(".")
        kept = decimals[:fixed] + decimals[fixed:].rstrip("0")
        text = f"{whole}.{kept}" if kept else whole
    return text


def _section(value: float, number_format: str) -> str:
    """Formats have up to four parts: for numbers above zero, below zero, for zero itself, and for texts."""
    parts = number_format.split(";")
    if value < 0 and len(parts) > 1:
        return parts[0]  # the number keeps its own minus sign
    return parts[2] if value == 0 and len(parts) > 2 and parts[2] else parts[0]
