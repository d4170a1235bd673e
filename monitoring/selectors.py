"""Reads of conclusions for many patients at once. Access was asked by the caller; each function is one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final, TypedDict

from django.db.models import (
    Case,
    CharField,
    DateField,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from monitoring.models import OPEN_STATES, Alert, AlertState, Evaluation, EvaluationMark, Level, Trend
from patients.models import Draw, Finding, ImagingStudy, Patient, Result

if TYPE_CHECKING:
    import datetime as dt

    from django_stubs_ext import WithAnnotations

    class Concern(TypedDict):
        pending: bool
        latest_level: str | None
        rising_since: dt.date | None
        waiting_since: dt.datetime | None
        concern: int

    class OwnLevel(TypedDict):
        level_draws: list[int] | None

    RankedPatient = WithAnnotations[Patient, Concern]
    OwnTrend = WithAnnotations[Trend, OwnLevel]

# Concern, most first. A patient who is being evaluated is never among the calm.
OPEN_ALERT, ANSWERED_ALERT, SNOOZED_ALERT, TO_WATCH, NOT_CURRENT, CALM = range(6)

# The gravest first.
GRAVITY: Final = (Finding.BONE_METASTASIS.value, Finding.EQUIVOCAL.value, Finding.NONE.value)


def by_concern(patients: QuerySet[Patient], *, now: dt.datetime) -> QuerySet[RankedPatient]:
    """Each patient with what decides its place. The latest evaluation is the one written last.

    An alert that is snoozed stands after the others until it wakes.
    """
    latest = Evaluation.objects.filter(patient=OuterRef("pk")).order_by("-at", "-pk")
    alerts = Alert.objects.filter(patient=OuterRef("pk"))
    standing = alerts.filter(state__in=OPEN_STATES).order_by("raised_at")
    awake = standing.exclude(snoozed_until__gt=now)
    return patients.annotate(
        pending=Exists(EvaluationMark.objects.filter(patient=OuterRef("pk"))),
        latest_level=Subquery(latest.values("level")[:1], output_field=CharField()),
        rising_since=Subquery(latest.values("since")[:1], output_field=DateField()),
        waiting_since=Subquery(standing.values("raised_at")[:1], output_field=DateTimeField()),
    ).annotate(
        concern=Case(
            When(Exists(awake.filter(state=AlertState.OPEN)), then=Value(OPEN_ALERT)),
            When(Exists(awake), then=Value(ANSWERED_ALERT)),
            When(Exists(standing), then=Value(SNOOZED_ALERT)),
            When(latest_level__in=[Level.WATCH, Level.ALERT], then=Value(TO_WATCH)),
            When(Q(pending=True) | Q(latest_level__isnull=True), then=Value(NOT_CURRENT)),
            default=Value(CALM),
            output_field=IntegerField(),
        )
    )


def level_of(latest: str | None, *, alert: bool, pending: bool) -> str:
    """none, watch or alert; '' where there is no reading of the newest results to stand on.

    An alert that stands outranks the latest reading; what is being evaluated is not called calm.
    """
    if alert:
        return Level.ALERT
    if latest in {Level.WATCH, Level.ALERT}:
        return Level.WATCH
    return "" if pending or latest is None else Level.NONE


def trends_of(ids: Collection[int]) -> dict[int, dict[str, OwnTrend]]:
    """Without the findings: a row needs the state, the change and of which draws the own level is, not the reading."""
    trends: dict[int, dict[str, OwnTrend]] = defaultdict(dict)
    own = F("finding__baseline__draw_ids")
    for trend in Trend.objects.filter(patient_id__in=ids).defer("finding").annotate(level_draws=own):
        trends[trend.patient_id][trend.marker_id] = trend
    return trends


def standing_alerts(ids: Collection[int]) -> dict[int, Alert]:
    """The alert that has waited longest, an open one before an answered one."""
    alerts: dict[int, Alert] = {}
    rows = Alert.objects.filter(patient_id__in=ids, state__in=OPEN_STATES).select_related("owner")
    rows = rows.order_by("raised_at", "pk")
    for alert in sorted(rows, key=lambda one: one.state != AlertState.OPEN):
        alerts.setdefault(alert.patient_id, alert)
    return alerts


def last_imaging(ids: Collection[int]) -> dict[int, list[ImagingStudy]]:
    """patient id -> the studies of the last day of which there are any, the gravest finding first."""
    newest = ImagingStudy.objects.filter(patient=OuterRef("patient")).order_by("-performed_on")
    of_day = ImagingStudy.objects.filter(patient_id__in=ids, performed_on=Subquery(newest.values("performed_on")[:1]))
    found: dict[int, list[ImagingStudy]] = {}
    for one in gravest_first(of_day):
        found.setdefault(one.patient_id, []).append(one)
    return found


def gravest_first(studies: Iterable[ImagingStudy]) -> list[ImagingStudy]:
    """Of several studies of one day none may hide behind the one that was entered last."""
    return sorted(studies, key=lambda one: (GRAVITY.index(one.finding), -one.pk))


def newest_first(studies: Iterable[ImagingStudy]) -> list[ImagingStudy]:
    """Of one day the gravest first, as wherever the last imaging is stated."""
    return sorted(gravest_first(studies), key=lambda one: one.performed_on, reverse=True)


def of_the_last_day(studies: Collection[ImagingStudy]) -> list[ImagingStudy]:
    """Those of the last day among them, the gravest finding first."""
    last = max((one.performed_on for one in studies), default=None)
    return gravest_first(one for one in studies if one.performed_on == last)


def last_draws(ids: Collection[int]) -> dict[int, dt.datetime]:
    rows = Draw.objects.filter(patient_id__in=ids).values_list("patient_id").annotate(last=Max("collected_at"))
    return dict(rows.values_list("patient_id", "last"))


def measured_markers(ids: Collection[int]) -> dict[int, list[str]]:
    """The markers with a value of those patients of whom no trend was read yet."""
    rows = Result.objects.for_trends().filter(draw__patient_id__in=ids).order_by("draw__patient_id", "marker_id")
    markers: dict[int, list[str]] = defaultdict(list)
    for patient_id, code in rows.values_list("draw__patient_id", "marker_id").distinct():
        markers[patient_id].append(code)
    return markers
