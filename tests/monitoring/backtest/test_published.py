from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitoring.backtest.published import Published, panel_of
from monitoring.backtest.running import Engine
from monitoring.backtest.scopes import Scope, scopes_of
from monitoring.detection import detection_parameters
from monitoring.parameters import marker_parameters
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import Series


def series(
    marker: str, values: list[float], *, patient: int = 0, first: int = 0, exclusions: tuple[str, ...] = ()
) -> Series:
    width = len(values)
    return Series(
        patient=patient,
        marker=marker,
        days=np.array([60.0 * at for at in range(width)]),
        values=np.array(values),
        censoring=np.zeros(width, dtype=np.int8),
        segments=np.zeros(width, dtype=np.int64),
        exclusions=exclusions or ("",) * width,
        draw_ids=tuple(range(first, first + width)),
    )


def test_each_rule_says_after_each_draw_what_it_says_of_the_series_alone() -> None:
    scopes = scopes_of(("CEA", "CYFRA211"))
    said = Published.empty(6, scopes)
    batch = [series("CEA", [2.0, 2.1, 3.0, 6.0]), series("CEA", [5.0, 5.0], patient=1, first=4)]
    said.take(batch, marker_parameters())
    for name, rule in RULES.items():
        for one in batch:
            panel, draws = panel_of([one], marker_parameters()["CEA"])
            alone = rule.statistic(panel)[0]
            assert said.statistics["CEA", name][draws[0]].tolist() == alone.tolist(), name
        assert said.statistics["CYFRA211", name].tolist() == [-np.inf] * 6


def test_with_several_markers_a_rule_says_the_largest_of_them() -> None:
    said = Published.empty(3, scopes_of(("CEA", "CYFRA211")))
    said.take([series("CEA", [2.0, 2.0, 9.0]), series("CYFRA211", [2.0, 9.0, 2.0])], marker_parameters())
    for name in RULES:
        of_each = [said.statistics[marker, name] for marker in ("CEA", "CYFRA211")]
        assert said.statistics["panel", name].tolist() == np.maximum(*of_each).tolist()
    assert said.statistics["panel", "rcv_previous"][1:].tolist() == [
        said.statistics["CYFRA211", "rcv_previous"][1],
        said.statistics["CEA", "rcv_previous"][2],
    ]


def test_a_draw_that_is_left_out_is_left_out_for_every_rule() -> None:
    said = Published.empty(4, (Scope("panel", "panel", ("CEA",)),))
    said.take([series("CEA", [2.0, 2.0, 90.0, 2.0], exclusions=("", "", "treatment_window", ""))], marker_parameters())
    clean = Published.empty(4, (Scope("panel", "panel", ("CEA",)),))
    one = series("CEA", [2.0, 2.0, 2.0, 2.0], exclusions=("", "", "treatment_window", ""))
    clean.take([one], marker_parameters())
    for name in RULES:
        assert said.statistics["panel", name].tolist() == clean.statistics["panel", name].tolist()
        assert said.statistics["panel", name][2] == -np.inf


def test_a_fall_counts_where_a_fall_is_what_matters() -> None:
    falling = replace(marker_parameters()["CEA"], direction="down", marker="CEA")
    said = Published.empty(3, (Scope("panel", "panel", ("CEA",)),))
    said.take([series("CEA", [4.0, 4.0, 2.0])], {"CEA": falling})
    assert said.statistics["panel", "rcv_previous"][2] == pytest.approx(
        np.log(2.0) / (np.sqrt(2.0) * (falling.sigma_total or 0.0))
    )


def test_what_the_engine_never_weighs_speaks_for_no_rule() -> None:
    known = dict(marker_parameters())
    known["CEA"] = replace(known["CEA"], participation=None)
    parameters = replace(detection_parameters(), bone_layer=False)
    weighed = Engine(known, parameters).weighed
    assert {"CEA", "ALP", "BAP"}.isdisjoint(weighed)
    assert weighed["CYFRA211"] is known["CYFRA211"]
    assert "ALP" in Engine(known, replace(parameters, bone_layer=True)).weighed
    said = Published.empty(3, (Scope("panel", "panel", ("CEA", "ALP")),))
    said.take([series("CEA", [2.0, 2.0, 90.0]), series("ALP", [80.0, 80.0, 900.0])], weighed)
    assert all(np.all(column == -np.inf) for column in said.statistics.values())


def test_families_of_one_marker_and_the_panel_itself_are_not_looked_at_twice() -> None:
    assert [(one.name, one.markers) for one in scopes_of(("CEA", "CYFRA211", "ALP"))] == [
        ("panel", ("CEA", "CYFRA211", "ALP")),
        ("tumour", ("CEA", "CYFRA211")),
        ("CEA", ("CEA",)),
        ("CYFRA211", ("CYFRA211",)),
        ("ALP", ("ALP",)),
    ]
    assert [one.name for one in scopes_of(("CEA", "CYFRA211"))] == ["panel", "CEA", "CYFRA211"]
    assert [one.name for one in scopes_of(("CEA",))] == ["panel"]
