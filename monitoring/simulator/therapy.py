"""Treatment, surgery, bone agents and changes of assay: what they do to the values and what a record of them spares.

A change that is known re-bases the markers it concerns at the first draw on or after it; therapy starts and surgery
blank the tumour markers for 42 days, a change of bone agent blanks the bone markers for 28 (detection design 10).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.simulator.course import Course
from monitoring.simulator.markers import BONE_TURNOVER, DERIVED, TUMOUR, family_of, model_of
from monitoring.simulator.scenario import Scenario
from monitoring.simulator.streams import BoolArray, FloatArray, Streams, between

THERAPY_START: Final = "therapy_start"
SURGERY: Final = "surgery"
BONE_AGENT_START: Final = "bone_agent_start"
BONE_AGENT_STOP: Final = "bone_agent_stop"
ASSAY_CHANGE: Final = "assay_change"
REBASE_KINDS: Final = (THERAPY_START, SURGERY, BONE_AGENT_START, BONE_AGENT_STOP, ASSAY_CHANGE)
"""Bit k of `Cohort.rebase_kind` stands for the k-th of these."""
BLANK_DAYS: Final = {THERAPY_START: 42.0, SURGERY: 42.0, BONE_AGENT_START: 28.0, BONE_AGENT_STOP: 28.0}
AGENT_DAYS: Final = (180.0, 540.0)  # from start to stop of a bone agent that is stopped; assumed
AGENT_TAU_DAYS: Final = 14.0  # markers fall within days to weeks, https://pmc.ncbi.nlm.nih.gov/articles/PMC2410114
AGENT_OFF_TAU_DAYS: Final = 60.0  # and return within months; assumed


@dataclass(frozen=True, slots=True, eq=False)
class Therapy:
    """Days of each patient's events, (patients,), inf where there is none."""

    day_of: Mapping[str, FloatArray]
    flare_end: FloatArray  # of the flare that a therapy change set off; minus infinity where none

    def concerns(self, kind: str, marker: str) -> bool:
        """Whether an event of this kind changes the level of a marker."""
        family = family_of(marker)
        if kind == ASSAY_CHANGE:
            return marker not in DERIVED and model_of(marker).assay_shift > 0.0
        return family == (BONE_TURNOVER if kind.startswith("bone_agent") else TUMOUR)

    def known(self, kind: str, scenario: Scenario) -> bool:
        return scenario.events_known and (kind != ASSAY_CHANGE or scenario.assay_change_known)


def make_therapy(scenario: Scenario, streams: Streams, course: Course) -> Therapy:
    start = _days(THERAPY_START, scenario.therapy_change_share, scenario, streams, course)
    agent = _days(BONE_AGENT_START, scenario.bone_agent_share, scenario, streams, course)
    stop = agent + between(*AGENT_DAYS, streams.uniform("agent_days"))
    stops = (streams.uniform("agent_stops") < scenario.bone_agent_stop_share) & (stop <= course.last_day)
    flares = streams.uniform("flares") < scenario.flare_share
    length = between(*scenario.flare_days, streams.uniform("flare_days"))
    return Therapy(
        day_of={
            THERAPY_START: start,
            SURGERY: _days(SURGERY, scenario.surgery_share, scenario, streams, course),
            BONE_AGENT_START: agent,
            BONE_AGENT_STOP: np.where(stops, stop, np.inf),
            ASSAY_CHANGE: _days(ASSAY_CHANGE, scenario.assay_change_share, scenario, streams, course),
        },
        flare_end=np.where(flares & np.isfinite(start), start + length, -np.inf),
    )


def log_effect(marker: str, scenario: Scenario, streams: Streams, course: Course, therapy: Therapy) -> FloatArray:
    """What flare, bone agent and change of assay do to the log value, shape (draws x patients)."""
    model, days = model_of(marker), course.days
    logs = np.zeros(days.shape)
    if model.family == TUMOUR:
        flares = (days >= therapy.day_of[THERAPY_START]) & (days < therapy.flare_end)
        logs += np.where(flares, math.log(scenario.flare_factor), 0.0)
    if model.assay_shift > 0.0:
        shift = model.assay_shift * streams.normal("assay_shift", marker)
        logs += np.where(days >= therapy.day_of[ASSAY_CHANGE], shift, 0.0)
    if model.bone_agent < 1.0:
        logs += math.log(model.bone_agent) * _suppressed(days, therapy)
    return logs


def rebase_kinds(marker: str, scenario: Scenario, course: Course, therapy: Therapy) -> NDArray[np.uint8]:
    """Bits of REBASE_KINDS at the first draw on or after each known event, shape (draws x patients)."""
    bits = np.zeros(course.days.shape, dtype=np.uint8)
    for place, kind in enumerate(REBASE_KINDS):
        if therapy.concerns(kind, marker) and therapy.known(kind, scenario):
            after = course.drawn & (course.days >= therapy.day_of[kind])
            first = after & (np.cumsum(after, axis=0) == 1)
            bits[first] |= np.uint8(1 << place)
    return bits


def blanked(marker: str, scenario: Scenario, course: Course, therapy: Therapy) -> BoolArray:
    """Draws within the window of a known event that carry no evidence, shape (draws x patients)."""
    inside = np.zeros(course.days.shape, dtype=np.bool_)
    for kind, length in BLANK_DAYS.items():
        if therapy.concerns(kind, marker) and therapy.known(kind, scenario):
            since = course.days - therapy.day_of[kind]
            inside |= (since >= 0.0) & (since <= length)
    return inside & course.drawn


def _days(kind: str, share: float, scenario: Scenario, streams: Streams, course: Course) -> FloatArray:
    """Uniform between the first possible day and the end of follow-up, for a share of the patients."""
    first = scenario.first_event_day
    happens = (streams.uniform("event", kind) < share) & (course.last_day > first)
    return np.where(happens, first + (course.last_day - first) * streams.uniform("event_day", kind), np.inf)


def _suppressed(days: FloatArray, therapy: Therapy) -> FloatArray:
    """Share of a bone agent's full effect at each draw, exponential on the way in and out."""
    start, stop = therapy.day_of[BONE_AGENT_START], therapy.day_of[BONE_AGENT_STOP]
    running = np.maximum(np.minimum(days, stop) - start, 0.0)
    off = np.maximum(days - stop, 0.0)
    return -np.expm1(-running / AGENT_TAU_DAYS) * np.exp(-off / AGENT_OFF_TAU_DAYS)
