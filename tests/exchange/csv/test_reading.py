from __future__ import annotations

import datetime as dt

import pytest

from exchange.csv import FileRefused, LineRejected
from exchange.csv.records import MOST_CHARACTERS
from tests.exchange.csv.read import BERLIN, HEADER, codes, good, lines, opened

LINE = "P1,CEA,3.2,ng/mL,2024-03-12\n"


def refused(content: bytes | str) -> FileRefused:
    with pytest.raises(FileRefused) as error:
        opened(content)
    return error.value


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_same_chinese_file_reads_the_same_in_every_encoding(encoding: str) -> None:
    text = "患者编号,项目,结果,单位,采集时间,姓名\n" + "A1,癌胚抗原,3.2,μg/L,2024-03-12 08:00,欧阳雪松\n"
    line = good(text.encode(encoding))[0]
    assert (line.patient, line.marker_names, line.unit, line.name) == ("A1", ("癌胚抗原",), "μg/L", "欧阳雪松")


def test_a_western_file_needs_single_letters_beyond_ascii() -> None:
    text = "PatNr;Analyt;Ergebnis;Einheit;Abnahme;Name\n1;CEA;4,7;µg/l;05.03.2024;Jürgen\n"
    assert good(text.encode("cp1252"))[0].name == "Jürgen"


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "big5", "mac_cyrillic"])
def test_an_encoding_that_cannot_be_told_refuses_the_whole_file(encoding: str) -> None:
    names = {
        "cp1251": "Иванова Мария",
        "mac_cyrillic": "Иванова Мария",
        "shift_jis": "ヤマダ タロウ山田",
        "big5": "陳淑芬",
    }
    name = names[encoding]
    error = refused((HEADER.strip() + ",name\n" + LINE.strip() + f",{name}\n" * 3).encode(encoding))
    assert error.code in {"file_encoding_unknown", "file_columns_missing"}


def test_a_byte_order_mark_that_does_not_hold_refuses_the_file() -> None:
    assert refused(b"\xef\xbb\xbfpatient\xff").code == "file_encoding_broken"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told_without_its_mark(encoding: str) -> None:
    content = HEADER.strip() + ",name\n" + LINE.strip() + ",Müller 張\n"
    assert good(content.encode(encoding))[0].name == "Müller 張"


def test_a_rare_character_in_a_name_does_not_hide_a_chinese_file() -> None:
    content = "患者编号,项目,结果,单位,采集时间,姓名\nA1,CEA,3.2,ng/mL,2024-03-12 08:00,喆\n"
    assert good(content.encode("gbk"))[0].name == "喆"


def test_a_bar_separates_cells_too() -> None:
    line = good("patient_id|marker|value|unit|collected_at\nP1|CEA|3.20|ng/mL|2024-03-12\n")[0]
    assert (line.patient, line.value, line.unit) == ("P1", "3.20", "ng/mL")


def test_an_old_or_locked_workbook_is_refused_as_one() -> None:
    assert refused(b"\xd0\xcf\x11\xe0rest").code == "file_is_spreadsheet"


