"""The marker file: the design's numbers as they stand there, a grade and an origin for each, units of the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.simulator.markers import (
    DERIVED,
    FILE,
    decimals_of,
    family_of,
    marker_file,
    measured,
    model_of,
    read_markers,
    unit_of,
)
from patients.catalogue import catalogue

COLUMNS = ("median", "set_point_sd", "cv_within", "cv_analytical", "excess", "secretors", "bone_only")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CEA", (2.2, 0.60, 0.18, 0.06, 2.0, 0.65, False)),
        ("CYFRA211", (1.7, 0.40, 0.25, 0.06, 1.2, 0.60, False)),
        ("ALP", (78.0, 0.28, 0.09, 0.03, 0.6, 0.70, True)),
        ("BAP", (13.0, 0.35, 0.12, 0.06, 0.9, 0.75, True)),
        ("BCTX", (0.30, 0.45, 0.22, 0.05, 0.8, 0.70, True)),
    ],
)
def test_five_markers_are_as_in_the_evaluation_protocol(code: str, expected: tuple[object, ...]) -> None:
    assert tuple(getattr(model_of(code), name) for name in COLUMNS) == expected


def test_each_number_has_a_grade_and_an_origin() -> None:
    content = marker_file()
    for code, model in content.models.items():
        given = {name for marker, name in content.sources if marker == code}
        assert {"median", "cv_within", "excess", "secretors", "lod"} <= given
        assert 0.0 < model.secretors < 1.0
        assert 0.03 <= model.missing <= 0.30
        assert 0.01 <= model.drift <= 0.08
    assert {source.grade for source in content.sources.values()} <= set("PSDRA")
    assert content.sources[("CEA", "median")].grade == "A"


def test_weak_markers_are_weak() -> None:
    for code in ("TRACP5B", "CA", "PHOS", "RDW_CV", "PLT"):
        assert (model_of(code).excess <= 0.25, model_of(code).secretors <= 0.25) == (True, True)
    assert model_of("NSE").secretors == 0.30


def test_units_and_families_are_those_of_the_catalogue() -> None:
    known = {marker.code: marker for marker in catalogue().markers}
    for code in (*marker_file().models, *DERIVED):
        assert unit_of(code) == known[code].unit, code
    for code in marker_file().models:
        assert family_of(code) == known[code].family, code


def test_a_derived_marker_needs_its_parts_once() -> None:
    assert measured(("NLR", "SII", "CEA", "NEUT")) == ("NEUT", "LYMPH", "PLT", "CEA")
    assert (decimals_of("SII"), decimals_of("CEA")) == (0, 1)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('median = [2.2, "design"]', "median = 2.2", "marker CEA, median: needs a number and the key of a source"),
        ('median = [2.2, "design"]', 'median = [2.2, "folklore"]', "marker CEA, median: needs a number"),
        ('median = [2.2, "design"]', "", "marker CEA: median is missing"),
        ('median = [2.2, "design"]', 'middle = [2.2, "design"]', "marker CEA: unknown field middle"),
        ('direction = "down"', 'direction = "sideways"', "marker LYMPH: direction is up or down"),
        ('design = ["A",', 'design = ["Z",', "source design: needs a grade"),
    ],
)
def test_a_file_with_a_hole_is_refused(old: str, new: str, problem: str, tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "markers.toml"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        read_markers(broken)
