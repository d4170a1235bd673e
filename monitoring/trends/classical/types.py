"""Parts of the classical readings: plain numbers, None where there is none, with a reason code beside it.

`reason` is '' where every number is given, else why one is missing:
no_draw: no usable draw; no_earlier_draw: nothing in the segment to compare with; too_few_draws; one_day: all draws on
one day; no_variation: the marker's within-person SD is not known; below_limit: the latest result is a "<";
reference_above_limit: what it would be compared with is a ">"; too_few_for_interval: a number but no interval;
no_second_draw: no earlier draw far enough back, or a "<" in between, so that nothing can be confirmed.
Where a fall is what matters "<" and ">" change places.
A number that is exceeded, or a rule that is met, is an observation about the draws and never a verdict on the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ReadingReason = Literal[
    "",
    "no_draw",
    "no_earlier_draw",
    "too_few_draws",
    "one_day",
    "no_variation",
    "below_limit",
    "reference_above_limit",
    "too_few_for_interval",
    "no_second_draw",
]
Outside = Literal["", "above", "below"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousChange:
    """Reference change against the result before: limits in percent, signed, with the Z each was made with.

    `exceeded` is one-sided, in the direction that matters for the marker; `exceeded_two_sided` either way.
    """

    change_percent: float | None = None
    z: float | None = None
    limit_percent: float | None = None
    limit_z: float
    exceeded: bool | None = None
    two_sided_low_percent: float | None = None
    two_sided_high_percent: float | None = None
    two_sided_z: float
    exceeded_two_sided: bool | None = None
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstChange:
    """Change from the first result of the segment against the factor c_n for n results."""

    change_percent: float | None = None
    results: int
    factor: float | None = None
    limit_percent: float | None = None
    exceeded: bool | None = None
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalInterval:
    """Personalised reference interval from the `draws` earlier results, in the marker's unit."""

    low: float | None = None
    high: float | None = None
    draws: int
    limit_z: float
    outside: Outside | None = None
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmpiricalBayes:
    """Expected value and limit before the draw came, in the marker's unit."""

    expected: float | None = None
    limit: float | None = None
    limit_z: float
    z: float | None = None
    exceeded: bool | None = None
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MannKendall:
    """Over the last eight draws. S and Z are positive for a rise; `p` is one-sided, for the direction that matters."""

    s: int | None = None
    z: float | None = None
    p: float | None = None
    tau: float | None = None
    draws: int
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TheilSen:
    """Slope of ln value per day over the last 365 days, with a 95 % interval from five draws on."""

    per_day: float | None = None
    low: float | None = None
    high: float | None = None
    draws: int
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSlope:
    """Least-squares slope of ln value per day over the last 365 days; `z` over its SD from the known variation."""

    per_day: float | None = None
    z: float | None = None
    draws: int
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSlope:
    """Least-squares slope of the value, in the marker's unit per year, over the whole segment."""

    per_year: float | None = None
    draws: int
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedRise:
    """A rise that a second draw must show.

    `change_percent` is the lesser of the two draws', each over what came before it; `since_day` the day of the first
    qualifying value of the rise that still holds.
    """

    met: bool | None = None
    since_day: float | None = None
    change_percent: float | None = None
    limit_percent: float | None = None
    reason: ReadingReason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum:
    value: float | None = None
    limit: float
    exceeded: bool | None = None
    reason: ReadingReason = ""
