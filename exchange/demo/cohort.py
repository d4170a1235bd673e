"""The cohort: which stories, how many of each, and every patient built from its own seed.

The same anchor day gives the same cohort to the last digit; a patient does not change with the number asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from exchange.demo import oddities, rising, treated
from exchange.demo.journey import Journey, begin_journey, make_timing
from exchange.demo.people import make_person
from exchange.demo.report import report_draws
from exchange.demo.types import DemoPatient, DemoPlan, Story

SEED: Final = 20_240_229
COHORT_SIZE: Final = 200
EVERY_FOURTH: Final = 4  # goes to the second team

STORY_COUNTS: Final[Mapping[Story, int]] = {
    Story.CEA_RISES: 3,
    Story.CEA_AND_BONE_RISE: 2,
    Story.BONE_THEN_CEA_RISES: 2,
    Story.NSE_RISES: 2,
    Story.CYFRA_RISES: 1,
    Story.RISE_THEN_IMAGED: 4,
    Story.RISE_JUST_BEGUN: 3,
    Story.RESPONDER: 14,
    Story.FLARE: 5,
    Story.OVERDUE: 12,
    Story.ASSAY_CHANGE: 8,
    Story.BELOW_LIMIT: 8,
    Story.HAEMOLYSED: 4,
    Story.NOT_FASTING: 6,
    Story.INFECTION: 6,
    Story.FRACTURE: 3,
    Story.BONE_AGENT: 6,
    Story.G_CSF: 3,
    Story.OUTLIER: 4,
    Story.OTHER_UNITS: 6,
    Story.CORRECTED: 2,
    Story.ZERO: 2,
    Story.ONE_DRAW: 1,
    Story.NO_DRAW: 1,
    Story.STABLE: 92,
}

TELL: Final[Mapping[Story, Callable[[Journey], None]]] = {
    Story.CEA_RISES: rising.cea_rises,
    Story.CEA_AND_BONE_RISE: rising.cea_and_bone_rise,
    Story.BONE_THEN_CEA_RISES: rising.bone_then_cea_rises,
    Story.NSE_RISES: rising.nse_rises,
    Story.CYFRA_RISES: rising.cyfra_rises,
    Story.RISE_THEN_IMAGED: rising.rise_then_imaged,
    Story.RISE_JUST_BEGUN: rising.rise_just_begun,
    Story.RESPONDER: treated.responder,
    Story.FLARE: treated.flare,
    Story.OVERDUE: oddities.overdue,
    Story.ASSAY_CHANGE: oddities.assay_change,
    Story.BELOW_LIMIT: oddities.below_limit,
    Story.HAEMOLYSED: oddities.haemolysed,
    Story.NOT_FASTING: oddities.not_fasting,
    Story.INFECTION: oddities.infection,
    Story.FRACTURE: treated.fracture,
    Story.BONE_AGENT: treated.bone_agent,
    Story.G_CSF: treated.g_csf,
    Story.OUTLIER: oddities.outlier,
    Story.OTHER_UNITS: oddities.other_units,
    Story.CORRECTED: oddities.corrected,
    Story.ZERO: oddities.zero,
}

# The rise is seen before the scan: these patients were last scanned before it could be.
NOT_YET_IMAGED: Final = frozenset(
    {Story.CEA_RISES, Story.CEA_AND_BONE_RISE, Story.BONE_THEN_CEA_RISES, Story.NSE_RISES, Story.CYFRA_RISES}
)
TUMOUR_PANEL: Final = ("CEA", "CYFRA211", "NSE", "BAP", "BCTX", "ALP", "CA", "ALB", "PLT", "NEUT", "LYMPH", "LDH")


def make_cohort(*, anchor: dt.date, size: int = COHORT_SIZE) -> tuple[DemoPatient, ...]:
    """The first `size` patients as they stand on the day `anchor`."""
    if not 1 <= size <= COHORT_SIZE:
        raise ValueError(f"The cohort has 1 to {COHORT_SIZE} patients, not {size}.")
    return tuple(make_patient(index, story=story, anchor=anchor) for index, story in enumerate(story_order()[:size]))


def story_order() -> tuple[Story, ...]:
    """One patient of each story first, so that a small cohort shows them all; then the rest, mixed."""
    rest = [story for story, count in STORY_COUNTS.items() for _ in range(count - 1)]
    mixed = np.random.default_rng(SEED).permutation(len(rest))
    return (*STORY_COUNTS, *(rest[int(at)] for at in mixed))


def make_patient(index: int, *, story: Story, anchor: dt.date) -> DemoPatient:
    rng = np.random.default_rng([SEED, index])
    timing = make_timing(story, rng)
    first = float(timing.days[0]) if len(timing.days) else -20.0
    person = make_person(
        index,
        story=story,
        diagnosed_on=anchor + dt.timedelta(days=int(first - rng.uniform(35.0, 120.0))),
        cohort=np.random.default_rng(SEED),
        rng=rng,
    )
    journey = begin_journey(person, story=story, timing=timing, anchor=anchor, rng=rng)
    if story in TELL:
        TELL[story](journey)
    if timing.weeks <= 9 and journey.count and story not in NOT_YET_IMAGED:
        _lose_some_draws(journey)
    treated.first_treatment(journey)
    treated.routine_imaging(journey, until=_routine_until(journey))
    return DemoPatient(
        person=person,
        story=story,
        team=1 if index % EVERY_FOURTH == EVERY_FOURTH - 1 else 0,
        draws=report_draws(journey),
        treatments=tuple(sorted(journey.treatments, key=lambda one: (one.started_on, one.name))),
        imaging=tuple(sorted(journey.imaging, key=lambda one: one.performed_on)),
        skeletal_events=tuple(journey.skeletal_events),
        plan=DemoPlan(
            markers=TUMOUR_PANEL, every_weeks=journey.weeks, starts_on=person.diagnosis_date + dt.timedelta(days=28)
        ),
    )


def _lose_some_draws(journey: Journey) -> None:
    """People miss an appointment now and then; never the first or one of the last five, where the stories are."""
    for at in range(1, journey.count - 8):
        if journey.rng.random() < 0.05:
            journey.lost.add(at)


def _routine_until(journey: Journey) -> float:
    if journey.story in NOT_YET_IMAGED:
        return float(journey.days[-4]) + 5.0
    found = [study.performed_on for study in journey.imaging if study.finding == "bone_metastasis"]
    if journey.story is Story.RISE_THEN_IMAGED and found:
        return float((found[0] - journey.anchor).days) - 60.0
    return -3.0
