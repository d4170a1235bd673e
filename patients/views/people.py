"""The list of patients, and the form of one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.access import access_patient, visible_patients, visible_teams
from patients.banner import banner_of
from patients.forms import SearchForm
from patients.forms_people import NewPatientForm, PatientForm
from patients.matching import likely_duplicates
from patients.messages import explain
from patients.models import Draw, Patient
from patients.selectors import matching
from patients.services import RecordError, create_patient, update_patient
from patients.views.search import remember, remembered, rows_of

PATIENTS_A_PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def patient_list(request: HttpRequest) -> HttpResponse:
    """The patients of the viewer's teams, found by number or name."""
    user = may(request, Permission.VIEW_PATIENT)
    if request.method == "POST":
        if remember(request) is None:
            messages.error(request, gettext("This cannot be searched for. Type a number or a name."))
        return redirect("patient_list")
    text = remembered(request)
    found = matching(visible_patients(user), text).select_related("care_team").order_by("name", "pk")
    page = Paginator(found, PATIENTS_A_PAGE).get_page(request.GET.get("page"))
    ids = [patient.pk for patient in page.object_list]
    last = dict(Draw.objects.filter(patient_id__in=ids).values_list("patient_id").annotate(Max("collected_at")))
    rows = rows_of(page.object_list, last_draws=last)
    context = {"form": SearchForm(initial={"q": text}), "text": text, "page": page, "rows": rows}
    return render(request, "patients/patient_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def patient_new(request: HttpRequest) -> HttpResponse:
    user = may(request, Permission.EDIT_PATIENT)
    form = NewPatientForm(request.POST or None, teams=visible_teams(user), mine=visible_patients(user))
    likely = _namesakes(request, user, form)
    if request.method == "POST" and form.is_valid() and not form.ask_about_namesakes(likely):
        try:
            patient = create_patient(
                actor=user.audit_name,
                details=form.details(),
                care_team=form.cleaned_data["care_team"],
                number=form.cleaned_data["number"],
                created_by=user,
            )
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, gettext("The patient is on record."))
            return redirect("patient", patient.pk)
    return _form_page(request, form, likely)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def patient_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk, permission=Permission.EDIT_PATIENT, purpose="opened_for_change")
    banner = banner_of(patient)
    # The form writes what was typed into its instance; the banner must keep saying what is on record.
    form = PatientForm(request.POST or None, instance=Patient.objects.get(pk=patient.pk))
    likely = _namesakes(request, user, form, patient=patient)
    if request.method == "POST" and form.is_valid() and not form.ask_about_namesakes(likely):
        try:
            update_patient(actor=user.audit_name, patient_id=patient.pk, details=form.details())
        except ValidationError as error:
            form.add_error(None, error.messages)
        except RecordError as refusal:
            form.add_error(None, explain(refusal.code, refusal.params))
        else:
            messages.success(request, gettext("The change is saved."))
            return redirect("patient", patient.pk)
    return _form_page(request, form, likely, patient=patient, banner=banner)


def _namesakes(request: HttpRequest, user: User, form: PatientForm, *, patient: Patient | None = None) -> list[Patient]:
    """Who on record may be the person that was typed. An edit asks only where it changes name or birth date."""
    if request.method != "POST" or not form.is_valid():
        return []
    typed = form.details()
    if patient is not None and (patient.name, patient.birth_date) == (typed.name, typed.birth_date):
        return []
    return likely_duplicates(
        visible_patients(user), name=typed.name, birth_date=typed.birth_date, but=patient.pk if patient else 0
    )


def _form_page(request: HttpRequest, form: PatientForm, likely: list[Patient], **about: object) -> HttpResponse:
    """422 where something typed cannot be taken as it is, so that a test or a proxy can tell it from a saved page."""
    context = {
        "form": form,
        "namesakes": rows_of(likely, last_draws={}),
        "namesake_ids": ",".join(str(one.pk) for one in likely),
        **about,
    }
    status = 422 if form.is_bound and (form.errors or likely) else 200
    return render(request, "patients/patient_form.html", context, status=status)
