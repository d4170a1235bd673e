"""A laboratory's file in the long form: one line a result, under a line of column names.

The file is gone through twice, a piece at a time: once to learn what it is (encoding, separator, columns, decimal sign,
how many lines), so that it is refused whole before anything of it is taken; then line by line.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Final, TextIO

from exchange.csv.columns import MOST_NAMED, RIGHT, Columns, count_recognised, find_columns
from exchange.csv.dates import Clock, Moment, read_moment
from exchange.csv.encoding import find_encoding
from exchange.csv.messages import FileRefused, LineProblem, LineRead, LineRejected, raw_text
from exchange.csv.records import MOST_CHARACTERS, MOST_LINES, Record, Records, read_lines, split_cells
from exchange.csv.words import read_fasting, read_haemolysis, read_reference, read_sex, read_status

DELIMITERS: Final = (",", ";", "\t")
# What a cell may hold: the record keeps no more.
LIMITS: Final = {
    "patient": 64,
    "unit": 40,
    "laboratory": 80,
    "assay": 80,
    "accession": 64,
    "reference_low": 40,
    "reference_high": 40,
    "interpretation": 20,
    "name": 200,
}
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<sign>[,;\t])"?', re.IGNORECASE)
# 4,7 or 0,412 or 1.234,5: no thousands are written so. (4,125 could be either and proves nothing.)
_DECIMAL_COMMA = re.compile(r"\D*(?:[\d.]*\d,\d{1,2}|[\d.]*\d,\d{4,}|0,\d+)\s*")
_DECIMAL_POINT = re.compile(r"\D*(?:\d+\.\d{1,2}|\d+\.\d{4,}|0\.\d+)\s*")
_MOMENTS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Shape:
    """What the first pass learnt of a file."""

    encoding: str
    sha256: str
    delimiter: str
    header_line: int
    columns: Columns
    decimal_comma: bool
    lines_total: int  # physical lines under the header


class ResultFile:
    """A file that can be taken; `lines()` gives what stands in it."""

    def __init__(self, stream: BinaryIO, shape: Shape, clock: Clock) -> None:
        self.shape = shape
        self._stream = stream
        self._clock = clock
        self._moment = lru_cache(maxsize=_MOMENTS_KEPT)(self._read_moment)

    def lines(self) -> Iterator[LineRead | LineRejected]:
        """Every line that is not blank, read or rejected."""
        with _text(self._stream, self.shape.encoding) as text:
            lines = read_lines(text)
            for line in lines:
                if line.number == self.shape.header_line:
                    break
            for record in Records(lines, delimiter=self.shape.delimiter):
                if record.problem or any(cell.strip() for cell in record.cells):
                    yield self._line(record)

    def _line(self, record: Record) -> LineRead | LineRejected:
        try:
            return self._read(record)
        except LineProblem as problem:
            return LineRejected(record.first, problem.code, problem.params, raw_text(record.raw))

    def _read(self, record: Record) -> LineRead:
        columns = self.shape.columns
        self._check_cells(record)
        cells = {
            role: record.cells[place].strip() if place < len(record.cells) else ""
            for role, place in columns.places.items()
        }
        found = ("".join(record.cells[place : place + 1]).strip() for place in columns.markers)
        names = tuple(dict.fromkeys(name for name in found if name))
        self._require(cells, names)
        moment = self._moment(cells["collected"], cells.get("clock", ""))
        low, high = self._limits(cells)
        return LineRead(
            line_number=record.first,
            last_line_number=record.last,
            raw=raw_text(record.raw),
            patient=cells["patient"],
            marker_names=names,
            loinc=cells.get("loinc", ""),
            value=cells["value"],
            unit=cells["unit"],
            collected_at=moment.at,
            time_known=moment.time_known,
            laboratory=cells.get("laboratory", ""),
            assay=cells.get("assay", ""),
            accession=cells.get("accession", ""),
            fasting=self._word("fasting", cells),
            haemolysis=self._word("haemolysis", cells),
            status=self._word("status", cells),
            reference_low=low,
            reference_high=high,
            interpretation=cells.get("interpretation", ""),
            name=cells.get("name", ""),
            sex=read_sex(cells.get("sex", "")),
            birth_date=cells.get("birth_date", ""),
        )

    def _check_cells(self, record: Record) -> None:
        columns = self.shape.columns
        if record.problem:
            raise LineProblem(record.problem, {"limit": str(MOST_CHARACTERS), "lines": str(MOST_LINES)})
        if any(cell.strip() for cell in record.cells[len(columns.headers) :]):
            # Most likely a decimal comma that split a value in two: every cell after it is in the wrong place.
            count = str(len(record.cells))
            raise LineProblem("line_cells_too_many", {"count": count, "columns": str(len(columns.headers))})

    def _require(self, cells: dict[str, str], names: tuple[str, ...]) -> None:
        columns = self.shape.columns
        for role in ("patient", "collected"):
            if not cells[role]:
                raise LineProblem("cell_missing", {"column": columns.header(role)})
        if not names and not cells.get("loinc"):
            raise LineProblem("cell_missing", {"column": columns.header("marker")})
        for role, limit in LIMITS.items():
            if len(cells.get(role, "")) > limit:
                raise LineProblem("cell_too_long", {"column": columns.header(role), "limit": str(limit)})

    def _read_moment(self, text: str, time_text: str) -> Moment:
        column = self.shape.columns.header("collected")
        return read_moment(text, clock=self._clock, column=column, time_text=time_text)

    def _word(self, role: str, cells: dict[str, str]) -> str:
        reader = {"fasting": read_fasting, "haemolysis": read_haemolysis, "status": read_status}[role]
        text = cells.get(role, "")
        word = reader(text)
        if word is None:
            raise LineProblem(f"{role}_not_understood", {"value": text[:40], "column": self.shape.columns.header(role)})
        return word

    def _limits(self, cells: dict[str, str]) -> tuple[str, str]:
        low, high = cells.get("reference_low", ""), cells.get("reference_high", "")
        if low or high:
            return (low.replace(",", "."), high.replace(",", ".")) if self.shape.decimal_comma else (low, high)
        return read_reference(cells.get("reference", ""), decimal_comma=self.shape.decimal_comma)


def open_results(stream: BinaryIO, *, clock: Clock) -> ResultFile:
    """Learn what `stream` (seekable) holds.

    Raises
    ------
    FileRefused
        nothing of this file can be taken; the error says what would be right.
    """
    encoded = find_encoding(stream)
    with _text(stream, encoded.name) as text:
        header_line, delimiter, columns = _find_header(text)
    with _text(stream, encoded.name) as text:
        last_line, decimal_comma = _survey(text, header_line, delimiter, columns)
    shape = Shape(
        encoding=encoded.name,
        sha256=encoded.sha256,
        delimiter=delimiter,
        header_line=header_line,
        columns=columns,
        decimal_comma=decimal_comma,
        lines_total=last_line - header_line,
    )
    return ResultFile(stream, shape, clock)


@contextlib.contextmanager
def _text(stream: BinaryIO, encoding: str) -> Iterator[TextIO]:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        yield text
    finally:
        text.detach()  # closing the wrapper would close the caller's stream


def _find_header(text: TextIO) -> tuple[int, str, Columns]:
    """The first line that is not blank, its separator, and what the columns are."""
    forced = ""
    for line in read_lines(text):
        plain = line.text.strip("\r\n")
        if match := _SEPARATOR_LINE.fullmatch(plain):  # Excel's own first line
            forced = match["sign"]
        elif plain.strip():
            delimiter = forced or max(DELIMITERS, key=lambda sign: _fit(line.text, sign))
            cells, problem = split_cells(line.text, delimiter)
            if problem or line.too_long:
                found = raw_text(plain)[: 4 * MOST_NAMED]
                raise FileRefused("file_columns_missing", {"missing": RIGHT, "found": found, "right": RIGHT})
            return line.number, delimiter, find_columns([raw_text(cell.strip("\ufeff \t")) for cell in cells])
    raise FileRefused("file_empty", {"right": RIGHT})


def _fit(header: str, delimiter: str) -> tuple[int, int]:
    cells, _problem = split_cells(header, delimiter)
    return count_recognised(cells), len(cells)


def _survey(text: TextIO, header_line: int, delimiter: str, columns: Columns) -> tuple[int, bool]:
    """The number of the last line, and whether values have a decimal comma.

    Only a file separated by semicolons may have one: where commas separate cells, or where nothing shows the writer's
    country, a comma in a value stays in doubt and its line is refused. The values themselves must prove it.
    """
    lines = read_lines(text)
    last = header_line
    if delimiter != ";":
        for line in lines:
            last = line.number
        return max(last, header_line), False
    for line in lines:
        if line.number == header_line:
            break
    place = columns.places["value"]
    comma = point = False
    for record in Records(lines, delimiter=delimiter):
        last = record.last
        value = "".join(record.cells[place : place + 1])
        comma = comma or _DECIMAL_COMMA.fullmatch(value) is not None
        point = point or _DECIMAL_POINT.fullmatch(value) is not None
    return last, comma and not point
