"""The baseline and the slope against independent computations; scripts and their stored output lie in reference/."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

import pytest

from monitoring.trends.engine import evaluate
from tests.monitoring.trends.builders import parameters, read, series

STORED = Path(__file__).parent / "reference"


def _cases(name: str) -> list[list[dict[str, str]]]:
    with (STORED / name).open(encoding="utf-8", newline="") as stream:
        return [list(rows) for _, rows in groupby(csv.DictReader(stream), key=lambda row: row["case"])]


@pytest.mark.parametrize("rows", _cases("peb.csv"))
def test_the_expected_value_and_band_are_those_of_the_conditional_multivariate_normal(
    rows: list[dict[str, str]],
) -> None:
    known = parameters(cv=100.0 * (2.718281828459045 ** (0.19**2) - 1.0) ** 0.5)

    ((finding,),) = (
        found.markers for found in evaluate([series([float(row["value"]) for row in rows])], {"CEA": known})
    )

    for reading, row in list(zip(finding.readings, rows, strict=True))[1:]:
        expected, spread = float(row["expected"]), float(row["predictive_log_sd"])
        assert reading.expected == pytest.approx(expected, rel=1e-8)
        assert reading.band_high == pytest.approx(expected * 2.718281828459045 ** (1.645 * spread), rel=1e-8)
        assert reading.baseline_draws == int(row["draw"])


@pytest.mark.parametrize("rows", _cases("slope.csv"))
def test_the_slope_and_its_interval_are_those_of_ordinary_least_squares(rows: list[dict[str, str]]) -> None:
    one = series([float(row["value"]) for row in rows], days=[float(row["day"]) for row in rows])

    (found,) = evaluate([one], {"CEA": parameters(verdict=False)})
    (finding,) = found.markers
    slope = finding.slope

    assert slope is not None
    assert (slope.draws, slope.method) == (len(rows), "year")
    assert slope.per_day == pytest.approx(float(rows[0]["slope"]), rel=1e-9)
    assert slope.low == pytest.approx(float(rows[0]["low"]), rel=1e-9)
    assert slope.high == pytest.approx(float(rows[0]["high"]), rel=1e-9)


@pytest.mark.parametrize("rows", _cases("rise.csv"))
def test_the_slope_of_a_rise_and_its_interval_are_those_of_the_stored_computation(rows: list[dict[str, str]]) -> None:
    finding = read(series([float(row["value"]) for row in rows], days=[float(row["day"]) for row in rows]))

    assert finding.state == "sustained_rise"
    assert finding.slope is not None
    assert finding.slope.method == "rise"
    assert finding.slope.draws == sum(row["fitted"] == "1" for row in rows)
    assert finding.slope.per_day == pytest.approx(float(rows[0]["slope"]), rel=1e-9)
    assert finding.slope.low == pytest.approx(float(rows[0]["low"]), rel=1e-9)
    assert finding.slope.high == pytest.approx(float(rows[0]["high"]), rel=1e-9)


def test_the_stored_rises_cover_both_quantiles() -> None:
    assert {rows[0]["quantile"] for rows in _cases("rise.csv")} == {"normal", "t"}
