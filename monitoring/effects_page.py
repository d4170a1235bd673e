"""The rules of `rules/events.toml` as a table for people: what an event does to which markers, on whose word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from monitoring.chart_events import KIND_TEXTS
from monitoring.event_spans import KINDS
from monitoring.events import EventRule
from monitoring.rules import event_rules
from monitoring.rules.wording import DRAW_CODES, EVENT_CODES
from monitoring.wording import listed
from patients.catalogue import catalogue
from patients.models import ConditionKind, SkeletalEventKind, TreatmentKind

STARTS: Final[Mapping[str, str | Promise]] = {
    "treatment_start": gettext_lazy("start of a treatment"),
    "bone_agent_start": gettext_lazy("start of a bone-modifying agent"),
    "bone_agent_stop": gettext_lazy("end of a bone-modifying agent"),
    "assay_change": gettext_lazy("another assay"),
    "laboratory_change": gettext_lazy("another laboratory"),
}
OTHER_DETAIL: Final = gettext_lazy("of any other kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """One rule. `effects` holds a line each for what happens, with its days."""

    event: str
    markers: str
    effects: tuple[str, ...]
    why: str
    source: str
    note: str
    grade: str


def effect_rows() -> list[EffectRow]:
    """Every rule that applies, in the order of the file; a weak grade is a row as any other."""
    return [_row(rule) for rule in event_rules().events]


def _row(rule: EventRule) -> EffectRow:
    return EffectRow(
        event=_event(rule),
        markers=listed([one.short_name for one in catalogue().markers if rule.concerns(one.code, one.family)]),
        effects=tuple(_effects(rule)),
        why=str(DRAW_CODES.get(rule.code) or EVENT_CODES.get(rule.code) or rule.code),
        source=rule.source,
        note=rule.note,
        grade=rule.grade,
    )


def _event(rule: EventRule) -> str:
    name = listed([_name(kind) for kind in rule.kinds])
    if not rule.details:
        return name
    details = listed([str(TreatmentKind(one).label) if one else str(OTHER_DETAIL) for one in rule.details])
    return gettext("%(event)s (%(details)s)") % {"event": name, "details": details}


def _name(kind: str) -> str:
    known: dict[str, object] = {
        **dict(TreatmentKind.choices),
        **dict(SkeletalEventKind.choices),
        **dict(ConditionKind.choices),
        **STARTS,
    }
    return str(known.get(kind, kind))


def _effects(rule: EventRule) -> list[str]:
    ends = zip(KINDS, (rule.blank_to_day, rule.watch_only_to_day, rule.extra_to_day), strict=True)
    lines = [f"{_days(rule, last)}: {KIND_TEXTS[kind]}" for kind, last in ends if last is not None]
    if rule.rebase_sd:
        lines.append(gettext("from the next draw on: the own level is found anew"))
    return lines


def _days(rule: EventRule, last: int) -> str:
    if rule.counted_from == "start":
        return gettext("day %(first)d to %(last)d") % {"first": rule.from_day, "last": last}
    words = {"first": rule.from_day, "n": last}
    text = (
        ngettext("day %(first)d to %(n)d day after the end", "day %(first)d to %(n)d days after the end", last) % words
    )
    if not rule.assumed_days:
        return text
    assumed = ngettext("without an end: after %(n)d day", "without an end: after %(n)d days", rule.assumed_days)
    return gettext("%(days)s (%(assumed)s)") % {"days": text, "assumed": assumed % {"n": rule.assumed_days}}
