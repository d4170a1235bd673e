"""Rejected lines as a CSV file that a spreadsheet may open."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TextIO

from exchange.messages_i18n import explain

HEADER: Final = ("line", "code", "reason", "as_it_stood")
# What a spreadsheet would run as a formula. A number with its sign is none.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def safe(cell: str) -> str:
    """The cell as it is, or behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def rejected_row(line_number: int, code: str, params: Mapping[str, str], raw: str) -> tuple[str, str, str, str]:
    return str(line_number), code, safe(explain(code, params)), safe(raw)


def writer(file: TextIO) -> Any:
    return csv.writer(file)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def rejected_csv(rows: Iterable[tuple[int, str, Mapping[str, str], str]]) -> Iterator[str]:
    """The whole file line by line, with the mark by which spreadsheets know UTF-8."""
    out = csv.writer(_Echo())
    yield "\ufeff" + str(out.writerow(HEADER))
    for row in rows:
        yield str(out.writerow(rejected_row(*row)))
