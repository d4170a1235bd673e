"""The patient page as data: level, alerts, why, chart and table. Access was asked by the view."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from monitoring.alert_panel import AlertView, alerts_of
from monitoring.chart_events import SpanRow, span_rows
from monitoring.chart_panels import Panel
from monitoring.charts import Events, effects_on, panels_of, patient_chart
from monitoring.cumulative import CumulativeTable, cumulative_table
from monitoring.evaluation import clinic_zone, date_of
from monitoring.explanation import NO_WEIGHT, MarkerWhy, against, explain_marker
from monitoring.findings import MOVED, marker_from_json, nothing_found, patient_from_json
from monitoring.level_reasons import LevelWhy, explain_level, weights
from monitoring.models import Evaluation, EvaluationMark, Level, Trend
from monitoring.points import PointView, point_views
from monitoring.ranges import intervals_behind
from monitoring.repeat_words import PlannedDraw, repeat_text
from monitoring.selectors import level_of
from monitoring.trends.types import PatientFinding
from monitoring.wording import date_text, listed
from patients.absent_results import AbsentResult, absent_results
from patients.catalogue import MarkerDefinition, catalogue
from patients.due import Due, due_draws
from patients.due_wording import due_text
from patients.messages import urgent_texts
from patients.models import Condition, Draw, FollowUpPlan, ImagingStudy, Patient, SkeletalEvent, Treatment
from patients.ranges import Intervals
from patients.selectors import SeriesPoint, held_points, series_points


@dataclass(frozen=True, slots=True)
class NotedDraw:
    """Values of one draw that were left out or read with care, and why."""

    day: str
    text: str
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The why panel. `moved` speak for a rise, the reasons first; `still` were looked at and did not move."""

    evaluation: Evaluation
    level: LevelWhy
    older_alert: bool  # an alert stands that the latest reading would not raise
    moved: tuple[MarkerWhy, ...]
    still: tuple[MarkerWhy, ...]
    against: tuple[str, ...]
    noted: tuple[NotedDraw, ...]
    results_read: int


@dataclass(frozen=True, slots=True)
class UrgentValue:
    """The latest value of a marker, where it lies beyond the limit at which somebody must be told at once."""

    day: str
    text: str


@dataclass(frozen=True, slots=True)
class OnHold:
    """How many values wait for a second person, and in which draws: id and day, the newest first."""

    count: int
    draws: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPage:
    """Everything the patient page shows, read in a fixed number of queries."""

    level: str
    alerts: tuple[AlertView, ...]
    earlier_alerts: tuple[AlertView, ...]
    studies: tuple[ImagingStudy, ...]
    urgent: tuple[UrgentValue, ...]
    on_hold: OnHold | None
    why: Why | None
    mark: EvaluationMark | None
    chart: dict[str, Any] | None
    table: CumulativeTable | None
    due: str
    overdue: bool
    plan: FollowUpPlan | None
    last_draw_on: dt.date | None
    panels: tuple[Panel, ...]  # what chart and table were made of, for whoever draws them elsewhere
    events: Events
    effects: tuple[SpanRow, ...]  # in words what the chart shows hatched

    @property
    def has_results(self) -> bool:
        """A series to draw; values that wait for a second person alone are a table and no more."""
        return self.chart is not None


