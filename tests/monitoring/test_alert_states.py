"""The table of an alert's states: every pair of states, for a person and for the engine."""

from __future__ import annotations

import itertools

import pytest

from monitoring.alert_states import FINAL, STANDING, Mover, State, may_move, steps_from
from monitoring.models import OPEN_STATES, AlertState

STANDING_NAMES = ("open", "acknowledged", "repeat_requested", "confirmed", "not_confirmed", "imaging_requested")
PERSON = {
    ("open", "acknowledged"),
    *itertools.product(STANDING_NAMES, ("repeat_requested", "imaging_requested", "closed")),
}
ENGINE = {
    ("repeat_requested", "confirmed"),
    ("repeat_requested", "not_confirmed"),
    *((name, "open") for name in STANDING_NAMES if name != "open"),
    *((name, "withdrawn") for name in STANDING_NAMES),
}


@pytest.mark.parametrize(("mover", "legal"), [(Mover.PERSON, PERSON), (Mover.ENGINE, ENGINE)])
def test_every_pair_of_states_is_legal_or_refused(mover: Mover, legal: set[tuple[str, str]]) -> None:
    every = list(itertools.product(AlertState.values, repeat=2))
    assert len(every) == 64
    assert {(old, new) for old, new in every if may_move(old, new, mover)} == legal


def test_the_table_and_the_record_know_the_same_states() -> None:
    assert [state.value for state in State] == AlertState.values
    assert {State.CLOSED, State.WITHDRAWN} == FINAL
    assert tuple(state.value for state in STANDING) == tuple(OPEN_STATES) == STANDING_NAMES


def test_what_a_page_may_offer_is_what_the_table_says() -> None:
    assert steps_from("open") == {"acknowledged", "repeat_requested", "imaging_requested", "closed"}
    assert steps_from("confirmed") == {"repeat_requested", "imaging_requested", "closed"}
    assert steps_from("closed") == steps_from("withdrawn") == frozenset()
