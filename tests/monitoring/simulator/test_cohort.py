"""The cohort as a whole: reproducible, paired across scenarios and panels, and of the design's size."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from scipy import stats

import monitoring.simulator
from monitoring.simulator.cohort import Cohort, simulate
from monitoring.simulator.events import Event
from monitoring.simulator.scenario import INTERVALS, SCENARIOS, Scenario
from monitoring.simulator.streams import FloatArray

BASE = SCENARIOS["base"]
ARRAYS = [field.name for field in dataclasses.fields(Cohort) if field.name not in ("markers", "events")]


def same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))


def last_values(cohort: Cohort, marker: str) -> FloatArray:
    values = cohort.values[cohort.markers.index(marker)]
    place = np.where(np.isnan(values), -1, np.arange(values.shape[1])).max(axis=1)
    return np.where(place >= 0, values[np.arange(len(values)), place], np.nan)


def test_the_same_seed_gives_the_same_cohort_to_the_last_bit() -> None:
    one, other = (simulate(BASE, patients=300, seed=5) for _ in range(2))
    assert [name for name in ARRAYS if not same(getattr(one, name), getattr(other, name))] == []
    assert list(one.events) == list(other.events)


def test_another_seed_gives_another_cohort() -> None:
    one, other = (simulate(BASE, patients=300, seed=seed) for seed in (5, 6))
    assert not same(one.interval, other.interval)
    assert not same(one.doubling, other.doubling)


def test_another_panel_gives_the_same_patients_and_the_same_values_of_the_shared_markers() -> None:
    few = simulate(BASE, patients=300, seed=5, markers=("CEA", "ALP"))
    many = simulate(BASE, patients=300, seed=5, markers=("SII", "BAP", "ALP", "NSE", "CEA", "PLT"))
    for name in ("days", "drawn", "haemolysed", "interval", "last_day", "onset", "scan", "doubling", "bone"):
        assert same(getattr(few, name), getattr(many, name)), name
    for name in ("values", "censored", "rebase_kind", "blank", "secretes"):
        for place, marker in enumerate(few.markers):
            there = many.markers.index(marker)
            assert same(getattr(few, name)[place], getattr(many, name)[there]), (name, marker)


@pytest.mark.parametrize(
    ("scenario", "changed"),
    [
        ("noise_up", {"values"}),
        ("heavy_tails", {"values"}),
        ("independent_noise", {"values"}),
        ("drift_double", {"values"}),
        ("transients_double", {"values"}),
        ("all_falling_at_start", {"values"}),
        ("linear_growth", {"values"}),
        ("missing_30", {"drawn", "values", "haemolysed", "rebase", "rebase_kind", "blank"}),
        ("all_change_assay", {"values", "rebase", "rebase_kind"}),
        ("events_unknown", {"rebase", "rebase_kind", "blank"}),
        ("fast_growth", {"values", "doubling", "onset"}),
    ],
)
def test_a_scenario_changes_only_what_its_knob_touches(scenario: str, changed: set[str]) -> None:
    base, broken = (simulate(SCENARIOS[name], patients=1000, seed=5) for name in ("base", scenario))
    arrays = [name for name in ARRAYS if name != "censored"]  # which follows from the values
    assert {name for name in arrays if not same(getattr(base, name), getattr(broken, name))} == changed


def test_what_was_missing_at_a_tenth_is_also_missing_at_three_tenths() -> None:
    base, broken = (simulate(SCENARIOS[name], patients=300, seed=5) for name in ("base", "missing_30"))
    assert not np.any(broken.drawn & ~base.drawn)
    both = ~np.isnan(broken.values) & ~np.isnan(base.values)
    assert same(broken.values[both], base.values[both])


def test_the_base_cohort_has_the_size_and_the_difficulty_of_the_design() -> None:
    """Design section 13, 20,000 patients. Tolerances: four standard errors, or the rounding of the design's figure."""
    cohort = simulate(BASE, patients=20_000, seed=1, markers=("CEA",))
    progresses = cohort.progresses
    free_days = np.where(progresses, np.maximum(cohort.onset, 0.0), cohort.last_day)
    assert np.mean(np.sum(cohort.drawn, axis=1)) == pytest.approx(10.8, abs=0.1)
    assert np.sum(progresses) == pytest.approx(9_939, abs=300)
    assert np.sum(free_days) / 365.25 == pytest.approx(28_947, rel=0.02)
    last = last_values(cohort, "CEA")
    seen = ~np.isnan(last)
    assert np.mean(last[seen & progresses] > 5.0) == pytest.approx(0.46, abs=0.02)
    wins = stats.mannwhitneyu(last[seen & progresses], last[seen & ~progresses]).statistic
    auc = wins / (np.sum(seen & progresses) * np.sum(seen & ~progresses))
    assert auc == pytest.approx(0.73, abs=0.01)


