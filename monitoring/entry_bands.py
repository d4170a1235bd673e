"""What the next draw of a patient is expected to bring: the personal band and the reference change, before it is typed.

The engine reads every draw against what was known before it. So a draw that nobody took is put at the end of each
series, and what the engine expected of it is the band; its value, known to nobody yet, plays no part.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from monitoring.detection import detection_parameters
from monitoring.evaluation import material_of
from monitoring.parameters import marker_parameters
from monitoring.trends import engine
from monitoring.trends.types import MarkerFinding, MarkerParameters
from monitoring.trends.variation import reference_change_percent
from patients.selectors import SeriesPoint, series_points

NOT_DRAWN: Final = 2**62  # the id of a draw that is not on record; no draw has one so high
# What is not known yet of a sample that is being entered.
STATE_OF_A_SAMPLE: Final = frozenset({"fasting", "haemolysis", "biotin", "g_csf", "steroid"})


@dataclass(frozen=True, slots=True)
class Band:
    """In the marker's canonical unit; the reference changes in percent, the lower one negative."""

    expected: float
    low: float
    high: float
    rcv_up_percent: float
    rcv_down_percent: float
    draws: int  # that the band rests on


Series = Mapping[int, Mapping[str, list[SeriesPoint]]]


def bands(patient_ids: Collection[int], *, at: dt.datetime) -> dict[int, dict[str, Band]]:
    """patient id -> marker -> band of a draw at that moment, from the draws before it.

    A marker is left out where the engine has no figure: nothing was drawn before, or nobody knows its variation.
    """
    found: dict[int, dict[str, Band]] = {patient_id: {} for patient_id in patient_ids}
    material = material_of(_with_the_next_draw(series_points(patient_ids), at=at))
    parameters = marker_parameters()
    for patient in engine.evaluate(material.series, parameters, detection_parameters()):
        for marker in patient.markers:
            if band := _band(marker, parameters.get(marker.marker)):
                found[patient.patient][marker.marker] = band
    return found


def _with_the_next_draw(points: Series, *, at: dt.datetime) -> dict[int, dict[str, list[SeriesPoint]]]:
    series: dict[int, dict[str, list[SeriesPoint]]] = {}
    for patient_id, by_marker in points.items():
        before = {code: [point for point in one if point.collected_at < at] for code, one in by_marker.items()}
        series[patient_id] = {code: [*one, _next_after(one[-1], at=at)] for code, one in before.items() if one}
    return series


def _next_after(last: SeriesPoint, *, at: dt.datetime) -> SeriesPoint:
    """By the method of the last draw, so that the series does not break."""
    unknown: dict[str, Any] = {field.name: "unknown" for field in fields(last) if field.name in STATE_OF_A_SAMPLE}
    return replace(last, draw_id=NOT_DRAWN, collected_at=at, time_known=True, comparator="", result_ids=(), **unknown)


def _band(finding: MarkerFinding, parameters: MarkerParameters | None) -> Band | None:
    reading = finding.readings[-1]
    if parameters is None or parameters.sigma_total is None:
        return None
    if reading.expected is None or reading.band_low is None or reading.band_high is None:
        return None
    up, down = (
        reference_change_percent(sigma=parameters.sigma_total, z=parameters.z, rise=rise) for rise in (True, False)
    )
    return Band(reading.expected, reading.band_low, reading.band_high, up, down, reading.baseline_draws)
