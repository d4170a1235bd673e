"""Rules that carry something from draw to draw: CUSUM and EWMA."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from monitoring.trends.classical.baselines import peb, standardised
from monitoring.trends.classical.panel import Panel, Past
from monitoring.trends.types import FloatArray

ALLOWANCE: Final = 0.5  # k: half the shift, in SDs, that is to be found
# h: with k = 0.5 on average 335 draws to a false signal (derived in the tests by the Markov chain of Brook and Evans
# 1972, doi:10.1093/biomet/59.3.539). PEB z of successive draws are independent, so this holds from the first draw on.
CUSUM_LIMIT: Final = 4.0
EWMA_WEIGHT: Final = 0.3
EWMA_LIMIT: Final = 3.0  # L, the three SDs of the first such chart (Roberts 1959; recalled)


def cusum(panel: Panel, past: Past) -> FloatArray:
    """Page's one-sided C = max(0, C + z - 0.5) on the PEB z; starts at 0 with each segment. Page 1954,
    doi:10.1093/biomet/41.1-2.100. Rows x draws; at a draw reported as "<" z is no higher than 0 and nothing is said."""
    z = _scores(panel, past)
    level = np.zeros(panel.rows)
    statistic = np.full(panel.days.shape, -math.inf)
    for column in range(panel.columns):
        level = np.where(panel.rebase[:, column], 0.0, level)
        counts = np.isfinite(z[:, column])
        step = np.where(counts, z[:, column] - ALLOWANCE, 0.0)
        level = np.where(counts, np.maximum(0.0, level + step), level)
        statistic[:, column] = np.where(counts & past.speaks[:, column], level, -math.inf)
    return statistic


def ewma(panel: Panel, past: Past) -> FloatArray:
    """E = 0.3 z + 0.7 E on the PEB z, over its SD after j draws; starts at 0 with each segment. Roberts 1959,
    doi:10.1080/00401706.1959.10489860."""
    z = _scores(panel, past)
    level, draws = np.zeros(panel.rows), np.zeros(panel.rows)
    statistic = np.full(panel.days.shape, -math.inf)
    keep = 1.0 - EWMA_WEIGHT
    for column in range(panel.columns):
        fresh = panel.rebase[:, column]
        level, draws = np.where(fresh, 0.0, level), np.where(fresh, 0.0, draws)
        counts = np.isfinite(z[:, column])
        step = np.where(counts, z[:, column], 0.0)
        level = np.where(counts, EWMA_WEIGHT * step + keep * level, level)
        draws = draws + counts
        share = EWMA_WEIGHT / (2.0 - EWMA_WEIGHT) * -np.expm1(2.0 * np.maximum(draws, 1.0) * math.log(keep))
        statistic[:, column] = np.where(counts & past.speaks[:, column], level / np.sqrt(share), -math.inf)
    return statistic


def _scores(panel: Panel, past: Past) -> FloatArray:
    z = standardised(panel.logs, peb(panel, past), at=past.used)
    return np.where(panel.censored, np.minimum(z, 0.0), z)
