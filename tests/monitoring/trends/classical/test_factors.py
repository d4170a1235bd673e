from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from monitoring.trends.classical.factors import first_result_factor
from monitoring.trends.variation import log_sd_of_total

STORED = Path(__file__).parent / "reference" / "factors.csv"
TABLE = {2: 2.326, 3: 2.710, 4: 2.916, 5: 3.055, 6: 3.159, 8: 3.310, 10: 3.418, 15: 3.600, 20: 3.721}
# Rise over the first result that n results allow, by the total CV in percent.
RISES = {
    10: {2: 1.26, 3: 1.31, 4: 1.34, 5: 1.36, 6: 1.37, 8: 1.39, 10: 1.41, 15: 1.43, 20: 1.45},
    20: {2: 1.59, 3: 1.71, 4: 1.78, 5: 1.83, 6: 1.87, 8: 1.93, 10: 1.97, 15: 2.04, 20: 2.09},
    30: {2: 1.98, 3: 2.22, 4: 2.35, 5: 2.45, 6: 2.53, 8: 2.64, 10: 2.73, 15: 2.88, 20: 2.98},
}


def test_the_factors_of_the_methods_review_come_out_to_three_decimals() -> None:
    assert {results: round(first_result_factor(results), 3) for results in TABLE} == TABLE


@pytest.mark.parametrize("cv", RISES)
def test_the_allowed_rises_of_the_methods_review_come_out_to_the_printed_digit(cv: int) -> None:
    sigma = log_sd_of_total(cv)
    found = {results: math.exp(first_result_factor(results) * sigma) for results in TABLE}

    assert found == pytest.approx(RISES[cv], abs=0.005 + 1e-9)


def test_the_factors_agree_with_integrate_and_uniroot_of_r() -> None:
    with STORED.open(newline="", encoding="utf-8") as stream:
        stored = {int(row["results"]): float(row["factor"]) for row in csv.DictReader(stream)}

    assert len(stored) == 10
    assert {results: first_result_factor(results) for results in stored} == pytest.approx(stored, rel=1e-10)


@pytest.mark.parametrize("results", [2, 3, 4, 6])
def test_the_chance_of_a_false_rise_over_the_series_is_five_percent_by_the_joint_normal_distribution(
    results: int,
) -> None:
    later = results - 1
    limit = np.full(later, first_result_factor(results))
    covariance = np.ones((later, later)) + np.eye(later)  # differences to the same first result
    inside = multivariate_normal.cdf(limit, mean=np.zeros(later), cov=covariance, abseps=1e-7, rng=1)

    assert 1.0 - float(inside) == pytest.approx(0.05, abs=2e-6)


def test_two_results_give_the_one_sided_reference_change() -> None:
    assert first_result_factor(2) == pytest.approx(1.6448536269514722 * math.sqrt(2.0), rel=1e-12)


@pytest.mark.parametrize(("results", "error"), [(1, 0.05), (3, 0.0), (3, 0.5)])
def test_one_result_or_an_error_out_of_range_is_refused(results: int, error: float) -> None:
    with pytest.raises(ValueError, match="no factor"):
        first_result_factor(results, error)
