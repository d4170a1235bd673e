"""From points on record to the engine's arrays. The one place where a Decimal becomes a float.

A draw stays in its series whatever is wrong with it; an exclusion code says why it is no evidence:
`not_fasting`, `haemolysed` (rules/sample_conditions.toml), `treatment_window` (rules/treatment_windows.toml).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings

from monitoring.rules import sample_conditions, treatment_windows
from monitoring.trends.types import USABLE, FloatArray, Series
from patients.catalogue import catalogue
from patients.models import Treatment
from patients.selectors import SeriesPoint, series_points

SECONDS_A_DAY: Final = 86_400
CENSORING: Final = {"": 0, "<": -1, "<=": -1, ">": 1, ">=": 1}


@dataclass(frozen=True, slots=True)
class Course:
    """As much of a treatment as a series needs."""

    kind: str
    started_on: dt.date


@dataclass(frozen=True, slots=True)
class Material:
    """What one evaluation rests on: the series of all patients, and the results each patient's were read from."""

    series: tuple[Series, ...]
    result_ids: Mapping[int, tuple[int, ...]]


def clinic_zone() -> ZoneInfo:
    return ZoneInfo(settings.CLINIC_TIME_ZONE)


def day_of(moment: dt.datetime) -> float:
    """Days since 1970-01-01 00:00 UTC, as the engine counts them."""
    return moment.timestamp() / SECONDS_A_DAY


def moment_of(day: float) -> dt.datetime:
    """The UTC moment of an engine day; rounded, since a float of days would put midnight a microsecond early."""
    return dt.datetime.fromtimestamp(round(day * SECONDS_A_DAY, 3), tz=dt.UTC)


def date_of(day: float, *, tz: dt.tzinfo) -> dt.date:
    return moment_of(day).astimezone(tz).date()


def load_material(patient_ids: Collection[int]) -> Material:
    """The series of many patients. Two queries, whatever the number of patients."""
    points = series_points(patient_ids)
    courses = _courses(patient_ids)
    series: list[Series] = []
    result_ids: dict[int, tuple[int, ...]] = {}
    for patient_id, by_marker in points.items():
        series.extend(
            build_series(patient_id, code, by_marker[code], courses=courses[patient_id]) for code in sorted(by_marker)
        )
        read = {pk for one in by_marker.values() for point in one for pk in point.result_ids}
        result_ids[patient_id] = tuple(sorted(read))
    return Material(tuple(series), result_ids)


def _courses(patient_ids: Collection[int]) -> dict[int, list[Course]]:
    courses: dict[int, list[Course]] = defaultdict(list)
    kinds = {kind for window in treatment_windows() for kind in window.treatments}
    rows = Treatment.objects.filter(patient_id__in=patient_ids, kind__in=kinds).order_by("started_on", "pk")
    for patient_id, kind, started_on in rows.values_list("patient_id", "kind", "started_on"):
        courses[patient_id].append(Course(kind, started_on))
    return courses


def build_series(patient_id: int, marker: str, points: Sequence[SeriesPoint], *, courses: Sequence[Course]) -> Series:
    """One series, by time; draws of one instant keep the order of their ids."""
    ordered = sorted(points, key=lambda point: (point.collected_at, point.draw_id))
    definition = catalogue().by_code.get(marker)  # None: a marker that left the catalogue still has its series
    family, tz = definition.family if definition else "", clinic_zone()
    return Series(
        patient=patient_id,
        marker=marker,
        days=_days(ordered, tz=tz),
        values=np.array([float(point.canonical) for point in ordered], dtype=np.float64),
        censoring=np.array([CENSORING[point.comparator] for point in ordered], dtype=np.int8),
        segments=np.array(segments_of(ordered), dtype=np.int64),
        exclusions=tuple(exclusion_of(point, family=family, courses=courses, tz=tz) for point in ordered),
        draw_ids=tuple(point.draw_id for point in ordered),
    )


def _days(points: Sequence[SeriesPoint], *, tz: dt.tzinfo) -> FloatArray:
    """When each draw was taken.

    One of which only the day is known may be the same blood as another draw of that day, where a file says the day and
    a nurse the hour. It counts as taken with that one: a sample that is on record twice must not confirm itself.
    """
    first: dict[dt.date, float] = {}
    for point in points:
        if point.time_known:
            first.setdefault(point.collected_at.astimezone(tz).date(), day_of(point.collected_at))
    days = [
        day_of(point.collected_at)
        if point.time_known
        else first.get(point.collected_at.astimezone(tz).date(), day_of(point.collected_at))
        for point in points
    ]
    return np.maximum.accumulate(np.array(days, dtype=np.float64))


def segments_of(points: Sequence[SeriesPoint]) -> list[int]:
    """A counter that grows where laboratory or assay changed from one name to another.

    What is not named cannot be said to have changed: a blank goes with whatever was named last.
    """
    counter, laboratory, assay = 0, "", ""
    segments = []
    for point in points:
        now = (_spelling(point.laboratory), _spelling(point.assay))
        if _changed(laboratory, now[0]) or _changed(assay, now[1]):
            counter += 1
            laboratory, assay = now
        else:
            laboratory, assay = now[0] or laboratory, now[1] or assay
        segments.append(counter)
    return segments


def _spelling(name: str) -> str:
    return " ".join(name.split()).casefold()


def _changed(before: str, after: str) -> bool:
    return bool(before and after and before != after)


def exclusion_of(point: SeriesPoint, *, family: str, courses: Sequence[Course], tz: dt.tzinfo) -> str:
    """Why the draw is no evidence for this marker, or an empty string. What is wrong with the sample comes first."""
    for condition in sample_conditions():
        if condition.marker == point.marker and _state(point, condition.field) == condition.value:
            return condition.code
    drawn_on = point.collected_at.astimezone(tz).date()
    for window in treatment_windows():
        if family in window.families:
            since = [(drawn_on - course.started_on).days for course in courses if course.kind in window.treatments]
            if any(window.from_day <= days <= window.to_day for days in since):
                return window.code
    return USABLE


def _state(point: SeriesPoint, field: str) -> str:
    return {"fasting": point.fasting, "haemolysis": point.haemolysis}[field]
