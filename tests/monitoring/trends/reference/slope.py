"""Independent check of the slope: scipy.stats.linregress on the logarithm. Nothing of Leadtime is imported.

Run from the project root: python -m tests.monitoring.trends.reference.slope
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.stats import linregress, t

OUTPUT = Path(__file__).with_name("slope.csv")


def main() -> None:
    rng = np.random.default_rng(11)
    rows = []
    for case in range(12):
        count = 3 + case % 6
        days = 20_000.0 + np.cumsum(rng.uniform(10.0, 45.0, size=count)).round(3)
        values = np.exp(0.8 + rng.normal(0.0, 0.01) * (days - days[0]) + rng.normal(0.0, 0.15, size=count))
        fit = linregress(days - days[0], np.log(values))
        half = t.ppf(0.975, count - 2) * fit.stderr
        for day, value in zip(days, values, strict=True):
            numbers = (day, value, fit.slope, fit.slope - half, fit.slope + half)
            rows.append([case, *(repr(float(number)) for number in numbers)])
    with OUTPUT.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["case", "day", "value", "slope", "low", "high"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