@pytest.mark.parametrize("content", [b"", b"\n\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused_as_one(content: bytes) -> None:
    assert refused(content).code == "file_empty"


# --- columns


@pytest.mark.parametrize(
    "header",
    [
        "patient_id,marker,value,unit,collected_at",
        "Patient ID,Analyte,Result,Units,Collected",
        "MRN,TEST,RESULT,UNIT,COLLECTION_TIME",
        "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC",
        "住院号,检验项目,检验结果,单位,采集时间",
        "PatNr,Analyt,Ergebnis,Einheit,Abnahme",
        "subject,loinc,value,unit,date",
    ],
)
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_common_column_names_and_separators_are_recognised(header: str, sign: str) -> None:
    content = (header + "\nP1,CEA,3.2,ng/mL,2024-03-12\n").replace(",", sign)
    line = good(content)[0]
    assert (line.patient, line.value, line.unit) == ("P1", "3.2", "ng/mL")


def test_columns_nobody_knows_are_left_out_by_name() -> None:
    file = opened("patient_id,day,marker,value,unit,collected_at,Ward\nP1,0,CEA,3.2,ng/mL,2024-03-12,4B\n")
    assert file.shape.columns.ignored == ("day", "Ward")


def test_a_missing_column_refuses_the_file_with_what_is_there_and_what_is_right() -> None:
    error = refused("patient_id,marker,value,collected_at\nP1,CEA,3.2,2024-03-12\n")
    assert error.code == "file_columns_missing"
    assert error.params == {
        "missing": "unit",
        "found": "patient_id, marker, value, collected_at",
        "right": "patient_id,marker,value,unit,collected_at",
    }


def test_two_columns_that_could_be_the_value_refuse_the_file() -> None:
    error = refused("patient_id,marker,value,result,unit,collected_at\n")
    assert (error.code, error.params["found"]) == ("file_columns_doubtful", "value, result")


def test_a_day_and_a_clock_time_may_have_columns_of_their_own() -> None:
    for header in ("collection_date,collection_time", "date,time", "采集日期,采集时间"):
        line = good(f"patient_id,marker,value,unit,{header}\nP1,CEA,3.2,ng/mL,2024-03-12,08:03\n")[0]
        assert (line.collected_at, line.time_known) == (dt.datetime(2024, 3, 12, 0, 3, tzinfo=dt.UTC), True)


def test_the_separator_line_of_excel_is_followed() -> None:
    assert good("sep=;\npatient_id;marker;value;unit;collected_at\nP1;CEA;3.2;ng/mL;2024-03-12\n")[0].line_number == 3


# --- lines


def test_line_numbers_hold_after_a_quoted_line_break_and_a_blank_line() -> None:
    content = HEADER + '"P\n1",CEA,3.2,ng/mL,2024-03-12\n\n' + LINE
    assert [(line.line_number, line.last_line_number, line.patient) for line in good(content)] == [
        (2, 3, "P\n1"),
        (5, 5, "P1"),
    ]


def test_a_quotation_mark_that_is_never_closed_loses_its_own_line_only() -> None:
    assert codes(HEADER + LINE + '"P2,CEA,3.2,ng/mL,2024-03-12\n' + 30 * LINE)[:4] == [
        (2, ""),
        (3, "line_quote_not_closed"),
        (4, ""),
        (5, ""),
    ]
    assert len(lines(HEADER + '"P2,CEA,3.2,ng/mL,2024-03-12\n' + LINE)) == 2


def test_a_line_with_nul_or_of_great_length_is_refused_by_itself() -> None:
    content = HEADER + "P\x001,CEA,3.2,ng/mL,2024-03-12\n" + "x" * (2 * MOST_CHARACTERS + 7) + "\n" + LINE
    assert codes(content) == [(2, "line_has_nul"), (3, "line_too_long"), (4, "")]
    rejected = [line for line in lines(content) if isinstance(line, LineRejected)]
    assert "\x00" not in rejected[0].raw
    assert len(rejected[1].raw) == 2001


def test_a_value_split_by_its_own_comma_is_refused_not_read_askew() -> None:
    assert codes(HEADER + "P1,CEA,3,2,ng/mL,2024-03-12\n") == [(2, "line_cells_too_many")]


@pytest.mark.parametrize("line", [",CEA,3.2,ng/mL,2024-03-12", "P1,,3.2,ng/mL,2024-03-12", "P1,CEA,3.2,ng/mL,", "P1"])
def test_an_empty_cell_that_is_needed_is_named(line: str) -> None:
    assert codes(HEADER + line + "\n") == [(2, "cell_missing")]


def test_what_the_record_has_no_room_for_is_refused() -> None:
    assert codes(HEADER + f"{'P' * 65},CEA,3.2,ng/mL,2024-03-12\n") == [(2, "cell_too_long")]


def test_fasting_haemolysis_and_status_are_read_or_refused() -> None:
    header = "patient_id,marker,value,unit,collected_at,fasting,溶血,status\n"
    first, second = good(header + "P1,CEA,1,ng/mL,2024-03-12,yes,否,F\nP1,CEA,1,ng/mL,2024-03-12,空腹,,preliminary\n")
    assert (first.fasting, first.haemolysis, first.status) == ("yes", "none", "final")
    assert (second.fasting, second.haemolysis, second.status) == ("yes", "unknown", "preliminary")
    wrong = "P1,CEA,1,ng/mL,2024-03-12,maybe,,\nP1,CEA,1,ng/mL,2024-03-12,,maybe,\nP1,CEA,1,ng/mL,2024-03-12,,,maybe\n"
    assert [code for _line, code in codes(header + wrong)] == [
        "fasting_not_understood",
        "haemolysis_not_understood",
        "status_not_understood",
    ]


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("0-5.00", ("0", "5.00")),
        ("40 - 130", ("40", "130")),
        ("<3.3", ("", "3.3")),
        ("≥60", ("60", "")),
        ("neg", ("", "")),
    ],
)
def test_reference_limits_written_as_one_text_are_read(text: str, limits: tuple[str, str]) -> None:
    line = good(f"patient_id,marker,value,unit,collected_at,参考范围\nP1,CEA,1,ng/mL,2024-03-12,{text}\n")[0]
    assert (line.reference_low, line.reference_high) == limits


