"""Which reference range stands behind one value: the laboratory's own, as reported with it, or the catalogue's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from patients.catalogue import MarkerDefinition, ReferenceInterval
from patients.models import Patient
from patients.reference import flag_between, reference_for
from patients.selectors import SeriesPoint
from patients.units import UnitProblem, canonicalise
from patients.values import ValueProblem, parse_value
from patients.wording import chinese


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
    low, high = _limit(point.reference_low, point.factor), _limit(point.reference_high, point.factor)
    if low is None and high is None:
        return None
    return Range(low, high)


def _limit(text: str, factor: Decimal) -> Decimal | None:
    """A limit as printed by a laboratory: '5', '<5', '0'. What cannot be read is no limit, never a guess."""
    if not text.strip():
        return None
    try:
        return parse_value(text).number * factor
    except ValueProblem:
        return None


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
