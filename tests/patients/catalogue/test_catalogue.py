"""Names and codes in files find their marker, and nothing else does."""

from __future__ import annotations

import re

import pytest

from patients.catalogue import catalogue


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CEA", "CEA"),
        ("cea", "CEA"),
        ("ＣＥＡ", "CEA"),
        (" C E A ", "CEA"),
        ("癌胚抗原", "CEA"),
        ("2039-6", "CEA"),
        ("２０３９－６", "CEA"),
        ("83085-1", "CEA"),
        ("CYFRA21-1", "CYFRA211"),
        ("CYFRA 21-1", "CYFRA211"),
        ("cyfra 21–1", "CYFRA211"),
        ("细胞角蛋白19片段", "CYFRA211"),
        ("神经元特异性烯醇化酶", "NSE"),
        ("碱性磷酸酶", "ALP"),
        ("AP", "ALP"),
        ("6768-6", "ALP"),
        ("血小板计数", "PLT"),
        ("Thrombozyten", "PLT"),
        ("platelets", "PLT"),
        ("骨碱性磷酸酶", "BAP"),
        ("17838-4", "BAP"),
        ("1777-2", "BAP_U"),
        ("β-胶原降解产物", "BCTX"),
        ("β-CTX", "BCTX"),
        ("ß-CTX", "BCTX"),
        ("β-CrossLaps", "BCTX"),
        ("beta-CTx", "BCTX"),
        ("CTX", "BCTX"),
        ("白蛋白", "ALB"),
        ("Calcium", "CA"),
        ("Ca", "CA"),
        ("PINP", "P1NP"),
        ("RDW", "RDW_CV"),
    ],
)
def test_a_name_or_code_finds_its_marker(text: str, code: str) -> None:
    found = catalogue().find(text)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "2039",
        "20396",
        "2039-7",
        "211",
        "19",
        "bili",
        "Bilirubin",
        "19182-5",
        "33746-8",
        "14805-6",
        "NEUT%",
    ],
)
def test_what_is_not_ours_finds_nothing(text: str) -> None:
    assert catalogue().find(text) is None


def test_every_name_of_every_marker_finds_that_marker() -> None:
    for marker in catalogue().markers:
        names = (marker.code, marker.name_en, marker.name_zh, marker.short_name, *marker.aliases)
        for name in (*names, *(loinc.code for loinc in marker.loinc)):
            assert catalogue().find(name) is marker, name


def test_a_code_that_is_absent_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalogue().marker("BILI")


def test_the_catalogue_is_read_once_and_names_its_version() -> None:
    assert catalogue() is catalogue()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\+[0-9a-f]{12}", catalogue().version)
    assert "Regenstrief" in catalogue().loinc_notice
