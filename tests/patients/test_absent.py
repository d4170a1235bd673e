"""Words that stand where a value should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.absent import read_absent
from patients.catalogue import catalogue
from patients.models import Absent
from patients.reading import AbsentReading, Reading, read_cell
from patients.units import UnitProblem
from patients.values import ValueProblem

CEA = catalogue().marker("CEA")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("haemolysed", "haemolysed"),
        ("Hemolyzed", "haemolysed"),
        ("  HAEMOLYSED. ", "haemolysed"),
        ("溶血", "haemolysed"),
        ("（溶血）", "haemolysed"),
        ("hämolytisch", "haemolysed"),
        ("not done", "not_done"),
        ("Not-Done", "not_done"),
        ("ｎｏｔ　ｄｏｎｅ", "not_done"),
        ("未做", "not_done"),
        ("未检", "not_done"),
        ("clotted", "clotted"),
        ("凝血", "clotted"),
        ("insufficient", "insufficient"),
        ("QNS", "insufficient"),
        ("量不足", "insufficient"),
        # "not detected" is a result, and "ND" may mean either.
        ("ND", None),
        ("未检出", None),
        ("not detected", None),
        ("haemolysed 3.2", None),
        ("3.2", None),
        ("0", None),
        ("", None),
        ("-", None),
    ],
)
def test_the_words_of_laboratories_are_known_and_only_they(text: str, meant: str | None) -> None:
    assert read_absent(text) == meant


def test_every_reason_has_a_word_and_a_label() -> None:
    assert {read_absent(word) for word in ("haemolysed", "not done", "clotted", "insufficient")} == set(Absent.values)


@given(st.text(max_size=12))
def test_no_text_with_a_digit_is_a_reason(text: str) -> None:
    assert read_absent(f"{text}7") is None


def test_a_cell_with_a_reason_is_kept_as_typed_without_any_number() -> None:
    read = read_cell(marker=CEA, text=" 溶血 ", unit="ng/mL")
    assert read == AbsentReading("CEA", "溶血", "haemolysed", "ng/mL")


def test_a_reason_needs_no_unit_but_a_wrong_one_is_refused() -> None:
    assert read_cell(marker=CEA, text="not done", unit="") == AbsentReading("CEA", "not done", "not_done", "")
    with pytest.raises(UnitProblem) as refused:
        read_cell(marker=CEA, text="not done", unit="U/L")
    assert refused.value.code == "unit_unknown"


def test_a_cell_with_a_value_is_read_as_ever() -> None:
    read = read_cell(marker=CEA, text="<0.50", unit="ng/mL")
    assert isinstance(read, Reading)
    assert (read.reported.comparator, read.reported.text) == ("<", "0.50")
    with pytest.raises(ValueProblem):
        read_cell(marker=CEA, text="ND", unit="ng/mL")
