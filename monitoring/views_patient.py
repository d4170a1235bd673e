"""One patient's page, the way there from a mail, and the answer to an alert."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from accounts.gate import signed_in
from accounts.roles import Permission
from audit.services import record
from monitoring.errors import AlertProblem
from monitoring.models import Alert, AlertState
from monitoring.patient_page import patient_page
from monitoring.services import LONGEST_COMMENT, acknowledge_alert
from monitoring.walk import walk
from patients.access import access_patient, merged_patients, visible_patients
from patients.banner import banner_of
from patients.models import Patient


@login_required
@require_safe
def patient(request: HttpRequest, patient_id: int) -> HttpResponse:
    found = access_patient(request.user, patient_id)
    return _page(request, found)


@login_required
@require_safe
def alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Where a mail's link leads: to the reasons, for those who may see the patient."""
    return redirect(_why(_visible_alert(request, alert_id).patient_id))


@login_required
@require_POST
def alert_acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Says that somebody looked, and what was thought of it."""
    found = _visible_alert(request, alert_id)
    person = access_patient(
        request.user, found.patient_id, permission=Permission.ANSWER_ALERT, purpose="alert_answered"
    )
    user = signed_in(request)
    comment = request.POST.get("comment", "")
    try:
        acknowledge_alert(
            actor=user.audit_name,
            user=user,
            alert_id=found.pk,
            comment=comment,
            now=timezone.now(),
        )
    except AlertProblem as problem:
        wrong = {"alert_id": found.pk, "comment": comment, "error": _problem_text(problem)}
        return _page(request, person, answer=wrong, status=409 if problem.code == "alert_not_open" else 422)
    messages.success(request, gettext("The alert is acknowledged; your comment stands in its history."))
    return redirect(_why(found.patient_id))


def _visible_alert(request: HttpRequest, alert_id: int) -> Alert:
    """Absent and forbidden look the same. The link of an old mail still leads on where the record was merged."""
    user = signed_in(request)
    seen = visible_patients(user) | merged_patients(user)
    found = Alert.objects.filter(pk=alert_id, patient__in=seen).first()
    if found is None:
        record(actor=user.audit_name, action="alert.refused", object_type="alert", object_id=alert_id)
        raise Http404("No such alert.")
    return found


def _why(patient_id: int) -> str:
    return f"{reverse('patient', args=[patient_id])}#why"


def _page(
    request: HttpRequest, found: Patient, *, answer: dict[str, object] | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context = {
        "patient": found,
        "banner": banner_of(found),
        "here": "patient",
        "walk": walk(signed_in(request), request.session, patient_id=found.pk, asked=request.GET.get("list"), now=now),
        "page": patient_page(found, now=now),
        "answer": answer,
        "longest_comment": LONGEST_COMMENT,
    }
    return render(request, "monitoring/patient.html", context, status=status)


def _problem_text(problem: AlertProblem) -> str:
    if problem.code == "comment_missing":
        return gettext("The comment is empty. Write what you think of the rise or what you will do, then acknowledge.")
    if problem.code == "comment_too_long":
        return gettext("The comment is too long: at most %(most)s characters fit.") % problem.params
    if problem.code == "alert_not_open":
        state = str(dict(AlertState.choices).get(problem.params.get("state", ""), ""))
        return gettext("This alert was answered meanwhile (now: %(state)s). Your comment was not saved.") % {
            "state": state
        }
    return gettext("This cannot be acknowledged.")
