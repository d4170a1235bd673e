"""The worklist: who comes first, and what a row says. A fixed number of queries, whatever the number of rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from monitoring.alert_panel import results_of
from monitoring.alert_wording import next_step_text
from monitoring.evaluation import segments_of
from monitoring.models import Alert, AlertState, EvaluationMark, Trend
from monitoring.own_change import own_change_text
from monitoring.points import reported_text
from monitoring.ranges import flag_of, intervals_behind, range_of
from monitoring.selectors import (
    by_concern,
    last_draws,
    last_imaging,
    level_of,
    measured_markers,
    standing_alerts,
    trends_of,
)
from monitoring.sparkline import Sparkline, SparkPoint, sparkline
from monitoring.wording import ago_text
from monitoring.worklist_filters import Filters
from monitoring.worklist_order import Counts, Last, counts, listed
from patients.access import visible_patients
from patients.catalogue import catalogue
from patients.due import Due, due_draws
from patients.due_wording import due_text, last_call_text, missing_text, needs_a_draw
from patients.models import ImagingStudy, Patient
from patients.ranges import Intervals
from patients.selectors import SeriesPoint, primary_numbers, series_points
from patients.wording import unit_text

if TYPE_CHECKING:
    from monitoring.selectors import OwnTrend, RankedPatient

PAGE_SIZE: Final = 50
EVERYBODY: Final = Filters()
MARKERS_IN_A_ROW: Final = 3
SPARK_DAYS: Final = 548  # a year and a half: long enough to see the person's own level before the rise
SECONDS_A_DAY: Final = 86_400

STATE_RANK: Final = {"sustained_rise": 0, "single_rise": 1}
WEAK_SIGN, NO_SIGN = 2, 3  # calm for itself, but a reason of the level beside others; and all the rest
FAMILY_RANK: Final = {"tumour": 0, "bone_turnover": 1, "mineral": 2, "inflammation": 3, "blood_count": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerCell:
    """Sparkline, last number and flag, always together."""

    code: str
    short_name: str
    family: str
    spark: Sparkline
    value: str
    unit: str
    flag: str
    change: str
    since: dt.date | None
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingCell:
    modality: str
    performed_on: dt.date
    finding: str
    more: int  # studies of the same day besides
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistRow:
    """One patient. `level` is none, watch or alert; '' where there is no reading of the newest results to stand on."""

    patient_id: int
    name: str
    sex: str
    age: int | None
    number: str
    histology: str
    stage: str
    is_synthetic: bool
    level: str
    alert_id: int | None
    alert_state: str
    alert_state_label: str
    alert_age: str
    owner: str
    next_step: str
    snoozed_until: dt.date | None
    pending_since: dt.datetime | None
    failed: bool
    evaluated: bool
    markers: tuple[MarkerCell, ...]
    last_draw: str
    last_draw_on: dt.date | None
    due: str
    overdue: bool
    missing: str
    call: str
    needs_a_draw: bool
    imaging: ImagingCell | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """One page of the list, and what a filter must never hide: how many alerts that wait are not on the list."""

    rows: tuple[WorklistRow, ...]
    counts: Counts
    filters: Filters
    query: str
    page: int
    pages: int
    found: int
    hidden_alerts: int
    focus: int | None = None  # the row one comes back to
    last: Last | None = None  # where the page ends, if not among the alerts

    @property
    def narrowed(self) -> bool:
        return bool(self.filters) or bool(self.query)

    @property
    def list_link(self) -> str:
        """What the link of a row says of the list it stands on: its filters. What a search found is no such list."""
        return "" if self.query else "?" + urlencode({"list": self.filters.address})


PageEnd = tuple[int, dt.date, int]  # reading, rising since, patient: of the last row, without a name


def worklist(
    user: User,
    *,
    filters: Filters = EVERYBODY,
    query: str = "",
    page: int = 1,
    at: Sequence[int] = (),
    now: dt.datetime,
    page_size: int = PAGE_SIZE,
    day: dt.date | None = None,
    before: PageEnd | None = None,
) -> Worklist:
    """The page of patients the viewer may see, those of most concern first; or the page of the first of `at` on it.

    With `day`, those who are waited for on that day. `before` is where the page before ended when it was shown.
    """
    shown = listed(user, filters=filters, query=query, day=day, now=now)
    headline, found = counts(user, now=now), shown.count()
    focus = shown.first_of(at) if at else None
    place = None if focus is None else shown.place_of(focus)
    pages = max(1, -(-found // page_size))
    page = min(max(page, 1), pages) if place is None else place // page_size + 1
    after = shown.last_again(*before) if before and place is None else None
    ids, last = shown.part((page - 1) * page_size, page * page_size, after=after)
    patients = {patient.pk: patient for patient in by_concern(visible_patients(user), now=now).filter(pk__in=ids)}
    return Worklist(
        rows=_rows([patients[pk] for pk in ids if pk in patients], due=due_draws(ids, tz=_zone()), now=now),
        counts=headline,
        filters=filters,
        query=query,
        page=page,
        pages=pages,
        found=found,
        hidden_alerts=headline.alerts - shown.open_alerts(),
        focus=focus,
        last=last,
    )


def _zone() -> dt.tzinfo:
    return timezone.get_current_timezone()


# --- rows ---------------------------------------------------------------------------------------------------------
def _rows(patients: Sequence[RankedPatient], *, due: Mapping[int, Due], now: dt.datetime) -> tuple[WorklistRow, ...]:
    ids = [patient.pk for patient in patients]
    trends = trends_of(ids)
    measured = measured_markers([pk for pk in ids if pk not in trends])
    telling = {pk: _telling_markers(trends[pk] if pk in trends else dict.fromkeys(measured.get(pk, ()))) for pk in ids}
    series = series_points(ids, only=telling)
    intervals = intervals_behind(series.values())
    drawn = last_draws(ids)
    alerts = standing_alerts(ids)
    marks = {mark.patient_id: mark for mark in EvaluationMark.objects.filter(patient_id__in=ids)}
    scans = last_imaging(ids)
    numbers = primary_numbers(ids)
    return tuple(
        _row(
            patient,
            markers=tuple(
                _marker_cell(
                    code,
                    patient=patient,
                    points=series[patient.pk][code],
                    trend=trends[patient.pk].get(code),
                    intervals=intervals,
                    now=now,
                )
                for code in telling[patient.pk]
                if series[patient.pk].get(code)
            ),
            last_at=drawn.get(patient.pk),
            alert=alerts.get(patient.pk),
            mark=marks.get(patient.pk),
            scans=scans.get(patient.pk, []),
            number=numbers.get(patient.pk, ""),
            due=due.get(patient.pk),
            now=now,
        )
        for patient in patients
    )


def _row(
    patient: RankedPatient,
    *,
    markers: tuple[MarkerCell, ...],
    last_at: dt.datetime | None,
    alert: Alert | None,
    mark: EvaluationMark | None,
    scans: Sequence[ImagingStudy],
    number: str,
    due: Due | None,
    now: dt.datetime,
) -> WorklistRow:
    today = timezone.localtime(now).date()
    last_on = timezone.localtime(last_at).date() if last_at else None
    latest_level = patient.latest_level
    return WorklistRow(
        patient_id=patient.pk,
        name=patient.name,
        sex=patient.get_sex_display(),
        age=patient.age_on(today),
        number=number,
        histology=patient.get_histology_display(),
        stage=patient.get_stage_display(),
        is_synthetic=patient.is_synthetic,
        level=level_of(latest_level, alert=alert is not None, pending=mark is not None),
        alert_id=alert.pk if alert else None,
        alert_state=alert.state if alert else "",
        alert_state_label=alert.get_state_display() if alert else "",
        alert_age=ago_text((today - timezone.localdate(alert.raised_at)).days) if alert else "",
        owner=str(alert.owner) if alert and alert.owner else "",
        next_step=_next_step(alert, scans=scans, today=today) if alert else "",
        snoozed_until=timezone.localdate(alert.snoozed_until) if alert and alert.sleeps(now) else None,
        pending_since=mark.marked_at if mark else None,
        failed=bool(mark and mark.failure),
        evaluated=latest_level is not None,
        markers=markers,
        last_draw=ago_text((today - last_on).days) if last_on else "",
        last_draw_on=last_on,
        due=due_text(due, today) if due else "",
        overdue=due is not None and due.is_overdue(today),
        missing=missing_text(due, today) if due else "",
        call=last_call_text(due, today) if due else "",
        needs_a_draw=due is not None and needs_a_draw(due, today),
        imaging=_imaging_cell(scans) if scans else None,
    )


def _next_step(alert: Alert, *, scans: Sequence[ImagingStudy], today: dt.date) -> str:
    """What the page of an open alert asks first needs no words beside "needs an answer"."""
    if alert.state == AlertState.OPEN:
        return ""
    results = results_of(alert, scans)
    return next_step_text(alert, today=today, result=results[0] if results else None)


def _imaging_cell(scans: Sequence[ImagingStudy]) -> ImagingCell:
    """Of the last day, the gravest finding; how many more there were is said."""
    one = scans[0]
    return ImagingCell(
        more=len(scans) - 1,
        modality=one.get_modality_display(),
        performed_on=one.performed_on,
        finding=one.finding,
        label=one.get_finding_display(),
    )


def _telling_markers(trends: Mapping[str, Trend | None]) -> tuple[str, ...]:
    """Those that moved, then those of the families that matter; at least two, so that a calm row shows a course."""
    codes = sorted(trends, key=lambda code: _telling(code, trends[code]))
    moved = sum(_rank(trend) < NO_SIGN for trend in trends.values())
    return tuple(codes[: min(max(moved, 2), MARKERS_IN_A_ROW)])


def _telling(code: str, trend: Trend | None) -> tuple[int, int, float, int]:
    marker = catalogue().marker(code)
    rank = _rank(trend)
    changed = -(trend.change_percent or 0.0) if trend and rank < NO_SIGN else 0.0
    return (rank, FAMILY_RANK[marker.family], changed, marker.order)


def _rank(trend: Trend | None) -> int:
    """A trend says since when exactly where its marker speaks for a rise."""
    if trend is None:
        return NO_SIGN
    return STATE_RANK.get(trend.state, NO_SIGN if trend.since is None else WEAK_SIGN)


def _change(trend: OwnTrend, *, points: Sequence[SeriesPoint]) -> str:
    """Empty where the value shown is not the one that was read: the newest draw was left out, or came in since."""
    last = points[-1]
    if trend.last_value != float(last.canonical):
        return ""
    level_draws = trend.level_draws or ()
    return own_change_text(trend.change_percent, last=last, level_draws=level_draws, points=points, narrow=True)


def _marker_cell(
    code: str,
    *,
    patient: Patient,
    points: Sequence[SeriesPoint],
    trend: OwnTrend | None,
    intervals: Intervals,
    now: dt.datetime,
) -> MarkerCell:
    marker = catalogue().marker(code)
    last = points[-1]
    within = range_of(last, marker=marker, patient=patient, intervals=intervals)
    end = max(now, last.collected_at).timestamp() / SECONDS_A_DAY
    moved = _rank(trend) < NO_SIGN
    return MarkerCell(
        code=code,
        short_name=marker.short_name,
        family=marker.family,
        spark=sparkline(
            [
                SparkPoint(
                    point.collected_at.timestamp() / SECONDS_A_DAY,
                    float(point.canonical),
                    bool(point.comparator),
                    segment,
                )
                for point, segment in zip(points, segments_of(points), strict=True)
            ],
            low=float(within.low) if within and within.low is not None else None,
            high=float(within.high) if within and within.high is not None else None,
            first_day=end - SPARK_DAYS,
            last_day=end,
        ),
        value=reported_text(last),
        unit=unit_text(last.unit),
        flag=flag_of(last, within),
        change=_change(trend, points=points) if trend and moved else "",
        since=trend.since if trend and moved else None,
        moved=moved,
    )
