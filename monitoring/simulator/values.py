"""One marker's values: set-point, drift, noise, passing causes, treatment, progression, and how a laboratory reports.

On the log scale everything adds; haemolysis adds in the marker's unit. All arrays are (draws x patients).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.simulator.course import DAYS_PER_YEAR, Course
from monitoring.simulator.markers import MarkerModel
from monitoring.simulator.scenario import Scenario
from monitoring.simulator.streams import BoolArray, FloatArray, Streams, between, quantile
from monitoring.simulator.therapy import Therapy, log_effect
from monitoring.simulator.transients import Bouts

BENIGN_STEP = 2.0 / 3.0  # SD of a permanent benign step over the SD between set-points; assumed
# Assumed, grade A: with these two, and with the strength in transients.toml, engine and published rules land near the
# figures of the detection design, section 13.
GROSS_FACTORS = (1.3, 2.5)  # a gross error multiplies or divides by something between
FALLING_SHARE = 0.5  # excess at the first draw of what still falls, as a share of one that imaging could show
HAEMOLYSIS_INDEX = (5.0, 30.0)  # of a haemolysed sample, https://read.qxmd.com/read/31394980


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What the laboratory reports of one marker."""

    values: FloatArray  # nan where not measured, the limit where censored
    censored: BoolArray
    secretes: BoolArray  # (patients,)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What the markers of one cohort have in common."""

    scenario: Scenario
    streams: Streams
    course: Course
    therapy: Therapy
    bouts: Sequence[Bouts]
    haemolysed: BoolArray


def measure(model: MarkerModel, setting: Setting) -> Measured:
    """One marker of the whole cohort."""
    streams, course = setting.streams, setting.course
    secretes = _secretes(model, setting)
    logs = math.log(model.median) + model.set_point_sd * streams.normal("set_point", model.code)
    logs = logs + _drift(model, setting) + _benign_step(model, setting) + _noise(model, setting)
    logs += log_effect(model.code, setting.scenario, streams, course, setting.therapy)
    for bouts in setting.bouts:
        if model.code in bouts.cause.effects:
            logs += bouts.log_effect(model.code, course)
    sign = 1.0 if model.direction == "up" else -1.0
    logs += sign * (log_rise(model, setting, secretes) + _falling(model, setting, secretes))
    values = np.exp(logs)
    if model.haemolysis > 0.0:
        values += model.haemolysis * _haemolysis_index(setting)
    values *= _gross_errors(model, setting)
    missing = streams.uniforms(course.draws, "missing", model.tube) < model.missing
    return _reported(model, values, course.drawn & ~missing, secretes)


def log_rise(model: MarkerModel, setting: Setting, secretes: BoolArray) -> FloatArray:
    """ln(value / own level) that the progression adds; 0 before onset and in those who do not secrete.

    The excess over the level is 0 at onset and the drawn one when imaging could first show the progression. It grows
    as a (2^((t - onset) / doubling) - 1), as a straight line, as a step at onset, or on a straight line in the log.
    """
    course, growth = setting.course, setting.scenario.growth
    onset = np.where(np.isfinite(course.onset), course.onset, 0.0)
    since = np.maximum(course.days - onset, 0.0)
    span = np.where(course.progresses, course.detectable - onset, 1.0)
    excess = drawn_excess(model, setting)
    if growth == "exponential":
        rise = np.log1p(
            excess
            * np.expm1(math.log(2.0) * since / course.doubling)
            / np.expm1(math.log(2.0) * span / course.doubling)
        )
    elif growth == "linear":
        rise = np.log1p(excess * since / span)
    elif growth == "step":
        rise = np.where(course.days >= onset, np.log1p(excess), 0.0)
    else:
        rise = np.log1p(excess) * since / span
    return np.where(secretes & course.progresses, rise, 0.0)


def drawn_excess(model: MarkerModel, setting: Setting) -> FloatArray:
    """Each patient's excess over the own level when imaging could first show the progression, (patients,)."""
    own = setting.streams.normal("excess", model.code)
    return model.excess * np.exp(model.excess_sd * _with_group(model.shared_excess, "excess", own, model, setting))


def _secretes(model: MarkerModel, setting: Setting) -> BoolArray:
    own = setting.streams.normal("secretes", model.code)
    latent = _with_group(model.shared_excess, "secretes", own, model, setting)
    secretes = latent < quantile(model.secretors)
    return secretes & setting.course.bone if model.bone_only else secretes


def _with_group(loading: float, purpose: str, own: FloatArray, model: MarkerModel, setting: Setting) -> FloatArray:
    """A standard normal variable that correlates with the group's by `loading`."""
    if not model.shared or loading == 0.0:
        return own
    group = setting.streams.normal("group", purpose, model.shared)
    return loading * group + math.sqrt(1.0 - loading**2) * own


