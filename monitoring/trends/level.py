"""Why a patient has a level: the reasons, the pattern, since when (docs/clinical-rules.md, D13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitoring.trends.fusion import BONE, TUMOUR
from monitoring.trends.types import Direction, Level, MarkerState, Pattern, Reason, ReasonCode

# Of a WATCH that rests on several markers, each too weak alone: those that bring at least this share of the index.
SHARE_THAT_TELLS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerEvidence:
    """As much of a marker's finding as the patient's level needs."""

    marker: str
    family: str
    group: str
    direction: Direction
    state: MarkerState
    part: float
    draw_ids: tuple[int, ...]
    since_day: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLevel:
    level: Level
    pattern: Pattern
    reasons: tuple[Reason, ...]
    since_day: float | None


def patient_level(level: Level, evidence: Sequence[MarkerEvidence]) -> PatientLevel:
    """The reasons of a level that the indices gave: the sustained rises first, then what is not confirmed."""
    if level == "none":
        return PatientLevel(level="none", pattern="", reasons=(), since_day=None)
    told = _telling(evidence)
    sustained = [one for one in told if one.state == "sustained_rise"]
    bone_groups = {one.group for one in sustained if one.family == BONE}
    reasons = tuple(
        Reason(
            code=_code(one, several_bone=len(bone_groups) > 1),
            marker=one.marker,
            direction=one.direction,
            draw_ids=one.draw_ids,
            since_day=0.0 if one.since_day is None else one.since_day,
        )
        for one in sorted(told, key=_order)
    )
    carrying = [reason for reason in reasons if _carries(reason, reasons)]
    return PatientLevel(
        level=level,
        pattern=_pattern(sustained or told),
        reasons=reasons,
        since_day=min((reason.since_day for reason in carrying), default=None),
    )


def _telling(evidence: Sequence[MarkerEvidence]) -> list[MarkerEvidence]:
    """A marker that brings nothing (never weighed, or of a layer that is switched off) is no ground for a level."""
    weighed = [one for one in evidence if one.part > 0 and one.draw_ids]
    moved = [one for one in weighed if one.state in ("sustained_rise", "single_rise")]
    whole = sum(one.part for one in evidence)
    weak = [one for one in weighed if one not in moved and one.part >= SHARE_THAT_TELLS * whole]
    if moved or weak:
        return moved + weak
    largest = max((one.part for one in weighed), default=0.0)
    return [one for one in weighed if one.part == largest]


def carrying_markers(found: PatientLevel) -> tuple[str, ...]:
    return tuple(reason.marker for reason in found.reasons if _carries(reason, found.reasons))


def _carries(reason: Reason, reasons: Sequence[Reason]) -> bool:
    """What is not confirmed carries a level only where nothing sustained does."""
    return reason.code != "single_supporting_draw" or all(one.code == reason.code for one in reasons)


def _code(one: MarkerEvidence, *, several_bone: bool) -> ReasonCode:
    if one.state != "sustained_rise":
        return "single_supporting_draw"
    if one.family == TUMOUR:
        return "tumour_marker_sustained"
    if one.family == BONE:
        return "bone_markers_sustained" if several_bone else "bone_marker_sustained"
    return "other_marker_sustained"


def _order(one: MarkerEvidence) -> tuple[bool, int, str]:
    rank = {TUMOUR: 0, BONE: 1}.get(one.family, 2)
    return (one.state != "sustained_rise", rank, one.marker)


def _pattern(carrying: Sequence[MarkerEvidence]) -> Pattern:
    families = {one.family for one in carrying}
    if {TUMOUR, BONE} <= families:
        return "tumour_and_bone"
    if TUMOUR in families:
        return "tumour"
    return "bone" if BONE in families else "other"