# --- the decimal sign


def test_a_decimal_comma_needs_semicolons_and_values_that_prove_it() -> None:
    header = HEADER.replace(",", ";")
    assert opened(header + "P1;CEA;4,7;ng/mL;2024-03-12\n").shape.decimal_comma
    assert opened(header + "P1;CEA;0,412;ng/mL;2024-03-12\n").shape.decimal_comma
    assert not opened(header + "P1;CEA;4,125;ng/mL;2024-03-12\n").shape.decimal_comma  # may be four thousand
    assert not opened(header + "P1;CEA;4,7;ng/mL;2024-03-12\nP1;CEA;4.7;ng/mL;2024-03-13\n").shape.decimal_comma
    assert not opened(header.replace(";", "\t") + "P1\tCEA\t4,7\tng/mL\t2024-03-12\n").shape.decimal_comma
    assert not opened(HEADER + 'P1,CEA,"4,7",ng/mL,2024-03-12\n').shape.decimal_comma


# --- dates


@pytest.mark.parametrize(
    ("text", "moment", "time_known"),
    [
        ("2024-03-12", "2024-03-11T16:00+00:00", False),
        ("2024-03-12T08:03", "2024-03-12T00:03+00:00", True),
        ("2024-03-12 08:03:30", "2024-03-12T00:03:30+00:00", True),
        ("2024-03-12T08:03:00Z", "2024-03-12T08:03+00:00", True),
        ("2024-03-12T08:03:00.125+01:00", "2024-03-12T07:03+00:00", True),
        ("2024-03-12T08:03:00-0530", "2024-03-12T13:33+00:00", True),
        ("2024/3/12 8:03", "2024-03-12T00:03+00:00", True),
        ("05.03.2024 07:40", "2024-03-04T23:40+00:00", True),
        ("2024年3月12日 8:03", "2024-03-12T00:03+00:00", True),
        ("20240312", "2024-03-11T16:00+00:00", False),
        ("20240312080300", "2024-03-12T00:03+00:00", True),
        ("12-Mar-2024", "2024-03-11T16:00+00:00", False),
        ("２０２４-０３-１２", "2024-03-11T16:00+00:00", False),
    ],
)
def test_a_date_is_read_in_the_time_zone_of_the_clinic(text: str, moment: str, time_known: bool) -> None:
    line = good(HEADER + f"P1,CEA,3.2,ng/mL,{text}\n")[0]
    assert (line.collected_at, line.time_known) == (dt.datetime.fromisoformat(moment), time_known)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("03/04/2024", "date_order_ambiguous"),
        ("25/12/2024", "date_order_ambiguous"),
        ("12/10/2014 4:42 p.m.", "date_order_ambiguous"),
        ("3-4-2024", "date_order_ambiguous"),
        ("2024-02-30", "date_not_understood"),
        ("2024-13-01", "date_not_understood"),
        ("2024-03", "date_not_understood"),
        ("45363", "date_is_serial_number"),
        ("45363.3368", "date_is_serial_number"),
        ("yesterday", "date_not_understood"),
        ("2024-03-12 25:00", "date_not_understood"),
        ("2024-03-12 08:03+99:99", "date_not_understood"),
        ("0000-01-01", "date_not_understood"),
        ("1899-12-31", "date_too_early"),
        ("0001-01-01T00:00+14:00", "date_too_early"),
        ("2026-06-02", "date_in_future"),
        ("2026-06-01 20:01", "date_in_future"),
        ("9999-12-31T23:59-23:59", "date_not_understood"),
    ],
)
def test_a_date_that_is_none_or_cannot_be_is_refused(text: str, code: str) -> None:
    assert codes(HEADER + f"P1,CEA,3.2,ng/mL,{text}\n") == [(2, code)]


def test_a_clock_time_that_was_skipped_in_spring_is_refused() -> None:
    found = lines(HEADER + "P1,CEA,3.2,ng/mL,2024-03-31 02:30\n", clock=BERLIN)
    assert [line.code for line in found if isinstance(line, LineRejected)] == ["time_does_not_exist"]


def test_today_without_a_time_is_not_the_future() -> None:
    assert codes(HEADER + "P1,CEA,3.2,ng/mL,2026-06-01\n") == [(2, "")]
