"""The follow-up of one patient: what is due, who was called, and the forms to record a call, pause or stop the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.access import access_patient
from patients.banner import banner_of
from patients.catalogue import catalogue
from patients.due import Due, LastCall, due_draws, panel_measured_on
from patients.due_wording import due_text, missing_text, outcome_text
from patients.forms_plan import CallForm, PagePart, PauseForm, StopForm
from patients.messages import explain
from patients.models import CallOutcome, FollowUpCall, FollowUpPlan, Patient
from patients.services import RecordError, pause_plan, record_call, resume_plan, stop_plan

CALLS_SHOWN = 50
NO_FURTHER_DRAW = (CallOutcome.DIED, CallOutcome.MOVED, CallOutcome.DECLINED)

Data = dict[str, Any]
Save = Callable[[User, Patient, Data], str]  # calls the service; gives what is said of it


@dataclass(frozen=True, slots=True)
class PlannedMarker:
    short_name: str
    last_on: dt.date | None
    missing: bool


@dataclass(frozen=True, slots=True)
class CallRow:
    call: FollowUpCall
    outcome: str
    person: str


@login_required
@require_safe
def follow_up(request: HttpRequest, pk: int) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    return _page(request, access_patient(user, pk, purpose="opened_follow_up"))


def _record_call(user: User, patient: Patient, data: Data) -> str:
    call = record_call(actor=user.audit_name, patient_id=patient.pk, recorded_by=user, **data)
    if call.outcome in NO_FURTHER_DRAW and call.plan is not None:
        return gettext("The call is recorded. Stop the plan below if no further draw is to come.")
    return gettext("The call is recorded.")


def _pause(user: User, patient: Patient, data: Data) -> str:
    pause_plan(actor=user.audit_name, patient_id=patient.pk, **data)
    return gettext("The plan is paused.")


def _stop(user: User, patient: Patient, data: Data) -> str:
    stop_plan(actor=user.audit_name, patient_id=patient.pk, **data)
    return gettext("The plan is stopped: no draw is due any more.")


def _resume(user: User, patient: Patient, _data: Data) -> str:
    resume_plan(actor=user.audit_name, patient_id=patient.pk)
    return gettext("The plan goes on.")


def _part_of_the_page(form_class: type[PagePart], save: Save) -> Callable[[HttpRequest, int], HttpResponse]:
    """The address of one form of the page: save it and come back, or show the page with what is wrong with it."""

    @login_required
    @require_POST
    def taken(request: HttpRequest, pk: int) -> HttpResponse:
        user = may(request, Permission.VIEW_PATIENT)
        patient = access_patient(user, pk, permission=Permission.RECORD_EVENTS, purpose="opened_for_event")
        form = form_class(request.POST)
        if form.is_valid():
            try:
                messages.success(request, save(user, patient, form.cleaned_data))
            except ValidationError as error:
                form.add_error(None, error)
            except RecordError as refusal:
                form.add_error(None, explain(refusal.code, refusal.params))
            else:
                return redirect("follow_up", patient.pk)
        return _page(request, patient, wrong=form)

    return taken


call_record = _part_of_the_page(CallForm, _record_call)
plan_pause = _part_of_the_page(PauseForm, _pause)
plan_stop = _part_of_the_page(StopForm, _stop)
plan_resume = _part_of_the_page(PagePart, _resume)


def _page(request: HttpRequest, patient: Patient, *, wrong: PagePart | None = None) -> HttpResponse:
    today, tz = timezone.localdate(), timezone.get_current_timezone()
    plan = FollowUpPlan.objects.filter(patient=patient, is_active=True).first()
    due = due_draws([patient.pk], tz=tz).get(patient.pk)
    calls = list(FollowUpCall.objects.filter(patient=patient).select_related("recorded_by")[:CALLS_SHOWN])
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "plan": plan,
        "stopped": None if plan else _last_stopped(patient),
        "due": due,
        "due_text": due_text(due, today) if due else "",
        "overdue": due is not None and due.is_overdue(today),
        "paused": due is not None and due.is_paused(today),
        "missing": missing_text(due, today) if due else "",
        "panel": _panel(due, panel_measured_on(patient.pk, tz=tz)),
        "calls": [_call_row(call, today) for call in calls],
        "wrong": wrong,
        "call_form": wrong if isinstance(wrong, CallForm) else CallForm(),
        "pause_form": wrong if isinstance(wrong, PauseForm) else PauseForm(),
        "stop_form": wrong if isinstance(wrong, StopForm) else StopForm(initial={"reason": _stop_reason(calls)}),
    }
    return render(request, "patients/follow_up.html", context, status=422 if wrong else 200)


def _last_stopped(patient: Patient) -> FollowUpPlan | None:
    """The newest plan, where it was stopped and no other took its place."""
    newest = FollowUpPlan.objects.filter(patient=patient).order_by("-pk").first()
    return newest if newest and newest.stopped_on else None


def _panel(due: Due | None, measured: dict[str, dt.date | None]) -> list[PlannedMarker]:
    missing = due.panel_missing if due else ()
    return [
        PlannedMarker(marker.short_name, measured[marker.code], marker.code in missing)
        for marker in catalogue().markers
        if marker.code in measured
    ]


def _call_row(call: FollowUpCall, today: dt.date) -> CallRow:
    called = LastCall(outcome=call.outcome, called_on=timezone.localdate(call.at), comes_on=call.comes_on)
    return CallRow(call, outcome_text(called, today), str(call.recorded_by) if call.recorded_by else "")


def _stop_reason(calls: list[FollowUpCall]) -> str:
    """What the last call already said of why no further draw is to come."""
    said = calls[0].outcome if calls else ""
    return str(CallOutcome(said).label) if said in NO_FURTHER_DRAW else ""
