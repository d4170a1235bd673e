"""When a repeat draw would tell, beside the day on which it is read and the draw that the plan has due."""

from __future__ import annotations

import datetime as dt

import pytest

from monitoring.repeat_words import PlannedDraw, repeat_text

READ = dt.date(2026, 5, 11)
REPEAT = dt.date(2026, 6, 1)  # three weeks later
ONE = dt.timedelta(days=1)
FROM = "A repeat draw would say most from 01-Jun-2026 on, about 3 weeks after the last one."
SINCE = "A repeat draw is due since 01-Jun-2026: it says most from about 3 weeks after the last one on."


def told(
    today: dt.date,
    *,
    plan: dt.date | None = None,
    panel: frozenset[str] = frozenset({"CEA", "NEUT", "LYMPH"}),
    of: frozenset[str] = frozenset({"CEA"}),
    drawn: dt.date = READ,
    days: float | None = 21.0,
) -> str:
    planned = PlannedDraw(on=plan, markers=panel) if plan else None
    return repeat_text(days, read_on=READ, drawn_on=drawn, planned=planned, of=of, today=today)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (REPEAT - ONE, FROM),
        (REPEAT, "A repeat draw is due today: it says most from about 3 weeks after the last one on."),
        (REPEAT + ONE, SINCE),
    ],
)
def test_a_day_that_has_passed_is_said_as_due_since(today: dt.date, said: str) -> None:
    assert told(today) == said


def test_without_a_day_to_count_from_nothing_is_said() -> None:
    assert told(REPEAT, days=None) == ""
    assert repeat_text(21.0, read_on=None, drawn_on=None, planned=None, of=(), today=REPEAT) == ""


@pytest.mark.parametrize(
    ("today", "plan", "said"),
    [
        (READ, REPEAT - ONE, FROM),
        (READ, REPEAT, f"{FROM} The draw that the plan has due on 01-Jun-2026 will serve."),
        (REPEAT + ONE, REPEAT + ONE, f"{SINCE} The draw that the plan has due today will serve."),
        # What was due too soon serves where it is still to come: it comes today at best.
        (REPEAT - ONE, READ + ONE, FROM),
        (
            REPEAT + ONE,
            READ + ONE,
            f"{SINCE} The draw that the plan had due on 12-May-2026, still waited for, will serve.",
        ),
    ],
)
def test_the_draw_of_the_plan_is_named_where_it_serves(today: dt.date, plan: dt.date, said: str) -> None:
    assert told(today, plan=plan) == said


def test_a_draw_that_does_not_measure_what_rose_does_not_serve() -> None:
    serves = f"{FROM} The draw that the plan has due on 01-Jun-2026 will serve."
    assert told(READ, plan=REPEAT, of=frozenset({"CEA", "NSE"})) == FROM
    assert told(READ, plan=REPEAT, of=frozenset({"NLR"})) == serves  # computed of two that it measures
    assert told(READ, plan=REPEAT, of=frozenset({"NLR"}), panel=frozenset({"NEUT"})) == FROM


def test_a_draw_that_came_since_and_is_not_read_yet_is_the_repeat() -> None:
    said = "The draw of 01-Jun-2026, not read yet, comes late enough to serve as the repeat draw."
    assert told(REPEAT + ONE, drawn=REPEAT, plan=REPEAT) == said
    assert told(REPEAT + ONE, drawn=REPEAT - ONE) == SINCE
