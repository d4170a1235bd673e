"""What goes into the trend engine and what comes out of it.

Findings hold plain Python numbers, strings and tuples, never NaN and never arrays, so they can be compared, stored
and shown as they are. A number that does not exist is None, with a reason code beside it where there is a reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from monitoring.trends.classical.readings import ClassicalReadings

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
CensoringArray = NDArray[np.int8]

Direction = Literal["up", "down", "both"]
Stance = Literal["supports", "neutral", "against", "not_used"]
MarkerState = Literal["not_enough_data", "no_verdict", "calm", "single_rise", "sustained_rise"]
Level = Literal["none", "watch", "alert"]
Pattern = Literal["", "tumour", "bone", "tumour_and_bone", "other"]
BaselineStart = Literal["series", "segment"]
SlopeMethod = Literal["rise", "year"]
ReasonCode = Literal[
    "tumour_marker_sustained",
    "bone_markers_sustained",
    "bone_marker_sustained",
    "other_marker_sustained",
    "single_supporting_draw",  # evidence of a rise that no second draw has confirmed
]

ONE_SIDED_95: Final = 1.645
USABLE: Final = ""


class TrendProblem(ValueError):
    """Input the engine refuses: a mistake of the caller, never a property of a patient's values."""

    def __init__(self, code: str, params: dict[str, str], message: str) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


def _nothing() -> FloatArray:
    return np.zeros(0)


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
    # What is known of the time of a draw, each with its code ('' and 0 where there is nothing; None: nowhere).
    rebase_codes: tuple[str, ...] = ()  # an event before this draw moved the level: the memory of it is discounted
    rebase_sd: FloatArray = field(default_factory=_nothing)  # ... by this log SD
    extra_codes: tuple[str, ...] = ()  # the sample is uncertain
    extra_sd: FloatArray = field(default_factory=_nothing)  # ... by this log SD, beside the person's own variation
    watch_only: tuple[str, ...] = ()  # the draw may carry a WATCH and no ALERT

    def __post_init__(self) -> None:
        self._fill_in()
        parts = (self.days, self.values, self.censoring, self.segments, self.exclusions, self.draw_ids)
        known = (self.rebase_codes, self.rebase_sd, self.extra_codes, self.extra_sd, self.watch_only)
        lengths = {len(part) for part in (*parts, *known)}
        where = {"patient": str(self.patient), "marker": self.marker}
        if len(lengths) != 1:
            raise TrendProblem("series_lengths_differ", where, "the columns of a series differ in length")
        if not bool(np.all(np.isfinite(self.days))):
            raise TrendProblem("series_day_missing", where, "every draw of a series needs a finite day")
        if bool(np.any(np.diff(self.days) < 0)):
            raise TrendProblem("series_not_ascending", where, "the draws of a series must be in ascending order of day")

    def _fill_in(self) -> None:
        """Where nothing is known of a column, it is empty for every draw."""
        width = len(self.draw_ids)
        for name in ("rebase_codes", "extra_codes", "watch_only"):
            object.__setattr__(self, name, getattr(self, name) or ("",) * width)
        for name in ("rebase_sd", "extra_sd"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.zeros(width))


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
    participation: float | None = None  # pi: share of progressions in which the marker rises; None: never weighed
    rebase_sd: float = 0.3  # log SD by which a change of segment frees the level
    drift: float = 0.08  # log SD of the level over a root year
    inflation: float = 1.2  # on the SD, for noise nobody modelled
    clip: float = 3.0  # SDs beyond which a draw counts no further
    group: str = ""  # markers of one group are counted once

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
    baseline_draws: int  # used draws before this one
    z: float | None
    rise_vs_baseline_percent: float | None
    rcv_percent: float | None
    stance: Stance
    reason: str
    log_evidence: float | None = None  # ln R after this draw (D9), as it was known then
    weight: float | None = None  # log-likelihood ratio of this draw for the rise that leads now (D8)
    rebased: str = ""  # code of the event before this draw that moved the level
    uncertain: str = ""  # code of what makes the sample uncertain
    watch_only: str = ""  # code of why the draw may carry no ALERT


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

    "rise": the last used draw before the draws that support a rise, and those. "year": up to 365 days of the segment.
    """

    per_day: float
    low: float
    high: float
    draws: int
    span_days: float
    method: SlopeMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class DoublingTime:
    """Of the excess that the tumour adds, if the rise is one: posterior median and approximate 95 % interval (D14)."""

    days: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseEvidence:
    """What speaks for a rise of one marker (D9 to D11): evidence, never a probability of what it is due to."""

    log_evidence: float  # ln R, R in days
    odds: float  # o: R times the onset rate
    part: float  # what the marker adds to the watch index
    confirmed: bool  # the latest occasion speaks for the rise, and so do all occasions without the strongest
    support: float  # D10: of the latest occasion and of all but the strongest, what says less; log units
    onset_day: float  # of the leading hypothesis, with an approximate 95 % interval
    onset_low: float
    onset_high: float
    noise: float  # the person's own variance against the stated one


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
    evidence: RiseEvidence | None = None
    classical: ClassicalReadings | None = None  # of markers that moved


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
    watch_index: float | None = None
    alert_index: float | None = None  # None: no confirmed marker may carry an ALERT
    watch_threshold: float | None = None
    alert_threshold: float | None = None
    interval_days: float | None = None  # the patient's median drawing interval so far
    weighed: tuple[str, ...] = ()  # markers that had enough draws to take part
    next_draw_days: float | None = None  # a repeat after this many days would say most


class LevelAtDraw(NamedTuple):
    """The level as it stood after one draw, known from that draw and earlier ones only.

    A named tuple: a back-test makes a million of them.
    """

    draw_id: int
    day: float
    level: Level
    markers: tuple[str, ...]  # confirmed: more than one occasion supports their rise, with odds that may carry an ALERT
    watch_index: float
    alert_index: float | None  # None: no confirmed marker may carry an ALERT


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelHistory:
    patient: int
    draws: tuple[LevelAtDraw, ...]
