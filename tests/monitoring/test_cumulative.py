from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from monitoring.cumulative import cumulative_table
from tests.monitoring.figures import finding, panel, point, reading


def test_values_stand_exactly_as_reported_newest_at_the_right() -> None:
    values = ("0", "<0.5", "0.004", "5.20")
    table = cumulative_table([panel([point("CEA", value, draw=at) for at, value in enumerate(values, start=1)])])
    assert [column.day for column in table.columns] == ["05-Jan-2026", "16-Feb-2026", "30-Mar-2026", "11-May-2026"]
    assert [cell.value if cell else None for cell in table.rows[0].cells] == list(values)


def test_the_decimals_of_a_draw_are_padded_to_the_same_width() -> None:
    table = cumulative_table([panel([point("CEA", "5.25")]), panel([point("ALP", "80")])])
    pads = [row.cells[0].pad for row in table.rows if row.cells[0]]
    assert pads == ["", "\u2007\u2007\u2008"]


def test_flags_and_marks_are_letters() -> None:
    odd = point("BCTX", "1.2", low="0", high="0.6", version=2, fasting="no", haemolysis="present")
    (row,) = cumulative_table([panel([odd])]).rows
    assert row.cells[0] is not None
    assert row.cells[0].flag == "H"
    assert [letter for letter, _ in row.cells[0].marks] == ["*", "h", "f"]


def test_food_is_marked_only_where_the_marker_asks_for_fasting() -> None:
    (row,) = cumulative_table([panel([point("CEA", "2", fasting="no")])]).rows
    assert row.cells[0] is not None
    assert row.cells[0].marks == ()


@pytest.mark.parametrize(
    ("marker", "hour", "assay", "taken", "letters"),
    [
        ("BCTX", 9, "", (), []),
        ("BCTX", 10, "", (), ["t"]),
        ("CEA", 10, "", (), []),
        ("CEA", 8, "Elecsys", ("biotin",), ["b"]),
        ("CEA", 8, "Alinity", ("biotin",), []),
        ("BCTX", 14, "", ("biotin",), ["t", "b"]),  # both, though a reading names the weightier alone
        ("NEUT", 8, "", ("g_csf", "steroid", "biotin"), ["g", "s"]),
        ("CEA", 8, "", ("g_csf", "steroid"), []),
    ],
)
def test_what_is_asked_at_a_draw_is_marked_where_it_moves_the_marker(
    marker: str, hour: int, assay: str, taken: tuple[str, ...], letters: list[str]
) -> None:
    (row,) = cumulative_table([panel([point(marker, "2", hour=hour, assay=assay, taken=taken)])]).rows
    assert row.cells[0] is not None
    assert [letter for letter, _ in row.cells[0].marks] == letters
    assert all(meaning for _, meaning in row.cells[0].marks)


def test_a_draw_without_the_marker_leaves_the_cell_empty() -> None:
    table = cumulative_table([panel([point("CEA", "2", draw=1)]), panel([point("ALP", "80", draw=2)])])
    assert [[cell is None for cell in row.cells] for row in table.rows] == [[False, True], [True, False]]


def test_a_changed_assay_and_another_unit_are_said_in_the_cell() -> None:
    series = [
        replace(point("CEA", "2", draw=1, assay="Roche"), unit="ug/L"),
        point("CEA", "3", draw=2, assay="Abbott"),
    ]
    (row,) = cumulative_table([panel(series)]).rows
    first, second = row.cells
    assert first is not None
    assert second is not None
    assert (first.unit, first.changed) == ("µg/L", "")
    assert (second.unit, second.changed) == ("", "assay changed: Roche → Abbott")


def test_the_row_head_has_unit_and_range_and_a_derived_row_its_inputs() -> None:
    cea, nlr = cumulative_table([panel([point("CEA", "2", low="0", high="5")]), panel([point("NLR", "2.345")])]).rows
    assert (cea.unit, cea.limits, cea.derived_from) == ("ng/mL", "0–5", "")
    assert nlr.derived_from == "computed from Neut, Lymph of the same draw"
    assert nlr.cells[0] is not None
    assert nlr.cells[0].value == "2.34"


def test_the_draws_that_support_are_marked() -> None:
    found = finding([reading(1), reading(2, stance="supports")], state="single_rise")
    series = [point("CEA", "2", draw=1), point("CEA", "7", draw=2)]
    (row,) = cumulative_table([panel(series, found)]).rows
    assert [cell.supports for cell in row.cells if cell] == [False, True]


def test_the_range_of_a_row_stands_in_the_unit_of_its_values() -> None:
    as_reported = replace(point("ALB", "3.3"), unit="g/dL", canonical=Decimal(33), factor=Decimal(10))
    (row,) = cumulative_table([panel([as_reported])]).rows
    assert (row.unit, row.limits) == ("g/dL", "4–5.5")
    assert row.cells[0] is not None
    assert (row.cells[0].value, row.cells[0].flag) == ("3.3", "L")


def test_a_limit_is_not_rounded_below_itself() -> None:
    (row,) = cumulative_table([panel([point("NSE", "19.41", low="0", high="19.41")])]).rows
    assert row.limits == "0–19.41"
