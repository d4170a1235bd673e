"""From the markers of one patient to the patient's level (docs/clinical-rules.md, E13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitoring.trends.types import Direction, Level, MarkerState, Pattern, Reason, ReasonCode

TUMOUR: Final = "tumour"
BONE: Final = "bone_turnover"

# Markers that measure the same thing count once: bone alkaline phosphatase is a part of total ALP, and a derived marker
# is its inputs over again (docs/clinical-rules.md, E13).
COUNTED_ONCE: Final = (
    frozenset({"ALP", "BAP", "BAP_U"}),
    frozenset({"NLR", "NEUT", "LYMPH", "SII", "PLT"}),
    frozenset({"CA", "CA_CORR", "ALB"}),
)
BONE_MARKERS_FOR_ALERT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerEvidence:
    """As much of a marker's finding as the patient's level needs."""

    marker: str
    family: str
    direction: Direction
    state: MarkerState
    draw_ids: tuple[int, ...]
    since_day: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLevel:
    level: Level
    pattern: Pattern
    reasons: tuple[Reason, ...]
    since_day: float | None


NOTHING: Final = PatientLevel(level="none", pattern="", reasons=(), since_day=None)


def patient_level(evidence: Sequence[MarkerEvidence]) -> PatientLevel:
    """ALERT: a tumour marker's sustained rise, or two independent bone markers'. WATCH: anything less that tells."""
    moved = [one for one in evidence if _tells(one)]
    if not moved:
        return NOTHING
    sustained = [one for one in moved if one.state == "sustained_rise"]
    tumour = [one for one in sustained if one.family == TUMOUR]
    bone = [one for one in sustained if one.family == BONE]
    enough_bone = _independent(bone) >= BONE_MARKERS_FOR_ALERT
    codes = {one.marker: _code(one, enough_bone=enough_bone) for one in moved}
    reasons = tuple(_reason(one, codes[one.marker]) for one in sorted(moved, key=_order))
    return PatientLevel(
        level="alert" if tumour or enough_bone else "watch",
        pattern=_pattern(sustained or moved),
        reasons=reasons,
        since_day=min((reason.since_day for reason in reasons if _carries(reason, reasons)), default=None),
    )


def _tells(one: MarkerEvidence) -> bool:
    """One mineral or blood count out of its band is an ordinary day: of a dozen such markers some are."""
    return one.state == "sustained_rise" or (one.state == "single_rise" and one.family in (TUMOUR, BONE))


def carrying_markers(found: PatientLevel) -> tuple[str, ...]:
    return tuple(reason.marker for reason in found.reasons if _carries(reason, found.reasons))


def _carries(reason: Reason, reasons: Sequence[Reason]) -> bool:
    """A single supporting draw carries a level only where nothing sustained does."""
    return reason.code != "single_supporting_draw" or all(one.code == reason.code for one in reasons)


def _independent(markers: Sequence[MarkerEvidence]) -> int:
    return len({next((group for group in COUNTED_ONCE if one.marker in group), one.marker) for one in markers})


def _code(one: MarkerEvidence, *, enough_bone: bool) -> ReasonCode:
    if one.state == "single_rise":
        return "single_supporting_draw"
    if one.family == TUMOUR:
        return "tumour_marker_sustained"
    if one.family == BONE:
        return "bone_markers_sustained" if enough_bone else "bone_marker_sustained"
    return "other_marker_sustained"


def _order(one: MarkerEvidence) -> tuple[bool, int, str]:
    rank = {TUMOUR: 0, BONE: 1}.get(one.family, 2)
    return (one.state != "sustained_rise", rank, one.marker)


def _reason(one: MarkerEvidence, code: ReasonCode) -> Reason:
    since = 0.0 if one.since_day is None else one.since_day
    return Reason(code=code, marker=one.marker, direction=one.direction, draw_ids=one.draw_ids, since_day=since)


def _pattern(carrying: Sequence[MarkerEvidence]) -> Pattern:
    families = {one.family for one in carrying}
    if {TUMOUR, BONE} <= families:
        return "tumour_and_bone"
    if TUMOUR in families:
        return "tumour"
    return "bone" if BONE in families else "other"
