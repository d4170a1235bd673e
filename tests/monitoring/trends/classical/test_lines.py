from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import linregress

from monitoring.trends.classical.lines import Line
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import FloatArray
from tests.monitoring.trends.classical.builders import SIGMA, panel


def _line(x: FloatArray, y: FloatArray) -> Line:
    line = Line.empty(1)
    for one, other in zip(x, y, strict=True):
        line = line.with_point(np.array([one]), np.array([other]), take=np.array([True]))
    return line


def test_the_certified_regression_of_nist_comes_out_to_eight_digits(shared_data: Path) -> None:
    lines = (shared_data / "05_reference" / "nist_strd" / "Norris.dat").read_text(encoding="ascii").splitlines()
    begin = next(at for at, line in enumerate(lines) if re.match(r"Data:\s+y\s+x", line)) + 1
    data = np.array([[float(part) for part in line.split()] for line in lines[begin:] if line.strip()])

    line = _line(data[:, 1], data[:, 0])

    assert len(data) == 36
    slope = float(line.slope[0])
    assert slope == pytest.approx(1.00211681802045, rel=1e-12)
    assert float(line.mean_y[0] - slope * line.mean_x[0]) == pytest.approx(-0.262323073774029, rel=1e-9)


def test_mean_and_sd_of_a_large_offset_come_out_exactly_as_nist_certifies() -> None:
    # NumAcc1: 10000001, 10000003, 10000002 have mean 10000002 and SD 1.
    line = _line(np.zeros(3), np.array([10000001.0, 10000003.0, 10000002.0]))

    assert (line.mean_y[0], math.sqrt(line.sum_yy[0] / 2.0)) == (10000002.0, 1.0)


@pytest.mark.parametrize(
    ("patient", "months"), [("1", 36.54224), ("2", 33.37681)], ids=["a plateau after a rise", "a steady rise"]
)
def test_published_doubling_times_are_ln_2_over_the_slope_of_the_logs(
    shared_data: Path, patient: str, months: float
) -> None:
    points = defaultdict(list)
    path = shared_data / "05_reference" / "psa_doubling_time" / "sample.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            day = datetime.strptime(row["PSA_Date"] + "+0000", "%d/%m/%Y%z").timestamp() / 86_400.0
            points[row["Record.ID"]].append((day, math.log(float(row["PSA"]))))
    days, logs = np.array(points[patient]).T

    slope = float(_line(days, logs).slope[0])

    assert math.log(2.0) / slope / (365.0 / 12.0) == pytest.approx(months, abs=1e-5)


def test_the_log_slope_over_its_known_error_agrees_with_linregress() -> None:
    rng = np.random.default_rng(3)
    days = 20_000.0 + np.cumsum(rng.uniform(20.0, 90.0, size=14))
    values = np.exp(rng.normal(0.8, 0.2, size=14))

    found = RULES["log_slope"].statistic(panel(values.tolist(), days=days.tolist()))[0]

    for draw in range(1, 14):
        recent = days[: draw + 1] >= days[draw] - 365.0
        x, y = days[: draw + 1][recent], np.log(values[: draw + 1][recent])
        error = SIGMA / math.sqrt(float(np.sum((x - x.mean()) ** 2)))
        assert found[draw] == pytest.approx(float(linregress(x, y).slope) / error, rel=1e-9)


def test_the_raw_slope_agrees_with_linregress_in_multiples_of_the_set_point() -> None:
    values = [2.1, 2.0, 2.6, 2.4, 3.9]
    found = RULES["ols_slope"].statistic(panel(values))[0]

    assert np.isneginf(found[:2]).all()
    expected = linregress(42.0 * np.arange(5), np.array(values) / 2.2).slope * 365.25
    assert float(found[4]) == pytest.approx(float(expected), rel=1e-12)


def test_without_a_set_point_the_raw_slope_is_in_the_unit_of_the_marker() -> None:
    values = [2.1, 2.0, 2.6, 2.4, 3.9]
    found = RULES["ols_slope"].statistic(panel(values, set_point=None))[0]

    expected = linregress(42.0 * np.arange(5), np.array(values)).slope * 365.25
    assert float(found[4]) == pytest.approx(float(expected), rel=1e-12)
