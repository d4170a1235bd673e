from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patients.spreadsheet_cells import safe, unsafe

TEXTS = st.text(alphabet=st.sampled_from(list("'=+-@＝,;|\t\r\n \"x1.")), max_size=12) | st.text(max_size=40)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "=cmd|'/C calc'!A0"])
def test_what_a_spreadsheet_would_run_is_made_harmless(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["3.2", "-3.2", "+3", "-4,7", "CEA", "", "<0.5", "'quoted", "2024-03-12", "a=b"])
def test_numbers_and_words_stay_as_they_are(cell: str) -> None:
    assert safe(cell) == cell


def test_a_formula_behind_another_separator_is_made_harmless_too() -> None:
    assert safe("1001;=cmd|'/C calc'!A0;x") == "1001;'=cmd|'/C calc'!A0;x"
    assert safe('a,"@x') == "a,\"'@x"


@given(TEXTS)
def test_what_was_made_harmless_comes_back_exactly(cell: str) -> None:
    assert unsafe(safe(cell)) == cell


@given(TEXTS)
def test_no_part_of_a_safe_cell_begins_like_a_formula_wherever_it_is_split(cell: str) -> None:
    assume(not re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", cell))
    parts = re.split(r"[,;|\t\r\n]", safe(cell))
    assert [part for part in parts if part.lstrip(' "').startswith(("=", "+", "-", "@", "＝"))] == []
