from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.backtest.csv_table import Layout, open_table
from monitoring.backtest.problems import FileRefused, Rejection, Rejections

LAYOUT = Layout(required=("patient_id", "value"), optional=("laboratory",), also={"lab": "laboratory"})


def rows(path: Path, *, encoding: str = "") -> tuple[list[tuple[int, list[str]]], list[Rejection]]:
    rejected: list[Rejection] = []
    with open_table(path, LAYOUT, encoding=encoding) as table:
        return list(table.rows(Rejections(keep=rejected.append))), rejected


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_columns_may_stand_in_any_order_and_case_and_others_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", b"Ward, LAB ,VALUE,Patient-ID\n4B,City,1.5,P1\n")
    with open_table(path, LAYOUT) as table:
        assert table.ignored == ("Ward",)
        assert list(table.rows(Rejections())) == [(2, ["P1", "1.5", "City"])]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("gb18030", "gb18030")],
)
def test_the_encoding_is_told_from_the_file(tmp_path: Path, encoding: str, named: str) -> None:
    path = saved(tmp_path / "a.csv", "patient_id,value\n患者1,癌胚抗原\n".encode(encoding))
    with open_table(path, LAYOUT) as table:
        assert table.encoding == named
        assert list(table.rows(Rejections())) == [(2, ["患者1", "癌胚抗原", ""])]


def test_an_encoding_that_is_named_is_used(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", "patient_id,value\nMüller,µg\n".encode("cp1252"))
    assert rows(path, encoding="cp1252")[0] == [(2, ["Müller", "µg", ""])]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_separator_is_told_from_the_header_and_every_line_end_is_one(tmp_path: Path, sign: str, end: str) -> None:
    text = end.join((f"patient_id{sign}value", f"P1{sign}1", "", f"P2{sign}2", f"{sign}"))
    assert rows(saved(tmp_path / "a.csv", text.encode())) == ([(2, ["P1", "1", ""]), (4, ["P2", "2", ""])], [])


def test_a_cell_in_quotation_marks_may_hold_anything_and_the_line_number_is_its_first(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", b'patient_id,value\n"P,1","a ""b""\nc"\nP2,2\n')
    assert rows(path) == ([(2, ["P,1", 'a "b"\nc', ""]), (4, ["P2", "2", ""])], [])


def test_a_quotation_mark_that_nothing_closes_costs_its_own_line_alone(tmp_path: Path) -> None:
    lines = [f"P{n},{n}" for n in range(60)]
    path = saved(tmp_path / "a.csv", "\n".join(["patient_id,value", 'P,"1', *lines]).encode())
    found, rejected = rows(path)
    assert [number for number, _ in found] == list(range(3, 63))
    assert [(one.line, one.code) for one in rejected] == [(2, "line_quote_not_closed")]


def test_lines_that_are_no_lines_are_rejected_with_their_number(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", b'patient_id,value\nP1,1\x00\nP1,"1"2\nP1,3,4\nP1,3,\nP1\n')
    found, rejected = rows(path)
    assert found == [(5, ["P1", "3", ""]), (6, ["P1", "", ""])]
    assert [(one.line, one.code) for one in rejected] == [
        (2, "line_has_nul"),
        (3, "line_quotes_broken"),
        (4, "line_cells_too_many"),
    ]
    assert rejected[2].wrong == "3 cells under 2 column names"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.csv is empty."),
        (b"\n \n", "a.csv is empty. Needed is a first line with: patient_id,value."),
        (b"PK\x03\x04rest", "a.csv is a workbook, not a text file; save the sheet as CSV (UTF-8)."),
        (
            b"\x81\x00\xff",
            "a.csv is neither UTF-8 nor GB18030; save it as UTF-8, or name the encoding with --encoding.",
        ),
        (
            b"patient,wert\nP1,1\n",
            "a.csv has no column patient_id, value. Its first line has: patient, wert. Needed are: patient_id,value.",
        ),
        (b"patient_id,value,Value\nP1,1,2\n", "a.csv has two columns for value: keep one of them."),
        (b"\xff\xfep\x00a\x00\x00", "a.csv cannot be decoded after line 0; save it as UTF-8."),
    ],
)
def test_a_file_that_will_not_do_is_refused_with_what_would(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(FileRefused) as caught:
        rows(saved(tmp_path / "a.csv", content))
    assert str(caught.value) == said


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"missing\.csv: No such file or directory\."):
        rows(tmp_path / "missing.csv")
