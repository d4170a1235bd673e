"""How the alerts of a team did: of each figure what was counted, of how many, and how sure it is. Pure.

What counts is written where it is counted; `docs/clinical-rules.md` and the page say the same in words. A figure that
rests on too few is None and its counts are kept, so that "too few" can be said with the numbers beside it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from monitoring.uncertainty import (
    Interval,
    Waiting,
    median_interval,
    rate_interval,
    share_interval,
    waiting,
)

Repeat = Literal["", "asked", "confirmed", "not_confirmed"]
Stage = Literal["standing", "withdrawn", "closed"]

HUNDRED: Final = 100.0
# With fewer patient-years not even one false alert is expected at 5 in 100. As in the back-test.
FEWEST_YEARS: Final = 20.0
# Of nine, one more or less moves a share by 11 points. Assumed.
FEWEST_IN_A_SHARE: Final = 10
# Of fewer there is no 95 % interval of a median, whatever the values.
FEWEST_IN_A_MEDIAN: Final = 6
WITHIN_HOURS: Final = (24, 72, 168)
QUARTILES: Final = (0.25, 0.5, 0.75)
ALL: Final = ""  # the version that stands for all versions together

BONE_METASTASIS: Final = "bone_metastasis"
OTHER_PROGRESSION: Final = "other_progression"
NO_PROGRESSION: Final = frozenset({"benign", "nothing_found"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """One alert that was raised in the period, as it stands now."""

    alert: int
    patient: int
    version: str  # of the engine that raised it
    day: dt.date  # of the clinic's calendar
    fresh: bool  # a draw taken while the patient was watched stands behind it, not the record of before alone
    waited_hours: float  # until the first answer; without one until it was withdrawn, or until now
    answered: bool
    repeat: Repeat
    stage: Stage
    outcome: str  # of a closed one
    imaged: bool  # it was closed with an imaging study
    lead_days: int | None  # of a bone metastasis that a study showed


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What stands behind the alerts of one version."""

    years: float = 0.0
    patients: int = 0  # read last by this version
    silent: int = 0  # of these


@dataclass(frozen=True, slots=True)
class Rate:
    """Events in 100 patient-years."""

    count: int
    years: float

    @property
    def too_few(self) -> bool:
        return self.years < FEWEST_YEARS

    @property
    def value(self) -> float | None:
        return None if self.too_few else HUNDRED * self.count / self.years

    @property
    def interval(self) -> Interval | None:
        return None if self.too_few else rate_interval(self.count, self.years / HUNDRED)


@dataclass(frozen=True, slots=True)
class Share:
    count: int
    of: int

    @property
    def too_few(self) -> bool:
        return self.of < FEWEST_IN_A_SHARE

    @property
    def value(self) -> float | None:
        return None if self.too_few else self.count / self.of

    @property
    def interval(self) -> Interval | None:
        return None if self.too_few else share_interval(self.count, self.of)


@dataclass(frozen=True, slots=True)
class Leads:
    """Days from the alert to the scan, the shortest first; below zero where the scan came first."""

    alerts: tuple[AlertFacts, ...]

    @property
    def days(self) -> list[int]:
        return [one.lead_days for one in self.alerts if one.lead_days is not None]

    @property
    def too_few(self) -> bool:
        return len(self.alerts) < FEWEST_IN_A_MEDIAN

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        """By linear interpolation of ranks, as R's type 7."""
        if self.too_few:
            return None
        first, middle, third = (float(one) for one in np.quantile(self.days, QUARTILES))
        return first, middle, third

    @property
    def interval(self) -> Interval | None:
        """Of the median."""
        return None if self.too_few else median_interval(self.days)


