"""Reading a rule file strictly: a key too many or too few, or a value that cannot be, is refused by file and entry."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from monitoring.errors import RuleProblem
from patients.catalogue import Grade

Entry = dict[str, Any]


def entries(path: Path, table: str, *, beside: Collection[str] = ()) -> list[tuple[str, Entry]]:
    """The entries of one table, each with the words that say where it stands. `beside`: the file's other tables."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := set(content) - {table, *beside}:
        raise RuleProblem("rule_key_unknown", where=path.name, key=min(unknown))
    return [(f"{path.name}, entry {at}", entry) for at, entry in enumerate(content.get(table, []), start=1)]


def check_keys(where: str, entry: Entry, *, required: Collection[str], allowed: Collection[str] = ()) -> None:
    if missing := set(required) - set(entry):
        raise RuleProblem("rule_key_missing", where=where, key=min(missing))
    if unknown := set(entry) - set(required) - set(allowed) - {"note"}:
        raise RuleProblem("rule_key_unknown", where=where, key=min(unknown))


def check_one_of(where: str, entry: Entry, key: str, allowed: Collection[str]) -> None:
    if not isinstance(entry[key], str) or entry[key] not in allowed:
        raise RuleProblem("rule_value_invalid", where=where, key=key)


def check_several_of(where: str, entry: Entry, key: str, allowed: Collection[str]) -> None:
    given = entry[key]
    if not isinstance(given, list) or not given or any(one not in allowed or given.count(one) > 1 for one in given):
        raise RuleProblem("rule_value_invalid", where=where, key=key)


def check_texts(where: str, entry: Entry, key: str) -> None:
    given = entry[key]
    if not isinstance(given, list) or not given or any(not isinstance(one, str) or not one.strip() for one in given):
        raise RuleProblem("rule_value_invalid", where=where, key=key)


def check_days(where: str, entry: Entry, key: str, *, least: int) -> None:
    given = entry[key]
    if not isinstance(given, int) or isinstance(given, bool) or given < least:
        raise RuleProblem("rule_value_invalid", where=where, key=key)


def check_sds(where: str, entry: Entry, key: str, *, scope: Mapping[str, Collection[str]]) -> None:
    """A table of log SDs. `scope`: each marker it must serve -> the names it may stand under; no other name may be."""
    table = entry[key]
    if not isinstance(table, dict) or any(not is_sd(sd) for sd in table.values()):
        raise RuleProblem("rule_value_invalid", where=where, key=key)
    served = {name for names in scope.values() for name in names}
    if set(table) - served or any(not set(names) & set(table) for names in scope.values()):
        raise RuleProblem("rule_value_invalid", where=where, key=key)


def is_sd(number: object) -> bool:
    return isinstance(number, float) and math.isfinite(number) and number > 0


def check_source(where: str, entry: Entry, *, texts: Collection[str] = ("code", "source")) -> None:
    check_one_of(where, entry, "grade", [grade.value for grade in Grade])
    for key in texts:
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise RuleProblem("rule_value_invalid", where=where, key=key)
