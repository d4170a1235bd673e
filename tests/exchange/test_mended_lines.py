"""Rejected lines are given back with their own columns, and are taken when they come back mended."""

from __future__ import annotations

import csv
import io

import pytest

from exchange.csv import LineRejected
from exchange.csv.mapping import FileMapping
from exchange.csv.own_columns import OWN
from exchange.csv.said import proposed
from exchange.loader import import_file
from exchange.orders import Order
from exchange.rejected_csv import RejectedFile
from patients.models import Result
from tests.cast import Cast, make_patient
from tests.exchange.files import HEADER, refusals, take_in
from tests.exchange.workbooks import HEADER as COLUMNS
from tests.exchange.workbooks import workbook


def given_back(content: str | bytes, mapping: FileMapping | None = None) -> str:
    """The file of rejected lines that taking `content` in leaves."""
    written: list[str] = []
    file = RejectedFile({})

    def begin(shape: dict[str, object]) -> None:
        file.shape = shape
        written.append(file.begin())

    def add(line: LineRejected) -> None:
        written.append(file.add(line))

    data = content.encode() if isinstance(content, str) else content
    order = Order(actor="test", file_name="r.csv", mapping=mapping)
    import_file(order=order, stream=io.BytesIO(data), on_shape=begin, on_rejected=add)
    return "".join(written) + file.end()


def values() -> list[tuple[str, str, str]]:
    rows = Result.objects.order_by("pk").select_related("draw__patient")
    return [(row.draw.patient.name, row.marker_id, row.reported) for row in rows]


def test_a_mended_line_is_taken_and_the_rest_is_rejected_again(cast: Cast) -> None:
    make_patient(cast.team, number="P1", name="Zhuo")
    back = given_back(HEADER + "P1,CEA,3.2,,2024-03-12\nP1,BILI,1,mg/dL,2024-03-12\nP1,ALP,90,U/L,2024-03-12\n")
    assert values() == [("Zhuo", "ALP", "90")]
    mended = back.replace('"3.2",""', '"3.2","ng/mL"')
    assert refusals(mended) == [(3, "marker_unknown")]
    assert values() == [("Zhuo", "ALP", "90"), ("Zhuo", "CEA", "3.2")]


def test_what_was_made_harmless_for_the_spreadsheet_is_read_as_it_was(cast: Cast) -> None:
    make_patient(cast.team, number="=1+1", name="Odd")
    back = given_back(HEADER + "=1+1,CEA,3.2,,2024-03-12\n'=2,CEA,3.2,,2024-03-12\n")
    assert '"\'=1+1"' in back
    assert refusals(back.replace('"3.2",""', '"3.2","ng/mL"')) == [(3, "patient_unknown")]
    assert values() == [("Odd", "CEA", "3.2")]
    again = given_back(back)
    assert again.count('"\'=1+1"') == back.count('"\'=1+1"') == 1
    assert again.count("\"''=2\"") == back.count("\"''=2\"") == 1


def test_a_decimal_comma_that_the_whole_file_proved_holds_for_its_mended_lines(cast: Cast) -> None:
    make_patient(cast.team, number="P1", name="Zhuo")
    header = HEADER.replace(",", ";")
    back = given_back(header + "P1;CEA;4,7;ng/mL;2024-03-12\nP1;CEA;4,125;;2024-04-12\n")
    assert '"4,125";"";"2024-04-12";"3";"unit_missing"' in back
    take_in(back.replace('"4,125";""', '"4,125";"ng/mL"'))
    assert values() == [("Zhuo", "CEA", "4.7"), ("Zhuo", "CEA", "4.125")]


def test_a_line_of_several_results_comes_back_once_with_all_its_reasons(cast: Cast) -> None:
    make_patient(cast.team, number="P1", name="Zhuo")
    back = given_back("patient_id,collected_at,CEA (ng/mL),ALP (U/L),PLT (10*9/L)\nP1,2024-03-12,5.2 H,~90,210\n")
    header, line = csv.reader(io.StringIO(back.removeprefix("\ufeff")))
    assert header == ["patient_id", "collected_at", "CEA (ng/mL)", "ALP (U/L)", "PLT (10*9/L)", *OWN]
    assert line[:7] == ["P1", "2024-03-12", "5.2 H", "~90", "210", "2", "value_with_flag value_approximate"]
    assert line[7].startswith("CEA (ng/mL): “5.2 H”: “H” is no part of the number.")
    assert "ALP (U/L): " in line[7]
    assert refusals(back.replace("5.2 H", "5.2").replace("~90", "90")) == []
    assert values() == [("Zhuo", "PLT", "210"), ("Zhuo", "CEA", "5.2"), ("Zhuo", "ALP", "90")]


def test_lines_of_a_workbook_come_back_as_text(cast: Cast) -> None:
    make_patient(cast.team, number="P1", name="Zhuo")
    back = given_back(workbook({"R": [COLUMNS, ("P1", "CEA", (3.2, "0.00"), None, "2024-03-12")]}))
    assert back.splitlines()[1].startswith('"P1","CEA","3.20","","2024-03-12","2","unit_missing"')


def test_a_line_whose_cells_cannot_be_told_comes_back_as_it_stood(cast: Cast) -> None:
    back = given_back(HEADER + 'P1,CEA,"3.2,ng/mL,2024-03-12\n')
    _header, line = csv.reader(io.StringIO(back.removeprefix("\ufeff")))
    assert line == ["", "", "", "", "", "2", "line_quote_not_closed", line[7], "point", 'P1,CEA,"3.2,ng/mL,2024-03-12']


@pytest.mark.parametrize("value", ["5.2 H", "5.2↑", "↓ 0.4", "5.2*", "5.2(L)", "<0.5 L", "5.2 高"])
def test_a_flag_glued_to_a_number_is_refused_with_its_own_reason(cast: Cast, value: str) -> None:
    make_patient(cast.team, number="P1")
    assert refusals(f"{HEADER}P1,CEA,{value},ng/mL,2024-03-12\n") == [(2, "value_with_flag")]


@pytest.mark.parametrize("value", ["ND", "n.d.", "-----", "not detected", "0.5 or so"])
def test_a_word_is_never_read_as_nothing(cast: Cast, value: str) -> None:
    make_patient(cast.team, number="P1")
    assert [code for _line, code in refusals(f"{HEADER}P1,CEA,{value},ng/mL,2024-03-12\n")] == ["value_not_a_number"]
    assert Result.objects.count() == 0


def test_a_decimal_comma_can_be_said_of_a_file_with_any_separator(cast: Cast) -> None:
    make_patient(cast.team, number="P1", name="Zhuo")
    content = HEADER + 'P1,CEA,"4,125",ng/mL,2024-03-12\n'
    assert refusals(content) == [(2, "value_decimal_comma_ambiguous")]
    take_in(content, mapping=FileMapping(columns=proposed(COLUMNS), decimal="comma"))
    assert values() == [("Zhuo", "CEA", "4.125")]
