"""What must hold over every marker that ships, and exact figures where a slip would do harm."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from patients.catalogue import Figure, Grade, MarkerDefinition, catalogue
from patients.units import normalise_unit

MARKERS = catalogue().markers
EACH = pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: marker.code)

# One-sided 95 % rise and two-sided 95 % limits in percent, log-normal, from the fact table of the markers.
CHANGE = {
    "CEA": (27, 33, -25),
    "CYFRA211": (85, 109, -52),
    "NSE": (38, 47, -32),
    "BAP": (22, 27, -21),
    "BAP_U": (22, 27, -21),
    "BCTX": (45, 55, -36),
    "ALP": (15, 18, -15),
    "NMID": (29, 35, -26),
    "TRACP5B": (34, 42, -29),
    "P1NP": (37, 46, -31),
    "CA": (5, 6, -5),
    "CA_CORR": (5, 6, -6),
    "ALB": (7, 8, -8),
    "PHOS": (19, 23, -19),
    "PLT": (19, 23, -19),
    "NEUT": (46, 58, -37),
    "LYMPH": (26, 32, -24),
    "RDW_CV": (9, 11, -10),
    "NLR": (56, 70, -41),
    "SII": (61, 76, -43),
    "LDH": (13, 16, -14),
}


def sourced(marker: MarkerDefinition) -> Iterator[object]:
    """Everything of the marker that carries a source and a grade."""
    values = [getattr(marker, field.name) for field in dataclasses.fields(marker)]
    yield from (value for value in values if isinstance(value, Figure))
    for value in values:
        if isinstance(value, tuple):
            yield from (entry for entry in value if not isinstance(entry, str))


def check_digit(digits: str) -> int:
    """The mod-10 rule by a table: 0 2 4 6 8 1 3 5 7 9 for each odd place from the right."""
    doubled = sum("0516273849".index(digit) for digit in digits[::-1][::2])
    return -(doubled + sum(int(digit) for digit in digits[::-1][1::2])) % 10


def test_the_catalogue_has_these_markers_in_display_order() -> None:
    codes = "CEA CYFRA211 NSE PROGRP SCC BAP BAP_U BCTX P1NP NMID TRACP5B ALP CA CA_CORR ALB PHOS"
    codes += " PLT WBC NEUT LYMPH RDW_CV NLR SII LDH"
    assert [marker.code for marker in MARKERS] == codes.split()
    assert [marker.code for marker in MARKERS if marker.derived] == ["CA_CORR", "NLR", "SII"]
    assert [marker.code for marker in MARKERS if marker.input_only] == ["WBC"]


@EACH
def test_every_figure_has_a_source_and_a_grade(marker: MarkerDefinition) -> None:
    entries = list(sourced(marker))
    assert len(entries) >= 3
    for entry in entries:
        assert entry.source.strip()  # type: ignore[attr-defined]
        assert entry.grade in Grade  # type: ignore[attr-defined]


@EACH
def test_the_hard_limits_are_said_to_be_assumed(marker: MarkerDefinition) -> None:
    assert [figure.grade for figure in marker.plausible_limits] == [Grade.A, Grade.A]


@EACH
def test_loinc_codes_pass_their_check_digit(marker: MarkerDefinition) -> None:
    for loinc in marker.loinc:
        digits, _, check = loinc.code.partition("-")
        assert check_digit(digits) == int(check), loinc.code


def test_a_marker_without_a_loinc_code_has_none_rather_than_a_near_one() -> None:
    assert [marker.code for marker in MARKERS if not marker.loinc] == ["PROGRP", "TRACP5B", "NLR", "SII"]


@EACH
def test_units_are_written_as_they_are_read(marker: MarkerDefinition) -> None:
    for unit in (*marker.accepted_units, *(refused.unit for refused in marker.refused_units)):
        assert normalise_unit(unit) == unit


@EACH
def test_both_languages_say_something(marker: MarkerDefinition) -> None:
    pairs = [
        (marker.name_en, marker.name_zh),
        (marker.note_en, marker.note_zh),
        (marker.variation_note_en, marker.variation_note_zh),
        *((entry.text_en, entry.text_zh) for entry in marker.confounders),
        *((entry.population_en, entry.population_zh) for entry in marker.reference_intervals),
        *((entry.reason_en, entry.reason_zh) for entry in marker.refused_units),
    ]
    for english, chinese in pairs:
        assert re.search("[A-Za-z>]", english)
        assert not re.search("[\u4e00-\u9fff]", english)
        assert re.search("[\u4e00-\u9fff]", chinese)


@EACH
def test_numbers_of_a_confounder_stand_in_both_languages(marker: MarkerDefinition) -> None:
    for entry in marker.confounders:
        english, chinese = (
            sorted(re.findall(r"(?<![A-Za-z])\d+\.\d+|\b\d\d+\b", text)) for text in (entry.text_en, entry.text_zh)
        )
        assert set(english) <= set(chinese) | {"37", "45"}, entry.key


@EACH
def test_the_reference_change_values_follow_from_the_variation(marker: MarkerDefinition) -> None:
    if marker.cvi is None or marker.cva is None:
        assert marker.code in {"PROGRP", "SCC"} or marker.input_only
        assert marker.code not in CHANGE
        return
    variance = sum(math.log(1 + (float(figure.value) / 100) ** 2) for figure in (marker.cvi, marker.cva))
    step = math.sqrt(2 * variance)
    limits = [round(100 * (math.exp(z * step) - 1)) for z in (1.6449, 1.96, -1.96)]
    assert limits == list(CHANGE[marker.code])


@pytest.mark.parametrize(
    ("code", "value", "grade", "source"),
    [
        ("CEA", "19", Grade.S, "10.1093/annonc/6.suppl_2.s31"),
        ("CYFRA211", "26", Grade.A, "assumed"),
        ("ALP", "10", Grade.D, "9 % in stable dialysis"),
        ("BAP", "14", Grade.D, "PMID 22456600"),
        ("BCTX", "23", Grade.A, "Osteoporos Int 2020;31:1461"),
    ],
)
def test_the_variation_seen_in_patients(code: str, value: str, grade: Grade, source: str) -> None:
    figure = catalogue().marker(code).cv_patients
    assert figure is not None
    assert (figure.value, figure.grade) == (Decimal(value), grade)
    assert source in figure.source


def test_no_other_marker_claims_variation_in_patients() -> None:
    assert {m.code for m in MARKERS if m.cv_patients} == {"CEA", "CYFRA211", "ALP", "BAP", "BCTX"}


def test_set_points_are_assumed() -> None:
    points = {
        m.code: (str(m.set_point_median.value), str(m.set_point_log_sd.value))
        for m in MARKERS
        if m.set_point_median and m.set_point_log_sd
    }
    assert points == {
        "CEA": ("2.2", "0.60"),
        "CYFRA211": ("1.7", "0.40"),
        "ALP": ("78", "0.28"),
        "BAP": ("13", "0.35"),
        "BCTX": ("0.30", "0.45"),
    }
    assert {m.set_point_median.grade for m in MARKERS if m.set_point_median} == {Grade.A}


@pytest.mark.parametrize(
    ("code", "field", "value", "grade"),
    [
        ("CEA", "cvi", "9.3", Grade.P),
        ("CEA", "cvg", "86.8", Grade.P),
        ("CEA", "cva", "4.7", Grade.A),
        ("CYFRA211", "cvi", "26.5", Grade.D),
        ("NSE", "cva", "3.4", Grade.S),
        ("BAP_U", "cvi", "7.1", Grade.A),
        ("BCTX", "cvi", "15.1", Grade.R),
        ("NMID", "cvi", "8.9", Grade.R),
        ("CEA", "warn_high", "20", Grade.A),
        ("CYFRA211", "warn_high", "40", Grade.A),
        ("NSE", "warn_high", "45", Grade.A),
        ("PROGRP", "warn_high", "250", Grade.A),
        ("BCTX", "warn_high", "3", Grade.A),
        ("PHOS", "warn_high", "2.5", Grade.A),
        ("PLT", "warn_low", "10", Grade.A),
        ("PLT", "warn_high", "2000", Grade.A),
        ("CA", "urgent_low", "1.5", Grade.S),
        ("CA", "urgent_high", "3.25", Grade.S),
        ("PLT", "decision_limit", "300", Grade.R),
        ("CEA", "half_life_days", "4.4", Grade.S),
        ("BAP", "half_life_days", "2", Grade.P),
        ("ALP", "half_life_days", "7", Grade.S),
        ("ALB", "half_life_days", "21", Grade.S),
    ],
)
def test_exact_figures(code: str, field: str, value: str, grade: Grade) -> None:
    figure = getattr(catalogue().marker(code), field)
    assert (figure.value, figure.grade) == (Decimal(value), grade)


def test_only_these_markers_have_a_half_life() -> None:
    assert {m.code for m in MARKERS if m.half_life_days} == {"CEA", "BAP", "ALP", "ALB"}


@pytest.mark.parametrize(
    ("code", "unit", "factor"),
    [
        ("CEA", "ug/L", "1"),
        ("BCTX", "pg/mL", "0.001"),
        ("BCTX", "ng/L", "0.001"),
        ("ALP", "ukat/L", "60"),
        ("TRACP5B", "U/L", "100"),
        ("CA", "mg/dL", "0.2495"),
        ("ALB", "g/dL", "10"),
        ("PHOS", "mg/dL", "0.3229"),
        ("PLT", "10*4/uL", "10"),
        ("PLT", "/uL", "0.001"),
        ("RDW_CV", "1", "100"),
    ],
)
def test_exact_factors(code: str, unit: str, factor: str) -> None:
    factors = {conversion.unit: conversion.factor for conversion in catalogue().marker(code).conversions}
    assert factors[unit] == Decimal(factor)


def test_a_recalled_interval_says_so() -> None:
    recalled = [
        (marker.code, interval.low, interval.high, interval.source)
        for marker in MARKERS
        for interval in marker.reference_intervals
        if interval.grade is Grade.R
    ]
    assert [(code, low, high) for code, low, high, _source in recalled] == [
        ("ALP", Decimal(50), Decimal(135)),
        ("WBC", Decimal("3.5"), Decimal("9.5")),
    ]
    assert all("recalled" in source for _code, _low, _high, source in recalled)
