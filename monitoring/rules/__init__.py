"""Rules of reading as data: which sample conditions and treatment windows take a draw out of the evidence.

The files stand beside this module, each entry with its source and grade. Loading is strict: a key too many or too few,
a marker, family or treatment that does not exist stops the process at its first use instead of silently not applying.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

from monitoring.errors import RuleProblem
from patients.catalogue import Grade, catalogue
from patients.catalogue.definitions import Family
from patients.models import Fasting, Haemolysis, TreatmentKind

FOLDER: Final = Path(__file__).resolve().parent
STATES_OF_A_DRAW: Final[Mapping[str, Collection[str]]] = {"fasting": Fasting.values, "haemolysis": Haemolysis.values}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCondition:
    """A draw whose `field` is `value` says nothing about `marker`."""

    marker: str
    field: str
    value: str
    code: str
    source: str
    grade: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentWindow:
    """Draws from `from_day` to `to_day` after a start of one of `treatments` say nothing about `families`."""

    treatments: tuple[str, ...]
    families: tuple[str, ...]
    from_day: int
    to_day: int
    code: str
    source: str
    grade: str
    note: str = ""


@cache
def sample_conditions() -> tuple[SampleCondition, ...]:
    return read_sample_conditions(FOLDER / "sample_conditions.toml")


@cache
def treatment_windows() -> tuple[TreatmentWindow, ...]:
    return read_treatment_windows(FOLDER / "treatment_windows.toml")


def read_sample_conditions(path: Path) -> tuple[SampleCondition, ...]:
    """Raises RuleProblem where an entry does not say what it must."""
    conditions = []
    for where, entry in _entries(path, "condition"):
        _keys(where, entry, required=("marker", "field", "value", "code", "source", "grade"))
        _one_of(where, entry, "marker", [marker.code for marker in catalogue().markers])
        _one_of(where, entry, "field", STATES_OF_A_DRAW)
        _one_of(where, entry, "value", STATES_OF_A_DRAW[entry["field"]])
        _sourced(where, entry)
        conditions.append(SampleCondition(**entry))
    return tuple(conditions)


def read_treatment_windows(path: Path) -> tuple[TreatmentWindow, ...]:
    """Raises RuleProblem where an entry does not say what it must."""
    windows = []
    for where, entry in _entries(path, "window"):
        _keys(where, entry, required=("treatments", "families", "from_day", "to_day", "code", "source", "grade"))
        _several_of(where, entry, "treatments", TreatmentKind.values)
        _several_of(where, entry, "families", get_args(Family))
        if not (_whole(entry["from_day"]) and _whole(entry["to_day"]) and 0 <= entry["from_day"] <= entry["to_day"]):
            raise RuleProblem("rule_value_invalid", where=where, key="to_day")
        _sourced(where, entry)
        lists = {key: tuple(entry[key]) for key in ("treatments", "families")}
        windows.append(TreatmentWindow(**{**entry, **lists}))
    return tuple(windows)


def _entries(path: Path, table: str) -> list[tuple[str, dict[str, Any]]]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := set(content) - {table}:
        raise RuleProblem("rule_key_unknown", where=path.name, key=min(unknown))
    return [(f"{path.name}, entry {at}", entry) for at, entry in enumerate(content.get(table, []), start=1)]


def _keys(where: str, entry: Mapping[str, Any], *, required: Collection[str]) -> None:
    if missing := set(required) - set(entry):
        raise RuleProblem("rule_key_missing", where=where, key=min(missing))
    if unknown := set(entry) - set(required) - {"note"}:
        raise RuleProblem("rule_key_unknown", where=where, key=min(unknown))


def _one_of(where: str, entry: Mapping[str, Any], key: str, allowed: Collection[str]) -> None:
    if entry[key] not in allowed:
        raise RuleProblem("rule_value_invalid", where=where, key=key)


def _several_of(where: str, entry: Mapping[str, Any], key: str, allowed: Collection[str]) -> None:
    if not isinstance(entry[key], list) or not entry[key] or any(one not in allowed for one in entry[key]):
        raise RuleProblem("rule_value_invalid", where=where, key=key)


def _sourced(where: str, entry: Mapping[str, Any]) -> None:
    _one_of(where, entry, "grade", [grade.value for grade in Grade])
    for key in ("code", "source"):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise RuleProblem("rule_value_invalid", where=where, key=key)


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
