from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, theilslopes

from monitoring.trends.classical.ranks import Kendall, kendall, theil_sen
from monitoring.trends.types import FloatArray

STORED = Path(__file__).parent / "reference" / "ranks.csv"


def _of(values: list[float] | FloatArray) -> Kendall:
    return kendall(np.array([values], dtype=np.float64))


def _numbers(text: str) -> FloatArray:
    return np.array([float(part) for part in text.split()])


def test_s_its_variance_z_and_tau_agree_with_pymannkendall_and_scipy() -> None:
    with STORED.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))

    assert len(rows) == 10
    for row in rows:
        found = _of(_numbers(row["values"]))
        assert found.s.tolist() == [float(row["s"])]
        assert found.variance.tolist() == pytest.approx([float(row["variance"])], rel=1e-14)
        assert found.z.tolist() == pytest.approx([float(row["z"])], rel=1e-13, abs=0)
        assert found.tau.tolist() == pytest.approx([float(row["tau_b"])], rel=1e-13, abs=1e-15)


def test_the_sen_slope_and_its_interval_agree_with_scipy() -> None:
    with STORED.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))

    for row in rows:
        found = theil_sen(_numbers(row["days"]), _numbers(row["values"]))
        assert found is not None
        stored = [float(row[name]) for name in ("sen", "sen_low", "sen_high")]
        assert [found.per_day, found.low, found.high] == pytest.approx(stored, rel=1e-9, abs=1e-15)


def test_random_series_agree_with_scipy_in_the_same_run() -> None:
    rng = np.random.default_rng(4)
    for draws in range(4, 30):
        days = np.cumsum(rng.integers(1, 90, size=draws)).astype(np.float64)
        values = rng.integers(0, 12, size=draws).astype(np.float64)
        found, line = _of(values), theil_sen(days, values)
        expected = theilslopes(values, days, alpha=0.95)
        assert line is not None
        assert (line.per_day, line.low, line.high) == (expected.slope, expected.low_slope, expected.high_slope)
        assert float(found.tau[0]) == pytest.approx(float(kendalltau(np.arange(draws), values).statistic), rel=1e-12)


def test_empty_places_change_nothing() -> None:
    values = [2.0, 2.4, 2.4, 3.1, 2.9]
    alone, padded = _of(values), _of([np.nan, np.nan, *values, np.nan])

    for name in ("s", "variance", "z", "tau", "count"):
        assert getattr(alone, name).tolist() == getattr(padded, name).tolist()


def test_equal_results_have_no_trend_and_divide_nothing_by_zero() -> None:
    found = _of([3.0] * 360)

    assert (found.s[0], found.variance[0], found.z[0], found.tau[0]) == (0.0, 0.0, 0.0, 0.0)
    line = theil_sen(np.arange(360.0), np.full(360, 3.0))
    assert line is not None
    assert (line.per_day, line.low, line.high) == (0.0, 0.0, 0.0)


def test_results_of_one_day_have_no_sen_slope() -> None:
    assert theil_sen(np.array([5.0, 5.0, 5.0]), np.array([1.0, 2.0, 3.0])) is None


def test_the_worked_example_of_the_epa_comes_out() -> None:
    found = _of([10, 10, 10, 5, 10, 20, 18, 17, 15, 24, 15])  # QA/G-9S, page 109

    assert found.s.tolist() == [22.0]
    assert found.variance.tolist() == pytest.approx([155.33], abs=0.01)
    assert found.z.tolist() == pytest.approx([1.685], abs=0.0005)


def test_the_nile_comes_out_as_in_the_r_package_trend(shared_data: Path) -> None:
    with (shared_data / "05_reference" / "trend_R" / "Nile.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    years = np.array([float(row["year"]) for row in rows])
    flow = np.array([float(row["flow"]) for row in rows])

    found, line = _of(flow), theil_sen(years, flow)

    assert line is not None
    assert (found.s[0], line.per_day) == (-1387.0, -2.6)
    assert found.variance.tolist() == pytest.approx([112728.333333], rel=1e-9)
    assert found.z.tolist() == pytest.approx([-4.1280665], rel=1e-7)
    assert [line.low, line.high] == pytest.approx([-3.627907, -1.428571], abs=5e-7)


def test_the_reference_values_of_pymannkendall_come_out(shared_data: Path) -> None:
    text = (shared_data / "05_reference" / "pymannkendall" / "reference_values.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    values = np.array([np.nan if number is None else number for number in stored["arbitrary_1d_data"]])
    (expected,) = (
        case["expected"]
        for case in stored["expected"]
        if (case["function"], case["args"]) == ("original_test", "arbitrary_1d_data")
    )

    found = _of(values)

    assert found.s.tolist() == [expected["s"]]
    assert found.variance.tolist() == pytest.approx([expected["var_s"]], rel=1e-14)
    assert found.z.tolist() == pytest.approx([expected["z"]], rel=1e-13)


def test_every_patient_of_two_published_cohorts_agrees_with_the_stored_results(shared_data: Path) -> None:
    with (shared_data / "05_reference" / "peer_trend_results.csv").open(newline="", encoding="utf-8") as stream:
        expected = list(csv.DictReader(stream))
    series = _published_series(shared_data / "01_longitudinal")

    compared = 0
    for row in expected:
        days, values = series[row["dataset"], row["patient_id"], row["analyte"]]
        found, line = _of(values), theil_sen(days / 365.25, values)
        assert line is not None
        assert (len(values), found.s[0]) == (int(row["n"]), float(row["mk_S"]))
        assert float(found.variance[0]) == pytest.approx(float(row["mk_varS"]), abs=5e-5)
        assert float(found.z[0]) == pytest.approx(float(row["mk_z"]), abs=5e-7)
        stored = [float(row[name]) for name in ("theilsen_per_year", "theilsen_lo95", "theilsen_hi95")]
        assert [line.per_day, line.low, line.high] == pytest.approx(stored, rel=1e-5, abs=1e-6)
        compared += 1
    assert compared == 349


def _published_series(folder: Path) -> dict[tuple[str, str, str], tuple[FloatArray, FloatArray]]:
    """Days and values of each patient and analyte, oldest first."""
    points: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    with (folder / "pbcseq_long.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            points["pbcseq", row["patient_id"], row["analyte"]].append((float(row["day"]), float(row["value"])))
    with (folder / "caret_psa.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            points["caret_psa", row["id"], "PSA"].append((float(row["t"]) * 365.25, float(row["marker1"])))
    found = {}
    for key, of_series in points.items():
        ordered = np.array(sorted(of_series, key=lambda point: point[0]))
        found[key] = (ordered[:, 0], ordered[:, 1])
    return found
