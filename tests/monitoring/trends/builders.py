"""Short ways to write a series, a marker's parameters and a patient in the tests of the trend engine.

The figures and thresholds are the tests' own: a new calibration or a better source for a marker changes none of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from monitoring.trends.analysis import Analysis, analyse
from monitoring.trends.detection import DetectionParameters, Thresholds
from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.types import (
    DrawReading,
    LevelHistory,
    MarkerFinding,
    MarkerParameters,
    PatientFinding,
    Series,
)
from monitoring.trends.variation import log_sd_of_total

FIRST_DAY: Final = 20_000.0
WATCH_FROM, ALERT_FROM = 1.0, 2.0


def parameters(
    marker: str = "CEA", *, cv: float = 19.0, set_point: float | None = 2.2, **changes: Any
) -> MarkerParameters:
    """A tumour marker that rises in six of ten progressions, unless told. `set_point` None: none is known."""
    figures: dict[str, Any] = {
        "family": "tumour",
        "direction": "up",
        "verdict": True,
        "grade": "S",
        "participation": 0.6,
        "rebase_sd": 0.5,
        "drift": 0.2,
        "inflation": 1.2,
        "clip": 3.0,
        "group": marker,
        "sigma_total": log_sd_of_total(cv),
        "set_point_log_mean": None if set_point is None else math.log(set_point),
        "set_point_log_sd": None if set_point is None else changes.pop("set_point_sd", 0.7),
    }
    return MarkerParameters(marker=marker, **(figures | changes))


def _bone(marker: str, **changes: Any) -> MarkerParameters:
    return parameters(marker, **{"family": "bone_turnover", "participation": 0.3, **changes})


CEA = parameters()
CYFRA = parameters("CYFRA211", cv=26.0, set_point=1.7, set_point_sd=0.45, clip=2.5, rebase_sd=0.4)
ALP = _bone("ALP", cv=10.0, set_point=78.0, set_point_sd=0.28, rebase_sd=0.3, group="alkaline_phosphatase")
BAP = _bone("BAP", cv=14.0, set_point=13.0, set_point_sd=0.35, group="alkaline_phosphatase")
BCTX = _bone("BCTX", cv=23.0, set_point=0.30, set_point_sd=0.45, rebase_sd=1.2)
CALCIUM = parameters(
    "CA", family="mineral", cv=2.0, set_point=2.3, set_point_sd=0.03, direction="both", participation=0.05, clip=2.5
)
ALBUMIN = parameters(
    "ALB", family="mineral", cv=3.0, set_point=42.0, set_point_sd=0.05, direction="down", participation=0.05
)
UNWEIGHED = parameters("HGB", family="blood_count", cv=6.0, set_point=140.0, set_point_sd=0.1, participation=None)
UNKNOWN_NOISE = parameters("SCC", verdict=False, sigma_total=None, set_point=None)
PANEL: Final[Mapping[str, MarkerParameters]] = {
    one.marker: one for one in (CEA, CYFRA, ALP, BAP, BCTX, CALCIUM, ALBUMIN, UNWEIGHED, UNKNOWN_NOISE)
}


def flat_thresholds(*, watch: float, alert: float) -> Thresholds:
    """The same index whatever the drawing interval and the panel."""
    return Thresholds(
        curve={"watch": (watch, 0.0, 0.0, 0.0, 0.0), "alert": (alert, 0.0, 0.0, 0.0, 0.0)},
        weight=1.0,
        interval_days=(21.0, 140.0),
        weight_range=(0.01, 100.0),
    )


PARAMETERS: Final = DetectionParameters(
    doubling_times=(25.0, 45.0, 80.0, 140.0, 260.0),
    onset_step=28.0,
    onset_window=730.0,
    start_share=0.3,
    onset_rate=math.exp(-6.5),
    slow_share=0.5,
    slow_days=40.0,
    noise_weight=4.0,
    noise_lag=1,
    noise_shared=1.0,
    noise_falls_at_once=True,
    noise_bounds=(0.3, 6.0),
    noise_stretch=1.2,
    noise_centre=0.8,
    second_witness=0.13,
    set_point_reach=2.0,
    gate_odds=0.5,
    company=0.5,
    occasion_days=3.0,
    onsets_nobody_looked_at=False,
    below_is_a_reading=False,
    two_in_a_row=False,
    least_support=0.01,
    thresholds=flat_thresholds(watch=WATCH_FROM, alert=ALERT_FROM),
    bone_layer=True,
    version="tests",
)
# The noise of one marker does not depend on the others: the same evidence comes out with and without them.
ALONE: Final = replace(PARAMETERS, noise_shared=0.0)


def every(days: float, count: int, *, start: float = FIRST_DAY) -> list[float]:
    return [start + days * at for at in range(count)]


def series(
    values: Sequence[float],
    *,
    marker: str = "CEA",
    patient: int = 1,
    days: Sequence[float] | None = None,
    censoring: Sequence[int] | None = None,
    segments: Sequence[int] | None = None,
    exclusions: Sequence[str] | None = None,
    draw_ids: Sequence[int] | None = None,
    rebase: Mapping[int, float] | None = None,
    extra: Mapping[int, float] | None = None,
    watch_only: Sequence[int] = (),
) -> Series:
    """Draws 42 days apart unless told, with draw ids 1, 2, 3... `rebase` and `extra`: place in the list -> log SD;
    `watch_only`: places."""
    count = len(values)
    moved, uncertain = rebase or {}, extra or {}
    return Series(
        patient=patient,
        marker=marker,
        days=np.array(days if days is not None else every(42.0, count), dtype=np.float64),
        values=np.array(values, dtype=np.float64),
        censoring=np.array(censoring if censoring is not None else [0] * count, dtype=np.int8),
        segments=np.array(segments if segments is not None else [0] * count, dtype=np.int64),
        exclusions=tuple(exclusions if exclusions is not None else [""] * count),
        draw_ids=tuple(draw_ids if draw_ids is not None else range(1, count + 1)),
        rebase_codes=tuple("assay_changed" if at in moved else "" for at in range(count)),
        rebase_sd=np.array([moved.get(at, 0.0) for at in range(count)]),
        extra_codes=tuple("not_fasting" if at in uncertain else "" for at in range(count)),
        extra_sd=np.array([uncertain.get(at, 0.0) for at in range(count)]),
        watch_only=tuple("rebound_window" if at in watch_only else "" for at in range(count)),
    )


def cut(one: Series, draws: int) -> Series:
    """The first draws of a series, as it stood then."""
    return take(one, range(draws))


def take(one: Series, places: Sequence[int]) -> Series:
    """The draws at these places."""
    at = np.array(list(places), dtype=np.int64)
    return Series(
        patient=one.patient,
        marker=one.marker,
        days=one.days[at],
        values=one.values[at],
        censoring=one.censoring[at],
        segments=one.segments[at],
        exclusions=tuple(one.exclusions[place] for place in at),
        draw_ids=tuple(one.draw_ids[place] for place in at),
        rebase_codes=tuple(one.rebase_codes[place] for place in at),
        rebase_sd=one.rebase_sd[at],
        extra_codes=tuple(one.extra_codes[place] for place in at),
        extra_sd=one.extra_sd[at],
        watch_only=tuple(one.watch_only[place] for place in at),
    )


def patient_of(*of_markers: Series, using: DetectionParameters = PARAMETERS) -> PatientFinding:
    (found,) = evaluate(of_markers, PANEL, using)
    return found


def only(found: PatientFinding, marker: str) -> MarkerFinding:
    (finding,) = (one for one in found.markers if one.marker == marker)
    return finding


def history_of(*of_markers: Series, using: DetectionParameters = PARAMETERS) -> LevelHistory:
    (history,) = level_history(of_markers, PANEL, using)
    return history


def read(one: Series, *, using: DetectionParameters = PARAMETERS) -> MarkerFinding:
    """The finding of a single series under the tests' parameters."""
    (finding,) = patient_of(one, using=using).markers
    return finding


def analysis_of(
    *of_markers: Series, markers: Mapping[str, MarkerParameters] = PANEL, using: DetectionParameters = PARAMETERS
) -> Analysis:
    return analyse(sorted(of_markers, key=lambda one: (one.patient, one.marker)), markers, using)


def log_evidence(one: Series, **how: Any) -> list[float]:
    """ln R after each draw of a series that stands alone."""
    analysis = analysis_of(one, **how)
    return [float(analysis.evidence.log_evidence[0, column]) for column in analysis.panel.place[0]]


def as_known_then(reading: DrawReading) -> DrawReading:
    """What a later draw may not change: all but the weight, which is for the rise that leads now."""
    return replace(reading, weight=None)
