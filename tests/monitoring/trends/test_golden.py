"""The golden vectors of the detection design: a prototype's answers for sixty synthetic patients.

Its parameters are those of the prototype, which is why they stand here and not in the builders. The prototype knew no
families: any confirmed marker could carry its alert index, so here every marker counts as a tumour marker.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.trends.analysis import Analysis, analyse
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.types import MarkerParameters, Series

GOLDEN = Path(__file__).parents[4] / "shared" / "detection" / "golden"
AGREE = 1e-5
Line = dict[str, str]


@dataclass(frozen=True)
class Golden:
    figures: dict[str, Any]
    results: list[Line]
    indices: list[Line]


@pytest.fixture(scope="module")
def golden() -> Golden:
    if not GOLDEN.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared/detection/golden is missing")
        pytest.skip("../shared/detection/golden is missing: the golden vectors are not beside this checkout")
    figures = json.loads((GOLDEN / "parameters.json").read_text(encoding="utf-8"))
    return Golden(figures, _lines("results.csv"), _lines("index.csv"))


def _lines(name: str) -> list[Line]:
    with (GOLDEN / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> float:
    """An empty cell is minus infinity: no onset is older than the draw, or no marker may carry an ALERT."""
    return float(text) if text else -math.inf


def detection(figures: dict[str, Any]) -> DetectionParameters:
    low, high = figures["noise_scale_bounds"]
    return DetectionParameters(
        doubling_times=tuple(figures["doubling_times_days"]),
        onset_step=figures["onset_step_days"],
        onset_window=figures["onset_window_days"],
        start_share=figures["kappa"],
        onset_rate=figures["onset_rate_per_day"],
        slow_share=figures["ou_share"],
        slow_days=figures["ou_tau_days"],
        noise_weight=figures["noise_adaptation_weight"],
        noise_lag=figures["noise_adaptation_lag_draws"],
        noise_shared=0.0,
        noise_falls_at_once=False,
        noise_bounds=(low, high),
        set_point_reach=None,
    )


def markers(figures: dict[str, Any]) -> dict[str, MarkerParameters]:
    return {
        code: MarkerParameters(
            marker=code,
            family="tumour",
            sigma_total=figures["within_log_sd"][at],
            set_point_log_mean=figures["set_point_log_mean"][at],
            set_point_log_sd=figures["set_point_log_sd"][at],
            direction="up",
            verdict=True,
            grade="A",
            participation=figures["participation"][at],
            rebase_sd=figures["rebase_log_sd"][at],
            drift=figures["drift_log_sd_per_sqrt_year"][at],
            inflation=figures["inflate_within_sd"][at],
            clip=figures["clip"][at],
        )
        for at, code in enumerate(figures["markers"])
    }


def series_of(golden: Golden) -> tuple[list[Series], dict[tuple[int, str], list[Line]]]:
    by_series: dict[tuple[int, str], list[Line]] = defaultdict(list)
    for line in golden.results:
        by_series[int(line["patient"]), line["marker"]].append(line)
    draw_id = {(int(line["patient"]), line["day"]): at for at, line in enumerate(golden.indices)}
    known = markers(golden.figures)
    found = []
    for (patient, marker), lines in sorted(by_series.items()):
        moved = [line["rebase"] == "1" for line in lines]
        found.append(
            Series(
                patient=patient,
                marker=marker,
                days=np.array([float(line["day"]) for line in lines]),
                values=np.array([float(line["value"]) for line in lines]),
                censoring=np.array([-1 if line["comparator"] == "<" else 0 for line in lines], dtype=np.int8),
                segments=np.zeros(len(lines), dtype=np.int64),
                exclusions=tuple("window" if line["blank"] == "1" else "" for line in lines),
                draw_ids=tuple(draw_id[patient, line["day"]] for line in lines),
                rebase_codes=tuple("treatment" if one else "" for one in moved),
                rebase_sd=np.where(moved, known[marker].rebase_sd, 0.0),
            )
        )
    return found, by_series


@pytest.fixture(scope="module")
def read_by_the_engine(golden: Golden) -> Analysis:
    return analyse(series_of(golden)[0], markers(golden.figures), detection(golden.figures))


def test_every_golden_result_comes_out(golden: Golden, read_by_the_engine: Analysis) -> None:
    series, lines = series_of(golden)
    compared = supported = 0
    for row, one in enumerate(series):
        for column, line in zip(read_by_the_engine.panel.place[row], lines[one.patient, one.marker], strict=True):
            evidence = float(read_by_the_engine.evidence.log_evidence[row, column])
            assert evidence == pytest.approx(number(line["log_evidence"]), abs=AGREE), line
            compared += 1
            if line["support"]:
                support = float(read_by_the_engine.evidence.support[row, column])
                assert support == pytest.approx(float(line["support"]), abs=AGREE), line
                supported += 1
    assert compared == len(golden.results) == 2683
    assert supported == sum(bool(line["support"]) for line in golden.results) > 2000


@pytest.mark.parametrize(
    ("columns", "weighed"), [("5", {"CEA", "CYFRA", "ALP", "BAP", "CTX"}), ("3", {"CEA", "CYFRA", "ALP"})]
)
def test_every_golden_index_comes_out(golden: Golden, columns: str, weighed: set[str]) -> None:
    known = {
        code: one if code in weighed else replace(one, participation=None)
        for code, one in markers(golden.figures).items()
    }
    analysis = analyse(series_of(golden)[0], known, detection(golden.figures))
    place = {
        (patient, date[1]): (at, column)
        for at, patient in enumerate(analysis.panel.patients)
        for column, date in enumerate(analysis.panel.dates[at])
    }
    for at, line in enumerate(golden.indices):
        where = place[int(line["patient"]), at]
        watch, alert = float(analysis.patients.watch[where]), float(analysis.patients.alert[where])
        assert watch == pytest.approx(number(line[f"watch_index_{columns}"]), abs=AGREE), line
        assert alert == pytest.approx(number(line[f"alert_index_{columns}"]), abs=AGREE), line
    assert len(golden.indices) == 631
