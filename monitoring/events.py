"""What is known about the time of a draw: what it takes away from a marker's evidence, and why.

Pure: records or lines of a file go in, one mark a draw comes out. Which event does what to which marker, for how long
and on whose word is data (`monitoring/rules/events.toml`, `sample_conditions.toml`); here is only how it is applied.

Days are days of the clinic's calendar, counted from any origin that draws and events share. A time of day may stand
behind the point and is not looked at: `calendar_day` makes such a day of a moment.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from monitoring.trends.types import USABLE, FloatArray

CountedFrom = Literal["start", "end"]
SampleEffect = Literal["exclude", "uncertain"]

ASSAY_CHANGE: Final = "assay_change"
LABORATORY_CHANGE: Final = "laboratory_change"
EVENT_KINDS: Final = (
    "treatment_start",  # `detail` says of what; the start of another treatment is a switch
    "surgery",
    "bone_agent_start",
    "bone_agent_stop",
    "g_csf",
    "steroid",
    ASSAY_CHANGE,
    LABORATORY_CHANGE,
    "fracture",
    "cord_compression",
    "bone_radiotherapy",
    "bone_surgery",
    "hypercalcaemia",
    "infection",
    "cholestasis",
    "renal_impairment",
)


@dataclass(frozen=True, slots=True)
class ClinicalEvent:
    """Something that happened to a patient. `ended` None: no end is on record. `marker` '': not of one marker."""

    kind: str
    day: float
    ended: float | None = None
    marker: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DrawState:
    """What is on record of one draw of one series.

    `change` is `assay_change` or `laboratory_change` where this very draw is the first from another assay or laboratory
    (`changes_of`), so that of two draws of a day the right one is named.
    """

    day: float
    fasting: str = "unknown"
    haemolysis: str = "unknown"
    change: str = ""


@dataclass(frozen=True, slots=True)
class DrawMarks:
    """One mark a draw for each column of the engine's `Series` of the same name; '' and 0 where there is nothing.

    A draw that is excluded is neither uncertain nor watch-only besides: one reason is enough.
    """

    exclusions: tuple[str, ...]
    rebase_codes: tuple[str, ...]  # the kind of the event
    rebase_sd: FloatArray
    extra_codes: tuple[str, ...]
    extra_sd: FloatArray
    watch_only: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCondition:
    """A draw whose `field` is `value` says nothing about `marker`, or says it with `extra_sd` (log SD) more noise."""

    marker: str
    field: str
    value: str
    effect: SampleEffect
    code: str
    source: str
    grade: str
    extra_sd: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """What events of `kinds` do to the markers of `families` and to `markers`.

    Every span begins `from_day` days after the start of the event and ends so many days (both ends belong to it) after
    its start or, where `counted_from` is "end", after its end; an event without an end on record is then assumed to
    have lasted `assumed_days`. A span that is None is not there. SDs are of the natural logarithm, by marker or family.
    """

    kinds: tuple[str, ...]
    code: str
    source: str
    grade: str
    details: tuple[str, ...] = ()  # (): whatever the detail; '' among them: also a detail that no rule knows
    families: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    from_day: int = 1
    counted_from: CountedFrom = "start"
    assumed_days: int = 0
    blank_to_day: int | None = None
    watch_only_to_day: int | None = None
    extra_to_day: int | None = None
    extra_sd: Mapping[str, float] = field(default_factory=dict)
    rebase_sd: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def concerns(self, marker: str, family: str) -> bool:
        return marker in self.markers or family in self.families


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules:
    """Where two rules say different things of one draw, what stands first excludes; the larger SD counts."""

    events: tuple[EventRule, ...]
    samples: tuple[SampleCondition, ...]


def calendar_day(moment: dt.datetime, *, tz: dt.tzinfo) -> float:
    """The day of an aware moment on the calendar of `tz`. A date has the same count: `float(date.toordinal())`."""
    return float(moment.astimezone(tz).toordinal())


def changes_of(names: Sequence[tuple[str, str]]) -> tuple[tuple[int, str], ...]:
    """(laboratory, assay) of each draw in turn -> its segment and the change that began it ('' where none did).

    What is not named cannot be said to have changed: a blank goes with whatever was named last.
    """
    counter, laboratory, assay = 0, "", ""
    found = []
    for name in names:
        now = (_spelling(name[0]), _spelling(name[1]))
        other_assay, other_laboratory = _differ(assay, now[1]), _differ(laboratory, now[0])
        change = ASSAY_CHANGE if other_assay else LABORATORY_CHANGE if other_laboratory else ""
        if change:
            counter += 1
            laboratory, assay = now
        else:
            laboratory, assay = now[0] or laboratory, now[1] or assay
        found.append((counter, change))
    return tuple(found)


def _spelling(name: str) -> str:
    return " ".join(name.split()).casefold()


def _differ(before: str, after: str) -> bool:
    return bool(before and after and before != after)


def read_draws(
    marker: str,
    family: str,
    draws: Sequence[DrawState],
    events: Sequence[ClinicalEvent],
    rules: EventRules,
) -> DrawMarks:
    """The marks of one marker's draws, oldest first, from all events of the patient, in any order.

    A re-basing event is marked once: on the first draw (blanked or not) after it, and only where the marker had been
    drawn before; without that there is no level to forget.
    """
    sheet = _Sheet(marker, family, draws)
    sheet.look_at_samples(rules.samples)
    if events or any(draw.change for draw in draws):
        known = frozenset(detail for rule in rules.events for detail in rule.details)
        for rule in rules.events:
            if rule.concerns(marker, family):
                sheet.apply(rule, events, known)
    return sheet.marks()


class _Sheet:
    """The marks of one series while they are being made."""

    def __init__(self, marker: str, family: str, draws: Sequence[DrawState]) -> None:
        width = len(draws)
        self._marker, self._family, self._draws = marker, family, draws
        self._days = [math.floor(draw.day) for draw in draws]
        self._exclusions = [USABLE] * width
        self._watch_only = [""] * width
        self._rebase: list[tuple[float, str]] = [(0.0, "")] * width
        self._extra: list[tuple[float, str]] = [(0.0, "")] * width

    def look_at_samples(self, conditions: Sequence[SampleCondition]) -> None:
        for condition in conditions:
            if condition.marker != self._marker:
                continue
            for at, draw in enumerate(self._draws):
                if getattr(draw, condition.field) != condition.value:
                    continue
                if condition.effect == "exclude":
                    self._exclusions[at] = self._exclusions[at] or condition.code
                else:
                    self._extra[at] = _larger(self._extra[at], (condition.extra_sd, condition.code))

    def apply(self, rule: EventRule, events: Sequence[ClinicalEvent], known: frozenset[str]) -> None:
        self._apply_changes(rule)
        for event in events:
            if event.kind not in rule.kinds or event.marker not in ("", self._marker):
                continue
            if rule.details and (event.detail if event.detail in known else "") not in rule.details:
                continue
            self._apply_one(rule, event)

    def _apply_changes(self, rule: EventRule) -> None:
        for at, draw in enumerate(self._draws):
            if draw.change and draw.change in rule.kinds:
                self._rebase[at] = _larger(self._rebase[at], (self._sd(rule.rebase_sd), draw.change))

    def _apply_one(self, rule: EventRule, event: ClinicalEvent) -> None:
        start = math.floor(event.day)
        first, counted_from = start + rule.from_day, start
        if rule.counted_from == "end":
            counted_from = start + rule.assumed_days if event.ended is None else math.floor(event.ended)
        for at in self._span(first, counted_from, rule.blank_to_day):
            self._exclusions[at] = self._exclusions[at] or rule.code
        for at in self._span(first, counted_from, rule.watch_only_to_day):
            self._watch_only[at] = self._watch_only[at] or rule.code
        for at in self._span(first, counted_from, rule.extra_to_day):
            self._extra[at] = _larger(self._extra[at], (self._sd(rule.extra_sd), rule.code))
        at = bisect_left(self._days, first)
        if rule.rebase_sd and 0 < at < len(self._days):
            self._rebase[at] = _larger(self._rebase[at], (self._sd(rule.rebase_sd), event.kind))

    def _span(self, first: int, counted_from: int, to_day: int | None) -> range:
        if to_day is None:
            return range(0)
        return range(bisect_left(self._days, first), bisect_right(self._days, counted_from + to_day))

    def _sd(self, by_name: Mapping[str, float]) -> float:
        return by_name.get(self._marker, by_name.get(self._family, 0.0))

    def marks(self) -> DrawMarks:
        extra = [(0.0, "") if left_out else one for one, left_out in zip(self._extra, self._exclusions, strict=True)]
        return DrawMarks(
            exclusions=tuple(self._exclusions),
            rebase_codes=tuple(code for _, code in self._rebase),
            rebase_sd=np.array([sd for sd, _ in self._rebase], dtype=np.float64),
            extra_codes=tuple(code for _, code in extra),
            extra_sd=np.array([sd for sd, _ in extra], dtype=np.float64),
            watch_only=tuple(
                "" if left_out else code for code, left_out in zip(self._watch_only, self._exclusions, strict=True)
            ),
        )


def _larger(now: tuple[float, str], other: tuple[float, str]) -> tuple[float, str]:
    """The larger SD; of two alike the code that comes first in the alphabet, so that the order of events is none."""
    return min(now, other, key=lambda one: (-one[0], one[1]))