def patient_page(patient: Patient, *, now: dt.datetime) -> PatientPage:
    """What is known of one patient whom the viewer may see."""
    today = timezone.localtime(now).date()
    series = series_points([patient.pk])[patient.pk]
    trends = {trend.marker_id: trend for trend in Trend.objects.filter(patient=patient)}
    evaluation = Evaluation.objects.filter(patient=patient).order_by("-at", "-pk").first()
    found = _found(evaluation, trends, patient_id=patient.pk)
    findings = {one.marker: one for one in found.markers}
    draws = {draw.pk: draw for draw in Draw.objects.filter(patient=patient).select_related("recorded_by")}
    waiting = _waiting(patient)
    intervals = intervals_behind([series, waiting])
    panels = panels_of(
        series,
        patient=patient,
        intervals=intervals,
        findings=findings,
        notes={pk: draw.note for pk, draw in draws.items()},
        markers=catalogue(),
        entered={pk: str(draw.recorded_by) for pk, draw in draws.items() if draw.recorded_by and draw.batch_id is None},
    )
    held = _held_panels(waiting, patient=patient, intervals=intervals)
    absent = absent_results(patient.pk)
    mark = EvaluationMark.objects.filter(patient=patient).first()
    events = _events(patient)
    alerts = alerts_of(patient, studies=events.imaging, now=now)
    due = due_draws([patient.pk], tz=timezone.get_current_timezone()).get(patient.pk)
    plan = FollowUpPlan.objects.filter(patient=patient, is_active=True).prefetch_related("panel").first()
    last_draw_on = max((dt.date.fromisoformat(panel.views[-1].x[:10]) for panel in (*panels, *held)), default=None)
    return PatientPage(
        level=level_of(evaluation.level if evaluation else None, alert=bool(alerts.standing), pending=mark is not None),
        alerts=alerts.standing,
        earlier_alerts=alerts.earlier,
        studies=alerts.studies,
        urgent=_urgent(panels, held),
        on_hold=_on_hold(held, absent),
        why=_why(
            evaluation,
            found=found,
            trends=trends,
            panels=panels,
            alerts=alerts.standing,
            repeat=_repeat(found, panels=(*panels, *held), planned=_planned(plan, due), today=today),
        )
        if evaluation
        else None,
        mark=mark,
        chart=patient_chart(panels, events=events, today=today),
        table=cumulative_table(panels, absent=absent, held=held) if panels or held else None,
        due=due_text(due, today) if due else "",
        overdue=due is not None and due.is_overdue(today),
        plan=plan,
        last_draw_on=last_draw_on,
        panels=tuple(panels),
        events=events,
        effects=tuple(_effects(panels, events)),
    )


def _effects(panels: Sequence[Panel], events: Events) -> list[SpanRow]:
    return span_rows({catalogue().marker(code).short_name: spans for code, spans in effects_on(panels, events).items()})


def _found(evaluation: Evaluation | None, trends: Mapping[str, Trend], *, patient_id: int) -> PatientFinding:
    """The latest finding as it was stored. Of a marker that speaks for nothing no draw is shown as speaking for it."""
    stored = tuple(marker_from_json(trend.finding) for trend in trends.values() if trend.finding)
    reason = evaluation.reason if evaluation else None
    found = patient_from_json(reason, markers=stored) if reason else replace(nothing_found(patient_id), markers=stored)
    told = {reason.marker for reason in found.reasons}
    markers = (
        one if one.state in MOVED or one.marker in told else replace(one, supporting_draw_ids=())
        for one in found.markers
    )
    return replace(found, markers=tuple(markers))


def _waiting(patient: Patient) -> dict[str, list[SeriesPoint]]:
    """What waits for a second person, by marker."""
    series: dict[str, list[SeriesPoint]] = defaultdict(list)
    for point in held_points([patient.pk])[patient.pk]:
        series[point.marker].append(point)
    return series


def _held_panels(series: Mapping[str, Sequence[SeriesPoint]], *, patient: Patient, intervals: Intervals) -> list[Panel]:
    """A panel a marker of what waits: for the table and for what is urgent, not for the chart."""

    def views(marker: MarkerDefinition) -> list[PointView]:
        # Each by itself: a change from one unchecked value to the next says nothing.
        alone = (point_views([one], marker=marker, patient=patient, intervals=intervals) for one in series[marker.code])
        return [view for one in alone for view in one]

    return [
        Panel(marker=marker, views=views(marker), finding=None)
        for marker in catalogue().markers
        if marker.code in series
    ]


def _urgent(panels: Sequence[Panel], held: Sequence[Panel]) -> tuple[UrgentValue, ...]:
    """A later value that is not urgent ends it; an urgent one stays until then, however it came in.

    What waits for a second person is said at once where it is urgent, and ends nothing before it is checked: neither
    what is known nor another that waits, so each of them is said, the newest of a marker first.
    """
    last_known = {panel.marker.code: panel.views[-1].point.collected_at for panel in panels}
    newer = (
        (panel, view)
        for panel in held
        for view in reversed(panel.views)
        if panel.marker.code not in last_known or view.point.collected_at >= last_known[panel.marker.code]
    )
    known = ((panel, view) for panel in panels for view in panel.views[-1:])
    return tuple(
        UrgentValue(date_text(dt.date.fromisoformat(view.x[:10])), text)
        for panel, view in (*newer, *known)
        for text in urgent_texts(panel.marker, view.point.canonical, view.point.comparator)
    )


