"""Entering a draw: find the patient, type the paper, read it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.access import access_patient, visible_draws, visible_patients
from patients.banner import banner_of
from patients.entry import Entry, panel_of, read_entry, typed_rows
from patients.forms import DrawForm, SearchForm
from patients.messages import explain
from patients.models import Draw, Patient
from patients.saved_draw import SavedRow, saved_rows, urgent_of
from patients.selectors import due_draws, matching, with_number
from patients.services import NewDraw, RecordError, ResultExists, record_draw
from patients.views.search import PatientRow, remember, remembered, rows_of
from patients.wording import unit_text

MATCHES_SHOWN = 20
DUE_SHOWN = 12
HISTORY_SENT = 12
JUST_NOW = dt.timedelta(minutes=10)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def enter_results(request: HttpRequest) -> HttpResponse:
    """Find the patient whose paper this is; a full number leads straight to the grid."""
    user = may(request, Permission.ENTER_RESULTS)
    mine = visible_patients(user, permission=Permission.ENTER_RESULTS)
    if request.method == "POST":
        text = remember(request)
        if text is None:
            messages.error(request, gettext("This cannot be searched for. Type a number or a name."))
        elif text and (patient := with_number(mine, text) or _only(mine, text)):
            return redirect("draw_new", patient.pk)
        return redirect("enter_results")
    text = remembered(request)
    found = matching(mine, text).order_by("name", "pk") if text else mine.none()
    matches = list(found[: MATCHES_SHOWN + 1])
    context = {
        "form": SearchForm(initial={"q": text}),
        "text": text,
        "matches": _rows(matches[:MATCHES_SHOWN]),
        "more": len(matches) > MATCHES_SHOWN,
        "due": _due_now(mine),
    }
    return render(request, "patients/enter_results.html", context)


def _due_now(mine: QuerySet[Patient]) -> list[PatientRow]:
    """Whose draw is due today or late, the latest first."""
    today = timezone.localdate()
    plans = due_draws(list(mine.values_list("pk", flat=True)), tz=timezone.get_current_timezone())
    late = sorted((due for due in plans.values() if due.due_on <= today), key=lambda due: due.due_on)[:DUE_SHOWN]
    rows = {row.patient.pk: row for row in _rows(mine.filter(pk__in=[due.patient_id for due in late]))}
    return [rows[due.patient_id] for due in late]


def _only(patients: QuerySet[Patient], text: str) -> Patient | None:
    found = matching(patients, text)[:2]
    return found[0] if len(found) == 1 else None


def _rows(patients: Iterable[Patient]) -> list[PatientRow]:
    listed = list(patients)
    ids = [patient.pk for patient in listed]
    last = dict(Draw.objects.filter(patient_id__in=ids).values_list("patient_id").annotate(Max("collected_at")))
    return rows_of(listed, last_draws=last)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draw_new(request: HttpRequest, pk: int) -> HttpResponse:
    """The grid. Nothing is saved until every cell reads."""
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk, permission=Permission.ENTER_RESULTS, purpose="opened_for_entry")
    everything = request.POST.get("panel") == "all" or request.POST.get("show") == "all"
    if request.method == "POST" and "show" not in request.POST:
        return _save(request, user, patient, everything=everything)
    form = DrawForm(patient=patient, initial=_initial(request, patient))
    entry = _read(request, patient, collected_at=timezone.now(), everything=everything)
    return _grid(request, patient, form, entry, everything=everything)


def _initial(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    """What was typed so far; on a fresh page today, and the laboratory of the patient's last draw."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in DrawForm.base_fields}
    last = Draw.objects.filter(patient=patient).order_by("-collected_at").first()
    return {"collected_on": timezone.localdate(), "laboratory": last.laboratory if last else ""}


def _read(request: HttpRequest, patient: Patient, *, collected_at: dt.datetime, everything: bool) -> Entry:
    return read_entry(
        patient=patient,
        markers=panel_of(patient, everything=everything),
        typed=typed_rows(request.POST.dict()),
        collected_at=timezone.localtime(collected_at),
    )


