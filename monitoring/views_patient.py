"""One patient's page. The steps with an alert (`views_alerts`) answer with it where they could not be taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.gate import signed_in
from accounts.roles import Permission
from monitoring.alert_panel import AlertView, Step
from monitoring.forms import Offers, StepForm, possible_steps, unfolded_step
from monitoring.forms_note import NoteForm
from monitoring.kept_typing import take_kept
from monitoring.note_panel import with_notes
from monitoring.note_sections import NoteSection, NoteSections, note_sections
from monitoring.patient_page import PatientPage, patient_page
from monitoring.services import keepers_of
from monitoring.walk import walk
from patients.access import access_patient
from patients.banner import banner_of
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class Answer:
    """A step that was not taken: its form, with what was typed and why it was refused."""

    alert_id: int
    form: StepForm


@dataclass(frozen=True, slots=True)
class AlertSteps:
    """An alert, the forms of what may be done with it, and what was written of it."""

    view: AlertView
    forms: Sequence[StepForm]
    notes: NoteSection | None = None
    since: Sequence[Step] = ()  # of a step that came too late: what its sender had not seen

    def offers(self, answer: Answer) -> bool:
        return self.view.alert.pk == answer.alert_id and any(form.name == answer.form.name for form in self.forms)


@dataclass(frozen=True, slots=True)
class Gone:
    """A step that is possible no more: why, and what had been typed for it."""

    why: str
    typed: str
    since: Sequence[Step] = ()


@login_required
@require_safe
def patient(request: HttpRequest, patient_id: int) -> HttpResponse:
    found = access_patient(request.user, patient_id)
    return patient_response(request, found)


def patient_response(
    request: HttpRequest,
    found: Patient,
    *,
    answer: Answer | None = None,
    note: NoteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page; `answer` or `note` is what was sent and not taken."""
    now = timezone.now()
    user = signed_in(request)
    page = patient_page(found, now=now)
    alerts = _with_steps(page, found, answer=answer, may=user.may(Permission.ANSWER_ALERT))
    earlier = [AlertSteps(view, ()) for view in page.earlier_alerts]
    notes = note_sections(
        user, found, [one.view.alert.pk for one in (*alerts, *earlier)], sent=note, typed=take_kept(request, user)
    )
    context = {
        "patient": found,
        "banner": banner_of(found),
        "here": "patient",
        "walk": walk(user, request.session, patient_id=found.pk, asked=request.GET.get("list"), now=now),
        "page": page,
        "alerts": _with_notes(alerts, notes),
        "earlier": _with_notes(earlier, notes),
        "notes": notes,
        "gone": _gone(answer, page) if answer and not any(one.offers(answer) for one in alerts) else None,
    }
    return render(request, "monitoring/patient.html", context, status=status)


def _with_steps(page: PatientPage, found: Patient, *, answer: Answer | None, may: bool) -> list[AlertSteps]:
    if not page.alerts:
        return []
    offers = Offers(page.studies, list(keepers_of(found)) if may else [])
    return [_steps(view, offers, answer=answer, may=may) for view in page.alerts]


def _with_notes(alerts: Sequence[AlertSteps], notes: NoteSections | None) -> Sequence[AlertSteps]:
    if notes is None:
        return alerts
    found = ((one, notes.of_alert[one.view.alert.pk]) for one in alerts)
    return [replace(one, view=with_notes(one.view, section.notes), notes=section) for one, section in found]


def _steps(view: AlertView, offers: Offers, *, answer: Answer | None, may: bool) -> AlertSteps:
    sent = answer.form if answer and answer.alert_id == view.alert.pk else None
    forms = [_form(kind, view, offers, sent) for kind in possible_steps(view)] if may else []
    unfolded = sent.name if sent else unfolded_step(view)
    for form in forms:
        form.unfolded = form.name == unfolded
    return AlertSteps(view, forms, since=_since(view, sent) if sent else ())


def _since(view: AlertView, sent: StepForm) -> tuple[Step, ...]:
    """What the sender had not seen; nothing where it is not known what they had."""
    seen = sent.cleaned_data.get("seen")
    return () if seen is None else view.since(seen)


def _gone(answer: Answer, page: PatientPage) -> Gone:
    why = " ".join(str(text) for errors in answer.form.errors.values() for text in errors)
    views = [view for view in (*page.alerts, *page.earlier_alerts) if view.alert.pk == answer.alert_id]
    since = [step for view in views for step in _since(view, answer.form)]
    return Gone(why, str(answer.form.data.get("comment", "")), since)


def _form(kind: type[StepForm], view: AlertView, offers: Offers, sent: StepForm | None) -> StepForm:
    if sent is None or sent.name != kind.name:
        return kind(view=view, offers=offers)
    # What is sent next was written with this page in view.
    typed = {name: sent.data.get(name, "") for name in sent.fields}
    again = kind({**typed, "seen": view.seen}, view=view, offers=offers)
    again.errors.clear()
    for field, errors in sent.errors.items():
        again.add_error(None if field in {"__all__", "seen"} else field, list(errors))
    return again
