"""What is known about the time of a draw: what it takes away from a marker's evidence, and why.

Pure: records or lines of a file go in, one mark a draw comes out. Which event does what to which marker, for how long
and on whose word is data (`monitoring/rules/events.toml`, `sample_conditions.toml`); here is only how it is applied.

Days are days of the clinic's calendar, counted from any origin that draws and events share. A time of day may stand
behind the point and is not looked at: `calendar_day` makes such a day of a moment.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from monitoring.trends.types import USABLE, FloatArray

CountedFrom = Literal["start", "end"]
SampleEffect = Literal["exclude", "uncertain"]

MORNING_ENDS: Final = dt.time(10)  # on the clinic's clock; assumed (A), see sample_conditions.toml
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
    (`changes_of`), so that of two draws of a day the right one is named. `clock` is as `clock_of` says; `assay` '' is
    not known.
    """

    day: float
    fasting: str = "unknown"
    haemolysis: str = "unknown"
    change: str = ""
    clock: str = "unknown"
    biotin: str = "unknown"
    assay: str = ""


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
    """A draw whose `field` is `value` says nothing about `marker`, or says it with `extra_sd` (log SD) more noise.

    `watch_only`: it may besides carry no ALERT. `assays`: parts of names; of another named assay it is not true.
    """

    marker: str
    field: str
    value: str
    effect: SampleEffect
    code: str
    source: str
    grade: str
    extra_sd: float = 0.0
    watch_only: bool = False
    assays: tuple[str, ...] = ()
    note: str = ""

    def holds_for(self, draw: DrawState) -> bool:
        if getattr(draw, self.field) != self.value:
            return False
        name = _spelling(draw.assay)
        return not self.assays or not name or any(_spelling(part) in name for part in self.assays)


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
class Continuation:
    """An event of `kinds` at most `within_days` after the one before it with the same detail is no start."""

    kinds: tuple[str, ...]
    within_days: int
    source: str
    grade: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules:
    """Where two rules say different things of one draw, what stands first excludes; the larger SD counts."""

    events: tuple[EventRule, ...]
    samples: tuple[SampleCondition, ...]
    continuations: tuple[Continuation, ...] = ()
    inputs_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of each computed marker


def calendar_day(moment: dt.datetime, *, tz: dt.tzinfo) -> float:
    """The day of an aware moment on the calendar of `tz`. A date has the same count: `float(date.toordinal())`."""
    return float(moment.astimezone(tz).toordinal())


def clock_of(moment: dt.datetime, *, tz: dt.tzinfo, time_known: bool) -> str:
    """'morning', 'later', or 'unknown' where only the day of an aware moment is known."""
    if not time_known:
        return "unknown"
    return "morning" if moment.astimezone(tz).time() < MORNING_ENDS else "later"


def given_at_draw(kind: str, day: float) -> ClinicalEvent:
    """What the patient was on at a draw of that day, as if it had been given until then.

    It is dated a day earlier, since blood of the first day of an event is read as drawn before it.
    """
    return ClinicalEvent(kind, day - 1, day)


def changes_of(names: Sequence[tuple[str, str]], inputs: Sequence[str] = ()) -> tuple[tuple[int, str], ...]:
    """(laboratory, assay) of each draw in turn -> its segment and the change that began it ('' where none did).

    What is not named cannot be said to have changed: a blank goes with whatever was named last. A marker computed from
    `inputs` changes where one of them does; it has a name for each (`NEUT Sysmex, LYMPH Sysmex`), or for some.
    """
    each = [names]
    if inputs:
        split = [(_by_input(laboratory, inputs), _by_input(assay, inputs)) for laboratory, assay in names]
        each = [[(laboratory[code], assay[code]) for laboratory, assay in split] for code in inputs]
    counter = 0
    found = []
    for changes in zip(*map(_changes, each), strict=True):
        change = next((kind for kind in (ASSAY_CHANGE, LABORATORY_CHANGE) if kind in changes), "")
        counter += bool(change)
        found.append((counter, change))
    return tuple(found)


def _changes(names: Sequence[tuple[str, str]]) -> list[str]:
    laboratory, assay = "", ""
    found = []
    for name in names:
        now = (_spelling(name[0]), _spelling(name[1]))
        other_assay, other_laboratory = _differ(assay, now[1]), _differ(laboratory, now[0])
        change = ASSAY_CHANGE if other_assay else LABORATORY_CHANGE if other_laboratory else ""
        laboratory, assay = now if change else (now[0] or laboratory, now[1] or assay)
        found.append(change)
    return found


def _by_input(text: str, inputs: Sequence[str]) -> dict[str, str]:
    """Input -> its name, '' where it has none. A value that was not computed has one name, which is that of all."""
    before, *parts = re.split(rf"(?:^|, )({'|'.join(map(re.escape, inputs))}) ", text)
    if before or not parts:
        return dict.fromkeys(inputs, text)
    return dict.fromkeys(inputs, "") | dict(zip(parts[::2], parts[1::2], strict=True))


def _spelling(name: str) -> str:
    return " ".join(name.split()).casefold()


def _differ(before: str, after: str) -> bool:
    return bool(before and after and before != after)


def starts_of_courses(
    events: Sequence[ClinicalEvent], continuations: Sequence[Continuation]
) -> Sequence[ClinicalEvent]:
    """`events` without those that only go on with a course, as the second cycle of a chemotherapy does.

    Each is held against the one before it, so cycles go on for ever as one course. Lines of one day are one start.
    """
    within = {kind: one.within_days for one in continuations for kind in one.kinds}
    days: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for event in events:
        if event.kind in within:
            days[_course(event)].add(math.floor(event.day))
    going_on = {
        (course, day)
        for course, of_course in days.items()
        for before, day in pairwise(sorted(of_course))
        if day - before <= within[course[0]]
    }
    if not going_on:
        return events
    return [event for event in events if (_course(event), math.floor(event.day)) not in going_on]


def _course(event: ClinicalEvent) -> tuple[str, str, str]:
    return event.kind, event.marker, _spelling(event.detail)


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
    sheet = _Sheet(marker, family, draws, rules.inputs_of.get(marker, ()))
    sheet.look_at_samples(rules.samples)
    starts = starts_of_courses(events, rules.continuations)
    if events or any(draw.change for draw in draws):
        known = frozenset(detail for rule in rules.events for detail in rule.details)
        for rule in rules.events:
            if rule.concerns(marker, family):
                # What lasts until some days after an end is renewed by every cycle; a start happens once.
                sheet.apply(rule, events if rule.counted_from == "end" else starts, known)
    return sheet.marks()


class _Sheet:
    """The marks of one series while they are being made."""

    def __init__(self, marker: str, family: str, draws: Sequence[DrawState], inputs: Sequence[str]) -> None:
        width = len(draws)
        self._marker, self._family, self._draws = marker, family, draws
        self._concerned = ("", marker, *inputs)  # what an event may be of: an input's new assay is the result's too
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
                if not condition.holds_for(draw):
                    continue
                if condition.effect == "exclude":
                    self._exclusions[at] = self._exclusions[at] or condition.code
                    continue
                self._extra[at] = _larger(self._extra[at], (condition.extra_sd, condition.code))
                if condition.watch_only:
                    self._watch_only[at] = self._watch_only[at] or condition.code

    def apply(self, rule: EventRule, events: Sequence[ClinicalEvent], known: frozenset[str]) -> None:
        self._apply_changes(rule)
        for event in events:
            if event.kind not in rule.kinds or event.marker not in self._concerned:
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
