"""The course of each patient that all markers share: follow-up, progression and the days of the draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitoring.simulator.scenario import Scenario
from monitoring.simulator.streams import BoolArray, FloatArray, Streams, between, truncated_normal

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Arrays a patient (patients,) or a draw (draws x patients); days since the first draw."""

    days: FloatArray  # planned days, also beyond the end of follow-up
    planned: BoolArray  # within follow-up
    drawn: BoolArray
    interval: FloatArray
    last_day: FloatArray
    progresses: BoolArray
    detectable: FloatArray  # imaging could show it from here; inf where none
    onset: FloatArray
    scan: FloatArray
    doubling: FloatArray
    bone: BoolArray

    @property
    def draws(self) -> int:
        return len(self.days)


def make_course(scenario: Scenario, streams: Streams) -> Course:
    """Half of the patients progress: at a scan of the fixed cycle, where their follow-up ends.

    The others are followed for a uniform number of years without progression.
    """
    interval = _pick(scenario.intervals, streams.uniform("interval"))
    progresses = streams.uniform("progresses") < scenario.progress_share
    doubling = _doubling(scenario, streams)
    span = np.minimum(scenario.onset_doublings * doubling, scenario.onset_days_at_most)
    if scenario.growth == "step":
        span = np.full(streams.patients, scenario.step_days)
    share = streams.uniform("detectable")
    detectable = (
        2.0 * interval * share + span if scenario.few_draws_before_onset else between(*scenario.detectable_days, share)
    )
    cycle = scenario.scan_cycle_days
    scan = np.ceil(detectable / cycle) * cycle
    followed = DAYS_PER_YEAR * between(*scenario.follow_up_years, streams.uniform("follow_up"))
    last_day = np.where(progresses, scan, followed)
    days = _planned_days(scenario, streams, interval, last_day)
    planned = days <= last_day
    kept = streams.uniforms(len(days), "missing_draws") >= scenario.missing_draws
    kept[0] = True
    return Course(
        days=days,
        planned=planned,
        drawn=planned & kept,
        interval=interval,
        last_day=last_day,
        progresses=progresses,
        detectable=np.where(progresses, detectable, np.inf),
        onset=np.where(progresses, detectable - span, np.inf),
        scan=np.where(progresses, scan, np.inf),
        doubling=doubling,
        bone=streams.uniform("bone") < scenario.bone_share,
    )


def _pick(choices: tuple[float, ...], share: FloatArray) -> FloatArray:
    return np.asarray(choices)[(share * len(choices)).astype(np.int64)]


def _doubling(scenario: Scenario, streams: Streams) -> FloatArray:
    middle, sd = math.log(scenario.doubling_median), scenario.doubling_log_sd
    low, high = ((math.log(limit) - middle) / sd for limit in scenario.doubling_limits)
    return np.asarray(np.exp(middle + sd * truncated_normal(streams.uniform("doubling"), low, high)))


def _planned_days(scenario: Scenario, streams: Streams, interval: FloatArray, last_day: FloatArray) -> FloatArray:
    shape = 1.0 / scenario.interval_jitter**2
    gaps = streams.of("gaps")
    days = [np.zeros(streams.patients)]
    while np.any(days[-1] <= last_day):
        days.append(days[-1] + interval * gaps.standard_gamma(shape, streams.patients) / shape)
    return np.stack(days[:-1])
