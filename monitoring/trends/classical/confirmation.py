"""Rules that demand a second result: a rise counts once a later draw still shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitoring.trends.classical.panel import Panel, Past
from monitoring.trends.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Confirmed:
    """`statistic`, and the column of the draw that it confirms (-1 where there is none): rows x draws."""

    statistic: FloatArray
    begun: IntArray


def confirmed(panel: Panel, past: Past, single: FloatArray, *, days_apart: float) -> Confirmed:
    """The least of a one-draw statistic over a draw, the latest one of its segment `days_apart` or more days before it,
    and those in between. Each draw is read against what was known before it; a "<" among them confirms nothing.
    """
    statistic = np.full(panel.days.shape, -math.inf)
    begun = np.full(panel.days.shape, -1, dtype=np.int64)
    for column in range(panel.columns):
        least = single[:, column]
        pending = np.isfinite(least)
        for earlier in range(column - 1, -1, -1):
            pending &= past.segment[:, earlier] == past.segment[:, column]
            if not bool(np.any(pending)):
                break
            used = pending & past.used[:, earlier]
            least = np.where(used, np.minimum(least, single[:, earlier]), least)
            pending &= np.isfinite(least)
            found = used & pending & (panel.days[:, column] - panel.days[:, earlier] >= days_apart)
            statistic[:, column] = np.where(found, least, statistic[:, column])
            begun[:, column] = np.where(found, earlier, begun[:, column])
            pending &= ~found
    return Confirmed(statistic=statistic, begun=begun)
