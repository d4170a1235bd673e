"""The way to an alert from a mail, and the steps a clinician takes with it. Each is posted from the patient page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.gate import signed_in
from accounts.roles import Permission
from audit.services import record
from monitoring import forms
from monitoring.alert_messages import MEANWHILE, field_of, problem_text
from monitoring.errors import AlertProblem
from monitoring.models import Alert
from monitoring.services import (
    acknowledge_alert,
    close_alert,
    hand_over_alert,
    request_imaging,
    request_repeat,
    snooze_alert,
    wake_alert,
)
from monitoring.views_patient import Answer, patient_response
from patients.access import access_patient, merged_patients, visible_patients

Service = Callable[..., Alert]


@login_required
@require_safe
def alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Where a mail's link leads: to the reasons, for those who may see the patient."""
    return redirect(_why(_visible_alert(request, alert_id).patient_id))


@login_required
@require_POST
def acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Says that somebody looked, and what was thought of it."""
    saved = _("The alert is acknowledged; your comment stands in its history.")
    return _step(request, alert_id, forms.AcknowledgeForm, acknowledge_alert, saved=saved)


@login_required
@require_POST
def repeat(request: HttpRequest, alert_id: int) -> HttpResponse:
    saved = _("The repeat draw is asked for. A draw from now on settles whether the rise holds.")
    return _step(request, alert_id, forms.RepeatForm, request_repeat, saved=saved)


@login_required
@require_POST
def imaging(request: HttpRequest, alert_id: int) -> HttpResponse:
    saved = _("Imaging is asked for. When it is recorded, it is offered here as the result.")
    return _step(request, alert_id, forms.ImagingForm, request_imaging, saved=saved)


@login_required
@require_POST
def close(request: HttpRequest, alert_id: int) -> HttpResponse:
    saved = _("The alert is closed; its outcome and history stay on this page.")
    return _step(request, alert_id, forms.CloseForm, close_alert, saved=saved, names={"study": "study_id"})


@login_required
@require_POST
def snooze(request: HttpRequest, alert_id: int) -> HttpResponse:
    saved = _("The alert is snoozed. It wakes earlier if more evidence of a rise comes.")
    return _step(request, alert_id, forms.SnoozeForm, snooze_alert, saved=saved)


@login_required
@require_POST
def wake(request: HttpRequest, alert_id: int) -> HttpResponse:
    return _step(request, alert_id, forms.WakeForm, wake_alert, saved=_("The snooze is ended."))


@login_required
@require_POST
def hand_over(request: HttpRequest, alert_id: int) -> HttpResponse:
    saved = _("The alert is handed over.")
    return _step(request, alert_id, forms.HandOverForm, hand_over_alert, saved=saved, names={"owner": "owner_id"})


def _step(
    request: HttpRequest,
    alert_id: int,
    form_class: type[forms.StepForm],
    service: Service,
    *,
    saved: Any,
    names: dict[str, str] | None = None,
) -> HttpResponse:
    """Parse, call the one service, answer. `names` are the fields the service calls otherwise."""
    found = _visible_alert(request, alert_id)
    person = access_patient(
        request.user, found.patient_id, permission=Permission.ANSWER_ALERT, purpose="alert_answered"
    )
    user = signed_in(request)
    form = form_class(request.POST)
    if not form.is_valid():
        return patient_response(request, person, answer=Answer(found.pk, form), status=422)
    given = {(names or {}).get(name, name): value for name, value in form.cleaned_data.items()}
    try:
        service(actor=user.audit_name, user=user, alert_id=found.pk, now=timezone.now(), **given)
    except AlertProblem as problem:
        form.add_error(field_of(problem, frozenset(form.fields)), problem_text(problem, step=form.name))
        status = 409 if problem.code in MEANWHILE else 422
        return patient_response(request, person, answer=Answer(found.pk, form), status=status)
    messages.success(request, saved)
    return redirect(_why(found.patient_id) if service is acknowledge_alert else _strip(found))


def _visible_alert(request: HttpRequest, alert_id: int) -> Alert:
    """Absent and forbidden look the same. The link of an old mail still leads on where the record was merged."""
    user = signed_in(request)
    seen = visible_patients(user) | merged_patients(user)
    found = Alert.objects.filter(pk=alert_id, patient__in=seen).first()
    if found is None:
        record(actor=user.audit_name, action="alert.refused", object_type="alert", object_id=alert_id)
        raise Http404("No such alert.")
    return found


def _strip(alert: Alert) -> str:
    """Back to the alert, so that the next key is at its next step; a closed one stands among the earlier ones.

    Who has acknowledged goes on to the reasons instead, as who comes from the mail.
    """
    return f"{reverse('patient', args=[alert.patient_id])}#alert-strip-{alert.pk}"


def _why(patient_id: int) -> str:
    return f"{reverse('patient', args=[patient_id])}#why"
