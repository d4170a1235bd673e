"""Rejected lines as a file: their own columns, so that it can be mended and sent again, and the reason beside them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.csv import LineRejected
from exchange.csv.own_columns import OWN, is_ours
from exchange.messages_i18n import explain
from patients.spreadsheet_cells import safe, unsafe

MARK: Final = "\ufeff"  # by which spreadsheets know UTF-8


class Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


@dataclass(slots=True)
class RejectedFile:
    """Writes line by line; several rejected results of one line become one line with all their reasons.

    `shape` is what is kept of the file (`ImportBatch.shape`). Every cell is harmless for a spreadsheet.
    """

    shape: Mapping[str, Any]
    _waiting: list[LineRejected] = field(default_factory=list)

    def begin(self) -> str:
        return MARK + self._row([*(header for _place, header in self._columns()), *OWN])

    def add(self, line: LineRejected) -> str:
        """The text of the line before, once all of it is known."""
        if self._waiting and self._waiting[0].line_number != line.line_number:
            done = self.end()
            self._waiting = [line]
            return done
        self._waiting.append(line)
        return ""

    def end(self) -> str:
        lines, self._waiting = self._waiting, []
        return self._row(self._cells(lines)) if lines else ""

    def _columns(self) -> list[tuple[int, str]]:
        headers = self.shape.get("headers", ())
        return [(place, header) for place, header in enumerate(headers) if header not in OWN]

    def _cells(self, lines: Sequence[LineRejected]) -> list[str]:
        first = lines[0]
        own = [first.cells[place] if place < len(first.cells) else "" for place, _header in self._columns()]
        if is_ours(self.shape.get("headers", ())):
            own = [unsafe(cell) for cell in own]
        reasons = [reason_of(line.column, line.code, line.params) for line in lines]
        codes = dict.fromkeys(line.code for line in lines)
        decimal = "comma" if self.shape.get("decimal_comma") else "point"
        as_it_stood = "" if first.cells else first.raw
        return [*own, str(first.line_number), " ".join(codes), " ".join(reasons), decimal, as_it_stood]

    def _row(self, cells: Sequence[str]) -> str:
        out = csv.writer(Echo(), delimiter=self.shape.get("delimiter") or ",", quoting=csv.QUOTE_ALL)
        return str(out.writerow([safe(cell) for cell in cells]))


def reason_of(column: str, code: str, params: Mapping[str, str]) -> str:
    """The reason, and in a line of several results the column that it is about."""
    reason = explain(code, params)
    return f"{column}: {reason}" if column else reason


def rejected_csv(shape: Mapping[str, Any], lines: Iterable[LineRejected]) -> Iterator[str]:
    """The whole file, piece by piece; `lines` come in their order."""
    file = RejectedFile(shape)
    yield file.begin()
    for line in lines:
        yield file.add(line)
    yield file.end()
