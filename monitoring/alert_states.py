"""Where an alert may stand, and who may move it from there: the one table of it. Pure.

An alert is followed from the rise to what came of it. A state that is not final counts as standing, and of those a
patient has at most one a rule. What is not in the table is refused, whoever asks.

The engine alone says whether a repeat draw confirms the rise: a draw is in the record, and the record is what it reads.
Who had it drawn elsewhere enters it. A snooze and a hand-over move nothing: they are open to a person wherever the
alert stands.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    REPEAT_REQUESTED = "repeat_requested"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    IMAGING_REQUESTED = "imaging_requested"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Mover(StrEnum):
    PERSON = "person"  # who may answer alerts (accounts.roles)
    ENGINE = "engine"  # an evaluation, by monitoring.services.decision


Targets = frozenset[State]

# What a clinician may ask for or say, once or again with another day or another kind of imaging.
_WORK: Final[Targets] = frozenset({State.REPEAT_REQUESTED, State.IMAGING_REQUESTED, State.CLOSED})
_NONE: Final[Targets] = frozenset()

MOVES: Final = MappingProxyType(
    {
        Mover.PERSON: MappingProxyType(
            {
                State.OPEN: _WORK | {State.ACKNOWLEDGED},
                State.ACKNOWLEDGED: _WORK,
                State.REPEAT_REQUESTED: _WORK,
                State.CONFIRMED: _WORK,
                State.NOT_CONFIRMED: _WORK,
                State.IMAGING_REQUESTED: _WORK,
                State.CLOSED: _NONE,
                State.WITHDRAWN: _NONE,
            }
        ),
        Mover.ENGINE: MappingProxyType(
            {
                State.OPEN: frozenset({State.WITHDRAWN}),
                State.ACKNOWLEDGED: frozenset({State.OPEN, State.WITHDRAWN}),
                State.REPEAT_REQUESTED: frozenset({State.OPEN, State.CONFIRMED, State.NOT_CONFIRMED, State.WITHDRAWN}),
                State.CONFIRMED: frozenset({State.OPEN, State.WITHDRAWN}),
                State.NOT_CONFIRMED: frozenset({State.OPEN, State.WITHDRAWN}),
                State.IMAGING_REQUESTED: frozenset({State.OPEN, State.WITHDRAWN}),
                State.CLOSED: _NONE,
                State.WITHDRAWN: _NONE,
            }
        ),
    }
)

FINAL: Final = frozenset(state for state in State if not MOVES[Mover.PERSON][state] and not MOVES[Mover.ENGINE][state])
STANDING: Final = tuple(state for state in State if state not in FINAL)


def may_move(old: str, new: str, mover: Mover) -> bool:
    return State(new) in MOVES[mover][State(old)]


def steps_from(state: str) -> Targets:
    """Where a person may move the alert to from here."""
    return MOVES[Mover.PERSON][State(state)]
