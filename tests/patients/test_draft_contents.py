from __future__ import annotations

import pytest

from patients.draft_contents import NOTHING_KEPT, DraftState, Held, differing, state_of


def held(cells: dict[str, dict[str, str]], **context: str) -> Held:
    return Held(cells, context)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("12.3", DraftState(12, 3)),
        (f"{2**63 - 1}.{2**31 - 1}", DraftState(2**63 - 1, 2**31 - 1)),
        (f"{2**63}.1", NOTHING_KEPT),
        (f"1.{2**31}", NOTHING_KEPT),
        ("", NOTHING_KEPT),
        ("12", NOTHING_KEPT),
        ("12.x", NOTHING_KEPT),
        ("-1.2", NOTHING_KEPT),
        ("１.２", NOTHING_KEPT),
    ],
)
def test_which_draft_a_page_goes_on_with_is_read_from_its_form_or_is_none(text: str, state: DraftState) -> None:
    assert state_of(text) == state


def test_what_a_form_sends_back_is_what_it_was_given() -> None:
    assert state_of(str(DraftState(7, 2))) == DraftState(7, 2)


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ({"CEA": {"value": "3.1"}}, {"CEA": {"value": " 3.1 ", "unit": "ng/mL", "confirm": "3.1"}}),
        ({"CEA": {"value": "3.1", "confirm": "3"}}, {"CEA": {"value": "3.1", "confirm": ""}}),
        ({"CEA": {"value": " "}}, {}),
        ({}, {"CEA": {"value": "3.1"}}),
    ],
)
def test_a_page_that_says_all_the_draft_says_has_all_of_it(
    there: dict[str, dict[str, str]], here: dict[str, dict[str, str]]
) -> None:
    assert held(here, laboratory="Central", lines="4").has_all_of(held(there, laboratory="Central", lines="8"))


@pytest.mark.parametrize(
    ("there", "here", "told"),
    [
        ({"CEA": {"value": "3.1"}}, {}, ("CEA", "3.1", "")),
        ({"CEA": {"value": "3.10"}}, {"CEA": {"value": "3.1"}}, ("CEA", "3.10", "3.1")),
        (
            {"CEA": {"value": "3.1", "unit": "ng/mL"}},
            {"CEA": {"value": "3.1", "unit": "µg/L"}},
            ("CEA", "3.1 ng/mL", "3.1 µg/L"),
        ),
        (
            {"CEA": {"value": "3.1", "unit": "ng/mL", "assay": "Elecsys"}},
            {"CEA": {"value": "3.1", "unit": "ng/mL", "assay": ""}},
            ("CEA", "3.1 ng/mL Elecsys", "3.1 ng/mL"),
        ),
        ({"CEA": {"value": "3.1", "act": "cancelled"}}, {"CEA": {"value": "3.1", "act": ""}}, None),
    ],
)
def test_a_value_a_unit_or_an_assay_the_page_does_not_say_would_be_lost(
    there: dict[str, dict[str, str]], here: dict[str, dict[str, str]], told: tuple[str, str, str] | None
) -> None:
    assert not held(here).has_all_of(held(there))
    assert list(differing(held(there), held(here))) == [told or ("CEA", "3.1 cancelled", "3.1")]


def test_facts_differ_where_both_pages_have_them_and_come_first() -> None:
    there = held({"1:CEA": {"value": "3"}}, laboratory="Central", day="2026-03-02", markers="CEA", note="x")
    here = held({"1:CEA": {"value": "4"}}, laboratory="", day="2026-03-02", markers="CEA,NSE")
    assert list(differing(there, here)) == [("laboratory", "Central", ""), ("1:CEA", "3", "4")]
    assert not here.has_all_of(there)
    assert held({"1:CEA": {"value": "3"}}, laboratory="Central").has_all_of(there)
