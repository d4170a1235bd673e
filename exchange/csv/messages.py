"""What reading a file gives: lines read, lines rejected with the reason, or the whole file refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from patients.values import InputProblem

# As much of a rejected line as is kept: enough to find it again.
MOST_RAW = 2000
MOST_CELLS = 20_000


class FileRefused(InputProblem):
    """The file cannot be taken at all, and nothing of it is."""

    texts: ClassVar[dict[str, str]] = {
        "file_empty": "the file is empty; it must begin with a line of column names such as {right}",
        "file_is_spreadsheet": "this is neither a text file nor an XLSX workbook; save it as XLSX or as CSV (UTF-8)",
        "workbook_broken": "this workbook cannot be opened; open it in Excel, save it again and send that",
        "workbook_too_large": "this workbook unpacks to more than {limit} MB; save the sheet as CSV (UTF-8)",
        "workbook_formula_without_value": "cells hold formulas without results; open it in Excel and save it again",
        "file_encoding_unknown": "the character encoding cannot be told; save the file as UTF-8",
        "file_encoding_broken": "the file says it is {encoding} and is not; save it as UTF-8",
        "file_columns_missing": "no column for {missing}; the first line has: {found}; right would be: {right}",
        "file_columns_doubtful": "several columns could be the {role}: {found}; keep one of them",
        "file_date_twice": "{found} holds the day of collection, and one day was said of the whole file",
    }


class LineProblem(InputProblem):
    """One line cannot be taken."""

    texts: ClassVar[dict[str, str]] = {
        "line_too_long": "the line is longer than {limit} signs",
        "line_quote_not_closed": "a quotation mark opens a cell here and none closes it",
        "line_quotes_broken": "a cell goes on after its closing quotation mark",
        "line_has_nul": "the line holds signs that are no text (NUL)",
        "line_cells_too_many": "{count} cells under {columns} column names",
        "cell_missing": "{column} is empty",
        "cell_too_long": "{column} is longer than {limit} signs",
        "date_not_understood": "{value!r} in {column} is no date that can be read; write 2024-03-12 08:03",
        "date_order_ambiguous": "{value!r}: day and month could be swapped; write the year first: 2024-03-12",
        "date_is_serial_number": "{value!r} in {column} is a spreadsheet's day number; write 2024-03-12 08:03",
        "date_in_future": "{value!r} in {column} lies in the future",
        "date_too_early": "{value!r} in {column} lies before {year}",
        "time_does_not_exist": "{value!r}: this clock time was skipped when the clocks went forward",
        "fasting_not_understood": "{value!r} in {column}: write yes, no or leave it empty",
        "haemolysis_not_understood": "{value!r} in {column}: write yes, no or leave it empty",
        "taken_not_understood": "{value!r} in {column}: write yes, no or leave it empty",
        "status_not_understood": "{value!r} is no status of a result; write final, preliminary, corrected or cancelled",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRead:
    """One line of a file as it can be read without knowing any patient or marker."""

    line_number: int
    last_line_number: int
    raw: str
    patient: str
    marker_names: tuple[str, ...]
    loinc: str
    value: str
    unit: str
    collected_at: dt.datetime
    time_known: bool
    laboratory: str = ""
    assay: str = ""
    accession: str = ""
    fasting: str = "unknown"
    haemolysis: str = "unknown"
    biotin: str = "unknown"
    g_csf: str = "unknown"
    steroid: str = "unknown"
    note: str = ""
    status: str = "final"
    reference_low: str = ""
    reference_high: str = ""
    interpretation: str = ""
    name: str = ""
    sex: str = "unknown"
    birth_date: str = ""
    column: str = ""  # of a file with several results a line
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineRejected:
    """One line that was refused: where, why, and what stood there."""

    line_number: int
    code: str
    params: Mapping[str, str]
    raw: str
    column: str = ""
    cells: tuple[str, ...] = ()


def kept_cells(cells: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a rejected line, to be given back; none where they are too long to be kept whole."""
    kept = tuple(cell.rstrip("\r\n").replace("\x00", "\N{SYMBOL FOR NULL}") for cell in cells)
    return kept if sum(map(len, kept)) <= MOST_CELLS else ()


def raw_text(text: str) -> str:
    """What is kept of a line: without its line end, cut, and with NUL made visible (databases refuse it)."""
    kept = text.rstrip("\r\n").replace("\x00", "\N{SYMBOL FOR NULL}")
    return kept if len(kept) <= MOST_RAW else f"{kept[:MOST_RAW]}…"
