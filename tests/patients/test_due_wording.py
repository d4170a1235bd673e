from __future__ import annotations

import datetime as dt

import pytest

from patients.due import Due, LastCall
from patients.due_wording import call_text, due_text, last_call_text, missing_text, named, needs_a_draw

DAY = dt.date(2026, 3, 3)
ONE = dt.timedelta(days=1)


def promised(day: dt.date) -> LastCall:
    return LastCall(outcome="will_come", called_on=DAY - ONE, comes_on=day)


def test_the_next_draw_in_words() -> None:
    due = Due(1, 6, DAY, None)
    assert [due_text(due, DAY + days * ONE) for days in (-4, 0, 1, 12)] == [
        "due 03-Mar-2026",
        "due today",
        "overdue by 1 day",
        "overdue by 12 days",
    ]


def test_a_late_draw_that_is_promised_was_due_and_is_overdue_once_the_promise_has_passed() -> None:
    due = Due(1, 6, DAY, None, call=promised(DAY + 4 * ONE))
    assert [due_text(due, DAY + days * ONE) for days in (0, 1, 4, 5)] == [
        "due today",
        "was due 03-Mar-2026",
        "was due 03-Mar-2026",
        "overdue by 5 days",
    ]


def test_a_pause_is_said_until_its_last_day() -> None:
    due = Due(1, 6, DAY, None, paused_until=DAY)
    assert [due_text(due, DAY + days * ONE) for days in (-1, 0, 1)] == [
        "paused until 03-Mar-2026",
        "due today",
        "overdue by 1 day",
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (LastCall(outcome="no_answer", called_on=DAY), "called today: no answer"),
        (promised(DAY + ONE), "called 1 day ago: comes 04-Mar-2026"),
        (promised(DAY), "called 1 day ago: comes today"),
        (promised(DAY - ONE), "called 1 day ago: was to come 02-Mar-2026"),
        (
            LastCall(outcome="no_answer", called_on=DAY - 2 * ONE, call_again_on=DAY + ONE),
            "called 2 days ago: no answer, call again 04-Mar-2026",
        ),
        (
            LastCall(outcome="declined", called_on=DAY - 2 * ONE, call_again_on=DAY),
            "called 2 days ago: declined the draw, call again today",
        ),
        (
            LastCall(outcome="other", called_on=DAY - 2 * ONE, call_again_on=DAY - ONE),
            "called 2 days ago: other, was to be called again 02-Mar-2026",
        ),
    ],
)
def test_the_last_call_in_words(call: LastCall, said: str) -> None:
    assert call_text(call, DAY) == said
    assert last_call_text(Due(1, 6, DAY, None, call=call), DAY) == said


def test_without_a_call_nothing_is_said_of_one() -> None:
    assert last_call_text(Due(1, 6, DAY, None), DAY) == ""


def test_missing_markers_are_named_from_a_week_before_the_draw_is_due() -> None:
    due = Due(1, 6, DAY, DAY - 30 * ONE, panel_missing=("CEA", "NSE"))
    said = "not in the draw of 01-Feb-2026: CEA, NSE"
    assert [missing_text(due, DAY - days * ONE) for days in (8, 7, 0, -9)] == ["", said, said, said]
    assert missing_text(Due(1, 6, DAY, DAY - 30 * ONE), DAY) == ""


def test_more_than_three_missing_markers_are_counted() -> None:
    assert named(("CEA", "NSE", "ALP", "CA")) == "CEA, NSE, ALP, 1 more"


def test_a_draw_is_needed_while_due_late_or_promised_and_not_in_a_pause() -> None:
    plain = Due(1, 6, DAY, None)
    assert [needs_a_draw(plain, DAY + days * ONE) for days in (-8, -7, 0, 1)] == [False, True, True, True]
    later = Due(1, 6, DAY, None, call=promised(DAY + 30 * ONE))
    assert [needs_a_draw(later, DAY + days * ONE) for days in (0, 1)] == [False, True]
    paused = Due(1, 6, DAY, None, paused_until=DAY)
    assert [needs_a_draw(paused, DAY + days * ONE) for days in (-1, 0)] == [False, True]
