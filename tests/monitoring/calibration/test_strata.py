"""The material of a calibration is read once and kept, and is read again when anything it rests on changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitoring.calibration import strata
from monitoring.calibration.strata import (
    PANELS,
    CellOfPlan,
    Plan,
    Told,
    importance_of,
    panels_within,
    read_plan,
    weighed,
)
from monitoring.detection import detection_parameters
from monitoring.parameters import marker_parameters
from monitoring.rules import event_rules
from monitoring.simulator.cohort import THREE_MARKERS
from monitoring.trends.fusion import LEAST_THRESHOLD

PLAN = Plan(panels=(("CEA",), ("CEA", "ALP")), intervals=(63.0, 140.0), seeds=(102, 103), patients=60)


@pytest.fixture(scope="module")
def told() -> Told:
    return Told(markers=marker_parameters(), parameters=detection_parameters(bone_layer=True), rules=event_rules())


def files(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.npz")}


def columns(found: list[CellOfPlan]) -> list[list[float]]:
    return [[*one.cell.watch, *one.cell.alert, *one.cell.quiet.day, *one.cell.quiet.years] for one in found]


def test_each_interval_is_read_with_each_panel(told: Told, tmp_path: Path) -> None:
    done: list[float] = []
    found = read_plan(PLAN, told, tmp_path, done.append)
    assert [(one.interval, one.panel, one.seed) for one in found] == [
        (63.0, ("CEA",), 102),
        (63.0, ("CEA", "ALP"), 102),
        (140.0, ("CEA",), 103),
        (140.0, ("CEA", "ALP"), 103),
    ]
    assert done == sorted(done)
    assert done[-1] == PLAN.cells == 4
    assert all(len(one.cell.quiet.years) == 60 for one in found)
    assert all(np.min(one.cell.watch) >= LEAST_THRESHOLD for one in found)


def test_a_second_run_reads_nothing_again(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_plan(PLAN, told, tmp_path, lambda _: None)
    kept = files(tmp_path)
    monkeypatch.setattr(strata, "simulate", None)
    assert columns(read_plan(PLAN, told, tmp_path, lambda _: None)) == columns(first)
    assert files(tmp_path) == kept


def test_a_run_that_was_stopped_goes_on_where_it_was(told: Told, tmp_path: Path) -> None:
    whole = columns(read_plan(PLAN, told, tmp_path / "whole", lambda _: None))

    class Stopped(Exception):
        pass

    def stop(done: float) -> None:
        if done >= 2:
            raise Stopped

    with pytest.raises(Stopped):
        read_plan(PLAN, told, tmp_path / "stopped", stop)
    before = files(tmp_path / "stopped")
    assert len(before) == 2
    assert columns(read_plan(PLAN, told, tmp_path / "stopped", lambda _: None)) == whole
    after = files(tmp_path / "stopped")
    assert len(after) == 4
    assert {name: after[name] for name in before} == before


def test_other_figures_are_read_anew(told: Told, tmp_path: Path) -> None:
    plan = replace(PLAN, panels=(("CEA",),), intervals=(140.0,), seeds=(103,))
    changed = replace(told, parameters=replace(told.parameters, gate_odds=0.6))
    other_marker = replace(told, markers={**told.markers, "CEA": replace(told.markers["CEA"], clip=2.0)})
    for one in (told, changed, other_marker, replace(told, rules=replace(told.rules, events=()))):
        read_plan(plan, one, tmp_path, lambda _: None)
    read_plan(replace(plan, patients=61), told, tmp_path, lambda _: None)
    read_plan(replace(plan, seeds=(101,)), told, tmp_path, lambda _: None)
    assert len(files(tmp_path)) == 6


def test_thresholds_and_the_bone_layer_are_no_part_of_what_was_told(told: Told) -> None:
    without = replace(told, parameters=replace(told.parameters, thresholds=None, bone_layer=False, version="x"))
    assert without.digest == told.digest


def test_the_markers_read_are_those_that_weigh_and_can_be_simulated() -> None:
    codes = weighed(marker_parameters())
    assert {"CEA", "CYFRA211", "ALP", "BAP", "BCTX", "NSE"} <= set(codes)
    assert not {"BAP_U", "HGB", "PHOS"} & set(codes)


def test_panels_within_some_markers_are_the_shipped_ones_cut_down_and_all() -> None:
    assert panels_within(("CEA", "ALP")) == (("CEA",), ("CEA", "ALP"), ("ALP",))
    assert panels_within(("CEA",)) == (("CEA",),)
    every = panels_within(tuple(dict.fromkeys(code for panel in PANELS for code in panel)))
    assert set(PANELS) <= set(every)


def test_a_panel_without_a_tumour_marker_has_a_quarter_of_the_say_of_others(told: Told, tmp_path: Path) -> None:
    panels = (("CYFRA211",), ("CEA", "ALP"), ("ALP", "BAP"), ("BCTX",), THREE_MARKERS)
    plan = replace(PLAN, panels=panels, intervals=(140.0,), seeds=(103,))
    say = {one.panel: one.cell.importance for one in read_plan(plan, told, tmp_path, lambda _: None)}
    assert say == {panels[0]: 1.0, panels[1]: 1.0, panels[2]: 0.25, panels[3]: 0.25, panels[4]: 15.0}
    assert importance_of(weighed(told.markers), told.markers) == 3.0
    other = {**told.markers, "BCTX": replace(told.markers["BCTX"], family="tumour")}
    assert importance_of(("BCTX",), other) == 1.0  # the catalogue says what a tumour marker is


def test_a_plan_needs_one_seed_for_each_interval() -> None:
    with pytest.raises(ValueError, match="one seed"):
        Plan(panels=(("CEA",),), intervals=(63.0,), seeds=(1, 2))
