"""A workbook reads as its sheet shows it."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest

from exchange.csv import FileRefused, LineRejected
from exchange.csv.mapping import FileMapping
from exchange.csv.said import proposed
from exchange.csv.workbook import number_as_shown
from tests.exchange.csv.read import good, lines, opened
from tests.exchange.workbooks import HEADER, workbook

LINE = ("P1", "CEA", (3.2, "0.00"), "ng/mL", (dt.datetime(2024, 3, 12, 8, 3), "yyyy-mm-dd hh:mm"))  # noqa: DTZ001


def test_numbers_keep_the_digits_of_the_sheet_and_dates_are_dates() -> None:
    [line] = good(workbook({"Results": [HEADER, LINE]}))
    assert (line.patient, line.value, line.unit) == ("P1", "3.20", "ng/mL")
    assert (line.collected_at, line.time_known) == (dt.datetime(2024, 3, 12, 0, 3, tzinfo=dt.UTC), True)
    assert line.line_number == 2


@pytest.mark.parametrize("mac", [False, True])
def test_a_day_is_the_same_whichever_year_the_workbook_counts_from(mac: bool) -> None:
    day = (dt.datetime(2024, 2, 29), "dd.mm.yyyy")  # noqa: DTZ001
    [line] = good(workbook({"Results": [HEADER, (*LINE[:4], day)]}, mac=mac))
    assert (line.collected_at, line.time_known) == (dt.datetime(2024, 2, 28, 16, tzinfo=dt.UTC), False)


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (3.2, "0.00", "3.20"),
        (3.2, "General", "3.2"),
        (5, "General", "5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e-7, "General", "0.0000001"),
        (1234.5, "#,##0.00", "1234.50"),
        (3.25, "0.0##", "3.25"),
        (3.0, "0.0##", "3.0"),
        (3.0, "0.###", "3"),
        (0, "0.00;-0.00;0", "0"),
        (2.5, "0", "3"),
        (3.2, '0.00" ng/mL"', '3.2 [0.00" ng/mL"]'),
        (0.5, '"<"0.0', '0.5 ["<"0.0]'),
        (0.12, "0.0%", "0.12 [0.0%]"),
        (-3.2, "0.00;[Red]-0.00", "-3.20"),
        (1500.0, "0.0,", "1500 [0.0,]"),
        (3.2, "[$-409]0.00_ ", "3.20"),
    ],
)
def test_a_number_is_what_is_seen_or_is_refused_with_what_was_there(
    value: float, number_format: str, shown: str
) -> None:
    assert number_as_shown(value, number_format) == shown


def test_a_sign_that_only_the_format_shows_is_never_dropped() -> None:
    [line] = good(workbook({"Results": [HEADER, ("P1", "CEA", (0.5, '"<"0.0'), "ng/mL", "2024-03-12")]}))
    assert line.value == '0.5 ["<"0.0]'  # refused as no number when the value is read


def test_texts_in_cells_read_as_in_any_file() -> None:
    [line] = good(workbook({"Results": [HEADER, ("P1", "癌胚抗原", "<0,5", "ng/mL", "2024-03-12")]}))
    assert (line.marker_names, line.value) == (("癌胚抗原",), "<0,5")


def test_a_day_number_without_a_date_format_is_refused_until_somebody_says_what_it_counts_from() -> None:
    content = workbook({"Results": [HEADER, (*LINE[:4], 45363.3368)]})
    [refused] = lines(content)
    assert isinstance(refused, LineRejected)
    assert (refused.code, refused.params["value"]) == ("date_is_serial_number", "45363.3368")
    said = FileMapping(columns=proposed(HEADER), date_order="excel1900")
    [line] = good(content, mapping=said)
    assert line.collected_at == dt.datetime(2024, 3, 12, 0, 5, tzinfo=dt.UTC)


def test_the_first_visible_sheet_is_read_and_another_can_be_said() -> None:
    content = workbook(
        {"Secret": [HEADER, ("P9", *LINE[1:])], "March": [HEADER, LINE], "April": [HEADER, ("P2", *LINE[1:])]},
        hidden=["Secret"],
    )
    assert opened(content).shape.sheets == ("March", "April")
    assert [line.patient for line in good(content)] == ["P1"]
    said = FileMapping(columns=proposed(HEADER), sheet="April")
    assert [line.patient for line in good(content, mapping=said)] == ["P2"]


def test_line_numbers_are_those_of_the_sheet_although_rows_are_empty() -> None:
    content = workbook({"Results": [(), HEADER, (), LINE, (), ("Total",)]})
    found = lines(content)
    assert [line.line_number for line in found] == [4, 6]
    assert isinstance(found[1], LineRejected)
    assert found[1].code == "cell_missing"


def refused(content: bytes) -> str:
    with pytest.raises(FileRefused) as error:
        opened(content)
    return error.value.code


def repacked(content: bytes, name: str, change: bytes, to: bytes) -> bytes:
    """The workbook with one of its parts changed by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            data = old.read(member)
            new.writestr(member, data.replace(change, to) if member == name else data)
    return out.getvalue()


def test_a_workbook_that_unpacks_to_a_thousand_times_its_size_is_refused() -> None:
    bomb = repacked(workbook({"Results": [HEADER, LINE]}), "docProps/app.xml", b"</Properties>", b" " * (20 << 20))
    assert len(bomb) < 1 << 20
    assert refused(bomb) == "workbook_too_large"


def test_a_workbook_with_entities_is_refused() -> None:
    sheet = "xl/worksheets/sheet1.xml"
    assert refused(repacked(workbook({"R": [HEADER, LINE]}), sheet, b"<worksheet", b"<!DOCTYPE a><worksheet")) == (
        "workbook_broken"
    )


def test_a_formula_without_its_result_refuses_the_file_instead_of_reading_as_an_empty_cell() -> None:
    assert refused(workbook({"R": [HEADER, ("P1", "CEA", "=1+2", "ng/mL", "2024-03-12")]})) == (
        "workbook_formula_without_value"
    )


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", workbook({"R": [HEADER, LINE]})[:-200]], ids=["head", "cut"])
def test_a_broken_workbook_is_refused_as_one(content: bytes) -> None:
    assert refused(content) == "workbook_broken"


def test_another_archive_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    assert refused(out.getvalue()) == "file_is_spreadsheet"


def test_a_workbook_of_empty_sheets_is_refused_as_empty() -> None:
    assert refused(workbook({"R": []})) == "file_empty"
