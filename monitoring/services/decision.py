"""Whether an alert is raised, kept, opened again or withdrawn. Pure: what is known goes in, one move comes out.

- Level *alert* and none standing: raised.
- One standing and open: kept. A marker that joins is written on it; nobody is told again, the first mail still asks.
- One standing and acknowledged: the answer holds for 180 days for the kinds of marker it was given for. When another
  kind joins, or the rise still stands after that time, the alert is opened again and its people are told again.
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
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitoring.detection import group_of
from monitoring.trends.types import PatientFinding

ANSWER_HOLDS: Final = dt.timedelta(days=180)  # detection design, section 12 (d): one alert a rise, 180 days
# What a rise must be to ask for an answer of its own; LDH or a neutrophil ratio that follows is shown, not asked about.
GROUNDS: Final = frozenset({"tumour_marker_sustained", "bone_markers_sustained", "bone_marker_sustained"})


class Move(StrEnum):
    NOTHING = "nothing"
    RAISE = "raise"
    JOIN = "join"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """What the engine says now: the level, the markers of sustained rises, and those that ask for an answer."""

    alert: bool
    markers: frozenset[str]
    grounds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that is open or acknowledged. `answered_at` is None while it is open."""

    markers: frozenset[str]
    answered_at: dt.datetime | None


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
    )


def decide(
    rise: Rise,
    *,
    standing: Standing | None,
    closed: Closed | None,
    still_holds: Callable[[], bool],
    now: dt.datetime,
) -> Move:
    if not rise.alert:
        return Move.NOTHING if standing is None or still_holds() else Move.WITHDRAW
    if standing is None:
        quiet = closed is not None and _answer_holds(closed.markers, closed.closed_at, rise, now)
        return Move.NOTHING if quiet else Move.RAISE
    if standing.answered_at is not None and not _answer_holds(standing.markers, standing.answered_at, rise, now):
        return Move.REOPEN
    return Move.JOIN if rise.markers - standing.markers else Move.NOTHING


def _answer_holds(answered: Iterable[str], at: dt.datetime, rise: Rise, now: dt.datetime) -> bool:
    return now - at < ANSWER_HOLDS and _kinds(rise.grounds) <= _kinds(answered)


def _kinds(markers: Iterable[str]) -> frozenset[str]:
    return frozenset(group_of(one) for one in markers)
