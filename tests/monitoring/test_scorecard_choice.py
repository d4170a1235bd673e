from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Team
from monitoring.scorecard_choice import Choice, fields, read_choice
from tests.cast import Cast

NOON = dt.datetime(2025, 8, 31, 12, tzinfo=dt.UTC)


def test_unasked_it_is_the_last_year_of_all_teams(cast: Cast) -> None:
    choice, ignored = read_choice({}, [cast.team])
    assert (choice, ignored, choice.query) == (Choice("1y", None), [], "period=1y&team=all")


@pytest.mark.parametrize(
    ("period", "day"),
    [("6m", dt.date(2025, 2, 28)), ("1y", dt.date(2024, 8, 31)), ("2y", dt.date(2023, 8, 31))],
)
def test_a_period_begins_with_the_same_day_so_many_months_ago(period: str, day: dt.date) -> None:
    assert Choice(period, None).starts_at(NOON, dt.UTC) == dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def test_all_time_has_no_beginning() -> None:
    assert Choice("all", None).starts_at(NOON, dt.UTC) is None


@pytest.mark.parametrize(("second", "day"), [(59, 31), (60, 1)])
def test_the_day_is_that_of_the_clinic(second: int, day: int) -> None:
    """16:00 UTC is midnight in Shanghai."""
    now = dt.datetime(2025, 8, 31, 15, 59, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
    starts = Choice("1y", None).starts_at(now, ZoneInfo("Asia/Shanghai"))
    assert starts is not None
    assert (starts.day, starts.hour) == (day, 0)


def test_a_team_of_ones_own_can_be_chosen(cast: Cast) -> None:
    choice, ignored = read_choice({"period": "6m", "team": str(cast.team.pk)}, [cast.team, cast.other_team])
    assert (choice.period, choice.team, ignored) == ("6m", cast.team, [])


@pytest.mark.parametrize(("name", "word"), [("period", "3y"), ("period", "<b>"), ("team", "abc"), ("team", "-1")])
def test_what_cannot_be_chosen_is_ignored_aloud(cast: Cast, name: str, word: str) -> None:
    choice, ignored = read_choice({name: word}, [cast.team])
    assert choice == Choice("1y", None)
    assert [word in one.text for one in ignored] == [True]


def test_a_foreign_team_is_not_told_from_one_that_is_not(cast: Cast) -> None:
    texts = []
    for pk in (cast.other_team.pk, 999999):
        choice, (ignored,) = read_choice({"team": str(pk)}, [cast.team])
        assert choice.team is None
        texts.append(ignored.text.replace(str(pk), "?"))
    assert texts[0] == texts[1]
    assert cast.other_team.name not in texts[0]


def test_who_has_one_team_is_not_asked_which(cast: Cast) -> None:
    def names(teams: list[Team]) -> list[str]:
        return [field.name for field in fields(Choice("1y", None), teams)]

    assert names([cast.team]) == ["period"]
    assert names([cast.team, cast.other_team]) == ["period", "team"]
