"""Rules of reading as data: what events and the condition of a sample take away from a marker's evidence.

The files stand beside this module, each entry with its source and grade. Loading is strict: a key too many or too few,
a marker, family, treatment or kind of event that does not exist stops the process at its first use instead of silently
not applying. How the rules are applied: `monitoring/events.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final, get_args

from monitoring.errors import RuleProblem
from monitoring.events import EVENT_KINDS, Continuation, EventRule, EventRules, SampleCondition
from monitoring.rules.entries import (
    Entry,
    check_days,
    check_keys,
    check_one_of,
    check_sds,
    check_several_of,
    check_source,
    check_texts,
    entries,
    is_sd,
)
from patients.catalogue import catalogue
from patients.catalogue.definitions import Family
from patients.derived import INPUTS_OF
from patients.models import Fasting, Haemolysis, Taken, TreatmentKind

FOLDER: Final = Path(__file__).resolve().parent
STATES_OF_A_DRAW: Final[Mapping[str, Collection[str]]] = {
    "fasting": Fasting.values,
    "haemolysis": Haemolysis.values,
    "clock": ("morning", "later", "unknown"),
    "biotin": Taken.values,
}
DETAILS: Final = ("", *TreatmentKind.values)  # '': also a detail that is none of the kinds of treatment
SPANS: Final = ("blank_to_day", "watch_only_to_day", "extra_to_day")
OF_AN_EVENT: Final = (
    "details",
    "families",
    "markers",
    "counted_from",
    "assumed_days",
    "extra_sd",
    "rebase_sd",
    *SPANS,
)


@cache
def event_rules() -> EventRules:
    """The shipped rules. Raises RuleProblem where a file does not say what it must."""
    return EventRules(
        events=read_events(FOLDER / "events.toml"),
        samples=read_sample_conditions(FOLDER / "sample_conditions.toml"),
        continuations=read_continuations(FOLDER / "events.toml"),
        inputs_of=INPUTS_OF,
    )


def read_sample_conditions(path: Path) -> tuple[SampleCondition, ...]:
    """Raises RuleProblem where an entry does not say what it must."""
    conditions = []
    for where, entry in entries(path, "condition"):
        required = ("marker", "field", "value", "effect", "code", "source", "grade")
        check_keys(where, entry, required=required, allowed=("extra_sd", "watch_only", "assays"))
        check_one_of(where, entry, "marker", [marker.code for marker in catalogue().markers])
        check_one_of(where, entry, "field", STATES_OF_A_DRAW)
        check_one_of(where, entry, "value", STATES_OF_A_DRAW[entry["field"]])
        check_one_of(where, entry, "effect", ("exclude", "uncertain"))
        if (entry["effect"] == "uncertain") != is_sd(entry.get("extra_sd")):
            raise RuleProblem("rule_value_invalid", where=where, key="extra_sd")
        # What is left out can carry no ALERT anyway: saying so besides would promise a second effect.
        if entry.get("watch_only", True) is not True or ("watch_only" in entry and entry["effect"] == "exclude"):
            raise RuleProblem("rule_value_invalid", where=where, key="watch_only")
        if "assays" in entry:
            check_texts(where, entry, "assays")
        check_source(where, entry)
        conditions.append(SampleCondition(**(entry | {"assays": tuple(entry.get("assays", ()))})))
    return tuple(conditions)


def read_events(path: Path) -> tuple[EventRule, ...]:
    """Raises RuleProblem where an entry does not say what it must."""
    return tuple(_event_rule(where, entry) for where, entry in entries(path, "event", beside=("continuation",)))


def read_continuations(path: Path) -> tuple[Continuation, ...]:
    """Raises RuleProblem where an entry does not say what it must."""
    continuations = []
    for where, entry in entries(path, "continuation", beside=("event",)):
        check_keys(where, entry, required=("kinds", "within_days", "source", "grade"))
        check_several_of(where, entry, "kinds", EVENT_KINDS)
        check_days(where, entry, "within_days", least=1)
        check_source(where, entry, texts=("source",))
        continuations.append(Continuation(**(entry | {"kinds": tuple(entry["kinds"])})))
    return tuple(continuations)


def _event_rule(where: str, entry: Entry) -> EventRule:
    check_keys(where, entry, required=("kinds", "from_day", "code", "source", "grade"), allowed=OF_AN_EVENT)
    check_several_of(where, entry, "kinds", EVENT_KINDS)
    if "details" in entry:
        check_several_of(where, entry, "details", DETAILS)
    scope = _scope(where, entry)
    _check_days(where, entry)
    for key in ("extra_sd", "rebase_sd"):
        if key in entry:
            check_sds(where, entry, key, scope=scope)
    if ("extra_sd" in entry) != ("extra_to_day" in entry):
        raise RuleProblem("rule_value_invalid", where=where, key="extra_to_day")
    if not any(key in entry for key in (*SPANS, "rebase_sd")):
        raise RuleProblem("rule_key_missing", where=where, key="rebase_sd")
    check_source(where, entry)
    lists: Entry = {key: tuple(entry[key]) for key in ("kinds", "details", "families", "markers") if key in entry}
    return EventRule(**(entry | lists))


def _scope(where: str, entry: Entry) -> Mapping[str, Collection[str]]:
    """Each marker the entry is about -> the names a figure for it may stand under."""
    if not ("families" in entry or "markers" in entry):
        raise RuleProblem("rule_key_missing", where=where, key="families")
    if "families" in entry:
        check_several_of(where, entry, "families", get_args(Family))
    if "markers" in entry:
        check_several_of(where, entry, "markers", [marker.code for marker in catalogue().markers])
    families, markers = entry.get("families", ()), entry.get("markers", ())
    return {
        one.code: (one.code, one.family) if one.family in families else (one.code,)
        for one in catalogue().markers
        if one.family in families or one.code in markers
    }


def _check_days(where: str, entry: Entry) -> None:
    check_days(where, entry, "from_day", least=0)
    if "counted_from" in entry:
        check_one_of(where, entry, "counted_from", ("start", "end"))
    if (entry.get("counted_from") == "end") != ("assumed_days" in entry):
        raise RuleProblem("rule_value_invalid", where=where, key="assumed_days")
    if "assumed_days" in entry:
        check_days(where, entry, "assumed_days", least=0)
    for key in SPANS:
        if key in entry:
            check_days(where, entry, key, least=0 if "assumed_days" in entry else entry["from_day"])
