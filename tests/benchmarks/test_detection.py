"""The benchmark runs from end to end on a few patients, and the shipped thresholds keep their rates on more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection import doubling
from benchmarks.detection.check import checked
from benchmarks.detection.material import QUICK
from benchmarks.detection.measure import main, measure
from benchmarks.detection.other_generator import other_cohort
from benchmarks.detection.real_series import real_materials
from benchmarks.detection.shipped import Shipped, shipped
from benchmarks.detection.speed import DRAWS, make_series, measured
from benchmarks.detection.tables import Table
from benchmarks.detection.unseen import other_tables, real_table
from monitoring.calibration.knowledge import Knowledge
from monitoring.calibration.reading import read_parts
from monitoring.simulator.cohort import THREE_MARKERS, simulate
from monitoring.simulator.scenario import SCENARIOS
from monitoring.trends.doubling import rise_shape
from monitoring.trends.types import FloatArray

TINY = replace(
    QUICK, matched={1: 150, 6: 80}, curve=80, stratum={1: 60, 6: 20}, scenario=60, doubling=150, resamples=10
)


@pytest.fixture(scope="module")
def engine() -> Shipped:
    return shipped()


def test_the_shipped_thresholds_keep_their_rates_on_patients_nothing_was_fitted_to(engine: Shipped) -> None:
    """Issue 3: fail where the realised rate leaves 4 to 6 at a target of 5. The standard error is 0.25."""
    found = {one.gate: one for one in checked(engine, ("base",))}
    assert set(found) == {"alert", "watch"}
    assert 4.0 <= found["alert"].rate.value <= 6.0
    assert 16.0 <= found["watch"].rate.value <= 24.0
    assert all(one.holds for one in found.values())


def test_the_results_are_written_to_read_and_to_compare(tmp_path: Path) -> None:
    measure(TINY, ["matched", "intervals", "doubling"], tmp_path, quick=True)
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    content = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert "Synthetic patients" in text
    assert content["engine"] in text
    assert content["quick"] is True
    titles = [table["title"] for table in content["tables"]]
    assert len(titles) == len(set(titles)) == 13
    assert all(f"## {title}\n" in text for title in titles)
    for table in content["tables"]:
        assert all(len(row) == len(table["columns"]) for row in table["rows"])


def test_part_of_the_benchmark_never_replaces_the_whole() -> None:
    for arguments in (["--quick"], ["--only", "curve"]):
        with pytest.raises(SystemExit):
            main(arguments)


def test_a_table_shows_what_is_not_known_as_such() -> None:
    table = Table("Title", "", ("rule", "rate", "patients"))
    table.add("one", float("nan"), 12_000)
    assert list(table.markdown())[-2] == "| one | – | 12,000 |"
    assert table.plain()["rows"] == [["one", None, 12_000]]
    with pytest.raises(ValueError, match="needs 3 cells"):
        table.add("one", 1.0)


def test_what_came_after_a_draw_does_not_change_the_doubling_time_at_it(engine: Shipped) -> None:
    """The same patients, once followed to the end and cut at a draw, once with nothing after that draw."""
    told, last = engine.told, 5
    cohort = simulate(replace(SCENARIOS["base"], missing_draws=0.0), patients=40, seed=102, markers=THREE_MARKERS)
    shorter = cohort.values.copy()
    shorter[:, :, last + 1 :] = np.nan
    short = replace(cohort, values=shorter)
    shapes: dict[tuple[int, int], list[FloatArray]] = {}
    for one in (cohort, short):
        for part in read_parts(one, Knowledge.nothing(one), THREE_MARKERS, told.markers, told.parameters):
            analysis = part.analysis
            until = np.full(analysis.panel.shape[0], last, dtype=np.int64)
            day, path = doubling.cut(analysis.panel.day, analysis.path, until)
            rows = np.arange(3 * len(part.patients))
            found = rise_shape(day, path, rows, analysis.parameters).doubling
            for row in rows.tolist():
                shapes.setdefault((int(part.patients[row // 3]), row % 3), []).append(found[row])
    both = [pair for (patient, _), pair in shapes.items() if np.sum(cohort.drawn[patient]) > last + 3]
    assert len(both) > 60
    for cut, alone in both:
        assert cut == pytest.approx(alone, rel=1e-9)


def test_the_other_generator_is_reproducible_and_of_another_make() -> None:
    one, other = (other_cohort(patients=300, seed=5) for _ in range(2))
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert np.all(np.diff(np.nan_to_num(one.days, nan=1e9), axis=1) >= 0)
    assert np.all(one.onset[one.progresses] < one.scan[one.progresses])
    assert np.all(np.isinf(one.scan[~one.progresses]))
    assert 0.3 < np.mean(one.progresses) < 0.5
    assert np.nanmax(one.days - one.last_day[:, None]) <= 0.0
    assert np.sum(one.censored) > 0


def test_the_unseen_tables_name_the_engine_and_its_rivals(engine: Shipped) -> None:
    tables = other_tables(engine, 200)
    assert [len(table.rows) for table in tables] == [2, 8, 2, 8]
    assert [row[0] for row in tables[0].rows] == ["ALERT", "WATCH or ALERT"]
    assert len({table.title for table in tables}) == 4


def test_real_series_with_an_outcome_are_read_in_place(shared_data: Path, engine: Shipped) -> None:
    materials = real_materials(shared_data / "01_longitudinal")
    assert [(len(one.patients), sum(patient.has_outcome for patient in one.patients)) for one in materials] == [
        (156, 84),
        (156, 84),
        (47, 23),
        (95, 56),
        (3, 1),
    ]
    for one in materials:
        assert all(list(patient.days) == sorted(patient.days) for patient in one.patients)
        assert all(patient.days[-1] <= patient.end for patient in one.patients if patient.days)
    table = real_table(engine, materials[-1:])
    assert [row[5] for row in table.rows] == ["ALERT", "WATCH or ALERT"]


def test_speed_is_measured_on_series_of_forty_draws_beside_the_peer() -> None:
    series = make_series(30)
    assert len(series) == 30
    assert {len(one.days) for one in series} == {DRAWS} == {40}
    found = measured(30)
    assert min(found["level_history"], found["evaluate"], found["peer"]) > 0.0
    assert found["peak_mib"] >= found["input_mib"] > 0.0
