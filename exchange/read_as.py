"""How a file was read, for its page: every column with its meaning and unit, and what holds for all of its lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchange.column_forms import DATE_ORDERS, ROLES
from exchange.csv import ResultFile
from exchange.csv.columns import RESULTS
from patients.catalogue import catalogue
from patients.models import ImportBatch

MOST_COLUMNS: Final = 200  # kept for the page
UNIT_OF: Final = "unit_of"
SEPARATORS: Final[Mapping[str, str | Promise]] = {
    ",": _("comma"),
    ";": _("semicolon"),
    "\t": _("tab"),
    "|": _("bar |"),
}


@dataclass(frozen=True, slots=True)
class ColumnRead:
    header: str
    meaning: str
    unit: str


@dataclass(frozen=True, slots=True)
class ReadAs:
    """`facts` are pairs of a name and what was found or said."""

    columns: tuple[ColumnRead, ...]
    facts: tuple[tuple[str, str], ...]


def kept(file: ResultFile) -> dict[str, Any]:
    """What a batch keeps of how its file was read."""
    shape = file.shape
    columns = shape.columns
    roles: dict[int, tuple[str, str]] = {place: (role, "") for role, place in columns.places.items()}
    roles |= dict.fromkeys(columns.markers, ("marker", ""))
    for column in columns.results:
        roles[column.place] = (f"{RESULTS}:{column.marker}", column.unit)
        if column.unit_place is not None:
            roles[column.unit_place] = (UNIT_OF, columns.headers[column.place])
    found = [[columns.headers[place][:200], *roles[place]] for place in sorted(roles) if place < len(columns.headers)]
    return {
        "columns": found[:MOST_COLUMNS],
        "header_line": shape.header_line,
        "date_order": shape.date_order,
        "collected_on": shape.collected_on,
    }


def read_as(batch: ImportBatch) -> ReadAs | None:
    """None of a file that was not read, or before this was kept."""
    known = batch.shape.get("read_as")
    if known is None:
        return None
    return ReadAs(
        columns=tuple(_column(*column) for column in known["columns"]),
        facts=tuple((str(name), str(fact)) for name, fact in _facts(batch.shape, known)),
    )


def _column(header: str, role: str, more: str) -> ColumnRead:
    if role == UNIT_OF:
        return ColumnRead(header, gettext("Unit of %(column)s") % {"column": more}, "")
    kind, _sign, marker = role.partition(":")
    if kind == RESULTS:
        return ColumnRead(header, catalogue().marker(marker).short_name, more)
    return ColumnRead(header, str(dict(ROLES).get(role, role)), "")


def _facts(shape: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[object, object]]:
    if known["collected_on"]:
        day = date_format(dt.date.fromisoformat(known["collected_on"]), "SHORT_DATE_FORMAT")
        yield _("Day of collection"), gettext("%(day)s for every line, as given for this file alone") % {"day": day}
    else:
        yield _("Dates"), dict(DATE_ORDERS)[known["date_order"]]
    yield _("Decimal sign"), _("comma: 4,7") if shape["decimal_comma"] else _("point: 4.7")
    if shape["sheet"]:
        yield _("Sheet"), shape["sheet"]
    else:
        yield _("Separator"), SEPARATORS.get(shape["delimiter"], shape["delimiter"])
        yield _("Encoding"), shape["encoding"].upper()
    yield _("Line of the column names"), known["header_line"]
