"""A laboratory's file as results: long, one line a result, or wide, one column a marker.

The file is gone through twice, a piece at a time: once to learn what it is (encoding, separator, columns, decimal sign,
how many lines), so that it is refused whole before anything of it is taken; then line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Final

from exchange.csv.columns import Columns, find_columns
from exchange.csv.dates import Clock, Moment, read_moment
from exchange.csv.mapping import FileMapping
from exchange.csv.messages import LineProblem, LineRead, LineRejected, kept_cells, raw_text
from exchange.csv.own_columns import DECIMAL, is_ours
from exchange.csv.records import MOST_CHARACTERS, MOST_LINES, Record
from exchange.csv.said import columns_said
from exchange.csv.tables import Table, open_table
from exchange.csv.words import (
    read_fasting,
    read_haemolysis,
    read_reference,
    read_sex,
    read_status,
    read_taken,
)
from patients.spreadsheet_cells import unsafe

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
    "note": 500,
}
_WORDS: Final = {
    "fasting": (read_fasting, "fasting_not_understood"),
    "haemolysis": (read_haemolysis, "haemolysis_not_understood"),
    "biotin": (read_taken, "taken_not_understood"),
    "g_csf": (read_taken, "taken_not_understood"),
    "steroid": (read_taken, "taken_not_understood"),
    "status": (read_status, "status_not_understood"),
}
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
    date_order: str = ""
    collected_on: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()


class ResultFile:
    """A file that can be taken; `lines()` gives what stands in it."""

    def __init__(self, table: Table, shape: Shape, clock: Clock) -> None:
        self.shape = shape
        self._table = table
        self._clock = clock
        self._ours = is_ours(shape.columns.headers)
        self._moment = lru_cache(maxsize=_MOMENTS_KEPT)(self._read_moment)

    def lines(self) -> Iterator[LineRead | LineRejected]:
        """Every result of every line that is not blank, read or rejected."""
        for record in self._table.records():
            if record.problem or any(cell.strip() for cell in record.cells):
                yield from self._results(record)

    def _results(self, record: Record) -> Iterator[LineRead | LineRejected]:
        try:
            self._check_cells(record)
            texts = [unsafe(cell).strip() if self._ours else cell.strip() for cell in record.cells]
            cells = {
                role: texts[place] if place < len(texts) else "" for role, place in self.shape.columns.places.items()
            }
        except LineProblem as problem:
            yield _refused(record, problem)
            return
        if not self.shape.columns.results:
            found = ("".join(texts[place : place + 1]) for place in self.shape.columns.markers)
            yield self._result(record, cells, tuple(dict.fromkeys(name for name in found if name)))
            return
        for column in self.shape.columns.results:
            value = "".join(texts[column.place : column.place + 1])
            if value:  # a cell without a value is no result
                beside = column.unit_place
                unit = column.unit if beside is None else "".join(texts[beside : beside + 1])
                yield self._result(record, {**cells, "value": value, "unit": unit}, (column.marker,), column.header)

    def _result(
        self, record: Record, cells: dict[str, str], names: tuple[str, ...], header: str = ""
    ) -> LineRead | LineRejected:
        try:
            return self._read(record, cells, names, header)
        except LineProblem as problem:
            return _refused(record, problem, header)

    def _read(self, record: Record, cells: dict[str, str], names: tuple[str, ...], header: str) -> LineRead:
        self._require(cells, names)
        moment = self._moment(self.shape.collected_on or cells["collected"], cells.get("clock", ""))
        low, high = self._limits(cells)
        return LineRead(
            line_number=record.first,
            last_line_number=record.last,
            raw=raw_text(record.raw),
            patient=cells.get("patient", ""),
            marker_names=names,
            loinc=cells.get("loinc", ""),
            value=cells["value"],
            unit=cells.get("unit", ""),
            collected_at=moment.at,
            time_known=moment.time_known,
            laboratory=cells.get("laboratory", ""),
            assay=cells.get("assay", ""),
            accession=cells.get("accession", ""),
            fasting=self._word("fasting", cells),
            haemolysis=self._word("haemolysis", cells),
            biotin=self._word("biotin", cells),
            g_csf=self._word("g_csf", cells),
            steroid=self._word("steroid", cells),
            note=cells.get("note", ""),
            status=self._word("status", cells),
            reference_low=low,
            reference_high=high,
            interpretation=cells.get("interpretation", ""),
            name=cells.get("name", ""),
            sex=read_sex(cells.get("sex", "")),
            birth_date=cells.get("birth_date", ""),
            column=header,
            cells=record.cells,
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
        whose = "patient" if "patient" in columns.places else "accession"
        for role in (whose,) if self.shape.collected_on else (whose, "collected"):
            if not cells[role]:
                raise LineProblem("cell_missing", {"column": columns.header(role)})
        if not names and not cells.get("loinc"):
            raise LineProblem("cell_missing", {"column": columns.header("marker")})
        for role, limit in LIMITS.items():
            if len(cells.get(role, "")) > limit:
                raise LineProblem("cell_too_long", {"column": columns.header(role), "limit": str(limit)})

    def _read_moment(self, text: str, time_text: str) -> Moment:
        column = self.shape.columns.header("collected")
        return read_moment(text, clock=self._clock, column=column, time_text=time_text, order=self.shape.date_order)

    def _word(self, role: str, cells: dict[str, str]) -> str:
        reader, code = _WORDS[role]
        text = cells.get(role, "")
        word = reader(text)
        if word is None:
            raise LineProblem(code, {"value": text[:40], "column": self.shape.columns.header(role)})
        return word

    def _limits(self, cells: dict[str, str]) -> tuple[str, str]:
        low, high = cells.get("reference_low", ""), cells.get("reference_high", "")
        if low or high:
            return (low.replace(",", "."), high.replace(",", ".")) if self.shape.decimal_comma else (low, high)
        return read_reference(cells.get("reference", ""), decimal_comma=self.shape.decimal_comma)


def _refused(record: Record, problem: LineProblem, column: str = "") -> LineRejected:
    raw = raw_text(record.raw)
    return LineRejected(record.first, problem.code, problem.params, raw, column, kept_cells(record.cells))


def open_results(stream: BinaryIO, *, clock: Clock, mapping: FileMapping | None = None) -> ResultFile:
    """Learn what `stream` (seekable) holds, by what was said of it or by its own column names.

    Raises
    ------
    FileRefused
        nothing of this file can be taken; the error says what would be right.
    """
    table = open_table(stream, mapping)
    columns = columns_said(mapping, table.headers) if mapping else find_columns(table.headers)
    last_line, decimal_comma = _survey(table, columns, mapping.decimal if mapping else "")
    shape = Shape(
        encoding=table.encoding,
        sha256=table.sha256,
        delimiter=table.delimiter,
        header_line=table.header_line,
        columns=columns,
        decimal_comma=decimal_comma,
        lines_total=last_line - table.header_line,
        date_order=mapping.date_order if mapping else "",
        collected_on=mapping.collected_on if mapping else "",
        sheet=getattr(table, "sheet", ""),
        sheets=getattr(table, "sheets", ()),
    )
    return ResultFile(table, shape, clock)


def _survey(table: Table, columns: Columns, said: str) -> tuple[int, bool]:
    """The number of the last line, and whether values have a decimal comma.

    Where nobody said so only a file separated by semicolons may have one: where commas separate cells, or where nothing
    shows the writer's country, a comma in a value stays in doubt and its line is refused. The values themselves must
    prove it.
    """
    last = table.header_line
    if said or is_ours(columns.headers):
        return table.last_line(), said == "comma" or (not said and _comma_as_before(table, columns))
    if table.delimiter != ";":
        return table.last_line(), False
    places = [column.place for column in columns.results] or [columns.places["value"]]
    comma = point = False
    for record in table.records():
        last = record.last
        for place in places:
            value = "".join(record.cells[place : place + 1])
            comma = comma or _DECIMAL_COMMA.fullmatch(value) is not None
            point = point or _DECIMAL_POINT.fullmatch(value) is not None
    return last, comma and not point


def _comma_as_before(table: Table, columns: Columns) -> bool:
    """Rejected lines that come back say what the file they are from proved."""
    if DECIMAL not in columns.headers:
        return False
    place = columns.headers.index(DECIMAL)
    return any("".join(record.cells[place : place + 1]).strip() == "comma" for record in table.records())