def test_follow_up_ends_at_the_positive_scan_of_the_cycle() -> None:
    cohort = simulate(BASE, patients=1000, seed=5)
    progresses = cohort.progresses
    assert same(cohort.last_day[progresses], cohort.scan[progresses])
    assert np.all(cohort.scan[progresses] % 84.0 == 0.0)
    waited = cohort.scan[progresses] - cohort.detectable[progresses]
    assert 0.0 <= np.min(waited) <= np.max(waited) < 84.0
    assert np.all(np.isinf(cohort.onset[~progresses]) & np.isinf(cohort.scan[~progresses]))
    assert np.all((cohort.last_day[~progresses] >= 365.25) & (cohort.last_day[~progresses] <= 3 * 365.25))
    assert np.nanmax(cohort.days - cohort.last_day[:, None]) <= 0.0


def test_days_rise_and_nothing_is_measured_without_a_draw() -> None:
    cohort = simulate(BASE, patients=500, seed=5)
    gaps = np.diff(cohort.days, axis=1)
    assert np.all(gaps[~np.isnan(gaps)] > 0.0)
    assert np.all(cohort.days[:, 0] == 0.0)
    assert np.all(cohort.drawn[:, 0])
    assert np.all(np.isnan(cohort.values[:, ~cohort.drawn]))
    outside = np.isnan(cohort.days)
    for array in (cohort.drawn, cohort.haemolysed, *cohort.censored, *cohort.rebase, *cohort.blank):
        assert not np.any(array & outside)


def test_the_onset_lies_four_doublings_and_at_most_540_days_before_imaging_could_show_it() -> None:
    cohort = simulate(BASE, patients=2000, seed=5)
    progresses = cohort.progresses
    span = np.minimum(4.0 * cohort.doubling, 540.0)[progresses]
    assert np.allclose(cohort.detectable[progresses] - cohort.onset[progresses], span, rtol=0, atol=1e-9)
    assert np.all((cohort.doubling >= 13.0) & (cohort.doubling <= 300.0))


def test_few_draws_before_onset_means_growth_from_the_first_two_gaps_on() -> None:
    cohort = simulate(SCENARIOS["few_draws_before_onset"], patients=2000, seed=5)
    onset = cohort.onset[cohort.progresses]
    assert np.all((onset >= 0.0) & (onset <= 2.0 * cohort.interval[cohort.progresses]))
    before = np.sum(cohort.drawn & (cohort.days < cohort.onset[:, None]), axis=1)
    assert np.mean(before[cohort.progresses] <= 2) > 0.9


def test_each_scenario_runs_and_is_filed_under_its_own_name() -> None:
    for name, scenario in SCENARIOS.items():
        cohort = simulate(scenario, patients=50, seed=5)
        assert scenario.name == name
        assert cohort.values.shape == (3, 50, cohort.days.shape[1])
    assert {f"interval_{days:.0f}" for days in INTERVALS} <= set(SCENARIOS)


def test_a_cohort_of_one_patient_is_a_cohort() -> None:
    cohort = simulate(BASE, patients=1, seed=5, markers=("CEA",))
    assert cohort.values.shape[:2] == (1, 1)
    assert isinstance(next(iter(cohort.events)), Event)


@pytest.mark.parametrize(
    ("patients", "markers"), [(0, ("CEA",)), (5, ()), (5, ("CEA", "CEA")), (5, ("CEA", "GLUCOSE"))]
)
def test_a_cohort_without_patients_or_with_a_wrong_panel_is_refused(patients: int, markers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"at least one patient|each of them once|no marker 'GLUCOSE'"):
        simulate(Scenario(), patients=patients, seed=5, markers=markers)


def lines_run(patients: int) -> int:
    """How many lines of the generator Python steps through for a cohort whose number of draws is fixed."""
    folder = str(Path(monitoring.simulator.__file__).parent)
    steps = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        if not frame.f_code.co_filename.startswith(folder):
            return None
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        simulate(Scenario(intervals=(63.0,), follow_up_years=(3.0, 3.0)), patients=patients, seed=5)
    finally:
        sys.settrace(before)
    return steps


def test_no_line_is_run_once_for_each_patient() -> None:
    lines_run(10)  # reads the data files
    few, many = lines_run(200), lines_run(4000)
    assert few > 500
    assert many - few < 400  # a few more turns where the longest of many waits is longer, not 3,800 patients
