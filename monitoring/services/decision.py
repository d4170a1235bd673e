"""Whether an alert is raised, kept, opened again or withdrawn. Pure: what is known goes in, one move comes out.

- Level *alert* and none standing: raised.
- One standing and open: kept. A marker that joins is written on it; nobody is told again, the first mail still asks.
- One standing and acknowledged: the answer holds for 180 days for the kinds of marker it was given for. When another
  kind joins, or the rise still stands after that time, the alert is opened again and its people are told again.
- A repeat draw was asked for, and a later draw of the alert's markers came: where the rise stands and that marker is
  among those that carry it, the repeat confirms it. Where the level fell below *alert* and every kind of marker of the
  alert was drawn again, it is not confirmed: somebody still decides, and a level that is *alert* again opens it again.
  A draw collected before it was asked for is no repeat, whenever it was entered.
- What was asked for otherwise (imaging) holds as an answer does.
- Snoozed: a draw that its people did not know of when they put it to rest speaks for the rise of one of its markers, so
  the evidence grew, and it wakes. A draw that says nothing new of the rise lets it rest.
- One closed: likewise, but a new alert is raised.
- Level no longer *alert*: newer calm draws do NOT end an alert. A rise was there, and somebody still has to look. It is
  withdrawn only where the record, read again, shows no alert after any draw since the rise began: because a result
  was corrected or cancelled, or something became known (food, haemolysis, a treatment) that takes a draw out of the
  evidence. An acknowledged alert is withdrawn too: its reader was told something that does not hold.

Markers that measure the same thing (total and bone ALP; the derived ones and their inputs) are one kind: a second of a
kind joining is nothing new.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from monitoring.detection import group_of
from monitoring.evaluation import moment_of
from monitoring.trends.types import PatientFinding, Reason

ANSWER_HOLDS: Final = dt.timedelta(days=180)  # detection design, section 12 (d): one alert a rise, 180 days
# What a rise must be to ask for an answer of its own; LDH or a neutrophil ratio that follows is shown, not asked about.
GROUNDS: Final = frozenset({"tumour_marker_sustained", "bone_markers_sustained", "bone_marker_sustained"})


class Move(StrEnum):
    NOTHING = "nothing"
    RAISE = "raise"
    JOIN = "join"
    CONFIRM = "confirm"
    REFUTE = "refute"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    WAKE = "wake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """What the engine says now: the level, the markers of sustained rises, and those that ask for an answer.

    `drawn` is when each marker was last measured so that it could be used, `support` the draws that speak for its rise.
    """

    alert: bool
    markers: frozenset[str]
    grounds: frozenset[str]
    drawn: Mapping[str, dt.datetime] = field(default_factory=dict)
    support: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that stands. `answered_at` is None while it is open; `repeat_asked_at` unless it waits for a repeat."""

    markers: frozenset[str]
    answered_at: dt.datetime | None
    repeat_asked_at: dt.datetime | None = None
    refuted: bool = False  # the repeat did not confirm it
    slept_over: frozenset[int] | None = None  # draws that spoke for it when it was snoozed; None while it is awake


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The alert that was closed last."""

    markers: frozenset[str]
    closed_at: dt.datetime


def rise_of(finding: PatientFinding) -> Rise:
    sustained = [reason for reason in finding.reasons if reason.code != "single_supporting_draw"]
    return Rise(
        alert=finding.level == "alert",
        markers=frozenset(reason.marker for reason in sustained),
        grounds=frozenset(reason.marker for reason in sustained if reason.code in GROUNDS),
        drawn={
            one.marker: moment_of(max(used))
            for one in finding.markers
            if (used := [reading.day for reading in one.readings if reading.stance != "not_used"])
        },
        support=support_of(sustained),
    )


def support_of(reasons: Iterable[Reason]) -> dict[str, frozenset[int]]:
    """marker -> the draws that speak for its rise."""
    found: dict[str, frozenset[int]] = {}
    for reason in reasons:
        found[reason.marker] = found.get(reason.marker, frozenset()) | frozenset(reason.draw_ids)
    return found


def decide(
    rise: Rise,
    *,
    standing: Standing | None,
    closed: Closed | None,
    still_holds: Callable[[], bool],
    now: dt.datetime,
) -> Move:
    if standing is None:
        return _without_one(rise, closed, now)
    if not rise.alert:
        if not still_holds():
            return Move.WITHDRAW
        return Move.REFUTE if _kinds(standing.markers) <= _kinds(_repeated(rise, standing)) else Move.NOTHING
    if standing.refuted or (
        standing.answered_at is not None and not _answer_holds(standing.markers, standing.answered_at, rise, now)
    ):
        return Move.REOPEN
    if _repeated(rise, standing) & rise.markers:
        return Move.CONFIRM
    if rise.markers - standing.markers:
        return Move.JOIN
    return Move.WAKE if _grew_overnight(rise, standing) else Move.NOTHING


def _grew_overnight(rise: Rise, standing: Standing) -> bool:
    if standing.slept_over is None:
        return False
    return any(rise.support.get(marker, frozenset()) - standing.slept_over for marker in standing.markers)


def _without_one(rise: Rise, closed: Closed | None, now: dt.datetime) -> Move:
    if not rise.alert:
        return Move.NOTHING
    quiet = closed is not None and _answer_holds(closed.markers, closed.closed_at, rise, now)
    return Move.NOTHING if quiet else Move.RAISE


def _repeated(rise: Rise, standing: Standing) -> frozenset[str]:
    """The alert's markers that were drawn again since that was asked for."""
    asked = standing.repeat_asked_at
    if asked is None:
        return frozenset()
    return frozenset(marker for marker in standing.markers if marker in rise.drawn and rise.drawn[marker] > asked)


def _answer_holds(answered: Iterable[str], at: dt.datetime, rise: Rise, now: dt.datetime) -> bool:
    return now - at < ANSWER_HOLDS and _kinds(rise.grounds) <= _kinds(answered)


def _kinds(markers: Iterable[str]) -> frozenset[str]:
    return frozenset(group_of(one) for one in markers)
