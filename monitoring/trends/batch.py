"""Many series side by side as padded matrices: one row a series, one column a draw.

Padding is never usable and every sum over draws runs column by column, so a row's numbers do not depend on how far
the matrix was padded or on the rows beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.trends.types import USABLE, FloatArray, IntArray, MarkerParameters, Series

BoolArray = NDArray[np.bool_]
NO_SEGMENT = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    series: tuple[Series, ...]
    parameters: tuple[MarkerParameters, ...]
    days: FloatArray
    logs: FloatArray  # ln value, mirrored (times -1) where a fall is what matters
    censoring: NDArray[np.int8]  # mirrored likewise
    segments: IntArray
    measurable: BoolArray  # a positive finite value that nothing excludes
    mirror: FloatArray  # +1 or -1 a row
    verdict: BoolArray
    sigma: FloatArray
    prior_mean: FloatArray
    prior_sd: FloatArray  # NaN where the marker has no set-point
    z: FloatArray

    @property
    def rows(self) -> int:
        return int(self.days.shape[0])

    @property
    def columns(self) -> int:
        return int(self.days.shape[1])


def unknown_marker(marker: str) -> MarkerParameters:
    """A marker nobody described still shows its trend."""
    return MarkerParameters(
        marker=marker,
        family="",
        sigma_total=None,
        set_point_log_mean=None,
        set_point_log_sd=None,
        direction="up",
        verdict=False,
        grade="",
    )


def build_batch(series: Sequence[Series], parameters: Mapping[str, MarkerParameters]) -> Batch:
    known = tuple(parameters.get(one.marker) or unknown_marker(one.marker) for one in series)
    mirror = np.array([-1.0 if one.direction == "down" else 1.0 for one in known], dtype=np.float64)
    shape = (len(series), max((len(one.days) for one in series), default=0))
    days = np.zeros(shape)
    values = np.ones(shape)
    censoring = np.zeros(shape, dtype=np.int8)
    segments = np.full(shape, NO_SEGMENT, dtype=np.int64)
    measurable = np.zeros(shape, dtype=np.bool_)
    for row, one in enumerate(series):
        width = len(one.days)
        fine = np.isfinite(one.values) & (one.values > 0)
        days[row, :width] = one.days
        values[row, :width] = np.where(fine, one.values, 1.0)
        censoring[row, :width] = one.censoring
        segments[row, :width] = one.segments
        measurable[row, :width] = fine & np.array([code == USABLE for code in one.exclusions], dtype=np.bool_)
    return Batch(
        series=tuple(series),
        parameters=known,
        days=days,
        logs=np.log(values) * mirror[:, None],
        censoring=(censoring * mirror[:, None]).astype(np.int8),
        segments=segments,
        measurable=measurable,
        mirror=mirror,
        verdict=np.array([one.verdict for one in known], dtype=np.bool_),
        sigma=_column(one.sigma_total if one.verdict else 1.0 for one in known),
        prior_mean=_column(one.set_point_log_mean for one in known) * mirror,
        prior_sd=_column(one.set_point_log_sd for one in known),
        z=_column(one.z for one in known),
    )


def _column(numbers: Iterable[float | None]) -> FloatArray:
    return np.array([math.nan if number is None else number for number in numbers], dtype=np.float64)
