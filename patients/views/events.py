"""Small forms for what shares the time axis with the markers, and for the follow-up plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.access import access_patient
from patients.banner import banner_of
from patients.entry import DEFAULT_PANEL
from patients.forms import ConditionForm, ImagingForm, SkeletalEventForm, TreatmentForm
from patients.forms_plan import PlanForm
from patients.messages import explain
from patients.models import FollowUpPlan, Patient
from patients.services import (
    RecordError,
    record_condition,
    record_imaging,
    record_skeletal_event,
    record_treatment,
    set_plan,
)

Save = Callable[[User, Patient, dict[str, Any]], object]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def treatment_new(request: HttpRequest, pk: int) -> HttpResponse:
    def save(user: User, patient: Patient, data: dict[str, Any]) -> object:
        return record_treatment(actor=user.audit_name, patient_id=patient.pk, recorded_by=user, **data)

    return _page(request, pk, TreatmentForm, save, title=_("Record treatment"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def imaging_new(request: HttpRequest, pk: int) -> HttpResponse:
    def save(user: User, patient: Patient, data: dict[str, Any]) -> object:
        return record_imaging(actor=user.audit_name, patient_id=patient.pk, recorded_by=user, **data)

    return _page(request, pk, ImagingForm, save, title=_("Record imaging"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def skeletal_event_new(request: HttpRequest, pk: int) -> HttpResponse:
    def save(user: User, patient: Patient, data: dict[str, Any]) -> object:
        return record_skeletal_event(actor=user.audit_name, patient_id=patient.pk, recorded_by=user, **data)

    return _page(request, pk, SkeletalEventForm, save, title=_("Record skeletal event"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def condition_new(request: HttpRequest, pk: int) -> HttpResponse:
    def save(user: User, patient: Patient, data: dict[str, Any]) -> object:
        return record_condition(actor=user.audit_name, patient_id=patient.pk, recorded_by=user, **data)

    return _page(request, pk, ConditionForm, save, title=_("Record infection or other condition"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_edit(request: HttpRequest, pk: int) -> HttpResponse:
    def save(user: User, patient: Patient, data: dict[str, Any]) -> object:
        return set_plan(actor=user.audit_name, patient_id=patient.pk, **data)

    def initial(patient: Patient) -> dict[str, Any]:
        plan = FollowUpPlan.objects.filter(patient=patient, is_active=True).first()
        return PlanForm.initial_of(plan, default_panel=DEFAULT_PANEL)

    return _page(request, pk, PlanForm, save, title=_("Follow-up plan"), initial=initial)


def _page(
    request: HttpRequest,
    pk: int,
    form_class: Callable[..., Any],
    save: Save,
    *,
    title: Any,
    initial: Callable[[Patient], dict[str, Any]] | None = None,
) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk, permission=Permission.RECORD_EVENTS, purpose="opened_for_event")
    form = form_class(request.POST or None, patient=patient, initial=initial(patient) if initial else None)
    if request.method == "POST" and form.is_valid():
        try:
            save(user, patient, form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error.messages)
        except RecordError as refusal:
            form.add_error(None, explain(refusal.code, refusal.params))
        else:
            messages.success(request, gettext("Saved."))
            return redirect("patient", patient.pk)
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "patient": patient, "banner": banner_of(patient), "title": title}
    return render(request, "patients/event_form.html", context, status=status)
