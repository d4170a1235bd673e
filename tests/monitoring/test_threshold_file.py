"""What is written is read again as it was; what cannot be is refused by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from monitoring import detection
from monitoring.calibration.strata import Told
from monitoring.detection import detection_file, parameters_from, read_thresholds
from monitoring.errors import RuleProblem
from monitoring.parameters import marker_parameters
from monitoring.rules import event_rules
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.simulator.scenario import INTERVALS
from monitoring.threshold_file import Rate, Stratum, ThresholdFile, read, render, rounded, signed
from monitoring.trends.detection import Thresholds

CURVES = Thresholds(
    curve={"alert": (1.7236, -0.5333, -0.061, 1.4768, -0.179), "watch": (1.2615, -0.25, 0.0, 1.0, 0.5)},
    weight=3.428571,
    interval_days=(21.0, 140.0),
    weight_range=(0.4286, 5.6772),
)
FILE = ThresholdFile(
    date=dt.date(2026, 11, 22),
    engine="2.0.0",
    parameters="995764eca035",
    method="synthetic",
    thresholds=CURVES,
    targets={"alert": 5.0, "watch": 20.0},
    strata=(
        Stratum(
            panel=("CEA", "ALP"),
            interval=21.0,
            seed=201,
            patients=6000,
            years=8600.4,
            alert=Rate(4.62, 4.16, 5.07),
            watch=Rate(19.92, 19.03, 20.81),
        ),
    ),
)


def write(folder: Path, text: str) -> Path:
    path = folder / "thresholds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_reads_as_it_was_written(tmp_path: Path) -> None:
    assert read(write(tmp_path, render(FILE))) == FILE
    assert read_thresholds(tmp_path / "thresholds.toml") == CURVES


def test_a_signed_file_says_who_and_when_and_keeps_its_version(tmp_path: Path) -> None:
    by_somebody = signed(FILE, by='Dr "Zoë" \\ 王', on=dt.date(2026, 12, 1))
    again = read(write(tmp_path, render(by_somebody)))
    assert again == by_somebody
    assert again.is_signed_off
    assert not FILE.is_signed_off
    assert again.version == FILE.version


def test_another_curve_is_another_version() -> None:
    other = replace(CURVES, curve={**CURVES.curve, "watch": (1.2616, -0.25, 0.0, 1.0, 0.5)})
    assert replace(FILE, thresholds=other).version != FILE.version
    assert FILE.version.startswith("2026-11-22-")


def test_curves_are_rounded_as_they_will_stand_in_the_file() -> None:
    fine = replace(CURVES, curve={**CURVES.curve, "alert": (1.72364999, -0.53332, -0.0610001, 1.4768, -0.179)})
    assert rounded(fine).curve["alert"] == (1.7236, -0.5333, -0.061, 1.4768, -0.179)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("constant = 1.7236\n", ""), "rule_key_missing"),
        (("[holds]", "[holds]\nmore = 1"), "rule_key_unknown"),
        (("constant = 1.7236", "constant = nan"), "rule_value_invalid"),
        (("constant = 1.7236", "constant = inf"), "rule_value_invalid"),
        (("constant = 1.7236", "constant = true"), "rule_value_invalid"),
        (("constant = 1.7236", 'constant = "1.7"'), "rule_value_invalid"),
        (("constant = 1.7236", "constant = 1.8236"), "rule_value_invalid"),  # edited by hand: not this version
        (("interval_days = [21.0, 140.0]", "interval_days = [140.0, 21.0]"), "rule_value_invalid"),
        (("interval_days = [21.0, 140.0]", "interval_days = [21.0]"), "rule_value_invalid"),
        (("weight = 3.428571", "weight = 0.0"), "rule_value_invalid"),
        (("target = 5.0", "target = -5.0"), "rule_value_invalid"),
        (('method = "synthetic"', 'method = "guessed"'), "rule_value_invalid"),
        (("date = 2026-11-22", 'date = "2026-11-22"'), "rule_value_invalid"),
        (('signed_off_by = ""', 'signed_off_by = "Somebody"'), "rule_value_invalid"),
        (('signed_off_on = ""', 'signed_off_on = "soon"'), "rule_value_invalid"),
        (("alert = [4.62, 4.16, 5.07]", "alert = [4.62, 4.7, 5.07]"), "rule_value_invalid"),
        (('panel = ["CEA", "ALP"]', "panel = []"), "rule_value_invalid"),
        (("seed = 201", "seed = 201.5"), "rule_value_invalid"),
        (("[level.watch]", "[level.other]"), "rule_key_missing"),
        (('engine = "2.0.0"', "engine = 2"), "rule_value_invalid"),
        (('engine = "2.0.0"', 'engine = "2.0.0'), "rule_value_invalid"),
    ],
)
def test_what_a_file_must_not_say_is_refused(tmp_path: Path, change: tuple[str, str], code: str) -> None:
    text = render(FILE)
    assert text.count(change[0]) >= 1
    with pytest.raises(RuleProblem) as refused:
        read(write(tmp_path, text.replace(*change, 1)))
    assert refused.value.code == code
    assert refused.value.params["where"].startswith("thresholds.toml")


def test_a_file_without_a_stratum_rests_on_nothing(tmp_path: Path) -> None:
    text = render(FILE)
    with pytest.raises(RuleProblem):
        read(write(tmp_path, text[: text.index("[[stratum]]")]))


def test_the_shipped_file_was_made_for_the_shipped_figures() -> None:
    """Fails when a figure of the engine, a marker or an event rule changed and `manage.py calibrate` was not run."""
    told = Told(
        markers=marker_parameters(),
        parameters=parameters_from(detection_file(), None, bone_layer=True),
        rules=event_rules(),
    )
    assert read(detection.THRESHOLDS).parameters == told.digest


def test_the_shipped_file_keeps_its_targets_in_its_own_material() -> None:
    """The three markers it ships for come to 5 and 20, a tenth more or less; other panels with a tumour marker come
    near, rather below than above; bone markers alone seldom carry an ALERT and stay below the WATCHes of the others."""
    file = read(detection.THRESHOLDS)
    assert dict(file.targets) == {"alert": 5.0, "watch": 20.0}
    panels = {one.panel for one in file.strata}
    assert len(file.strata) == len(panels) * len(INTERVALS) == 48
    for one in file.strata:
        if one.panel == THREE_MARKERS:
            assert 4.5 <= one.alert.value <= 5.6, one
            assert 18.0 <= one.watch.value <= 22.0, one
        elif {"CEA", "CYFRA211"} & set(one.panel):
            assert 3.5 <= one.alert.value <= 6.0, one
            assert 15.5 <= one.watch.value <= 25.5, one
        else:
            assert one.alert.value <= 6.0, one
            assert 12.0 <= one.watch.value <= 20.0, one
