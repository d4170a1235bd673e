"""One move for each thing that may be known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from monitoring.services.decision import Closed, Move, Rise, Standing, decide
from tests.monitoring.scenes import NOW

CALM = Rise(alert=False, markers=frozenset(), grounds=frozenset())
HALF_A_YEAR = dt.timedelta(days=180)
MOMENT = dt.timedelta(microseconds=1)


def rise(*markers: str) -> Rise:
    return Rise(alert=True, markers=frozenset(markers), grounds=frozenset(markers) - {"LDH", "NLR"})


def opened(*markers: str) -> Standing:
    return Standing(markers=frozenset(markers), answered_at=None)


def answered(*markers: str, ago: dt.timedelta = dt.timedelta(days=1)) -> Standing:
    return Standing(markers=frozenset(markers), answered_at=NOW - ago)


def asked(*markers: str, refuted: bool = False) -> Standing:
    """A repeat was asked for a day ago."""
    ago = NOW - dt.timedelta(days=1)
    return Standing(
        markers=frozenset(markers), answered_at=ago, repeat_asked_at=None if refuted else ago, refuted=refuted
    )


def drawn(reading: Rise, *markers: str, after: dt.timedelta = MOMENT) -> Rise:
    """Those markers were last drawn that long after the repeat was asked for."""
    return replace(reading, drawn=dict.fromkeys(markers, NOW - dt.timedelta(days=1) + after))


def supported(reading: Rise, *draws: int) -> Rise:
    """Those draws speak for the rise of each marker."""
    return replace(reading, support=dict.fromkeys(reading.markers or {"CEA"}, frozenset(draws)))


def asleep(*markers: str, over: tuple[int, ...]) -> Standing:
    return replace(opened(*markers), slept_over=frozenset(over))


def closed(*markers: str, ago: dt.timedelta = dt.timedelta(days=1)) -> Closed:
    return Closed(markers=frozenset(markers), closed_at=NOW - ago)


@pytest.mark.parametrize(
    ("now_read", "standing", "was_closed", "holds", "expected"),
    [
        (CALM, None, None, False, Move.NOTHING),
        (rise("CEA"), None, None, True, Move.RAISE),
        # open
        (rise("CEA"), opened("CEA"), None, True, Move.NOTHING),
        (rise("CEA", "ALP"), opened("CEA"), None, True, Move.JOIN),
        (CALM, opened("CEA"), None, True, Move.NOTHING),
        (CALM, opened("CEA"), None, False, Move.WITHDRAW),
        # acknowledged
        (rise("CEA"), answered("CEA"), None, True, Move.NOTHING),
        (rise("CEA", "ALP"), answered("CEA"), None, True, Move.REOPEN),
        (rise("CEA", "LDH"), answered("CEA"), None, True, Move.JOIN),
        (rise("CEA", "BAP"), answered("CEA", "ALP"), None, True, Move.JOIN),
        (rise("CEA"), answered("CEA", ago=HALF_A_YEAR - MOMENT), None, True, Move.NOTHING),
        (rise("CEA"), answered("CEA", ago=HALF_A_YEAR), None, True, Move.REOPEN),
        (CALM, answered("CEA"), None, True, Move.NOTHING),
        (CALM, answered("CEA"), None, False, Move.WITHDRAW),
        # a repeat was asked for
        (rise("CEA"), asked("CEA"), None, True, Move.NOTHING),
        (drawn(rise("CEA"), "CEA", after=dt.timedelta(0)), asked("CEA"), None, True, Move.NOTHING),
        (drawn(rise("CEA"), "CEA"), asked("CEA"), None, True, Move.CONFIRM),
        (drawn(rise("BAP"), "CEA"), asked("CEA", "BAP"), None, True, Move.NOTHING),
        (drawn(rise("CEA", "LDH"), "CEA"), asked("CEA"), None, True, Move.CONFIRM),
        (drawn(rise("CEA", "ALP"), "CEA"), asked("CEA"), None, True, Move.REOPEN),
        (drawn(CALM, "CEA"), asked("CEA"), None, True, Move.REFUTE),
        (drawn(CALM, "CEA", after=dt.timedelta(0)), asked("CEA"), None, True, Move.NOTHING),
        (drawn(CALM, "CEA"), asked("CEA", "ALP"), None, True, Move.NOTHING),
        (drawn(CALM, "CEA", "ALP"), asked("CEA", "ALP", "BAP"), None, True, Move.REFUTE),
        (drawn(CALM, "CEA"), asked("CEA"), None, False, Move.WITHDRAW),
        # snoozed
        (supported(rise("CEA"), 1, 2), asleep("CEA", over=(1, 2)), None, True, Move.NOTHING),
        (supported(rise("CEA"), 1, 2, 3), asleep("CEA", over=(1, 2)), None, True, Move.WAKE),
        (supported(rise("CEA"), 1), asleep("CEA", over=(1, 2)), None, True, Move.NOTHING),
        (supported(rise("CEA", "LDH"), 1, 2, 3), asleep("CEA", over=(1, 2)), None, True, Move.JOIN),
        (supported(CALM, 1, 2, 3), asleep("CEA", over=(1, 2)), None, True, Move.NOTHING),
        (supported(rise("CEA"), 1, 2, 3), opened("CEA"), None, True, Move.NOTHING),
        # the repeat did not confirm it
        (rise("CEA"), asked("CEA", refuted=True), None, True, Move.REOPEN),
        (drawn(CALM, "CEA"), asked("CEA", refuted=True), None, True, Move.NOTHING),
        (CALM, asked("CEA", refuted=True), None, False, Move.WITHDRAW),
        # closed
        (rise("CEA"), None, closed("CEA"), True, Move.NOTHING),
        (rise("CEA", "LDH"), None, closed("CEA"), True, Move.NOTHING),
        (rise("CEA", "BAP"), None, closed("CEA", "ALP"), True, Move.NOTHING),
        (rise("CEA", "BAP"), None, closed("CEA"), True, Move.RAISE),
        (rise("CEA"), None, closed("CEA", ago=HALF_A_YEAR - MOMENT), True, Move.NOTHING),
        (rise("CEA"), None, closed("CEA", ago=HALF_A_YEAR), True, Move.RAISE),
        (CALM, None, closed("CEA"), False, Move.NOTHING),
    ],
)
def test_one_move_follows_from_what_is_known(
    now_read: Rise, standing: Standing | None, was_closed: Closed | None, holds: bool, expected: Move
) -> None:
    assert decide(now_read, standing=standing, closed=was_closed, still_holds=lambda: holds, now=NOW) is expected
