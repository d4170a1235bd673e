"""Independent check of Mann-Kendall and Theil-Sen: pymannkendall 1.4.3 and SciPy, on synthetic series with ties.
Nothing of Leadtime is imported.

Run from the project root: python -m tests.monitoring.trends.classical.reference.ranks
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pymannkendall
from numpy.typing import NDArray
from scipy.stats import kendalltau, theilslopes

OUTPUT = Path(__file__).with_name("ranks.csv")
HEADER = ["days", "values", "s", "variance", "z", "p_two_sided", "tau_b", "sen", "sen_low", "sen_high"]


def main() -> None:
    rng = np.random.default_rng(15)
    rows = []
    for draws in (4, 5, 6, 7, 8, 8, 8, 12, 20, 40):
        days = 20_000.0 + np.cumsum(rng.choice([21.0, 42.0, 63.0, 91.0], size=draws))
        values = np.round(2.0 + 0.02 * np.arange(draws) * rng.integers(0, 4) + rng.normal(0.0, 0.3, size=draws), 1)
        found = pymannkendall.original_test(values)
        tau = kendalltau(np.arange(draws), values, variant="b").statistic
        sen, _, low, high = theilslopes(values, days, alpha=0.95)
        columns = (found.s, found.var_s, found.z, found.p, tau, sen, low, high)
        rows.append([_join(days), _join(values), *(repr(float(number)) for number in columns)])
    with OUTPUT.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


def _join(numbers: NDArray[np.float64]) -> str:
    return " ".join(repr(float(number)) for number in numbers)


if __name__ == "__main__":
    main()
