"""From points on record to the engine's arrays. The one place where a Decimal becomes a float.

A draw stays in its series whatever is wrong with it. What events and the condition of the sample take away from its
evidence is read by `monitoring/events.py`, from here as from a file of a back-test.
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

from monitoring.events import ClinicalEvent, DrawState, calendar_day, changes_of, read_draws
from monitoring.rules import event_rules
from monitoring.trends.types import FloatArray, Series
from patients.catalogue import catalogue
from patients.models import Condition, SkeletalEvent, Treatment, TreatmentKind
from patients.selectors import SeriesPoint, series_points

SECONDS_A_DAY: Final = 86_400
CENSORING: Final = {"": 0, "<": -1, "<=": -1, ">": 1, ">=": 1}
# What the record calls a treatment and the rules call an event of their own; all others are a `treatment_start`.
NAMED_STARTS: Final[Mapping[str, str]] = {
    TreatmentKind.SURGERY: "surgery",
    TreatmentKind.BONE_AGENT: "bone_agent_start",
    TreatmentKind.G_CSF: "g_csf",
    TreatmentKind.STEROID: "steroid",
}
BONE_AGENT_STOP: Final = "bone_agent_stop"


@dataclass(frozen=True, slots=True)
class Course:
    """As much of a treatment as its events need."""

    kind: str
    started_on: dt.date
    ended_on: dt.date | None = None


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
    """The series of many patients. A fixed number of queries, whatever the number of patients."""
    return material_of(series_points(patient_ids))


def material_of(points: Mapping[int, Mapping[str, Sequence[SeriesPoint]]]) -> Material:
    """The same of points that were read already: patient id -> marker -> points."""
    events = _events(points)
    series: list[Series] = []
    result_ids: dict[int, tuple[int, ...]] = {}
    for patient_id, by_marker in points.items():
        series.extend(
            build_series(patient_id, code, by_marker[code], events=events[patient_id]) for code in sorted(by_marker)
        )
        read = {pk for one in by_marker.values() for point in one for pk in point.result_ids}
        result_ids[patient_id] = tuple(sorted(read))
    return Material(tuple(series), result_ids)


def _events(patient_ids: Collection[int]) -> dict[int, list[ClinicalEvent]]:
    """What happened to each patient, in any order. One query a kind of record."""
    events: dict[int, list[ClinicalEvent]] = defaultdict(list)
    courses: dict[int, list[Course]] = defaultdict(list)
    treatments = Treatment.objects.filter(patient_id__in=patient_ids)
    for patient_id, kind, start, end in treatments.values_list("patient_id", "kind", "started_on", "ended_on"):
        courses[patient_id].append(Course(kind, start, end))
    for patient_id, given in courses.items():
        events[patient_id].extend(events_of_courses(given))
    skeletal = SkeletalEvent.objects.filter(patient_id__in=patient_ids)
    for patient_id, kind, occurred_on in skeletal.values_list("patient_id", "kind", "occurred_on"):
        events[patient_id].append(ClinicalEvent(kind, _day(occurred_on)))
    conditions = Condition.objects.filter(patient_id__in=patient_ids)
    for patient_id, kind, start, end in conditions.values_list("patient_id", "kind", "occurred_on", "ended_on"):
        events[patient_id].append(ClinicalEvent(kind, _day(start), None if end is None else _day(end)))
    return events


def events_of_courses(courses: Sequence[Course]) -> list[ClinicalEvent]:
    """The starts of all courses, and where bone agents were stopped."""
    events = []
    for course in courses:
        kind = NAMED_STARTS.get(course.kind)
        ended = None if course.ended_on is None else _day(course.ended_on)
        detail = "" if kind else course.kind
        events.append(ClinicalEvent(kind or "treatment_start", _day(course.started_on), ended, detail=detail))
        if ended is not None and _is_stop(course, courses):
            events.append(ClinicalEvent(BONE_AGENT_STOP, ended))
    return events


def _is_stop(course: Course, courses: Sequence[Course]) -> bool:
    """Whether the end of a course leaves a patient without a bone agent. A course of one day is a dose, not a stop."""
    end = course.ended_on
    if course.kind != TreatmentKind.BONE_AGENT or end is None or end == course.started_on:
        return False
    next_day = end + dt.timedelta(days=1)
    return not any(
        other.kind == course.kind
        and other.started_on <= next_day
        and (other.ended_on is None or other.ended_on > next_day)
        for other in courses
    )


def _day(date: dt.date) -> float:
    """As `calendar_day` of any moment of that date."""
    return float(date.toordinal())


def build_series(
    patient_id: int, marker: str, points: Sequence[SeriesPoint], *, events: Sequence[ClinicalEvent] = ()
) -> Series:
    """One series, by time; draws of one instant keep the order of their ids. `events`: of the patient, in any order."""
    ordered = sorted(points, key=lambda point: (point.collected_at, point.draw_id))
    definition = catalogue().by_code.get(marker)  # None: a marker that left the catalogue still has its series
    family, tz = definition.family if definition else "", clinic_zone()
    changes = _changes(ordered)
    states = [
        DrawState(calendar_day(point.collected_at, tz=tz), point.fasting, point.haemolysis, change)
        for point, (_, change) in zip(ordered, changes, strict=True)
    ]
    marks = read_draws(marker, family, states, events, event_rules())
    return Series(
        patient=patient_id,
        marker=marker,
        days=_days(ordered, tz=tz),
        values=np.array([float(point.canonical) for point in ordered], dtype=np.float64),
        censoring=np.array([CENSORING[point.comparator] for point in ordered], dtype=np.int8),
        segments=np.array([segment for segment, _ in changes], dtype=np.int64),
        exclusions=marks.exclusions,
        draw_ids=tuple(point.draw_id for point in ordered),
        rebase_codes=marks.rebase_codes,
        rebase_sd=marks.rebase_sd,
        extra_codes=marks.extra_codes,
        extra_sd=marks.extra_sd,
        watch_only=marks.watch_only,
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
    """A counter that grows where laboratory or assay changed from one name to another."""
    return [segment for segment, _ in _changes(points)]


def _changes(points: Sequence[SeriesPoint]) -> tuple[tuple[int, str], ...]:
    inputs = event_rules().inputs_of.get(points[0].marker, ()) if points else ()
    return changes_of([(point.laboratory, point.assay) for point in points], inputs)
