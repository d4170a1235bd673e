"""The suite itself: what is run on both databases, and what needs to be run once."""

from __future__ import annotations

import pytest

from tests.conftest import touches_database


def test_what_asks_no_database_is_not_run_on_a_second_one(request: pytest.FixtureRequest) -> None:
    assert not touches_database(request.node)


def test_what_may_ask_the_database_is_run_on_both(request: pytest.FixtureRequest, db: None) -> None:
    assert touches_database(request.node)


@pytest.mark.django_db
def test_a_mark_counts_as_much_as_the_fixture(request: pytest.FixtureRequest) -> None:
    assert touches_database(request.node)
