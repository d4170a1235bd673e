"""What goes into the trend engine and what comes out of it.

Findings hold plain Python numbers, strings and tuples, never NaN and never arrays, so they can be compared, stored
and shown as they are. A number that does not exist is None, with a reason code beside it where there is a reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CensoringArray = NDArray[np.int8]

Direction = Literal["up", "down", "both"]
Stance = Literal["supports", "neutral", "against", "not_used"]
MarkerState = Literal["not_enough_data", "no_verdict", "calm", "single_rise", "sustained_rise"]
Level = Literal["none", "watch", "alert"]
Pattern = Literal["", "tumour", "bone", "tumour_and_bone", "other"]
BaselineStart = Literal["series", "segment", "sustained_fall"]
SlopeMethod = Literal["rise", "year"]
ReasonCode = Literal[
    "tumour_marker_sustained",
    "bone_markers_sustained",
    "bone_marker_sustained",
    "other_marker_sustained",
    "single_supporting_draw",
]

ONE_SIDED_95: Final = 1.645
USABLE: Final = ""


class TrendProblem(ValueError):
    """Input the engine refuses: a mistake of the caller, never a property of a patient's values."""

    def __init__(self, code: str, params: dict[str, str], message: str) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One marker of one patient over time, in the marker's canonical unit, oldest draw first.

    `values` holds the reporting limit where `censoring` is -1 ("<") or +1 (">"). A change in `segments` (another
    assay or laboratory, a dismissal, a new line of treatment) restarts the baseline. A draw with a code in
    `exclusions` is shown and never used as evidence.
    """

    patient: int
    marker: str
    days: FloatArray
    values: FloatArray
    censoring: CensoringArray
    segments: IntArray
    exclusions: tuple[str, ...]
    draw_ids: tuple[int, ...]

    def __post_init__(self) -> None:
        lengths = {
            len(part)
            for part in (self.days, self.values, self.censoring, self.segments, self.exclusions, self.draw_ids)
        }
        where = {"patient": str(self.patient), "marker": self.marker}
        if len(lengths) != 1:
            raise TrendProblem("series_lengths_differ", where, "the columns of a series differ in length")
        if not bool(np.all(np.isfinite(self.days))):
            raise TrendProblem("series_day_missing", where, "every draw of a series needs a finite day")
        if bool(np.any(np.diff(self.days) < 0)):
            raise TrendProblem("series_not_ascending", where, "the draws of a series must be in ascending order of day")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerParameters:
    """What is known of a marker before any draw of the patient. Log means the natural logarithm of the canonical unit.

    `sigma_total` is the within-person log SD with the analytical part included. Without a set-point (mean and SD both
    None) the baseline is the person's own draws alone. `verdict` False: the trend is shown, nothing is concluded.
    """

    marker: str
    family: str
    sigma_total: float | None
    set_point_log_mean: float | None
    set_point_log_sd: float | None
    direction: Direction
    verdict: bool
    grade: str
    z: float = ONE_SIDED_95

    def __post_init__(self) -> None:
        where = {"marker": self.marker}
        if self.verdict and not _is_positive(self.sigma_total):
            raise TrendProblem("sigma_missing", where, f"{self.marker}: a verdict needs a positive within-person SD")
        if (self.set_point_log_mean is None) != (self.set_point_log_sd is None):
            raise TrendProblem("set_point_incomplete", where, f"{self.marker}: a set-point needs both mean and SD")
        if self.set_point_log_sd is not None and not _is_positive(self.set_point_log_sd):
            raise TrendProblem("set_point_sd_invalid", where, f"{self.marker}: the set-point SD must be positive")
        if not _is_positive(self.z):
            raise TrendProblem("z_invalid", where, f"{self.marker}: Z must be positive")


def _is_positive(number: float | None) -> bool:
    return number is not None and math.isfinite(number) and number > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawReading:
    """How one draw was read against what was known before it. `reason` is '' unless the stance needs one."""

    draw_id: int
    day: float
    value: float
    censoring: int
    expected: float | None
    band_low: float | None
    band_high: float | None
    support_limit: float | None  # a draw supports beyond this value (above it; below it where direction is 'down')
    baseline_draws: int
    z: float | None
    rise_vs_baseline_percent: float | None
    rcv_percent: float | None
    stance: Stance
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The person's own level that the latest usable draw was read against, with a 95 % interval."""

    level: float
    low: float
    high: float
    draws: int
    draw_ids: tuple[int, ...]
    start: BaselineStart


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Change of the natural logarithm per day, with an approximate 95 % interval. `method` says over which draws.

    "rise": the last used draw before a sustained rise and the draws of it. "year": up to 365 days of the segment.
    """

    per_day: float
    low: float
    high: float
    draws: int
    span_days: float
    method: SlopeMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class DoublingTime:
    """Mean over the draws of a sustained rise (`Slope.method` is "rise"), with an approximate 95 % interval."""

    days: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerFinding:
    """What the engine says of one marker of one patient at the latest draw."""

    patient: int
    marker: str
    family: str
    direction: Direction
    state: MarkerState
    readings: tuple[DrawReading, ...]
    baseline: Baseline | None
    rcv_up_percent: float | None  # the change that counts, signed: negative where direction is 'down'
    supporting_draw_ids: tuple[int, ...]
    since_day: float | None
    last_value: float | None
    last_censoring: int
    last_day: float | None
    change_percent: float | None
    slope: Slope | None
    doubling_time: DoublingTime | None
    doubling_time_reason: str  # '' or too_few_draws, span_too_short, not_rising, interval_too_wide
    what_would_lower_it: float | None
    grade: str
    segment: int | None
    segment_start_day: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One ground for a level: which marker, which draws, since when."""

    code: ReasonCode
    marker: str
    direction: Direction
    draw_ids: tuple[int, ...]
    since_day: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFinding:
    patient: int
    level: Level
    reasons: tuple[Reason, ...]
    markers: tuple[MarkerFinding, ...]
    since_day: float | None
    pattern: Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAtDraw:
    """The level as it stood after one draw, known from that draw and earlier ones only."""

    draw_id: int
    day: float
    level: Level
    pattern: Pattern
    markers: tuple[str, ...]  # the markers that carry the level


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelHistory:
    patient: int
    draws: tuple[LevelAtDraw, ...]
