"""`manage.py calibrate` from synthetic or own patients to a file. No test here may touch a database."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from monitoring.detection import threshold_file
from monitoring.simulator.cohort import simulate
from monitoring.simulator.csv_files import write_draws_csv, write_events_csv
from monitoring.simulator.scenario import INTERVALS, Scenario
from monitoring.threshold_file import read
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.fusion import threshold

SMALL = ("--patients", "100", "--panel", "CEA,ALP")


def run(*arguments: str | Path) -> str:
    out = io.StringIO()
    call_command("calibrate", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_a_file_is_written_that_the_engine_reads(tmp_path: Path) -> None:
    said = run(*SMALL, "--output", tmp_path / "t.toml", "--keep-in", tmp_path / "kept")
    file = read(tmp_path / "t.toml")
    assert (file.method, file.engine, dict(file.targets)) == ("synthetic", "2.0.0", {"alert": 5.0, "watch": 20.0})
    assert {one.panel for one in file.strata} == {("CEA",), ("CEA", "ALP"), ("ALP",)}
    assert {one.seed for one in file.strata} == set(range(201, 207))
    assert [one.interval for one in file.strata if one.panel == ("CEA",)] == list(INTERVALS)
    assert not file.is_signed_off
    assert f"Thresholds {file.version}" in said
    assert "Nobody has signed them off." in said


def test_the_same_run_writes_the_same_file_and_reads_nothing_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(*SMALL, "--output", tmp_path / name, "--keep-in", tmp_path / "kept")
        kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.npz")}
    assert (tmp_path / "one").read_text() == (tmp_path / "two").read_text()
    assert len(kept) == 18
    assert len(set(kept.values())) > 1
    run(*SMALL, "--output", tmp_path / "three", "--keep-in", tmp_path / "kept")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_higher_target_gives_a_lower_threshold(tmp_path: Path) -> None:
    needed = []
    for target in ("10", "60"):
        to = ("--output", tmp_path / target, "--keep-in", tmp_path / "kept")
        run(*SMALL, "--target-watch", target, *to)
        assert read(tmp_path / target).targets["watch"] == float(target)
        known = DetectionParameters(thresholds=read(tmp_path / target).thresholds)
        needed.append(float(threshold(known, "watch", np.array([63.0]), np.array([1.93]))[0]))
    assert needed[1] < 0.7 * needed[0]


def test_who_signs_stands_in_the_file_with_the_day(tmp_path: Path) -> None:
    said = run(*SMALL, "--signed-by", " Dr Who ", "--output", tmp_path / "t.toml", "--keep-in", tmp_path / "kept")
    file = read(tmp_path / "t.toml")
    assert (file.signed_off_by, file.signed_off_on) == ("Dr Who", file.date)
    assert isinstance(file.date, dt.date)
    assert "Signed off by Dr Who." in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--seed", "100"), "Seed 101 served to tune or to test"),
        (("--seed", "296"), "Seed 301 served to tune or to test"),
        (("--panel", "CEA,PHOS"), "PHOS no weight"),
        (("--panel", "CEA,NOTHING"), "'NOTHING' is no marker of the catalogue"),
        (("--target-alert", "30"), "an ALERT is a WATCH as well"),
        (("--target-alert", "0"), "is no rate"),
        (("--patients", "99"), "is no number of patients"),
        (("--events", "events.csv"), "--events goes with --from-draws"),
    ],
)
def test_an_order_that_cannot_be_is_refused_in_words(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(*arguments, "--output", tmp_path / "t.toml", "--keep-in", tmp_path / "kept")
    assert not (tmp_path / "t.toml").exists()


def own_files(folder: Path, *, patients: int) -> tuple[Path, Path]:
    """Synthetic patients as a hospital's file, in the form that `backtest` reads."""
    scenario = Scenario(intervals=(42.0, 91.0), follow_up_years=(2.0, 3.0), noise_factor=1.5)
    cohort = simulate(scenario, patients=patients, seed=102, markers=("CEA", "CYFRA211", "ALP"))
    write_draws_csv(cohort, folder / "draws.csv")
    write_events_csv(cohort, folder / "events.csv")
    return folder / "draws.csv", folder / "events.csv"


def test_own_patients_raise_a_threshold_that_their_noise_asks_for(tmp_path: Path) -> None:
    draws, events = own_files(tmp_path, patients=300)
    run("--from-draws", draws, "--events", events, "--output", tmp_path / "t.toml")
    file, shipped = read(tmp_path / "t.toml"), threshold_file()
    assert file.method == "stable_patients"
    assert file.strata[0].seed == 0
    assert sum(one.patients for one in file.strata) < 200  # those who progressed are left out
    assert {one.panel for one in file.strata} == {("CEA", "CYFRA211", "ALP")}

    def needed(gate: str, known: DetectionParameters) -> float:
        return float(threshold(known, gate, np.array([63.0]), np.array([3.4286]))[0])  # type: ignore[arg-type]

    own, theirs = (DetectionParameters(thresholds=one.thresholds) for one in (file, shipped))
    assert needed("watch", own) > needed("watch", theirs) + 0.1
    whole = sum(one.years for one in file.strata)
    rate = sum(one.watch.value * one.years for one in file.strata) / whole
    assert rate == pytest.approx(20.0, abs=1.0)


def test_too_few_patient_years_are_refused(tmp_path: Path) -> None:
    draws, events = own_files(tmp_path, patients=40)
    with pytest.raises(CommandError, match="100 are needed before a threshold can rest on them"):
        run("--from-draws", draws, "--events", events, "--output", tmp_path / "t.toml")
    assert not (tmp_path / "t.toml").exists()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        run("--from-draws", tmp_path / "none.csv", "--output", tmp_path / "t.toml")
