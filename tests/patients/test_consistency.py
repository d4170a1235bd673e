"""Neutrophils and lymphocytes beside the white cells they are parts of."""

from __future__ import annotations

import datetime as dt

import pytest

from patients.checking import CellInput, check_draw


def found(**typed: str) -> list[tuple[str, str, str]]:
    """By way of `check_draw`, which leaves out what is only a limit."""
    cells = [CellInput(code, text, "10*9/L") for code, text in typed.items()]
    across = check_draw(cells, at=dt.datetime(2026, 3, 9, tzinfo=dt.UTC), history={}, references={}).across
    return [(one.severity, one.code, one.params["markers"]) for one in across]


TOO_MANY = ("confirm", "counts_exceed_wbc", "NEUT,LYMPH,WBC")
PERCENT = ("confirm", "differential_in_percent", "NEUT,LYMPH")


@pytest.mark.parametrize(
    ("neut", "lymph", "wbc", "expected"),
    [
        ("4.2", "1.9", "6.5", []),
        ("4.2", "2.3", "6.5", []),
        ("4.2", "2.4", "6.5", []),  # three halves of a last digit: rounding
        ("4.2", "2.5", "6.5", [TOO_MANY]),
        ("3.45", "1.26", "4.7", []),
        ("3.45", "1.31", "4.70", [TOO_MANY]),
        ("65.2", "24.1", "6.5", [PERCENT]),
        ("65.2", "24.1", "95", []),  # all of them are that high: leukaemia, not per cent
        ("30", "4", "6.5", [TOO_MANY]),
        ("80", "30", "6.5", [TOO_MANY]),  # more than a hundred per cent cannot be per cent
        ("<4", "9", "6.5", [("confirm", "counts_exceed_wbc", "LYMPH,WBC")]),
        ("4.2", "2.5", ">6.5", []),
    ],
)
def test_parts_that_exceed_the_whole_are_asked_about(
    neut: str, lymph: str, wbc: str, expected: list[tuple[str, str, str]]
) -> None:
    assert found(NEUT=neut, LYMPH=lymph, WBC=wbc) == expected


@pytest.mark.parametrize(
    ("neut", "lymph", "expected"),
    [
        ("65.2", "24.1", [PERCENT]),
        ("45", "5", [PERCENT]),
        ("44.9", "5", []),
        ("60", "4.9", []),  # a reaction to G-CSF
        ("71", "30", [PERCENT]),
        ("71.1", "30", []),
        ("4.2", "1.9", []),
    ],
)
def test_without_the_white_cells_a_differential_in_per_cent_is_still_seen(
    neut: str, lymph: str, expected: list[tuple[str, str, str]]
) -> None:
    assert found(NEUT=neut, LYMPH=lymph) == expected


def test_one_part_alone_beyond_the_whole_is_seen_and_a_whole_alone_says_nothing() -> None:
    assert found(NEUT="65", WBC="6.5") == [("confirm", "counts_exceed_wbc", "NEUT,WBC")]
    assert found(WBC="6.5") == []
    assert found(NEUT="4.2") == []
