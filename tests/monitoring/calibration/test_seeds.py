"""What was looked at to choose a figure is never what the figure is judged by."""

from __future__ import annotations

from benchmarks.detection import material
from monitoring.calibration.seeds import CALIBRATION, TEST, TUNING
from monitoring.calibration.strata import Plan
from monitoring.simulator.scenario import INTERVALS


def test_no_seed_serves_two_purposes() -> None:
    purposes = (set(TUNING), set(CALIBRATION), set(TEST))
    assert sum(map(len, purposes)) == len(set().union(*purposes))


def test_there_is_one_seed_of_calibration_for_each_interval() -> None:
    assert len(CALIBRATION) == len(INTERVALS)
    assert Plan(panels=(("CEA",),)).seeds == tuple(CALIBRATION)


def test_the_benchmark_uses_seeds_of_the_test_alone_and_each_once() -> None:
    names = ("BASE_SEED", "SCENARIO_SEED", "DOUBLING_SEED", "CHECK_SEED", "OTHER_GENERATOR_SEED")
    used = [*(getattr(material, name) for name in names), *material.STRATUM_SEEDS.values()]
    assert len(set(used)) == len(used) == 11
    assert set(used) <= set(TEST)
