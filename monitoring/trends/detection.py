"""How the engine looks for a rise: hypotheses, noise model, thresholds (docs/clinical-rules.md, D1 to D14).

Data without code: the shipped figures come from `monitoring/rules/detection.toml` and the calibration file, and a test
may give others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from monitoring.trends.types import TrendProblem

DAYS_A_YEAR: Final = 365.25
Gate = Literal["watch", "alert"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Index a level needs, by drawing interval and by how much the patient's panel can weigh (D13).

    h = c0 + c1 x + c2 x^2 + u (c3 + c4 x), x = ln(interval / 63 days), u = W / W0 - 1, W the sum of the participation
    odds of the markers measured so far, W0 that of the panel it is written for; interval and W are held inside their
    ranges.
    """

    curve: Mapping[Gate, tuple[float, float, float, float, float]]
    weight: float
    interval_days: tuple[float, float]
    weight_range: tuple[float, float]

    def __post_init__(self) -> None:
        low, high = self.interval_days
        if not 0 < low < high:
            raise TrendProblem("thresholds_invalid", {}, "the intervals a threshold holds for must be ascending")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionParameters:
    """Times in days, SDs of the natural logarithm. Source and grade of each stand in `rules/detection.toml`."""

    doubling_times: tuple[float, ...] = (25.0, 45.0, 80.0, 140.0, 260.0)
    onset_step: float = 28.0
    onset_window: float = 730.0
    start_share: float = 0.3  # kappa: the excess begins as this share of the level and then doubles
    onset_rate: float = math.exp(-6.5)  # lambda: onsets a day
    slow_share: float = 0.5  # s: part of the within-person variance that carries over from draw to draw
    slow_days: float = 40.0  # tau: how long it carries over
    onsets_nobody_looked_at: bool = True  # count onsets opened since the marker's last used draw
    occasion_days: float = 0.5  # draws closer than this to the first of an occasion do not confirm it
    two_in_a_row: bool = True  # the two latest occasions confirm; else whatever there is besides the strongest one
    least_support: float = 0.0  # a confirmed marker has more, log units
    below_is_a_reading: bool = True  # a "<" takes away as much uncertainty, and teaches as much noise, as a number
    noise_weight: float = 8.0  # draws that the stated variation is worth against the person's own
    noise_lag: int = 3
    noise_shared: float = 0.0  # weight of the person's other markers in it
    noise_falls_at_once: bool = False  # a draw below what was expected counts without the lag
    noise_bounds: tuple[float, float] = (0.5, 6.0)
    noise_stretch: float = 1.0  # power by which what was learned is taken further from `noise_centre`
    noise_centre: float = 1.0
    set_point_reach: float | None = 2.0
    gate_odds: float = 0.5  # a confirmed marker with at least these odds must be there for an ALERT
    second_witness: float = 0.0  # times ln(1 + W)^2: what must remain without each marker's strongest occasion
    company: float = 0.0  # what other markers must add to the index before a lone bone marker may carry an ALERT
    thresholds: Thresholds | None = None
    bone_layer: bool = True
    version: str = ""

    def __post_init__(self) -> None:
        if not self.doubling_times or min(self.doubling_times) <= 0:
            raise TrendProblem("doubling_times_invalid", {}, "the bank needs positive doubling times")
        if not 0 < self.start_share <= 1:
            raise TrendProblem("start_share_invalid", {}, "the start share must lie in (0, 1]")
        if self.noise_lag < 1:
            raise TrendProblem("noise_lag_invalid", {}, "a draw teaches noise one draw later at the earliest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A bank's hypotheses: every onset on the grid with every doubling time."""

    doubling_times: tuple[float, ...]
    onset_step: float
    onset_window: float
    start_share: float
    occasion_days: float = 0.5
    onsets_nobody_looked_at: bool = True
    two_in_a_row: bool = True

    @property
    def slots(self) -> int:
        """How many onsets can be live at once."""
        return math.floor(self.onset_window / self.onset_step) + 1


def grid_of(parameters: DetectionParameters, doubling_times: tuple[float, ...] | None = None) -> Grid:
    return Grid(
        doubling_times=doubling_times or parameters.doubling_times,
        onset_step=parameters.onset_step,
        onset_window=parameters.onset_window,
        start_share=parameters.start_share,
        occasion_days=parameters.occasion_days,
        onsets_nobody_looked_at=parameters.onsets_nobody_looked_at,
        two_in_a_row=parameters.two_in_a_row,
    )
