"""What an address asks for, and what of it is left out aloud."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from accounts.models import Team
from monitoring.worklist_filters import Filters, filters_for, read_filters
from monitoring.worklist_order import RULES

A, B = Team(pk=3, name="Team A"), Team(pk=8, name="Team B")


def read(address: str, *, teams: tuple[Team, ...] = (A, B)) -> Filters:
    return read_filters(QueryDict(address), teams=teams)


def test_filters_are_read_in_one_order_and_once_whatever_the_address() -> None:
    found = read("team=8&level=calm&level=open&level=calm&silent=yes&draw=due")
    assert found.chosen == (("level", "open"), ("level", "calm"), ("draw", "due"), ("silent", "yes"), ("team", "8"))
    assert found.address == "level=open&level=calm&draw=due&silent=yes&team=8"
    assert read(found.address) == found


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("show=alerts", "level=open"),
        ("show=watch", "level=watch"),
        ("show=overdue", "draw=overdue"),
        ("show=due", "draw=due"),
    ],
)
def test_the_short_forms_of_older_links_ask_the_same(short: str, long: str) -> None:
    assert read(short) == read(long)
    assert read(short).only == long


def test_a_chip_names_its_filter_and_leads_to_the_list_without_it() -> None:
    found = read("level=watch&histology=small_cell&silent=yes&team=3")
    assert [(chip.text, chip.without) for chip in found.chips] == [
        ("Level: to watch", "silent=yes&histology=small_cell&team=3"),
        (
            "Silent: nothing came for longer than the plan, or 6 months without one",
            "level=watch&histology=small_cell&team=3",
        ),
        ("Histology: small cell carcinoma", "level=watch&silent=yes&team=3"),
        ("Team: Team A", "level=watch&silent=yes&histology=small_cell"),
    ]


def test_what_an_address_cannot_mean_is_left_out_and_named() -> None:
    found = read("level=high&draw=overdue&treatment=surgery&show=mine&team=4&silent=no")
    assert found.address == "draw=overdue"
    assert found.ignored == ("show=mine", "level=high", "silent=no", "treatment=surgery", "team=4")


def test_an_empty_value_asks_nothing_and_is_no_mistake() -> None:
    assert read("level=&team=&show=") == Filters(filters_for((A, B)))
    assert not read("level=")


def test_long_and_many_mistakes_are_said_in_short() -> None:
    found = read("&".join(f"level={n}{'x' * 90}" for n in range(9)))
    assert len(found.ignored) == 5
    assert found.ignored[0] == f"level=0{'x' * 33}…"


def test_who_has_one_team_is_not_asked_which_and_the_team_of_others_is_said_to_be_left_out() -> None:
    found = read("team=8&team=3&level=open", teams=(A,))
    assert "team" not in [one.name for one in found.offered]
    assert (found.address, found.ignored) == ("level=open", ("team=8",))


def test_every_filter_has_a_rule_and_every_rule_a_filter() -> None:
    assert {one.name for one in filters_for((A, B))} == set(RULES)


def test_only_is_empty_where_more_than_one_thing_is_asked() -> None:
    assert read("draw=due&level=open").only == ""
