"""One draw checked as a whole: what page, script and files share."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from patients.catalogue import catalogue
from patients.checking import CellCheck, CellInput, Known, check_draw
from patients.reading import AbsentReading

AT = dt.datetime(2026, 3, 9, 8, 15, tzinfo=dt.UTC)


def known(value: str, days_ago: int, comparator: str = "") -> Known:
    return Known(Decimal(value), comparator, AT - dt.timedelta(days=days_ago))


def check(*cells: CellInput, **history: list[Known]) -> list[CellCheck]:
    references = {cell.marker: catalogue().marker(cell.marker).reference_intervals[0] for cell in cells}
    return list(check_draw(cells, at=AT, history=history, references=references).cells)


def codes(cell: CellCheck) -> list[str]:
    return [concern.code for concern in cell.concerns]


def test_a_slip_is_seen_against_the_last_value_that_is_a_number() -> None:
    cell = CellInput("BAP", "139", "ug/L")
    (seen,) = check(cell, BAP=[known("13.9", 1022), known("5", 40, "<")])
    assert codes(seen) == ["change_fits_decimal_slip"]
    (unseen,) = check(cell, BAP=[known("120", 40), known("13.9", 1022)])
    assert codes(unseen) == []


def test_a_value_of_later_is_not_the_one_before() -> None:
    (cell,) = check(CellInput("BAP", "139", "ug/L"), BAP=[known("13.9", -5)])
    assert codes(cell) == []


def test_a_first_value_is_held_against_the_reference_and_a_second_is_not() -> None:
    cell = CellInput("PHOS", "3.5", "mmol/L")
    assert codes(check(cell)[0]) == ["value_unusually_high", "first_value_fits_unit"]
    assert codes(check(cell, PHOS=[known("3.2", 30)])[0]) == ["value_unusually_high"]


def test_what_is_doubtful_is_confirmed_by_typing_the_same_again() -> None:
    history = {"CEA": [known("3.1", 40)]}
    for again, confirmed in (("", False), ("3.1", False), ("31.0", True), ("abc", False), ("<31", False)):
        (cell,) = check(CellInput("CEA", "31", "ng/mL", again), **history)
        assert (cell.doubtful, again, cell.confirmed) == (True, again, confirmed)
    (calm,) = check(CellInput("CEA", "3.2", "ng/mL", "3.2"), **history)
    assert (calm.doubtful, calm.confirmed) == (False, False)


def test_what_does_not_fit_across_the_draw_is_asked_of_every_cell_concerned() -> None:
    cells = (
        CellInput("CEA", "3", "ng/mL"),
        CellInput("NEUT", "4.2", "10*9/L", "4.2"),
        CellInput("LYMPH", "3.4", "10*9/L"),
        CellInput("WBC", "6500", "/uL"),
    )
    result = check_draw(cells, at=AT, history={}, references={})
    assert [concern.code for concern in result.across] == ["counts_exceed_wbc"]
    assert [(cell.marker, codes(cell), cell.confirmed) for cell in result.cells] == [
        ("CEA", [], False),
        ("NEUT", ["counts_exceed_wbc"], True),
        ("LYMPH", ["counts_exceed_wbc"], False),
        ("WBC", ["counts_exceed_wbc"], False),
    ]


def test_an_empty_cell_a_reason_and_a_refusal_stand_apart() -> None:
    empty, reason, refused = check(
        CellInput("CEA", "  ", "ng/mL"), CellInput("NSE", "溶血", "ng/mL"), CellInput("SCC", "6000", "ng/mL")
    )
    assert empty == CellCheck("CEA")
    assert reason.reading == AbsentReading("NSE", "溶血", "haemolysed", "ng/mL")
    assert (reason.concerns, reason.problem) == ((), None)
    assert refused.reading is None
    assert refused.problem is not None
    code, params = refused.problem
    assert (code, params["limit"], params["source"], params["grade"]) == (
        "value_above_possible",
        "5000",
        "assumed",
        "A",
    )


def test_a_decimal_comma_holds_for_both_times_of_typing() -> None:
    cells = (CellInput("CEA", "31,5", "ng/mL", "31,50"),)
    result = check_draw(cells, at=AT, history={"CEA": [known("3.1", 40)]}, references={}, decimal_comma=True)
    assert result.cells[0].confirmed
