"""From which day to which day an event holds a marker's evidence back, and why: what the chart draws.

Pure. The same rules as `monitoring/events.py` reads a draw by, asked for days instead of for draws; a test holds the
two together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from monitoring.events import ClinicalEvent, EventRule, EventRules, starts_of_courses

SpanKind = Literal["blank", "watch_only", "uncertain"]
KINDS: Final[tuple[SpanKind, ...]] = ("blank", "watch_only", "uncertain")  # the strongest first


@dataclass(frozen=True, slots=True, order=True)
class EventSpan:
    """Both days belong to it; days as `calendar_day` counts them."""

    first: int
    last: int
    kind: SpanKind
    code: str


def event_spans(marker: str, family: str, events: Sequence[ClinicalEvent], rules: EventRules) -> tuple[EventSpan, ...]:
    """What touches or overlaps and says the same is one span; oldest first."""
    concerned = ("", marker, *rules.inputs_of.get(marker, ()))
    known = frozenset(detail for rule in rules.events for detail in rule.details)
    starts = starts_of_courses(events, rules.continuations)
    found = [
        span
        for rule in rules.events
        if rule.concerns(marker, family)
        for event in (events if rule.counted_from == "end" else starts)
        if event.kind in rule.kinds and event.marker in concerned
        if not rule.details or (event.detail if event.detail in known else "") in rule.details
        for span in _spans(rule, event)
    ]
    return _joined(found)


def _spans(rule: EventRule, event: ClinicalEvent) -> list[EventSpan]:
    start = math.floor(event.day)
    counted_from = start
    if rule.counted_from == "end":
        counted_from = start + rule.assumed_days if event.ended is None else math.floor(event.ended)
    ends = zip(KINDS, (rule.blank_to_day, rule.watch_only_to_day, rule.extra_to_day), strict=True)
    spans = [
        EventSpan(start + rule.from_day, counted_from + to_day, kind, rule.code)
        for kind, to_day in ends
        if to_day is not None
    ]
    return [span for span in spans if span.first <= span.last]


def _joined(spans: Sequence[EventSpan]) -> tuple[EventSpan, ...]:
    joined: list[EventSpan] = []
    for span in sorted(spans, key=lambda one: (one.kind, one.code, one.first, one.last)):
        before = joined[-1] if joined else None
        if before and (before.kind, before.code) == (span.kind, span.code) and span.first <= before.last + 1:
            joined[-1] = EventSpan(before.first, max(before.last, span.last), span.kind, span.code)
        else:
            joined.append(span)
    return tuple(sorted(joined))
