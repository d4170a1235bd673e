"""Each messy file reads as its note says."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.csv import FileRefused
from exchange.preparing import Prepared, prepare
from patients.reading import ImpossibleValue
from patients.values import InputProblem
from tests.exchange.csv.read import BERLIN, good, opened


@pytest.fixture(scope="module")
def messy(shared_data: Path) -> Path:
    return shared_data / "04_csv" / "synthetic_messy"


@pytest.fixture(scope="module")
def notes(messy: Path) -> dict[str, Any]:
    return {note["file"]: note["expect"] for note in json.loads((messy / "expected.json").read_text(encoding="utf-8"))}


def prepared(file: Path) -> list[Prepared | InputProblem | ImpossibleValue]:
    """Every line as a result, or why it is none."""
    comma = opened(file).shape.decimal_comma
    found: list[Prepared | InputProblem | ImpossibleValue] = []
    for line in good(file):
        try:
            found.append(prepare(line, decimal_comma=comma))
        except (InputProblem, ImpossibleValue) as problem:
            found.append(problem)
    return found


def all_taken(file: Path) -> list[Prepared]:
    found = [line for line in prepared(file) if isinstance(line, Prepared)]
    assert len(found) == len(good(file))
    return found


def test_a_file_with_byte_order_mark_chinese_names_and_greek_letters(messy: Path, notes: dict[str, Any]) -> None:
    file = messy / "01_utf8_bom_crlf.csv"
    taken = all_taken(file)
    assert len(taken) == notes[file.name]["accepted"] == 8
    assert {line.number for line in taken} == {"P0001", "P0002"}
    assert opened(file).shape.columns.headers[0] == "patient_id"
    assert [line.marker.code for line in taken[5:]] == ["BCTX", "BAP", "PLT"]
    assert taken[6].result.unit == "µg/L"
    cea = [line for line in taken if line.marker.code == "CEA"]
    assert [line.result.value for line in cea] == ["3.20", "4.10", "6.85"]
    above = [Decimal(line.result.value) > Decimal(line.result.reference_high) for line in cea]
    assert above == [False, False, True]
    assert taken[0].line.name == "张伟"
    assert taken[0].line.collected_at == dt.datetime(2024, 1, 8, 0, 10, tzinfo=dt.UTC)


def test_a_gbk_file_with_chinese_headers_and_full_width_digits(messy: Path, notes: dict[str, Any]) -> None:
    file = messy / "02_gbk_chinese_headers.csv"
    assert opened(file).shape.encoding == "gb18030"
    taken = all_taken(file)
    assert len(taken) == notes[file.name]["accepted"] == 8
    codes = {"CYFRA21-1": "CYFRA211", "β-CTX": "BCTX"}
    mapping = {name: codes.get(short, short) for name, short in notes[file.name]["mapping"].items()}
    assert {line.line.marker_names[0]: line.marker.code for line in taken} == mapping
    bap = next(line for line in taken if line.marker.code == "BAP")
    assert (bap.result.value, bap.result.as_typed) == ("21.5", "２１．５")
    assert bap.line.collected_at == dt.datetime(2024, 3, 12, 0, 3, tzinfo=dt.UTC)  # 8:03 in Shanghai
    assert (taken[0].result.reference_low, taken[0].result.reference_high) == ("0", "5.00")
    assert taken[0].result.interpretation == "↑"


def test_a_german_file_with_semicolons_and_decimal_commas(messy: Path, notes: dict[str, Any]) -> None:
    file = messy / "03_semicolon_decimal_comma_latin1.csv"
    shape = opened(file).shape
    assert (shape.encoding, shape.delimiter, shape.decimal_comma) == ("cp1252", ";", True)
    assert shape.columns.ignored == ("Kommentar",)
    taken = all_taken(file)
    assert len(taken) == notes[file.name]["accepted"] == 6
    values = {(line.number, line.marker.code): (line.result.comparator, line.result.value) for line in taken}
    assert values == {
        ("1001", "CEA"): ("", "4.7"),
        ("1001", "ALP"): ("", "1234.5"),
        ("1001", "PLT"): ("", "187"),
        ("1001", "CA"): ("", "2.31"),
        ("1002", "BCTX"): ("", "0.38"),  # written with ß, the sharp s
        ("1002", "CYFRA211"): ("<", "0.10"),
    }
    plt = next(line for line in taken if line.marker.code == "PLT")
    assert (plt.result.unit, plt.result.canonical_unit, plt.result.factor) == ("Gpt/l", "10*9/L", Decimal(1))
    assert good(file, clock=BERLIN)[0].collected_at == dt.datetime(2024, 3, 5, 6, 40, tzinfo=dt.UTC)


def test_every_spelling_of_a_censored_value_reads_as_noted(messy: Path, notes: dict[str, Any]) -> None:
    file = messy / "04_comparators_censored.csv"
    expected = notes[file.name]["per_row"]
    found = prepared(file)
    assert len(found) == len(expected) == 17
    for line, note in zip(found, expected, strict=True):
        if "number" in note:
            assert isinstance(line, Prepared), note
            assert (line.result.comparator or None, line.result.value) == (note["comparator"], note["number"])
        else:
            assert not isinstance(line, Prepared), note
    reasons = [line.code for line in found if not isinstance(line, Prepared)]
    assert reasons == [
        "value_approximate",
        "value_is_a_range",
        "value_comparator_without_number",
        "value_comparator_without_number",
        "value_decimal_comma_ambiguous",  # "<0,5" in a file separated by commas
    ]


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("abaxis_Vet_Scan_VS2.csv", "marker, value, unit"),  # one column a marker: a wide file
        ("scilvet_Scil_vet_abc_plus._xls.csv", "marker, value, unit"),
        ("file-import-sample.csv", "patient_id"),
        ("generic_2dimension.csv", "patient_id, marker, value, unit, collected_at"),
        ("genexpert-results.csv", "patient_id, marker, value, unit, collected_at"),
        ("multiskan-fc-results.csv", "patient_id, value, unit, collected_at"),
    ],
)
def test_an_analyser_file_of_another_form_is_refused_whole_and_says_what_is_missing(
    shared_data: Path, name: str, missing: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        opened(shared_data / "04_csv" / "public_lis_exports" / name)
    assert (refused.value.code, refused.value.params["missing"]) == ("file_columns_missing", missing)
    assert refused.value.params["right"] == "patient_id,marker,value,unit,collected_at"


@pytest.mark.parametrize("name", ["caret_psa.csv", "eicu_demo_lab.csv"])
def test_a_published_series_of_another_form_is_refused_whole(shared_data: Path, name: str) -> None:
    with pytest.raises(FileRefused, match="patient_id, marker, value, unit, collected_at"):
        opened(shared_data / "01_longitudinal" / name)


def test_a_cdisc_file_reads_by_its_original_results_and_units(shared_data: Path) -> None:
    file = shared_data / "01_longitudinal" / "cdisc_pilot_lb.csv"
    first = good(file)[0]
    assert (first.patient, first.marker_names, first.value, first.unit) == (
        "01-701-1015",
        ("ALB", "Albumin"),
        "3.8",
        "g/dL",
    )
    assert (first.reference_low, first.reference_high, first.interpretation) == ("3.3", "4.9", "NORMAL")
    assert "LBSTRESN" in opened(file).shape.columns.ignored
