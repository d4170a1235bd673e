"""Whose next draw is due when, in a fixed number of queries.

Due is what the plan's panel says: a draw without one of the planned markers does not put that marker off. Callers have
passed `patients.access`, or are the system.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from patients.catalogue import catalogue
from patients.models import TAKEN_BACK, Draw, FollowUpCall, FollowUpPlan, Patient, Result

PatientIds = QuerySet[Patient, int]  # a condition of the database: thousands would be too many for one statement
DUE_SOON_DAYS: Final = 7
SAME_ROUND_DAYS: Final = 7  # two draws of one visit may lie some days apart: part at the ward, part at the clinic
DAYS_A_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCall:
    """The last call about the draw that is waited for."""

    outcome: str
    called_on: dt.date
    comes_on: dt.date | None = None
    call_again_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """When the next draw of a patient is due by the active plan."""

    patient_id: int
    every_weeks: int
    due_on: dt.date
    last_draw_on: dt.date | None
    panel_missing: tuple[str, ...] = ()  # planned, but not measured in the last draw or shortly before it
    paused_until: dt.date | None = None
    call: LastCall | None = None
    quiet_until: dt.date | None = field(default=None, compare=False)  # the last day on which nothing is missed yet

    @property
    def promised_on(self) -> dt.date | None:
        return self.call.comes_on if self.call else None

    @property
    def expected_on(self) -> dt.date:
        """The day the blood is waited for: what was promised for a later day is not late before."""
        return max(self.due_on, self.promised_on) if self.promised_on else self.due_on

    def days_overdue(self, today: dt.date) -> int:
        """Positive where the draw is late; the day itself is not late, nor is any day up to the promised one."""
        days = (today - self.due_on).days
        return days if self.is_overdue(today) else min(days, 0)

    def is_overdue(self, today: dt.date) -> bool:
        return today > self.expected_on

    def is_due(self, today: dt.date) -> bool:
        """Today or within the next seven days, and not late."""
        return 0 <= (self.expected_on - today).days <= DUE_SOON_DAYS

    def is_paused(self, today: dt.date) -> bool:
        return self.paused_until is not None and today < self.paused_until


@dataclass(frozen=True, slots=True)
class _Plan:
    """An active plan, with the clinic's day of the last draw and of the last measurement of each planned marker."""

    every_weeks: int
    starts_on: dt.date
    paused_until: dt.date | None
    last_on: dt.date | None
    measured: dict[str, dt.date | None] = field(default_factory=dict)


def due_draws(patient_ids: Collection[int] | PatientIds, *, tz: dt.tzinfo) -> dict[int, Due]:
    """patient id -> when the next draw is due; a patient without an active plan has no entry. Three queries,
    one where nobody has a plan.
    """
    plans = _active_plans(patient_ids, tz=tz)
    if not plans:
        return {}
    for patient_id, marker, at in _last_measured(patient_ids):
        plans[patient_id].measured[marker] = _day(at, tz)
    calls = _last_calls(patient_ids, tz=tz)
    return {patient_id: _due(patient_id, plan, calls.get(patient_id)) for patient_id, plan in plans.items()}


def _stands() -> QuerySet[Result]:
    """What was taken back (of another patient, never measured) or has no number (haemolysed, not done) is no value."""
    return Result.objects.current().exclude(status__in=TAKEN_BACK).filter(canonical_value__isnull=False)


def draws_with_values() -> QuerySet[Draw]:
    """The draws something came of."""
    return Draw.objects.filter(Exists(_stands().filter(draw=OuterRef("pk"))))


def last_draw_at() -> Subquery:
    """Of the patient of the outer row: when the last draw was that something came of."""
    held = draws_with_values().filter(patient=OuterRef("pk"))
    return Subquery(held.order_by("-collected_at").values("collected_at")[:1])


def _active_plans(patient_ids: Collection[int] | PatientIds, *, tz: dt.tzinfo) -> dict[int, _Plan]:
    return {
        patient_id: _Plan(weeks, starts_on, paused_until, _day(last_at, tz))
        for patient_id, weeks, starts_on, paused_until, last_at in _plans().filter(patient_id__in=patient_ids)
    }


@cache  # every write asks it: building the question took longer than the answer; never run as it is
def _plans() -> QuerySet[FollowUpPlan, tuple[int, int, dt.date, dt.date | None, dt.datetime | None]]:
    held = draws_with_values().filter(patient=OuterRef("patient"))
    last_at = Subquery(held.order_by("-collected_at").values("collected_at")[:1])
    plans = FollowUpPlan.objects.filter(is_active=True).annotate(last_at=last_at)
    return plans.values_list("patient_id", "every_weeks", "starts_on", "paused_until", "last_at")


