"""A synthetic patient in the making: the draws as they will be, which a story then bends.

Days count from the anchor, the day of loading: the last draw lies at a small negative day.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from exchange.demo.markers import PANEL, FloatArray, quiet_logs
from exchange.demo.types import DemoImaging, DemoPerson, DemoSkeletalEvent, DemoTreatment, Story

CENTRAL: Final = "Central laboratory"
RIVERSIDE: Final = "Riverside laboratory"  # other assays: its levels differ
HARBOUR: Final = "Harbour laboratory"  # reports in other units
WEEKS: Final = (4, 5, 6, 6, 8, 8, 9, 12)
TRACP5B_SHARE: Final = 0.2


@dataclass(slots=True, kw_only=True)
class Timing:
    """When the draws are: oldest first, in days from the anchor."""

    weeks: int
    days: FloatArray
    overdue: bool


@dataclass(slots=True, kw_only=True)
class Journey:
    """One patient in the making."""

    person: DemoPerson
    story: Story
    anchor: dt.date
    rng: np.random.Generator
    weeks: int
    days: FloatArray
    logs: dict[str, FloatArray]
    laboratories: list[str]
    fasting: list[str]
    haemolysis: list[str]
    notes: list[str]
    texts: dict[tuple[int, str], str] = field(default_factory=dict)  # a cell as it stands, whatever the model says
    corrections: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)  # first text, reason
    lost: set[int] = field(default_factory=set)  # draws that never took place
    treatments: list[DemoTreatment] = field(default_factory=list)
    imaging: list[DemoImaging] = field(default_factory=list)
    skeletal_events: list[DemoSkeletalEvent] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.days)

    def date(self, day: float) -> dt.date:
        return self.anchor + dt.timedelta(days=math.floor(day))

    def multiply(self, marker: str, factors: FloatArray) -> None:
        self.logs[marker] = self.logs[marker] + np.log(factors)

    def multiply_at(self, draw: int, factors: Mapping[str, float]) -> None:
        for marker, factor in factors.items():
            self.logs[marker][draw] += math.log(factor)

    def start_at(self, marker: str, value: float) -> None:
        """Put the whole series where its first value would be about `value`: set-points that a story needs."""
        self.logs[marker] = self.logs[marker] - float(np.median(self.logs[marker])) + math.log(value)

    def treat(self, kind: str, name: str, *, start: float, end: float | None = None, line: int | None = None) -> None:
        self.treatments.append(
            DemoTreatment(
                kind=kind,
                name=name,
                line=line,
                started_on=self.date(start),
                ended_on=None if end is None else self.date(min(end, -1.0)),
            )
        )


def make_timing(story: Story, rng: np.random.Generator) -> Timing:
    weeks = int(rng.choice(WEEKS))
    if story in SHORT_INTERVALS:
        weeks = int(rng.choice((4, 5, 6)))
    count = max(int(rng.integers(10, 17)), math.ceil(52 / weeks) + 1)
    count = {Story.ONE_DRAW: 1, Story.NO_DRAW: 0}.get(story, count)
    overdue = story is Story.OVERDUE
    since_last = weeks * 7 + rng.uniform(9.0, 45.0) if overdue else rng.uniform(2.0, min(weeks * 7 - 3.0, 34.0))
    gaps = weeks * 7 + rng.uniform(-4.0, 4.0, size=max(count - 1, 0))
    days = -since_last - np.concatenate([[0.0], np.cumsum(gaps)])[:count]
    return Timing(weeks=weeks, days=np.floor(days[::-1]), overdue=overdue)


SHORT_INTERVALS: Final = frozenset(
    {
        Story.CEA_RISES,
        Story.CEA_AND_BONE_RISE,
        Story.BONE_THEN_CEA_RISES,
        Story.NSE_RISES,
        Story.CYFRA_RISES,
        Story.RISE_THEN_IMAGED,
        Story.FLARE,
        Story.RESPONDER,
    }
)


def begin_journey(
    person: DemoPerson, *, story: Story, timing: Timing, anchor: dt.date, rng: np.random.Generator
) -> Journey:
    """The patient as if nothing ever happened: every marker at its own level."""
    states = frozenset({person.menopausal_status, person.smoking})
    markers = (*PANEL, "TRACP5B") if rng.random() < TRACP5B_SHARE else PANEL
    count = len(timing.days)
    laboratory = RIVERSIDE if rng.random() < 0.15 else CENTRAL
    return Journey(
        person=person,
        story=story,
        anchor=anchor,
        rng=rng,
        weeks=timing.weeks,
        days=timing.days,
        logs={code: quiet_logs(code, days=timing.days, states=states, rng=rng) for code in markers},
        laboratories=[laboratory] * count,
        fasting=["yes"] * count,
        haemolysis=["none"] * count,
        notes=[""] * count,
    )
