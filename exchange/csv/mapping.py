"""How a file is to be read, where its own column names do not tell: what a person says once and is remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from exchange.csv.columns import RESULTS, column_key
from exchange.csv.own_columns import without_own

DECIMALS: Final = ("", "point", "comma")
DATE_ORDERS: Final = ("", "dmy", "mdy", "excel1900", "excel1904")
DELIMITERS: Final = (",", ";", "\t", "|")
ENCODINGS: Final = ("utf-8", "gb18030", "cp1252", "utf-16-le", "utf-16-be")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSaid:
    """One column: its role, and, where it holds the results of one marker, that marker and where the unit stands."""

    header: str
    role: str = ""  # left out
    marker: str = ""
    unit: str = ""
    unit_beside: bool = False  # in the next column


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """What was said of a file; what is empty is found out from the file itself."""

    columns: tuple[ColumnSaid, ...]
    header_line: int = 0  # 0: the first line that is not blank
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    date_order: str = ""
    collected_on: str = ""  # of all lines, where the file has no column for it; holds for one file

    def remembered(self) -> FileMapping:
        """What holds for every file under these column names."""
        return replace(self, collected_on="")

    @property
    def wide(self) -> bool:
        return any(column.role == RESULTS for column in self.columns)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> FileMapping:
        columns = tuple(ColumnSaid(**column) for column in stored["columns"])
        return cls(**{**stored, "columns": columns})


def fingerprint(headers: Sequence[str]) -> str:
    """By which a line of column names is known again, whatever the file is called; empty for a line of one cell."""
    keys = [column_key(header) for header in without_own(headers)]
    while keys and not keys[-1]:
        keys.pop()
    if sum(bool(key) for key in keys) < 2:
        return ""
    return hashlib.sha256("\x1f".join(keys).encode()).hexdigest()