def _last_measured(patient_ids: Collection[int] | PatientIds) -> Iterable[tuple[int, str, dt.datetime | None]]:
    """Patient, planned marker, last draw that measured it.

    Asked by the draws of the patient, newest first: whoever groups all results by marker reads the whole record.
    """
    return _panels().filter(followupplan__patient_id__in=patient_ids)


@cache
def _panels() -> QuerySet[Any, tuple[int, str, dt.datetime | None]]:
    of_marker = _stands().filter(draw=OuterRef("pk"), marker=OuterRef(OuterRef("marker")))
    held = Draw.objects.filter(Exists(of_marker), patient=OuterRef("followupplan__patient"))
    panels = FollowUpPlan.panel.through.objects.filter(followupplan__is_active=True)
    last_at = Subquery(held.order_by("-collected_at").values("collected_at")[:1])
    fields = ("followupplan__patient_id", "marker_id", "last_at")
    return panels.annotate(last_at=last_at).values_list(*fields)


def _day(at: dt.datetime | None, tz: dt.tzinfo) -> dt.date | None:
    return at.astimezone(tz).date() if at else None


def _last_calls(patient_ids: Collection[int] | PatientIds, *, tz: dt.tzinfo) -> dict[int, LastCall]:
    newest = FollowUpCall.objects.filter(patient=OuterRef("patient")).order_by("-at", "-pk").values("pk")[:1]
    return {
        call.patient_id: LastCall(
            outcome=call.outcome,
            called_on=call.at.astimezone(tz).date(),
            comes_on=call.comes_on,
            call_again_on=call.call_again_on,
        )
        for call in FollowUpCall.objects.filter(patient_id__in=patient_ids, pk=Subquery(newest))
    }


def _due(patient_id: int, plan: _Plan, call: LastCall | None) -> Due:
    """The planned marker that was measured longest ago decides; one that never was is due since the plan began."""
    days = [day for day in plan.measured.values() if day is not None]
    complete_on = min(days, default=None) if len(days) == len(plan.measured) else None
    after = complete_on + dt.timedelta(weeks=plan.every_weeks) if complete_on else plan.starts_on
    concerns = call is not None and _concerns_this_round(call, complete_on=complete_on, last_on=plan.last_on)
    return Due(
        patient_id,
        plan.every_weeks,
        max(after, plan.starts_on, plan.paused_until or plan.starts_on),
        plan.last_on,
        panel_missing=_missing(plan),
        paused_until=plan.paused_until,
        call=call if concerns else None,
        quiet_until=_quiet_until(plan),
    )


def _quiet_until(plan: _Plan) -> dt.date:
    """Before the first draw it is the day the plan asks for it; a pause has a reason and a last day, and is kept."""
    after = plan.last_on + dt.timedelta(weeks=plan.every_weeks) if plan.last_on else plan.starts_on
    return max(after, plan.starts_on, plan.paused_until or plan.starts_on)


def _missing(plan: _Plan) -> tuple[str, ...]:
    """Planned markers that the last draw, with what was drawn shortly before it, did not measure."""
    if plan.last_on is None:
        return ()
    # Half the interval, so that a weekly plan does not take the draw of the week before for the same round.
    since = plan.last_on - dt.timedelta(days=min(SAME_ROUND_DAYS, plan.every_weeks * DAYS_A_WEEK // 2))
    lacking = {marker for marker, day in plan.measured.items() if day is None or day < since}
    return tuple(marker.code for marker in catalogue().markers if marker.code in lacking)


def _concerns_this_round(call: LastCall, *, complete_on: dt.date | None, last_on: dt.date | None) -> bool:
    """A draw after the call answers it, unless the patient promised to come after that draw and is still waited for."""
    if complete_on is not None and call.called_on <= complete_on:
        return False
    waited_for = call.comes_on or call.called_on
    return last_on is None or max(call.called_on, waited_for) > last_on


def panel_measured_on(patient_id: int, *, tz: dt.tzinfo) -> dict[str, dt.date | None]:
    """Planned marker of the active plan -> the clinic's day of its last measurement. One query."""
    return {marker: _day(at, tz) for _, marker, at in _last_measured([patient_id])}