def _on_hold(held: Sequence[Panel], absent: Sequence[AbsentResult]) -> OnHold | None:
    """None where nothing waits. A computed value waits with its inputs and is not counted beside them."""
    points = [view.point for panel in held if not panel.marker.derived for view in panel.views]
    waits: list[SeriesPoint | AbsentResult] = [*points, *(one for one in absent if one.awaiting_check)]
    if not waits:
        return None
    draws = {one.draw_id: one.collected_at for one in sorted(waits, key=lambda one: one.collected_at, reverse=True)}
    days = tuple((draw_id, date_text(timezone.localdate(at))) for draw_id, at in draws.items())
    return OnHold(len(waits), days)


def _events(patient: Patient) -> Events:
    return Events(
        treatments=list(Treatment.objects.filter(patient=patient).order_by("started_on", "pk")),
        imaging=list(ImagingStudy.objects.filter(patient=patient).order_by("performed_on", "pk")),
        skeletal=list(SkeletalEvent.objects.filter(patient=patient).order_by("occurred_on", "pk")),
        conditions=list(Condition.objects.filter(patient=patient).order_by("occurred_on", "pk")),
    )


def _noted(explained: Sequence[MarkerWhy]) -> tuple[NotedDraw, ...]:
    """Newest first; what was done with several values of one draw for one reason is said once."""
    values: dict[tuple[dt.datetime, str, str], list[str]] = defaultdict(list)
    for why in explained:
        for one in why.notes:
            values[one.at, one.day, one.text].append(f"{why.short_name} {one.value}")
    return tuple(
        NotedDraw(day=day, text=text, values=listed(values[at, day, text]))
        for at, day, text in sorted(values, key=lambda key: key[0], reverse=True)
    )


def _why(
    evaluation: Evaluation,
    *,
    found: PatientFinding,
    trends: Mapping[str, Trend],
    panels: Sequence[Panel],
    alerts: Sequence[AlertView],
    repeat: str,
) -> Why:
    known = weights(found)
    explained = [
        explain_marker(
            panel.finding,
            marker=panel.marker,
            views=panel.views,
            since=trends[panel.marker.code].since,
            weight=known.get(panel.marker.code, NO_WEIGHT),
        )
        for panel in panels
        if panel.finding is not None
    ]
    markers = {panel.marker.code: panel.marker for panel in panels}
    # A series may have been emptied since: its finding stands until the next evaluation and has nothing to be shown at.
    findings = {one.marker: one for one in found.markers if one.marker in markers}
    return Why(
        evaluation=evaluation,
        level=explain_level(found, repeat=repeat),
        older_alert=bool(alerts) and evaluation.level != Level.ALERT,
        noted=_noted(explained),
        moved=_by_reason([one for one in explained if one.moved], found),
        still=tuple(one for one in explained if not one.moved),
        against=tuple(against(findings, markers, told={reason.marker for reason in found.reasons})),
        results_read=len(evaluation.input_results),
    )


def _by_reason(moved: Sequence[MarkerWhy], found: PatientFinding) -> tuple[MarkerWhy, ...]:
    """In the order of the reasons; then what moved and is no reason, the sustained first."""
    place = {reason.marker: at for at, reason in enumerate(found.reasons)}
    return tuple(sorted(moved, key=lambda one: (place.get(one.code, len(place)), not one.sustained)))


def _repeat(found: PatientFinding, *, panels: Sequence[Panel], planned: PlannedDraw | None, today: dt.date) -> str:
    """When to see again what moved; `panels` are of all values, those that wait for a second person too."""
    moved = {one.marker for one in found.markers if one.state in MOVED}
    drawn = (dt.date.fromisoformat(panel.views[-1].x[:10]) for panel in panels if panel.marker.code in moved)
    return repeat_text(
        found.next_draw_days,
        read_on=_last_read_on(found),
        drawn_on=max(drawn, default=None),
        planned=planned,
        of=moved,
        today=today,
    )


def _planned(plan: FollowUpPlan | None, due: Due | None) -> PlannedDraw | None:
    if plan is None or due is None:
        return None
    return PlannedDraw(on=due.expected_on, markers=frozenset(marker.code for marker in plan.panel.all()))


def _last_read_on(found: PatientFinding) -> dt.date | None:
    """The day of the newest draw that the evaluation knew."""
    days = [reading.day for one in found.markers for reading in one.readings]
    return date_of(max(days), tz=clinic_zone()) if days else None
