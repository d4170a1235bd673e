"""Which reference range stands behind one value: the laboratory's own, as reported with it, or the catalogue's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils import timezone

from patients.catalogue import MarkerDefinition, ReferenceInterval
from patients.models import Patient
from patients.reference import flag_between, reference_for, reported_limits
from patients.selectors import SeriesPoint
from patients.units import UnitProblem, canonicalise
from patients.wording import chinese

LIMIT_DIGITS: Final = 4  # so that the limit of 19.41 is not shown as 19.4, with 19.41 within it


@dataclass(frozen=True, slots=True)
class Range:
    """Limits in the marker's canonical unit; None is no limit on that side. `population` is '' for a reported range."""

    low: Decimal | None
    high: Decimal | None
    population: str = ""

    @property
    def reported(self) -> bool:
        return not self.population


def range_of(point: SeriesPoint, *, marker: MarkerDefinition, patient: Patient) -> Range | None:
    """The range to show and to flag against at one draw; None where none is known: then nothing is flagged."""
    reported = _reported(point)
    if reported is not None:
        return reported
    return catalogue_range(marker, patient=patient, on=timezone.localtime(point.collected_at).date())


def catalogue_range(marker: MarkerDefinition, *, patient: Patient, on: dt.date) -> Range | None:
    interval = reference_for(
        marker,
        sex=patient.sex,
        age=patient.age_on(on),
        menopause=patient.menopausal_status,
        smoking=patient.smoking,
    )
    return None if interval is None else _in_canonical_unit(interval, marker)


def flag_of(point: SeriesPoint, within: Range | None) -> str:
    """'H', 'L' or '': no range, no flag."""
    if within is None:
        return ""
    return flag_between(point.canonical, point.comparator, low=within.low, high=within.high)


def _reported(point: SeriesPoint) -> Range | None:
    low, high = reported_limits(point.reference_low, point.reference_high, factor=point.factor)
    if low is None and high is None:
        return None
    return Range(low, high)


def _in_canonical_unit(interval: ReferenceInterval, marker: MarkerDefinition) -> Range | None:
    try:
        factor = canonicalise(marker, Decimal(1), interval.unit).factor
    except UnitProblem:
        return None
    return Range(
        None if interval.low is None else interval.low * factor,
        None if interval.high is None else interval.high * factor,
        interval.population_zh if chinese() else interval.population_en,
    )
