"""Independent check of the slope of a rise: scipy.stats.linregress for the line, scipy.stats for the quantiles, the
known SD widened by the root of two. Nothing of Leadtime is imported.

Run from the project root: python -m tests.monitoring.trends.reference.rise
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, linregress, norm, t

FloatArray = NDArray[np.float64]
SIGMA = float(np.sqrt(np.log(1.0 + 0.19**2)))  # a total CV of 19 %
OUTPUT = Path(__file__).with_name("rise.csv")


def interval(days: FloatArray, logs: FloatArray) -> tuple[float, float, float, str]:
    """Slope, both ends, and the quantile that made them."""
    fit = linregress(days - days[0], logs)
    freedom = len(days) - 2
    residual = logs - fit.intercept - fit.slope * (days - days[0])
    about = float(np.sum((days - days.mean()) ** 2))
    known, seen = 2.0 * SIGMA**2, float(np.sum(residual**2)) / freedom
    fits = chi2.sf(freedom * seen / known, freedom) >= 0.05
    quantile = norm.ppf(0.975) if fits else t.ppf(0.975, freedom)
    half = float(quantile * np.sqrt(max(known, seen) / about))
    return float(fit.slope), float(fit.slope) - half, float(fit.slope) + half, "normal" if fits else "t"


def main() -> None:
    """Five flat draws about 2.0, then a run far above them: the last flat draw and the run are what is fitted."""
    rng = np.random.default_rng(13)
    rows = []
    for case in range(14):
        run = 2 + case % 6
        days = 20_000.0 + np.cumsum(rng.uniform(20.0, 60.0, size=5 + run)).round(3)
        noise = 0.1 if case < 8 else 0.8
        flat = rng.uniform(-0.1, 0.1, size=5)
        risen = 1.0 + 0.005 * (days[5:] - days[4]) + np.abs(rng.normal(0.0, noise, size=run))
        values = 2.0 * np.exp(np.concatenate([flat, risen]))
        numbers = interval(days[4:], np.log(values[4:]))
        for at, (day, value) in enumerate(zip(days, values, strict=True)):
            written = (repr(float(number)) for number in (day, value, *numbers[:3]))
            rows.append([case, int(at >= 4), numbers[3], *written])
    with OUTPUT.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["case", "fitted", "quantile", "day", "value", "slope", "low", "high"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
