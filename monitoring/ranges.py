"""The reference range behind one point of a series, and its flag; which range it is, `patients.ranges` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from patients.catalogue import MarkerDefinition
from patients.models import Patient
from patients.ranges import Intervals, Range, intervals_of, range_at
from patients.reference import flag
from patients.selectors import SeriesPoint

LIMIT_DIGITS: Final = 4  # so that the limit of 19.41 is not shown as 19.4, with 19.41 within it


def intervals_behind(series: Iterable[Mapping[str, Iterable[SeriesPoint]]]) -> Intervals:
    """The tables of every laboratory that measured one of these points: one query for any number of patients."""
    return intervals_of(point.laboratory for by_marker in series for points in by_marker.values() for point in points)


def range_of(point: SeriesPoint, *, marker: MarkerDefinition, patient: Patient, intervals: Intervals) -> Range | None:
    """The range to show and to flag against at one draw; None where none is known: then nothing is flagged."""
    return range_at(
        marker=marker,
        patient=patient,
        collected_at=point.collected_at,
        laboratory=point.laboratory,
        assay=point.assay,
        intervals=intervals,
        reported=(point.reference_low, point.reference_high),
        factor=point.factor,
    )


def flag_of(point: SeriesPoint, within: Range | None) -> str:
    """'H', 'L' or '': no range, no flag."""
    return flag(point.canonical, point.comparator, within)
