"""Writing follow-up plans: setting, pausing and stopping one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from audit.services import record
from patients.derived import INPUTS_OF
from patients.models import FollowUpPlan, Marker
from patients.models.plan import MOST_WEEKS
from patients.services.locking import hold_patient
from patients.signals import follow_up_changed


@transaction.atomic
def set_plan(
    *, actor: str, patient_id: int, markers: Sequence[str], every_weeks: int, starts_on: dt.date
) -> FollowUpPlan:
    """Replace the active follow-up plan; the former one stays, inactive. A pause goes on in the new plan."""
    hold_patient(patient_id)
    if not markers:
        raise ValidationError({"panel": "A plan names at least one marker."})
    plan = FollowUpPlan(patient_id=patient_id, every_weeks=every_weeks, starts_on=starts_on)
    for former in FollowUpPlan.objects.filter(patient_id=patient_id, is_active=True):
        plan.paused_until, plan.pause_reason = former.paused_until, former.pause_reason
        former.is_active = False
        former.save()
    plan.full_clean()
    plan.save()
    # What is computed is not drawn: in its place stands what it is computed from.
    drawn = {one for code in markers for one in INPUTS_OF.get(code, (code,))}
    plan.panel.set(Marker.objects.filter(code__in=drawn))
    record(
        actor=actor,
        action="plan.set",
        object_type="plan",
        object_id=plan.pk,
        patient_id=patient_id,
        details={"every_weeks": every_weeks, "markers": sorted(drawn)},
    )
    follow_up_changed.send(sender=FollowUpPlan, patient_ids=(patient_id,))
    return plan


@transaction.atomic
def pause_plan(
    *, actor: str, patient_id: int, until: dt.date, reason: str, today: dt.date | None = None
) -> FollowUpPlan:
    """Nothing is due before `until`; on that day the plan goes on by itself.

    Raises
    ------
    ValidationError
        there is no plan, no reason, or the day does not do; nothing is written.
    """
    plan = _active_plan(patient_id)
    _pause_can_end(until, today=today or timezone.localdate())
    plan.paused_until, plan.pause_reason = until, _reason(reason)
    return _saved(plan, actor=actor, action="plan.paused", details={"until": until.isoformat()})


@transaction.atomic
def resume_plan(*, actor: str, patient_id: int) -> FollowUpPlan:
    """End a pause now; a plan that is not paused stays as it is."""
    plan = _active_plan(patient_id)
    if plan.paused_until is None:
        return plan
    plan.paused_until, plan.pause_reason = None, ""
    return _saved(plan, actor=actor, action="plan.resumed")


@transaction.atomic
def stop_plan(*, actor: str, patient_id: int, reason: str, today: dt.date | None = None) -> FollowUpPlan:
    """No further draw is due. The plan stays with its reason; a new plan may be set at any time.

    Raises
    ------
    ValidationError
        there is no plan, or no reason; nothing is written.
    """
    plan = _active_plan(patient_id)
    plan.is_active, plan.stopped_on, plan.stop_reason = False, today or timezone.localdate(), _reason(reason)
    return _saved(plan, actor=actor, action="plan.stopped")


def _active_plan(patient_id: int) -> FollowUpPlan:
    hold_patient(patient_id)
    plan = FollowUpPlan.objects.filter(patient_id=patient_id, is_active=True).first()
    if plan is None:
        raise ValidationError(gettext("This patient has no active plan: somebody may have stopped it meanwhile."))
    return plan


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": gettext("Say why, in a few words.")})
    return reason.strip()


def _pause_can_end(until: dt.date, *, today: dt.date) -> None:
    last = today + dt.timedelta(weeks=MOST_WEEKS)
    if today < until <= last:
        return
    days = {"today": date_format(today, "SHORT_DATE_FORMAT"), "last": date_format(last, "SHORT_DATE_FORMAT")}
    if until <= today:
        text = gettext("A pause ends after today, %(today)s.") % days
    else:
        text = gettext("A pause ends by %(last)s. For longer, stop the plan.") % days
    raise ValidationError({"until": text})


def _saved(plan: FollowUpPlan, *, actor: str, action: str, details: dict[str, object] | None = None) -> FollowUpPlan:
    plan.full_clean()
    plan.save()
    # The reason is free text and may name somebody: it stays in the record, the log says only that there is one.
    record(
        actor=actor,
        action=action,
        object_type="plan",
        object_id=plan.pk,
        patient_id=plan.patient_id,
        details=details,
    )
    follow_up_changed.send(sender=FollowUpPlan, patient_ids=(plan.patient_id,))
    return plan
