"""The columns of a file as a person said them, and as they are proposed to that person."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.csv.columns import (
    ASKED,
    MOST_NAMED,
    NEVER_TWICE,
    PROPOSED,
    REQUIRED,
    REQUIRED_WIDE,
    RESULTS,
    RIGHT,
    SYNONYMS,
    Columns,
    ResultColumn,
    column_key,
    left_out,
    split_unit,
)
from exchange.csv.mapping import ColumnSaid, FileMapping
from exchange.csv.messages import FileRefused
from patients.catalogue import catalogue


def columns_said(mapping: FileMapping, headers: Sequence[str]) -> Columns:
    """The columns that `mapping` names, by their places.

    Raises
    ------
    FileRefused
        something that is needed was not said, or was said twice.
    """
    places: dict[str, int] = {}
    markers: list[int] = []
    results: list[ResultColumn] = []
    beside: set[int] = set()
    for place, column in enumerate(mapping.columns[: len(headers)]):
        if column.role == RESULTS:
            unit_place = place + 1 if column.unit_beside else None
            beside |= {unit_place} if unit_place is not None else set()
            results.append(ResultColumn(place, headers[place], column.marker, column.unit, unit_place))
        elif column.role == "marker":
            markers.append(place)
        elif column.role in places:
            found = ", ".join((headers[places[column.role]], headers[place]))
            raise FileRefused("file_columns_doubtful", {"role": ASKED.get(column.role, column.role), "found": found})
        elif column.role in SYNONYMS:
            places[column.role] = place
    said = {*places, *(("marker",) if markers or "loinc" in places else ())}
    if "accession" in said:
        said.add("patient")  # who has that number on record
    if mapping.collected_on:
        if "collected" in places:
            raise FileRefused("file_date_twice", {"found": headers[places["collected"]]})
        said.add("collected")
    missing = [ASKED[role] for role in (REQUIRED_WIDE if results else REQUIRED) if role not in said]
    if missing:
        named = ", ".join(header[:40] for header in headers[:MOST_NAMED] if header)
        raise FileRefused(
            "file_columns_missing", {"missing": ", ".join(missing), "found": named or "—", "right": RIGHT}
        )
    used = {*places.values(), *markers, *beside, *(column.place for column in results)}
    return Columns(tuple(headers), places, tuple(markers), left_out(headers, used), tuple(results))


def proposed(headers: Sequence[str]) -> tuple[ColumnSaid, ...]:
    """What the columns most likely are, for a person to look at."""
    named = (*PROPOSED.items(), *SYNONYMS.items())
    roles = {column_key(name): role for role, names in named for name in names}
    long = any(roles.get(column_key(header)) == "value" for header in headers)
    taken: set[str] = set()
    found = []
    for place, header in enumerate(headers):
        role = roles.get(column_key(header), "")
        name, unit = split_unit(header)
        marker = None if long or role else catalogue().find(name)
        if role and (role in taken) and (role in NEVER_TWICE or role != "marker"):
            role = ""
        taken.add(role)
        if marker is not None and not marker.derived:
            nameless = place + 1 < len(headers) and not headers[place + 1].strip()
            found.append(
                ColumnSaid(
                    header=header, role=RESULTS, marker=marker.code, unit=unit, unit_beside=nameless and not unit
                )
            )
        else:
            found.append(ColumnSaid(header=header, role=role))
    return tuple(found)
