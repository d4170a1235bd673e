"""Passing causes that move several markers together and mean nothing: infection, cholestasis, renal failure, fracture.

Bouts start as a Poisson process, last an exponential time and have a log-normal strength, which multiplies the log of
each marker's factor. Doubling a rate keeps every bout of the single rate and adds others.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from monitoring.simulator.course import DAYS_PER_YEAR, Course
from monitoring.simulator.scenario import Scenario
from monitoring.simulator.streams import FloatArray, IntArray, Streams

FILE: Final = Path(__file__).with_name("transients.toml")
STRENGTH_SD: Final = 0.4
BURN_IN: Final = 4.0  # mean durations before the first draw at which the process starts
INFECTION: Final = "infection"
SURGERY: Final = "surgery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    code: str
    per_year: float
    days: float  # mean duration
    effects: Mapping[str, float]  # factor on each marker's value
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Bouts:
    """The bouts of one cause as a list: (bouts,) arrays, and the (draw, patient) cells that each covers."""

    cause: Cause
    patient: IntArray
    start: FloatArray
    strength_of: Mapping[str, FloatArray]  # marker: (bouts,)
    bout: IntArray  # of each covered cell
    cell: IntArray  # draw * patients + patient

    def log_effect(self, marker: str, course: Course) -> FloatArray:
        """The log excursion of a marker at each draw, shape (draws x patients)."""
        weights = math.log(self.cause.effects[marker]) * self.strength_of[marker][self.bout]
        summed = np.bincount(self.cell, weights=weights, minlength=course.days.size)
        return summed.astype(np.float64).reshape(course.days.shape)


@cache
def causes() -> Mapping[str, Cause]:
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    origins = {key: text for key, (_, text) in content["source"].items()}
    exponent = content["strength"]["exponent"]
    return {
        code: Cause(
            code=code,
            per_year=entry["per_year"],
            days=entry["days"],
            effects={marker: factor**exponent for marker, factor in entry["effects"].items()},
            source=origins[entry["source"]],
        )
        for code, entry in content["cause"].items()
    }


def make_bouts(scenario: Scenario, streams: Streams, course: Course, surgery: FloatArray) -> tuple[Bouts, ...]:
    """The bouts of every cause; `surgery` (patients,) holds the day of each patient's surgery, inf where none."""
    return tuple(_bouts_of(cause, scenario, streams, course, surgery) for cause in causes().values())


def _bouts_of(cause: Cause, scenario: Scenario, streams: Streams, course: Course, surgery: FloatArray) -> Bouts:
    rows = (
        _surgeries(cause, scenario, streams, surgery)
        if cause.code == SURGERY
        else _all(cause, scenario, streams, course)
    )
    patient = np.concatenate([row.patient for row in rows])
    start = np.concatenate([row.start for row in rows])
    end = np.concatenate([row.end for row in rows])
    strength_of = {marker: np.concatenate([row.strength_of[marker] for row in rows]) for marker in cause.effects}
    bout, cell = _covered(course, patient, start, end)
    return Bouts(cause, patient, start, strength_of, bout, cell)


class _Row(NamedTuple):
    """At most one bout of each patient."""

    patient: IntArray
    start: FloatArray
    end: FloatArray
    strength_of: Mapping[str, FloatArray]


class _Strengths:
    """Log-normal strengths, partly common to the markers of one bout, handed out a row at a time."""

    def __init__(self, cause: Cause, layer: int, scenario: Scenario, streams: Streams) -> None:
        self._patients = streams.patients
        self._share = scenario.shared_strength
        self._common = streams.of("bouts", cause.code, layer, "strength")
        self._own = {marker: streams.of("bouts", cause.code, layer, "strength", marker) for marker in cause.effects}

    def row(self, at: IntArray) -> Mapping[str, FloatArray]:
        common = math.sqrt(self._share) * self._common.standard_normal(self._patients)[at]
        own = math.sqrt(1.0 - self._share)
        return {
            marker: np.exp(STRENGTH_SD * (common + own * stream.standard_normal(self._patients)[at]))
            for marker, stream in self._own.items()
        }


def _all(cause: Cause, scenario: Scenario, streams: Streams, course: Course) -> list[_Row]:
    factor = scenario.transient_factor * (scenario.infection_factor if cause.code == INFECTION else 1.0)
    layers = range(max(math.ceil(factor), 1))
    return [row for layer in layers for row in _layer(cause, layer, factor - layer, scenario, streams, course)]


def _layer(
    cause: Cause, layer: int, kept: float, scenario: Scenario, streams: Streams, course: Course
) -> Iterator[_Row]:
    """One Poisson process of the cause's rate, each bout kept with probability `kept`: those that touch follow-up."""
    waits, lasts, keeps = (streams.of("bouts", cause.code, layer, part) for part in ("wait", "days", "kept"))
    strengths = _Strengths(cause, layer, scenario, streams)
    start = np.full(streams.patients, -BURN_IN * cause.days)
    while np.any(start <= course.last_day):
        start = start + waits.standard_exponential(streams.patients) * DAYS_PER_YEAR / cause.per_year
        end = start + lasts.standard_exponential(streams.patients) * cause.days
        touches = (start <= course.last_day) & (end > 0.0) & (keeps.random(streams.patients) < kept)
        (at,) = np.nonzero(touches)
        yield _Row(at, start[at], end[at], strengths.row(at))


def _surgeries(cause: Cause, scenario: Scenario, streams: Streams, surgery: FloatArray) -> list[_Row]:
    (at,) = np.nonzero(np.isfinite(surgery))
    lasts = streams.of("bouts", SURGERY, "days").standard_exponential(streams.patients)
    strengths = _Strengths(cause, 0, scenario, streams)
    return [_Row(at, surgery[at], surgery[at] + cause.days * lasts[at], strengths.row(at))]


def _covered(course: Course, patient: IntArray, start: FloatArray, end: FloatArray) -> tuple[IntArray, IntArray]:
    """Which bout covers which planned (draw, patient) cell, as two lists of the same length."""
    days = course.days[:, patient]
    draw, bout = np.nonzero((days >= start) & (days < end) & course.planned[:, patient])
    return bout, draw * course.days.shape[1] + patient[bout]
