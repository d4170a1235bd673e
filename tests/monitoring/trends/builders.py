"""Short ways to write a series and a marker's parameters in the tests of the trend engine."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from monitoring.trends.engine import evaluate
from monitoring.trends.types import Direction, MarkerFinding, MarkerParameters, Series
from monitoring.trends.variation import log_sd_of_total


def parameters(
    marker: str = "CEA",
    *,
    family: str = "tumour",
    cv: float = 19.0,
    set_point: float | None = 2.2,
    set_point_sd: float | None = 0.75,
    direction: Direction = "up",
    verdict: bool = True,
) -> MarkerParameters:
    return MarkerParameters(
        marker=marker,
        family=family,
        sigma_total=log_sd_of_total(cv),
        set_point_log_mean=None if set_point is None else math.log(set_point),
        set_point_log_sd=None if set_point is None else set_point_sd,
        direction=direction,
        verdict=verdict,
        grade="S",
    )


CEA = parameters()
CYFRA = parameters("CYFRA211", cv=26.0, set_point=1.7, set_point_sd=0.40)
ALP = parameters("ALP", family="bone_turnover", cv=10.0, set_point=78.0, set_point_sd=0.28)
BAP = parameters("BAP", family="bone_turnover", cv=14.0, set_point=13.0, set_point_sd=0.35)
BCTX = parameters("BCTX", family="bone_turnover", cv=23.0, set_point=0.30, set_point_sd=0.45)
CALCIUM = parameters("CA", family="mineral", cv=2.0, set_point=2.3, set_point_sd=0.03, direction="both")
ALBUMIN = parameters("ALB", family="mineral", cv=3.0, set_point=42.0, set_point_sd=0.05, direction="down")
PANEL = {one.marker: one for one in (CEA, CYFRA, ALP, BAP, BCTX, CALCIUM, ALBUMIN)}


def series(
    values: Sequence[float],
    *,
    marker: str = "CEA",
    patient: int = 1,
    days: Sequence[float] | None = None,
    censoring: Sequence[int] | None = None,
    segments: Sequence[int] | None = None,
    exclusions: Sequence[str] | None = None,
) -> Series:
    """Draws 42 days apart unless told, with draw ids 1, 2, 3..."""
    count = len(values)
    return Series(
        patient=patient,
        marker=marker,
        days=np.array(days if days is not None else [20_000.0 + 42.0 * at for at in range(count)], dtype=np.float64),
        values=np.array(values, dtype=np.float64),
        censoring=np.array(censoring if censoring is not None else [0] * count, dtype=np.int8),
        segments=np.array(segments if segments is not None else [0] * count, dtype=np.int64),
        exclusions=tuple(exclusions if exclusions is not None else [""] * count),
        draw_ids=tuple(range(1, count + 1)),
    )


def read(one: Series) -> MarkerFinding:
    """The finding of a single series under the panel's parameters."""
    (patient,) = evaluate([one], PANEL)
    (finding,) = patient.markers
    return finding
