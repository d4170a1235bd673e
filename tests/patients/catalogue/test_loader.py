"""A wrong data file is refused with its name and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import patients.catalogue.loader as loader
from patients.catalogue import CatalogueError, load

DATA = Path(loader.__file__).parent / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "problem"),
    [
        ("CEA.toml", 'family = "tumour"', 'family = "tumor"', "family", "must be one of"),
        ("CEA.toml", 'fasting = "no"', 'fasting = "no"\ncolour = "red"', "colour", "not a known key"),
        ("CEA.toml", 'fasting = "no"\n', "", "fasting", "is missing"),
        ("CEA.toml", "[cvi]\nvalue = 9.3\ngrade", "[cvi]\nvalue = 9.3\ngrad", "cvi.grade", "is missing"),
        ("CEA.toml", "[cvi]\nvalue = 9.3", '[cvi]\nvalue = "9.3"', "cvi.value", "must be a number"),
        ("CEA.toml", "[cvi]\nvalue = 9.3", "[cvi]\nvalue = nan", "cvi.value", "must be a number"),
        ("CEA.toml", "[cvi]\nvalue = 9.3", "[cvi]\nvalue = true", "cvi.value", "must be a number"),
        ("CEA.toml", "[cvi]\nvalue = 9.3", "[cvi]\nvalue = 0", "cvi", "above 0"),
        ("CEA.toml", 'grade = "P"', 'grade = "Q"', "cvi.grade", "must be one of P, S, D, R, A"),
        ("CEA.toml", 'code = "2039-6"', 'code = "2039-7"', "loinc", "check digit"),
        ("CEA.toml", 'code = "2039-6"', 'code = "20396"', "loinc", "check digit"),
        ("CEA.toml", "order = 10", "order = 20", "order", "also the order of"),
        ("CEA.toml", "order = 10", "order = -1", "order", "whole number"),
        ("CEA.toml", 'code = "CEA"', 'code = "CEB"', "code", "name of its file"),
        ("CEA.toml", "derived = false", 'derived = "no"', "derived", "true or false"),
        ("CEA.toml", "factor = 1", "factor = 0", "conversions", "above 0"),
        ("CEA.toml", 'unit = "ug/L"', 'unit = "ng/mL"', "conversions", "twice"),
        ("CEA.toml", "low = 0\nhigh = 4.85", "low = 5\nhigh = 4.85", "reference_intervals[0].low", "below high"),
        ("CEA.toml", "low = 0\nhigh = 4.85\n", "", "reference_intervals[0].high", "needs a limit"),
        (
            "CEA.toml",
            'high = 4.85\nunit = "ng/mL"',
            'high = 4.85\nunit = "mmol/L"',
            "reference_intervals[0].unit",
            "must be ng/mL",
        ),
        ("CEA.toml", 'smoking = "smoker"', 'smoking = "heavy"', "reference_intervals[2].smoking", "must be one of"),
        (
            "BAP.toml",
            'sex = "female"\nmenopause = "pre"',
            'sex = "male"\nmenopause = "pre"',
            "reference_intervals[1].sex",
            "women",
        ),
        ("CEA.toml", '"Carcinoembryonic Ag"', '"2039"', "aliases", "digits alone"),
        ("CEA.toml", '"Carcinoembryonic Ag"', '"NSE"', "name", "also leads to"),
        ("CEA.toml", 'code = "83085-1"', 'code = "6768-6"', "loinc", "also leads to"),
        ("CEA.toml", "[plausible_high]\nvalue = 100000", "[plausible_high]\nvalue = 0", "plausible_low", "below"),
        ("CEA.toml", "[warn_high]\nvalue = 20", "[warn_high]\nvalue = 200000", "warn_high", "outside"),
        ("PLT.toml", "[warn_low]\nvalue = 10", "[warn_low]\nvalue = 2000", "warn_low", "below warn_high"),
        ("BAP.toml", 'marker = "BAP_U"', 'marker = "BAP"', "refused_units", "not another marker"),
        ("CEA.toml", 'note_zh = "5', 'note_zh = "5"\n#', "note_zh", "must be Chinese"),
        ("catalogue.toml", 'version = "', 'version = "v', "version", "must be a date"),
        ("CEA.toml", "order = 10", "order = = 10", "file", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_key(
    folder: Path, file: str, old: str, new: str, key: str, problem: str
) -> None:
    edit(folder, file, old, new)
    with pytest.raises(CatalogueError) as caught:
        load(folder)
    assert (caught.value.key, caught.value.file[-5:]) == (key, ".toml")
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{caught.value.file}: {key}: ")


def test_a_missing_head_is_refused(folder: Path) -> None:
    (folder / "catalogue.toml").unlink()
    with pytest.raises(CatalogueError, match=r"catalogue\.toml: file: cannot be read"):
        load(folder)


def test_an_empty_catalogue_is_refused(folder: Path) -> None:
    for path in folder.glob("[A-Z]*.toml"):
        path.unlink()
    with pytest.raises(CatalogueError, match="there is no marker file"):
        load(folder)


def test_a_changed_figure_changes_the_version_and_line_endings_do_not(folder: Path) -> None:
    before = load(folder).version
    path = folder / "CEA.toml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(folder).version == before
    edit(folder, "NSE.toml", "value = 13.6", "value = 13.7")
    assert load(folder).version != before
