"""What the engine is told beside the catalogue: `rules/detection.toml` and its reader."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest
from pytest_django import Settings

from monitoring import detection
from monitoring.detection import (
    detection_file,
    detection_parameters,
    engine_version,
    group_of,
    parameters_from,
    read_detection_file,
    read_thresholds,
)
from monitoring.errors import RuleProblem
from monitoring.threshold_file import render
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.engine import ENGINE_VERSION
from patients.catalogue import catalogue

SHIPPED = detection.FIGURES.read_text(encoding="utf-8")
CEA_ENTRY = """\
[[marker]]
code = "CEA"
participation = 0.65
"""


def changed(folder: Path, old: str, new: str, *, text: str = SHIPPED) -> Path:
    """The shipped file with one place of it changed."""
    assert text.count(old) >= 1, old
    path = folder / "detection.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def refusal(path: Path) -> RuleProblem:
    with pytest.raises(RuleProblem) as refused:
        read_detection_file(path)
    return refused.value


# --- what is shipped ---
def test_every_figure_of_the_engine_stands_in_the_file_and_reaches_it() -> None:
    of_the_engine = {one.name for one in fields(DetectionParameters)} - {"thresholds", "bone_layer", "version"}

    assert set(detection_file().figures) == (of_the_engine - {"onset_rate"}) | {"onset_log_rate", "drift"}
    found = detection_parameters(bone_layer=True)
    assert found.onset_rate == math.exp(detection_file().figures["onset_log_rate"])
    for name in of_the_engine - {"onset_rate"}:
        figure = detection_file().figures[name]
        assert getattr(found, name) == (tuple(figure) if isinstance(figure, list) else figure), name
    assert found.thresholds is not None
    assert found.version == detection_file().version


def test_the_shipped_grid_and_window_are_those_of_the_detection_design() -> None:
    found = detection_parameters(bone_layer=True)

    assert found.doubling_times == (25.0, 45.0, 80.0, 140.0, 260.0)
    assert (found.onset_step, found.onset_window, found.start_share) == (28.0, 730.0, 0.3)
    assert found.onset_rate == pytest.approx(0.55 / 365.25, rel=0.01)


def test_every_weighed_marker_is_of_the_catalogue_and_has_a_variation_to_be_weighed_with() -> None:
    for code, weight in detection_file().markers.items():
        marker = catalogue().by_code[code]
        assert marker.cv_patients is not None or marker.cvi is not None, code
        assert 0 < weight.participation < 1
        assert weight.rebase_sd > 0
        assert weight.clip > 0
        assert weight.inflation >= 1
        assert weight.group


def test_markers_that_measure_the_same_thing_are_of_one_group() -> None:
    assert group_of("ALP") == group_of("BAP") == group_of("BAP_U")
    assert group_of("NLR") == group_of("SII") == group_of("PLT")
    assert group_of("CA") == group_of("CA_CORR")
    assert len({group_of(code) for code in ("CEA", "CYFRA211", "NSE", "ALP", "BCTX", "P1NP", "NLR", "CA")}) == 8


def test_a_marker_that_is_never_weighed_is_its_own_group() -> None:
    assert "ALB" not in detection_file().markers
    assert group_of("ALB") == "ALB"


def test_no_group_mixes_a_family_that_may_carry_an_alert_with_another() -> None:
    families: dict[str, set[str]] = {}
    for code, weight in detection_file().markers.items():
        families.setdefault(weight.group, set()).add(catalogue().by_code[code].family)
    mixed = [of_group for of_group in families.values() if len(of_group) > 1]
    assert not any(of_group & {"tumour", "bone_turnover"} for of_group in mixed)


# --- the bone-marker layer and the version ---
def test_the_bone_marker_layer_is_as_the_site_has_set_it(settings: Settings) -> None:
    detection_parameters.cache_clear()
    engine_version.cache_clear()
    try:
        settings.BONE_MARKER_LAYER = False
        assert detection_parameters().bone_layer is False
        assert engine_version().endswith("-nobone")
    finally:
        detection_parameters.cache_clear()
        engine_version.cache_clear()
    assert detection_parameters(bone_layer=True).bone_layer is True


def test_a_site_s_own_thresholds_take_the_place_of_the_shipped_ones(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    file = detection.threshold_file()
    shipped = file.thresholds.curve["alert"]
    raised = replace(file.thresholds, curve={**file.thresholds.curve, "alert": (shipped[0] + 1.0, *shipped[1:])})
    own.write_text(render(replace(file, thresholds=raised)), encoding="utf-8")
    before = engine_version()
    forget()
    try:
        settings.THRESHOLDS_FILE = str(own)
        assert detection_parameters().thresholds is not None
        assert detection.thresholds().curve["alert"][0] == pytest.approx(shipped[0] + 1.0, abs=1e-9)
        assert engine_version() != before
    finally:
        forget()


def forget() -> None:
    for kept in (detection.threshold_file, detection_parameters, engine_version):
        kept.cache_clear()


def test_the_engine_version_names_the_code_and_changes_with_any_rule_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = engine_version()
    assert shipped.startswith(f"{ENGINE_VERSION}+")
    names = (*detection.RULE_FILES, detection.THRESHOLDS.name)
    for name in names:
        (tmp_path / name).write_text((detection.FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(detection, "FOLDER", tmp_path)
    for name in names:
        engine_version.cache_clear()
        before = engine_version()
        with (tmp_path / name).open("a", encoding="utf-8") as stream:
            stream.write("\n# another day\n")
        engine_version.cache_clear()
        assert engine_version() != before, name
    engine_version.cache_clear()
    monkeypatch.undo()
    assert engine_version() == shipped


def test_parameters_may_be_had_without_thresholds_to_calibrate_them() -> None:
    found = parameters_from(detection_file(), None, bone_layer=False)

    assert (found.thresholds, found.bone_layer) == (None, False)


# --- what is refused ---
def test_the_shipped_file_reads_the_same_from_anywhere(tmp_path: Path) -> None:
    copy = tmp_path / "detection.toml"
    copy.write_text(SHIPPED, encoding="utf-8")

    assert read_detection_file(copy) == detection_file()


def test_a_changed_figure_changes_the_digest(tmp_path: Path) -> None:
    found = read_detection_file(changed(tmp_path, "onset_step = { value = 28.0", "onset_step = { value = 27.0"))

    assert found.digest != detection_file().digest
    assert found.figures["onset_step"] == 27.0


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('version = "', 'wersion = "', "rule_key_missing", "version"),
        ("[figures]\n", "[figures]\nnoise = { value = 1, grade = 'A', source = 'x' }\n", "rule_key_unknown", "noise"),
        ("onset_step = {", "onset_stop = {", "rule_key_missing", "onset_step"),
        ('onset_step = { value = 28.0, grade = "A"', "onset_step = { value = 28.0", "rule_key_missing", "grade"),
        (
            'onset_step = { value = 28.0, grade = "A"',
            'onset_step = { value = 28.0, grade = "Z"',
            "rule_value_invalid",
            "grade",
        ),
        (CEA_ENTRY, CEA_ENTRY.replace("0.65", "0.0"), "rule_value_invalid", "participation"),
        (CEA_ENTRY, CEA_ENTRY.replace("0.65", "1.0"), "rule_value_invalid", "participation"),
        (CEA_ENTRY, CEA_ENTRY.replace('"CEA"', '"CEB"'), "rule_value_invalid", "code"),
        (CEA_ENTRY, CEA_ENTRY.replace('"CEA"', '"CYFRA211"'), "rule_value_invalid", "code"),
        (CEA_ENTRY, '[[marker]]\ncode = "CEA"\n', "rule_key_missing", "participation"),
        (CEA_ENTRY, CEA_ENTRY + "weight = 2\n", "rule_key_unknown", "weight"),
    ],
)
def test_an_entry_that_does_not_say_what_it_must_stops_the_process(
    tmp_path: Path, old: str, new: str, code: str, key: str
) -> None:
    problem = refusal(changed(tmp_path, old, new))

    assert (problem.code, problem.params["key"]) == (code, key)
    assert problem.params["where"].startswith("detection.toml")


@pytest.mark.parametrize("source", ['""', '"  "', "7"])
def test_a_figure_without_a_source_is_refused(tmp_path: Path, source: str) -> None:
    assert SHIPPED.count('source = "days; detection design, section 12 b"') == 2
    path = changed(tmp_path, 'source = "days; detection design, section 12 b"', f"source = {source}")

    assert refusal(path).params["key"] == "source"


def test_thresholds_that_do_not_say_what_they_must_are_refused(tmp_path: Path) -> None:
    shipped = detection.THRESHOLDS.read_text(encoding="utf-8")
    for old, new in (("[level.alert]", "[level.alerts]"), ("interval_days", "intervals"), ("constant", "konstant")):
        path = changed(tmp_path, old, new, text=shipped)
        with pytest.raises(RuleProblem):
            read_thresholds(path)


def test_the_shipped_thresholds_read() -> None:
    found = read_thresholds(detection.THRESHOLDS)

    assert set(found.curve) == {"watch", "alert"}
    assert found == detection_parameters(bone_layer=True).thresholds
