"""A synthetic cohort in lung-cancer follow-up. Nobody in it ever lived.

Generator: evaluation protocol of the detection design, section 14. Its growth family, secretor shares, excesses and
passing causes are assumptions, so no figure measured on it is clinical evidence. Left out: response of the markers to
a change of therapy other than a flare, myelosuppression and growth factors, fasting and time of day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.simulator.course import make_course
from monitoring.simulator.events import EventTable, make_events
from monitoring.simulator.markers import DERIVED, DerivedMarker, measured, model_of
from monitoring.simulator.scenario import Scenario
from monitoring.simulator.streams import BoolArray, FloatArray, Streams
from monitoring.simulator.therapy import SURGERY, blanked, make_therapy, rebase_kinds
from monitoring.simulator.transients import make_bouts
from monitoring.simulator.values import Measured, Setting, measure

THREE_MARKERS = ("CEA", "CYFRA211", "ALP")


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Patients x draws, days since each patient's first draw, canonical units.

    `days` is nan beyond follow-up; a planned draw that was missed keeps its day and is not `drawn`. `values` is nan
    where the marker was not measured and the limit where `censored` ('<limit'). `rebase` marks the first draw on or
    after a known event that changes a marker's level, even if that draw lacks the marker; `rebase_kind` says which by
    the bits of `therapy.REBASE_KINDS`. `blank` marks draws in a window that carries no evidence. `onset` lies before
    day 0 where the growth began before the first draw.
    """

    days: FloatArray  # patients x draws
    drawn: BoolArray  # patients x draws
    markers: tuple[str, ...]
    values: FloatArray  # markers x patients x draws
    censored: BoolArray  # markers x patients x draws
    rebase: BoolArray  # markers x patients x draws
    rebase_kind: NDArray[np.uint8]  # markers x patients x draws
    blank: BoolArray  # markers x patients x draws
    haemolysed: BoolArray  # patients x draws; known
    interval: FloatArray  # patients; planned mean days between draws
    last_day: FloatArray
    progresses: BoolArray
    onset: FloatArray  # inf where none
    detectable: FloatArray  # day from which imaging could show it; inf where none
    scan: FloatArray  # day of the scan that shows it; inf where none
    doubling: FloatArray  # days; drawn for everybody
    bone: BoolArray
    secretes: BoolArray  # markers x patients; takes part in a progression if there is one
    events: EventTable


def simulate(scenario: Scenario, *, patients: int, seed: int, markers: Sequence[str] = THREE_MARKERS) -> Cohort:
    """A cohort of `patients`, exactly reproducible from scenario, size, seed and marker.

    The same seed with other markers gives the same patients, draws and values of the shared markers; another scenario
    changes only what its knobs touch. Raises ValueError for an unknown or repeated marker, or without patients.
    """
    if patients < 1:
        raise ValueError("a cohort needs at least one patient")
    if not markers or len(set(markers)) != len(markers):
        raise ValueError("a cohort needs markers, each of them once")
    setting = make_setting(scenario, Streams(seed, patients))
    streams, course, therapy = setting.streams, setting.course, setting.therapy
    results = {code: measure(model_of(code), setting) for code in measured(markers)}
    reported = [_derived(DERIVED[code], results) if code in DERIVED else results[code] for code in markers]
    kinds = np.stack([rebase_kinds(code, scenario, course, therapy).T for code in markers])
    return Cohort(
        days=np.where(course.planned, course.days, np.nan).T.copy(),
        drawn=course.drawn.T.copy(),
        markers=tuple(markers),
        values=np.stack([one.values.T for one in reported]),
        censored=np.stack([one.censored.T for one in reported]),
        rebase=kinds > 0,
        rebase_kind=kinds,
        blank=np.stack([blanked(code, scenario, course, therapy).T for code in markers]),
        haemolysed=setting.haemolysed.T.copy(),
        interval=course.interval,
        last_day=course.last_day,
        progresses=course.progresses,
        onset=course.onset,
        detectable=course.detectable,
        scan=course.scan,
        doubling=course.doubling,
        bone=course.bone,
        secretes=np.stack([one.secretes for one in reported]),
        events=make_events(scenario, streams, course, therapy, setting.bouts, markers),
    )


def make_setting(scenario: Scenario, streams: Streams) -> Setting:
    """What happens to the patients, before any marker is measured."""
    course = make_course(scenario, streams)
    therapy = make_therapy(scenario, streams, course)
    haemolysed = course.drawn & (streams.uniforms(course.draws, "haemolysed") < scenario.haemolysed_share)
    bouts = make_bouts(scenario, streams, course, therapy.day_of[SURGERY])
    return Setting(scenario, streams, course, therapy, bouts, haemolysed)


def _derived(marker: DerivedMarker, results: Mapping[str, Measured]) -> Measured:
    """Computed from the reported counts; not given where one is missing or the denominator is below its limit."""
    top = np.prod([results[part].values for part in marker.numerators], axis=0)
    bottom = np.where(results[marker.denominator].censored, np.nan, results[marker.denominator].values)
    values = np.round(top / bottom, marker.decimals)
    takes_part = np.logical_or.reduce([results[part].secretes for part in marker.parts])
    return Measured(values=values, censored=np.zeros(values.shape, dtype=np.bool_), secretes=takes_part)