def _falling(model: MarkerModel, setting: Setting, secretes: BoolArray) -> FloatArray:
    """The remainder of what the first treatment removed: high at the first draw, halved every 3 to 8 weeks."""
    scenario, streams = setting.scenario, setting.streams
    falls = secretes & (streams.uniform("falls") < scenario.falling_at_start_share)
    half_life = between(*scenario.falling_half_life_days, streams.uniform("half_life"))
    excess = model.excess * np.exp(model.excess_sd * streams.normal("first_excess", model.code))
    left = FALLING_SHARE * excess * np.exp2(-setting.course.days / half_life)
    return np.where(falls, np.log1p(left), 0.0)


def _gaps(course: Course) -> FloatArray:
    return np.diff(course.days, axis=0, prepend=0.0)


def _drift(model: MarkerModel, setting: Setting) -> FloatArray:
    course = setting.course
    steps = setting.streams.normals(course.draws, "drift", model.code) * np.sqrt(_gaps(course) / DAYS_PER_YEAR)
    return np.asarray(model.drift * setting.scenario.drift_factor * np.cumsum(steps, axis=0))


def _benign_step(model: MarkerModel, setting: Setting) -> FloatArray:
    """A lasting change that is not a progression (smoking, medication, another organ), at most one a patient."""
    streams, course = setting.streams, setting.course
    chance = -np.expm1(-setting.scenario.benign_steps_per_year * course.last_day / DAYS_PER_YEAR)
    steps = streams.uniform("benign_step", model.code) < chance
    day = np.where(steps, course.last_day * streams.uniform("benign_day", model.code), np.inf)
    size = BENIGN_STEP * model.set_point_sd * streams.normal("benign_size", model.code)
    return np.where(course.days >= day, size, 0.0)


def _noise(model: MarkerModel, setting: Setting) -> FloatArray:
    """Within-person variation, part autocorrelated and part heavy-tailed, and independent analytical variation.

    The within-person SD differs between persons by a log-normal factor that all markers of one person share.
    """
    scenario, streams, course = setting.scenario, setting.streams, setting.course
    person = np.exp(scenario.person_noise_sd * streams.normal("person_noise"))
    within = math.sqrt(math.log1p(model.cv_within**2)) * scenario.noise_factor * person
    slow = _slow(model, setting)
    df = scenario.tail_df
    heavy = streams.normals(course.draws, "white", model.code)
    heavy /= np.sqrt(streams.gammas(df / 2.0, course.draws, "tail", model.code) * 2.0 / (df - 2.0))
    analytical = streams.normals(course.draws, "analytical", model.code)
    noise = within * (math.sqrt(scenario.ou_share) * slow + math.sqrt(1.0 - scenario.ou_share) * heavy)
    return np.asarray(noise + math.sqrt(math.log1p(model.cv_analytical**2)) * analytical)


def _slow(model: MarkerModel, setting: Setting) -> FloatArray:
    """A stationary Ornstein-Uhlenbeck process of unit variance at the draws, in part the group's."""
    streams, course = setting.streams, setting.course
    shocks = streams.normals(course.draws, "slow", model.code)
    if model.shared and model.shared_noise:
        group = streams.normals(course.draws, "group_slow", model.shared)
        shocks = model.shared_noise * group + math.sqrt(1.0 - model.shared_noise**2) * shocks
    keep = np.exp(-_gaps(course) / setting.scenario.ou_days)
    keep[0] = 0.0
    fresh = np.sqrt(1.0 - keep**2) * shocks
    for draw in range(1, course.draws):
        fresh[draw] += keep[draw] * fresh[draw - 1]
    return fresh


def _haemolysis_index(setting: Setting) -> FloatArray:
    index = between(*HAEMOLYSIS_INDEX, setting.streams.uniforms(setting.course.draws, "haemolysis_index"))
    return np.where(setting.haemolysed, index, 0.0)


def _gross_errors(model: MarkerModel, setting: Setting) -> FloatArray:
    """The factor of a mistake that survives to the report: 1 nearly everywhere."""
    share = setting.streams.uniforms(setting.course.draws, "gross_error", model.code)
    wrong = share < setting.scenario.gross_error_rate
    low, high = (math.log(factor) for factor in GROSS_FACTORS)
    chosen = setting.streams.uniforms(setting.course.draws, "gross_size", model.code)[wrong]
    factors = np.ones(share.shape)
    factors[wrong] = np.exp(np.sign(chosen - 0.5) * between(low, high, np.abs(2.0 * chosen - 1.0)))
    return factors


def _reported(model: MarkerModel, values: FloatArray, is_measured: BoolArray, secretes: BoolArray) -> Measured:
    rounded = np.round(values, int(model.decimals))
    censored = is_measured & (rounded < model.lod)
    rounded[censored] = model.lod
    rounded[~is_measured] = np.nan
    return Measured(values=rounded, censored=censored, secretes=secretes)
