"""From the record to the columns of `monitoring.cohort`: a fixed number of queries, whatever the number of patients."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

import numpy as np
from django.db.models import DateField, Exists, Min, OuterRef, QuerySet, Subquery

from accounts.models import User
from monitoring.cohort import Readings
from monitoring.cohort_choice import BONE_METASTASIS, SYSTEMIC, TREATMENT, Choice
from monitoring.evaluation import CENSORING, clinic_zone, segments_of, state_of
from monitoring.rules import event_rules
from patients.access import visible_patients
from patients.models import BoneStatus, Finding, Histology, ImagingStudy, Modality, Patient, Treatment, TreatmentKind
from patients.selectors import SeriesPoint, points_of_marker

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class FirstDay(TypedDict):
        day: dt.date

    AlignedPatient = WithAnnotations[Patient, FirstDay]

NO_TREATMENT: Final = "none"
JOINED: Final = "+"  # chemotherapy+immunotherapy: both were in force
EVERYBODY: Final = "all"


@dataclass(frozen=True, slots=True)
class Member:
    """One patient who has the day that the courses are aligned on."""

    pk: int
    histology: str
    bone_status: str
    synthetic: bool
    day: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """`groups`: one code a patient, in the order in which `readings` counts them."""

    readings: Readings
    groups: tuple[str, ...]
    visible: int  # all patients of the viewer, with that day or without
    synthetic: bool  # any of those who are in
    spoilt: int  # values left out for the condition of the sample


def load_cohort(user: User, choice: Choice) -> Material:
    """The aligned values of the viewer's patients, and of nobody else's."""
    mine = visible_patients(user)
    aligned = _with_day(mine, choice.align)
    members = [
        Member(*row)
        for row in aligned.order_by("pk").values_list("pk", "histology", "baseline_bone_status", "is_synthetic", "day")
    ]
    points = points_of_marker(aligned, marker=choice.marker)
    days = {member.pk: member.day for member in members}
    groups = _groups(aligned, members, choice.group)
    good = {pk: _unspoilt(points.get(pk, ()), choice.marker) for pk in days}
    return Material(
        readings=_columns(good, days),
        groups=tuple(groups[member.pk] for member in members),
        visible=mine.count(),
        synthetic=any(member.synthetic for member in members),
        spoilt=sum(len(of_patient) for of_patient in points.values()) - sum(map(len, good.values())),
    )


def usual_alignment(user: User) -> str:
    """The day that most of the viewer's patients have: the first bone metastasis, or the start of a systemic treatment.

    A first scan of any kind would win nearly always, and is no day on which something changed.
    """
    mine = visible_patients(user)
    having = {align: _with_day(mine, align).count() for align in (BONE_METASTASIS, TREATMENT)}
    return max(having, key=having.__getitem__)


# --- who is in, and in which group --------------------------------------------------------------------------------
def _with_day(patients: QuerySet[Patient], align: str) -> QuerySet[AlignedPatient]:
    """Those who have the day, with it: `day` is the first of its kind on record."""
    rows, column = _events(align)
    own = rows.filter(patient=OuterRef("pk")).order_by().values("patient")
    first = own.annotate(first=Min(column)).values("first")
    return patients.filter(Exists(rows.filter(patient=OuterRef("pk")))).annotate(
        day=Subquery(first, output_field=DateField())
    )


def _events(align: str) -> tuple[QuerySet[ImagingStudy] | QuerySet[Treatment], str]:
    if align == BONE_METASTASIS:
        return ImagingStudy.objects.filter(finding=Finding.BONE_METASTASIS), "performed_on"
    if align in Modality:
        return ImagingStudy.objects.filter(modality=align), "performed_on"
    kinds = SYSTEMIC if align == TREATMENT else (align,)
    return Treatment.objects.filter(kind__in=kinds), "started_on"


def _groups(aligned: QuerySet[AlignedPatient], members: Sequence[Member], group: str) -> dict[int, str]:
    if group == "histology":
        return {member.pk: member.histology for member in members}
    if group == "bone_status":
        return {member.pk: member.bone_status for member in members}
    if group == "treatment":
        return _treatments_in_force(aligned, members)
    return {member.pk: EVERYBODY for member in members}


def _treatments_in_force(aligned: QuerySet[AlignedPatient], members: Iterable[Member]) -> dict[int, str]:
    """The classes given on the day. What ended that day gave way to what began; what began that day is in force."""
    given: dict[int, set[str]] = defaultdict(set)
    days = {member.pk: member.day for member in members}
    rows = Treatment.objects.filter(patient__in=aligned.values("pk"), kind__in=SYSTEMIC)
    for pk, kind, start, end in rows.values_list("patient_id", "kind", "started_on", "ended_on"):
        day = days.get(pk)
        if day is not None and start <= day and (end is None or end > day or start == day):
            given[pk].add(kind)
    order = [str(kind) for kind in SYSTEMIC]
    return {pk: JOINED.join(sorted(given[pk], key=order.index)) or NO_TREATMENT for pk in days}


def group_name(group: str, code: str, *, everybody: str, nothing: str) -> str:
    """The group in words: those of the record; `everybody` and `nothing` are the caller's."""
    if group == "histology":
        return str(Histology(code).label)
    if group == "bone_status":
        return str(BoneStatus(code).label)
    if group == "all":
        return everybody
    if code == NO_TREATMENT:
        return nothing
    return " + ".join(str(TreatmentKind(kind).label) for kind in code.split(JOINED))


# --- values -------------------------------------------------------------------------------------------------------
def _unspoilt(points: Sequence[SeriesPoint], marker: str) -> list[SeriesPoint]:
    """Without what no trend uses either: samples in a condition that spoils this marker."""
    rules = [rule for rule in event_rules().samples if rule.marker == marker and rule.effect == "exclude"]
    if not rules:
        return list(points)
    tz = clinic_zone()
    return [point for point in points if not any(rule.holds_for(state_of(point, tz=tz)) for rule in rules)]


def _columns(points: Mapping[int, Sequence[SeriesPoint]], days: Mapping[int, dt.date]) -> Readings:
    tz = clinic_zone()
    patient: list[int] = []
    day: list[int] = []
    values: list[float] = []
    censoring: list[int] = []
    segments: list[int] = []
    for at, (pk, aligned_on) in enumerate(days.items()):
        of_patient = points[pk]
        patient.extend([at] * len(of_patient))
        day.extend((point.collected_at.astimezone(tz).date() - aligned_on).days for point in of_patient)
        values.extend(float(point.canonical) for point in of_patient)
        censoring.extend(CENSORING[point.comparator] for point in of_patient)
        segments.extend(segments_of(of_patient))
    return Readings(
        patient=np.array(patient, dtype=np.int64),
        day=np.array(day, dtype=np.int64),
        value=np.array(values, dtype=np.float64),
        censoring=np.array(censoring, dtype=np.int64),
        segment=np.array(segments, dtype=np.int64),
    )
