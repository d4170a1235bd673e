"""Independent check of the shrinkage baseline: the next log result given the earlier ones, as a conditional
multivariate normal, from SciPy alone. Nothing of Leadtime is imported.

Run from the project root: python -m tests.monitoring.trends.reference.peb
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

FloatArray = NDArray[np.float64]
SET_POINT_MEAN, SET_POINT_SD, SIGMA = float(np.log(2.2)), 0.75, 0.19
OUTPUT = Path(__file__).with_name("peb.csv")


def log_density(points: FloatArray) -> FloatArray:
    """Every pair of results shares the person's level; each has its own variation around it."""
    draws = points.shape[-1]
    covariance = np.full((draws, draws), SET_POINT_SD**2) + SIGMA**2 * np.eye(draws)
    density = multivariate_normal.logpdf(points, mean=np.full(draws, SET_POINT_MEAN), cov=covariance)
    return np.asarray(density, dtype=np.float64)


def conditional(earlier: FloatArray) -> tuple[float, float]:
    """Mean and SD of the next result, by the ratio of joint densities on a fine grid: no conditioning formula used."""
    grid = np.linspace(-6.0, 8.0, 280_001)
    points = np.column_stack([np.tile(earlier, (len(grid), 1)), grid])
    weight = np.exp(log_density(points) - log_density(earlier))
    weight /= weight.sum()
    mean = float(np.sum(weight * grid))
    return mean, float(np.sqrt(np.sum(weight * (grid - mean) ** 2)))


def main() -> None:
    rng = np.random.default_rng(7)
    rows = []
    for case in range(12):
        level = rng.normal(SET_POINT_MEAN, 0.4)
        logs = level + rng.normal(0.0, 0.08, size=7)
        for draw in range(1, len(logs)):
            mean, sd = conditional(logs[:draw])
            rows.append([case, draw, *(repr(float(value)) for value in (np.exp(logs[draw]), np.exp(mean), sd))])
        rows.append([case, 0, repr(float(np.exp(logs[0]))), "", ""])
    rows.sort(key=lambda row: (row[0], row[1]))
    with OUTPUT.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["case", "draw", "value", "expected", "predictive_log_sd"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
