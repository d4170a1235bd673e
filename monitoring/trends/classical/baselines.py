"""What a draw is compared with, known before it: expected log value and SD of the difference, rows x draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.trends.classical.panel import Panel, Past
from monitoring.trends.types import BoolArray, FloatArray
from monitoring.trends.variation import TWO_RESULTS

# "n >= 3 in practice" for the personalised interval; the evaluation in CEA found three results sufficient
# (doi:10.1515/cclm-2024-0546, read in the abstract).
FEWEST_FOR_INTERVAL: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """`centre` and `scale` before each draw; NaN where the rule has nothing to compare with."""

    centre: FloatArray
    scale: FloatArray


def peb(panel: Panel, past: Past) -> Expectation:
    """Parametric empirical Bayes: y | theta ~ N(theta, sigma^2), theta ~ N(mu, tau^2), n earlier draws with mean m.

    B = tau^2 / (tau^2 + sigma^2 / n); centre mu + B (m - mu); variance sigma^2 + tau^2 (1 - B). With n = 0 this is the
    population's limit. Without a set-point the person's own draws alone count (tau to infinity) and n >= 1 is needed.
    McIntosh and Urban 2003, doi:10.1093/biostatistics/4.1.27.
    """
    variance = _column(panel.sigma) ** 2
    between = _column(panel.set_point_sd) ** 2
    mu = _column(panel.set_point_mean)
    known = np.isfinite(mu) & np.isfinite(between)
    count = past.count
    own = np.where(count > 0, past.mean, 0.0)
    divisor = count * between + variance
    shrunk = mu + count * between / divisor * np.where(count > 0, own - mu, 0.0)
    flat = np.where(count > 0, own, np.nan)
    spread = np.where(known, variance + between * variance / divisor, variance * (1.0 + 1.0 / np.maximum(count, 1.0)))
    return Expectation(centre=np.where(known, shrunk, flat), scale=np.sqrt(spread))


def personal_interval(panel: Panel, past: Past) -> Expectation:
    """Personalised reference interval on the log scale: mean of the n earlier draws, SD sigma root((n + 1) / n).

    From three earlier draws on. Coskun et al. 2021, doi:10.1093/clinchem/hvaa233 (formula recalled, design section 2).
    """
    enough = past.count >= FEWEST_FOR_INTERVAL
    count = np.maximum(past.count, 1.0)
    return Expectation(
        centre=np.where(enough, past.mean, np.nan),
        scale=_column(panel.sigma) * np.sqrt((count + 1.0) / count),
    )


def previous_draw(panel: Panel, past: Past) -> Expectation:
    """The result before, with the SD of the difference of two results."""
    latest = np.full(panel.rows, np.nan)
    centre = np.full(panel.days.shape, np.nan)
    for column in range(panel.columns):
        latest = np.where(panel.rebase[:, column], np.nan, latest)
        centre[:, column] = latest
        latest = np.where(past.used[:, column], panel.logs[:, column], latest)
    return Expectation(centre=centre, scale=_wide(TWO_RESULTS * panel.sigma, panel.columns))


def population(panel: Panel) -> Expectation:
    """People's levels and the variation around them: the same limit for everybody."""
    sd = np.hypot(panel.sigma, panel.set_point_sd)
    return Expectation(centre=_wide(panel.set_point_mean, panel.columns), scale=_wide(sd, panel.columns))


def in_logs(centre: FloatArray) -> Expectation:
    """For the rules in percent, which know no variation: the difference of the logs itself."""
    return Expectation(centre=centre, scale=np.ones_like(centre))


def standardised(logs: FloatArray, expected: Expectation, *, at: BoolArray) -> FloatArray:
    """(y - centre) / scale where `at` holds and there is something to compare with; minus infinity elsewhere."""
    z = (logs - expected.centre) / expected.scale
    return np.where(at & np.isfinite(z), z, -math.inf)


def _column(vector: FloatArray) -> FloatArray:
    return vector[:, None]


def _wide(vector: FloatArray, columns: int) -> FloatArray:
    return np.repeat(vector[:, None], columns, axis=1)
