"""The person's own level and the noise around it: a Kalman filter a row (docs/clinical-rules.md, D1 to D6).

State: the level (a random walk on the log scale) and an excursion that carries over from draw to draw and dies out.
With no drift and no excursion this is parametric empirical Bayes (McIntosh & Urban 2003,
doi:10.1093/biostatistics/4.1.27). One loop over the dates; inside it everything is elementwise over the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import log_ndtr

from monitoring.trends.detection import DetectionParameters
from monitoring.trends.panel import Panel
from monitoring.trends.types import BoolArray, FloatArray

LOG_ROOT_TWO_PI: Final = 0.5 * math.log(2.0 * math.pi)
USED_ABOVE_ONLY: Final = "limit_below_band"  # a ">" whose limit lies below what was expected could be anything
# A draw exactly as expected is not above it, whatever the last bit of its logarithm in this unit or that.
AS_EXPECTED: Final = 1e-9
FAR_TAIL: Final = 30.0  # SDs: further out the difference of two large numbers loses its digits, a series does not
NO_SET_POINT_SD: Final = 1.0  # a marker without a set-point starts at its first draw, as uncertain as this


@dataclass(frozen=True, slots=True, eq=False)
class FilterPath:
    """What the filter did at each date, rows x dates. Where a draw was not used the gains are 0 and `fade` is 1."""

    used: BoolArray
    expected: FloatArray  # predictive mean of ln value before the draw
    spread: FloatArray  # predictive SD, root of S
    score: FloatArray  # z before it was clipped; of a "<" the expected one
    level: FloatArray  # after the draw
    level_sd: FloatArray
    excursion: FloatArray  # after the draw
    covariance: FloatArray  # of level and excursion, after the draw
    excursion_variance: FloatArray
    fade: FloatArray  # what remains of the excursion since the last used draw
    level_gain: FloatArray
    excursion_gain: FloatArray
    pull: FloatArray  # clipped z / root of S
    half_precision: FloatArray  # 1 / (2 S)
    noise: FloatArray  # factor on the variance, learned from the person's own draws
    next_noise: FloatArray  # the factor for whatever comes after this date


@dataclass(slots=True, eq=False)
class _State:
    level: FloatArray
    excursion: FloatArray
    level_variance: FloatArray
    covariance: FloatArray
    excursion_variance: FloatArray
    last_day: FloatArray
    rebase: FloatArray  # D4: variance that waits for the next used draw
    seen: FloatArray  # used draws


def run_filter(panel: Panel, parameters: DetectionParameters) -> FilterPath:
    rows, columns = panel.shape
    path = _empty(rows, columns)
    state = _start(panel, parameters)
    learner = _NoiseLearner(panel, parameters)
    noise = learner.factor()
    for column in range(columns):
        used = _step(panel, parameters, state, path, column, noise)
        silent = (state.seen == 0) | (panel.below[:, column] & (not parameters.below_is_a_reading))
        learner.take(used, path, column, noise, silent=silent)
        state.seen = state.seen + used
        noise = learner.factor()
        path.next_noise[:, column] = noise
    return path


def _empty(rows: int, columns: int) -> FilterPath:
    def table(number: float) -> FloatArray:
        return np.full((rows, columns), number)

    return FilterPath(
        used=np.zeros((rows, columns), dtype=np.bool_),
        expected=table(math.nan),
        spread=table(math.nan),
        score=table(math.nan),
        level=table(math.nan),
        level_sd=table(math.nan),
        excursion=table(0.0),
        covariance=table(0.0),
        excursion_variance=table(0.0),
        fade=table(1.0),
        level_gain=table(0.0),
        excursion_gain=table(0.0),
        pull=table(0.0),
        half_precision=table(0.0),
        noise=table(1.0),
        next_noise=table(1.0),
    )


def _start(panel: Panel, parameters: DetectionParameters) -> _State:
    rows, _ = panel.shape
    return _State(
        level=np.where(np.isnan(panel.prior_mean), 0.0, panel.prior_mean),
        excursion=np.zeros(rows),
        level_variance=np.where(np.isnan(panel.prior_sd), NO_SET_POINT_SD, panel.prior_sd) ** 2,
        covariance=np.zeros(rows),
        excursion_variance=parameters.slow_share * panel.sigma**2,
        last_day=np.zeros(rows),
        rebase=np.zeros(rows),
        seen=np.zeros(rows),
    )


def _step(
    panel: Panel, parameters: DetectionParameters, state: _State, path: FilterPath, column: int, noise: FloatArray
) -> BoolArray:
    """One date: predict (D2), look (D3), update where there is a usable draw."""
    log, day = panel.log[:, column], panel.day[:, column]
    _begin(panel, parameters, state, column)
    rebase = np.maximum(state.rebase, panel.rebase_variance[:, column])
    variance = noise * panel.sigma**2
    slow = parameters.slow_share * variance
    gap = day - state.last_day
    fade = np.exp(-gap / parameters.slow_days)
    level_variance = state.level_variance + panel.drift * gap + rebase
    covariance = fade * state.covariance
    excursion_variance = fade**2 * state.excursion_variance + (1.0 - fade**2) * slow
    excursion = fade * state.excursion
    white = (1.0 - parameters.slow_share) * variance + panel.extra_variance[:, column]
    total = level_variance + 2.0 * covariance + excursion_variance + white
    spread = np.sqrt(total)
    mean = state.level + excursion
    below = panel.below[:, column]
    score = _score(log, mean, spread, below)
    told = _told(log, mean, spread, below) if not parameters.below_is_a_reading else np.ones(len(log))
    used: BoolArray = panel.usable[:, column] & ~(panel.above[:, column] & (score <= AS_EXPECTED))
    clipped = np.clip(score, -panel.clip, panel.clip)
    level_gain = (level_variance + covariance) / total
    excursion_gain = (excursion_variance + covariance) / total
    moved = clipped * spread
    state.level = np.where(used, state.level + level_gain * moved, state.level)
    state.excursion = np.where(used, excursion + excursion_gain * moved, state.excursion)
    taken = told * total
    state.level_variance = np.where(used, level_variance - level_gain**2 * taken, state.level_variance)
    state.covariance = np.where(used, covariance - level_gain * excursion_gain * taken, state.covariance)
    state.excursion_variance = np.where(used, excursion_variance - excursion_gain**2 * taken, state.excursion_variance)
    state.last_day = np.where(used, day, state.last_day)
    state.rebase = np.where(used, 0.0, rebase)
    gains = (np.where(used, level_gain * told, 0.0), np.where(used, excursion_gain * told, 0.0))
    path.expected[:, column], path.spread[:, column], path.score[:, column] = mean, spread, score
    path.used[:, column], path.noise[:, column], path.fade[:, column] = used, noise, np.where(used, fade, 1.0)
    # D8: of what a rise adds, a "<" lets the filter take in, and says against it, only this share.
    path.level_gain[:, column], path.excursion_gain[:, column] = gains
    path.pull[:, column] = np.where(used, clipped / spread, 0.0)
    path.half_precision[:, column] = np.where(used, 0.5 * told / total, 0.0)
    _note(path, state, column)
    return used


def _note(path: FilterPath, state: _State, column: int) -> None:
    path.level[:, column], path.level_sd[:, column] = state.level, np.sqrt(state.level_variance)
    path.excursion[:, column], path.covariance[:, column] = state.excursion, state.covariance
    path.excursion_variance[:, column] = state.excursion_variance


def _begin(panel: Panel, parameters: DetectionParameters, state: _State, column: int) -> None:
    """D1: a first draw far from the set-point widens it for that person: its normal tail is too thin there."""
    log = panel.log[:, column]
    first = panel.usable[:, column] & (state.seen == 0)
    unknown = np.isnan(panel.prior_mean)
    state.level = np.where(first & unknown, log, state.level)
    if parameters.set_point_reach is None:
        return
    far = (log - state.level) / parameters.set_point_reach
    widened = np.maximum(state.level_variance, far**2)
    open_end = panel.below[:, column] | (panel.above[:, column] & (far <= 0))  # not known to lie far off
    state.level_variance = np.where(first & ~unknown & ~open_end, widened, state.level_variance)


def _score(log: FloatArray, mean: FloatArray, spread: FloatArray, below: BoolArray) -> FloatArray:
    """z of the draw; of a "<" (D5) the mean z of what lies below its limit, which is never above 0."""
    score = (log - mean) / spread
    if not bool(np.any(below)):
        return score
    hazard = np.exp(-0.5 * score**2 - LOG_ROOT_TWO_PI - log_ndtr(score))
    return np.where(below, -hazard, score)


def _told(log: FloatArray, mean: FloatArray, spread: FloatArray, below: BoolArray) -> FloatArray:
    """Share of the predictive variance that the draw takes away (D5): all of it, but of a "<" only what the normal
    distribution loses when it is cut off at the limit."""
    if not bool(np.any(below)):
        return np.ones(len(log))
    limit = (log - mean) / spread
    at = np.maximum(limit, -FAR_TAIL)
    hazard = np.exp(-0.5 * at**2 - LOG_ROOT_TWO_PI - log_ndtr(at))
    inverse = 1.0 / np.minimum(limit, -FAR_TAIL) ** 2
    in_tail = 1.0 - inverse * (1.0 - inverse * (6.0 - inverse * (50.0 - inverse * 518.0)))
    share = np.where(limit < -FAR_TAIL, in_tail, hazard * (hazard + at))
    told: FloatArray = np.where(below, np.clip(share, 0.0, 1.0), 1.0)
    return told


class _NoiseLearner:
    """D6: how noisy this person is, from draws far enough back not to belong to a rise that has just begun.

    A draw below what was expected is no part of a rise and counts at once. The other markers of the person count with
    the weight `noise_shared`: who varies more in one varies more in the others.
    """

    def __init__(self, panel: Panel, parameters: DetectionParameters) -> None:
        rows, _ = panel.shape
        self._parameters = parameters
        self._waiting = np.zeros((parameters.noise_lag, rows))  # newest last
        self._queued = np.zeros((parameters.noise_lag, rows))
        self._squares = np.zeros(rows)
        self._count = np.zeros(rows)
        self._person = np.where(panel.patient_row < 0, len(panel.patients), panel.patient_row)

    def factor(self) -> FloatArray:
        weight, (low, high) = self._parameters.noise_weight, self._parameters.noise_bounds
        squares, count = self._with_others(self._squares), self._with_others(self._count)
        learned = (weight + squares) / (weight + count)
        stretch, centre = self._parameters.noise_stretch, self._parameters.noise_centre
        if stretch != 1.0:
            learned = np.where(count > 0, centre * (learned / centre) ** stretch, learned)
        return np.clip(learned, low, high)

    def _with_others(self, own: FloatArray) -> FloatArray:
        share = self._parameters.noise_shared
        if share == 0.0:
            return own
        whole = np.bincount(self._person, weights=own)[self._person]
        return own + share * (whole - own)

    def take(self, used: BoolArray, path: FilterPath, column: int, noise: FloatArray, *, silent: BoolArray) -> None:
        """The first draw says where the level is, not how noisy it is; a "<" says neither."""
        clipped = path.pull[:, column] * path.spread[:, column]
        counts = np.where(used & ~silent, 1.0, 0.0)
        square = np.where(used & ~silent, clipped**2 * noise, 0.0)
        if self._parameters.noise_falls_at_once:
            below = used & ~silent & (clipped <= AS_EXPECTED)
            self._squares = np.where(below, self._squares + square, self._squares)
            self._count = np.where(below, self._count + counts, self._count)
            square = np.where(below, 0.0, square)
            counts = np.where(below, 0.0, counts)
        self._squares = np.where(used, self._squares + self._waiting[0], self._squares)
        self._count = np.where(used, self._count + self._queued[0], self._count)
        for queue, newest in ((self._waiting, square), (self._queued, counts)):
            moved = np.concatenate([queue[1:], newest[None, :]])
            np.copyto(queue, moved, where=used[None, :])
