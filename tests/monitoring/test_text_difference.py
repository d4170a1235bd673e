from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.text_difference import Kind, difference

SHORT = st.text(alphabet="ab 痛骨\n.é", max_size=30)


@given(SHORT, SHORT)
def test_both_texts_can_be_read_out_of_the_difference(old: str, new: str) -> None:
    pieces = difference(old, new)
    assert "".join(one.text for one in pieces if one.kind != Kind.IN) == old
    assert "".join(one.text for one in pieces if one.kind != Kind.OUT) == new


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("pain left", "pain right", [("out", "left"), ("in", "right")]),
        ("左髋疼痛", "右髋疼痛", [("out", "左"), ("in", "右")]),
        ("same", "same", []),
        ("", "new", [("in", "new")]),
    ],
)
def test_what_differs_is_marked_by_words_and_chinese_by_signs(
    old: str, new: str, marked: list[tuple[str, str]]
) -> None:
    assert [(one.kind, one.text) for one in difference(old, new) if one.kind != Kind.SAME] == marked
