"""What the engine is told about each marker, from the catalogue's sourced figures.

Within-person spread: the total CV of stable patients where a source gives one, else CV_A and CV_I of healthy people
combined on the log scale. Without any CV_I the trend is shown and nothing is concluded.

Set-point (where people's own levels lie, and how far apart): the catalogue's figures where it has them. Otherwise it is
derived (grade D) from the reference interval and CV_G: the interval spans the central 95 % of healthy results, whose
log variance is that between people plus that within a person, so

    both limits above zero    centre = (ln low + ln high) / 2
    an upper limit alone      centre = ln high - 1.96 * sqrt(ln(1 + CV_G^2) + sigma_total^2)

and the spread of set-points is sqrt(ln(1 + CV_G^2)). An interval of everybody is preferred; where a marker has only
intervals by sex or age, their mean centre is used and the spread widened by how far they lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from monitoring.detection import MarkerWeight, detection_file
from monitoring.trends.types import MarkerParameters
from monitoring.trends.variation import log_sd, log_sd_of_total
from patients.catalogue import Grade, MarkerDefinition, ReferenceInterval, catalogue

CENTRAL_95: Final = 1.959963984540054
STRONGEST_FIRST: Final = tuple(Grade)


@dataclass(frozen=True, slots=True)
class Spread:
    """Within-person log SD, analytical part included, and how well it is known."""

    sigma: float
    grade: Grade


@dataclass(frozen=True, slots=True)
class SetPoint:
    log_mean: float
    log_sd: float
    grade: Grade


@cache
def marker_parameters() -> Mapping[str, MarkerParameters]:
    """Marker code -> parameters, for every marker of the catalogue from which something can be concluded."""
    return {marker.code: parameters_of(marker) for marker in catalogue().markers if not marker.input_only}


def parameters_of(marker: MarkerDefinition) -> MarkerParameters:
    spread = spread_of(marker)
    set_point = set_point_of(marker, spread)
    grades = [known.grade for known in (spread, set_point) if known is not None]
    weight = detection_file().markers.get(marker.code)
    return MarkerParameters(
        marker=marker.code,
        family=marker.family,
        sigma_total=spread.sigma if spread else None,
        set_point_log_mean=set_point.log_mean if set_point else None,
        set_point_log_sd=set_point.log_sd if set_point else None,
        direction=marker.direction,
        verdict=spread is not None,
        grade=weakest(grades).value if grades else "",
        drift=float(detection_file().figures["drift"]),
        **_weight(weight),
    )


def _weight(weight: MarkerWeight | None) -> dict[str, Any]:
    """A marker without a weight shows its trend and is never weighed."""
    if weight is None:
        return {}
    return {
        "participation": weight.participation,
        "group": weight.group,
        "rebase_sd": weight.rebase_sd,
        "clip": weight.clip,
        "inflation": weight.inflation,
    }


def weakest(grades: Sequence[Grade]) -> Grade:
    return max(grades, key=STRONGEST_FIRST.index)


def spread_of(marker: MarkerDefinition) -> Spread | None:
    if marker.cv_patients is not None:
        return Spread(log_sd_of_total(float(marker.cv_patients.value)), marker.cv_patients.grade)
    if marker.cvi is None:
        return None
    figures = [marker.cvi, *([marker.cva] if marker.cva is not None else [])]
    sigma = log_sd(
        cv_within_person_percent=float(marker.cvi.value),
        cv_analytical_percent=float(marker.cva.value) if marker.cva is not None else 0.0,
    )
    return Spread(sigma, weakest([figure.grade for figure in figures]))


def set_point_of(marker: MarkerDefinition, spread: Spread | None) -> SetPoint | None:
    """None where nothing is known of where people's levels lie: the baseline is then the person's own draws alone."""
    median, log_sd_between = marker.set_point_median, marker.set_point_log_sd
    if median is not None and log_sd_between is not None:
        grade = weakest([median.grade, log_sd_between.grade])
        return SetPoint(math.log(float(median.value)), float(log_sd_between.value), grade)
    if marker.cvg is None or spread is None:
        return None
    between = log_sd_of_total(float(marker.cvg.value))
    intervals = intervals_of_everybody(marker)
    centres = [centre for one in intervals if (centre := _centre(one, math.hypot(between, spread.sigma))) is not None]
    if not centres:
        return None
    mean = math.fsum(centres) / len(centres)
    apart = math.fsum((centre - mean) ** 2 for centre in centres) / len(centres)
    grades = [Grade.D, marker.cvg.grade, *(one.grade for one in intervals)]
    return SetPoint(mean, math.sqrt(between**2 + apart), weakest(grades))


def intervals_of_everybody(marker: MarkerDefinition) -> tuple[ReferenceInterval, ...]:
    """The intervals that hold for anybody, or, where each is of a part of the people, all of them."""
    canonical = tuple(one for one in marker.reference_intervals if one.unit == marker.unit)
    return tuple(one for one in canonical if not _is_of_a_part(one)) or canonical


def _is_of_a_part(one: ReferenceInterval) -> bool:
    limits = (one.sex, one.age_from, one.age_to, one.menopause, one.smoking)
    return any(limit is not None for limit in limits)


def _centre(interval: ReferenceInterval, total_sd: float) -> float | None:
    low, high = interval.low, interval.high
    if high is None or high <= 0:
        return None
    if low is not None and low > 0:
        return (math.log(low) + math.log(high)) / 2
    return math.log(high) - CENTRAL_95 * total_sd