@dataclass(frozen=True, slots=True)
class Answers:
    """From the raising of an alert to the first answer of a person; who has none yet is not left out."""

    alerts: int
    answered: int
    withdrawn: int  # before anybody answered
    curve: Waiting | None  # None of no alerts

    @property
    def too_few(self) -> bool:
        return self.answered < FEWEST_IN_A_MEDIAN

    @property
    def median_hours(self) -> float | None:
        return None if self.too_few or self.curve is None else self.curve.median

    @property
    def interval(self) -> Interval | None:
        return None if self.too_few or self.curve is None else self.curve.median_interval

    def within(self, hours: float) -> tuple[float, Interval] | None:
        """The share that was answered by then; None where it is too few, or nobody was followed so long."""
        still = None if self.too_few or self.curve is None else self.curve.at(hours)
        if still is None:
            return None
        share, interval = still
        return 1 - share, Interval(1 - interval.high, 1 - interval.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All figures of one version, or with `version` ALL of all of them together."""

    version: str
    alerts: int
    on_record_before: int  # of these, found in what was on record when the patient was first read: in no other figure
    withdrawn: int
    standing: int
    closed: int
    rate: Rate
    false_rate: Rate
    confirmed: Share
    repeats_waiting: int
    bone: Share
    progression: Share
    closed_without_imaging: int
    leads: Leads
    leads_left_out: int  # of alerts that were on record before
    answers: Answers
    silent: int
    patients: int


def scorecard(alerts: Iterable[AlertFacts], watched: Mapping[str, Watched]) -> tuple[Card, ...]:
    """All together first, then each version that watched anybody or raised anything, in the order of `watched`."""
    known = list(alerts)
    versions = [*watched, *sorted({one.version for one in known} - set(watched))]
    together = Watched(
        years=sum(one.years for one in watched.values()),
        patients=sum(one.patients for one in watched.values()),
        silent=sum(one.silent for one in watched.values()),
    )
    return (
        _card(ALL, known, together),
        *(
            _card(one, [alert for alert in known if alert.version == one], watched.get(one, Watched()))
            for one in versions
        ),
    )


def _card(version: str, alerts: Sequence[AlertFacts], watched: Watched) -> Card:
    # Found at once in a record that was taken over, an alert is as late as the record. How soon it came, how long it
    # waited and what a repeat or a scan showed of a rise that was old already say nothing of watching.
    fresh = [one for one in alerts if one.fresh]
    closed = [one for one in fresh if one.stage == "closed"]
    imaged = [one for one in closed if one.imaged]
    confirmed = sum(one.repeat == "confirmed" for one in fresh)
    refuted = sum(one.repeat == "not_confirmed" for one in fresh)
    bone = sum(one.outcome == BONE_METASTASIS for one in imaged)
    other = sum(one.outcome == OTHER_PROGRESSION for one in imaged)
    shown = [one for one in fresh if one.lead_days is not None]
    return Card(
        version=version,
        alerts=len(alerts),
        on_record_before=len(alerts) - len(fresh),
        withdrawn=sum(one.stage == "withdrawn" for one in fresh),
        standing=sum(one.stage == "standing" for one in fresh),
        closed=len(closed),
        rate=Rate(len(fresh), watched.years),
        false_rate=Rate(sum(one.outcome in NO_PROGRESSION for one in fresh), watched.years),
        confirmed=Share(confirmed, confirmed + refuted),
        repeats_waiting=sum(one.repeat == "asked" for one in fresh),
        bone=Share(bone, len(imaged)),
        progression=Share(bone + other, len(imaged)),
        closed_without_imaging=len(closed) - len(imaged),
        leads=Leads(tuple(sorted(shown, key=lambda one: (one.lead_days or 0, one.alert)))),
        leads_left_out=sum(one.lead_days is not None for one in alerts) - len(shown),
        answers=_answers(fresh),
        silent=watched.silent,
        patients=watched.patients,
    )


def _answers(alerts: Sequence[AlertFacts]) -> Answers:
    return Answers(
        alerts=len(alerts),
        answered=sum(one.answered for one in alerts),
        withdrawn=sum(one.stage == "withdrawn" and not one.answered for one in alerts),
        curve=waiting([one.waited_hours for one in alerts], [one.answered for one in alerts]) if alerts else None,
    )