def _save(request: HttpRequest, user: User, patient: Patient, *, everything: bool) -> HttpResponse:
    form = DrawForm(request.POST, patient=patient)
    form_reads = form.is_valid()
    collected_at = form.collected_at if form_reads else timezone.now()
    entry = _read(request, patient, collected_at=collected_at, everything=everything)
    if form_reads and entry.empty:
        form.add_error(None, explain("draw_is_empty", {}))
    if form.is_valid() and entry.readable and not form.ask_about_the_same_day([new.marker for new in entry.results()]):
        try:
            return _record(request, user, patient, form, entry)
        except ResultExists as refusal:
            entry = entry.with_error(refusal.params["marker"], explain(refusal.code, refusal.params))
        except RecordError as refusal:
            form.add_error(None, explain(refusal.code, refusal.params))
    return _grid(request, patient, form, entry, everything=everything, status=422)


def _record(request: HttpRequest, user: User, patient: Patient, form: DrawForm, entry: Entry) -> HttpResponse:
    data = form.cleaned_data
    outcome = record_draw(
        actor=user.audit_name,
        patient_id=patient.pk,
        draw=NewDraw(
            collected_at=form.collected_at,
            time_known=form.time_known,
            laboratory=data["laboratory"],
            accession=data["accession"],
            fasting=data["fasting"],
            haemolysis=data["haemolysis"],
        ),
        results=entry.results(),
        recorded_by=user,
    )
    if outcome.repeated:
        text = ngettext(
            "%(count)d value stood there already and was not saved twice.",
            "%(count)d values stood there already and were not saved twice.",
            outcome.repeated,
        )
        messages.info(request, text % {"count": outcome.repeated})
    if outcome.created and not outcome.draw_created:
        messages.info(
            request, gettext("They were added to a draw that was on record; what it says of itself was kept.")
        )
    return redirect("draw", patient.pk, outcome.draw_id)


def _grid(
    request: HttpRequest, patient: Patient, form: DrawForm, entry: Entry, *, everything: bool, status: int = 200
) -> HttpResponse:
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "form": form,
        "entry": entry,
        "everything": everything,
        "history": _history(entry),
        "wrong": [row for row in entry.rows if row.error] if status != 200 else [],
        "to_confirm": [row for row in entry.rows if row.asks_again and not row.error] if status != 200 else [],
    }
    return render(request, "patients/draw_new.html", context, status=status)


def _history(entry: Entry) -> dict[str, list[dict[str, str | None]]]:
    """The last values of each marker, for the page to choose from when the day of the draw is changed."""
    sent: dict[str, list[dict[str, str | None]]] = {}
    for code, points in entry.history.items():
        sent[code] = [
            {
                "at": timezone.localtime(point.collected_at).strftime("%Y-%m-%dT%H:%M"),
                "canonical": None if point.comparator else f"{point.canonical:f}",
                "text": f"{point.comparator}{point.value} {unit_text(point.unit)}".strip(),
                "date": date_format(timezone.localtime(point.collected_at), "SHORT_DATE_FORMAT"),
            }
            for point in points[-HISTORY_SENT:]
        ]
    return sent


@login_required
@require_safe
def draw(request: HttpRequest, pk: int, draw_id: int) -> HttpResponse:
    """What is on record of one draw, read back after saving."""
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk)
    row = get_object_or_404(visible_draws(user), pk=draw_id, patient_id=patient.pk)
    rows = saved_rows(patient, row)
    saved_at = max((saved.result.recorded_at for saved in rows), default=None)
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "draw": row,
        "rows": rows,
        "saved_at": saved_at,
        "just_now": _is_news(rows, saved_at),
        "urgent": urgent_of(rows),
    }
    return render(request, "patients/draw.html", context)


def _is_news(rows: Iterable[SavedRow], saved_at: dt.datetime | None) -> bool:
    """Whether the draw was saved a moment ago; a correction says itself what it changed."""
    corrected = any(row.result.version > 1 for row in rows)
    return saved_at is not None and not corrected and timezone.now() - saved_at < JUST_NOW
