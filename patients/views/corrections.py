"""Correcting a draw that is on record, and reading what stood there before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may, signed_in
from accounts.models import User
from accounts.roles import Permission
from patients.access import access_patient, visible_draws
from patients.banner import banner_of
from patients.correcting import (
    CorrectionRow,
    Difference,
    as_it_stands,
    cells_in,
    changes_of,
    differences,
    is_stale,
    merged_cells,
    merged_facts,
    plain_rows,
    read_rows,
    seen_in,
    seen_of,
    standing_results,
)
from patients.correction_drafts import WHOLE_REASON, held_by_page, typed_in
from patients.draft_pages import newer_than, sent_with
from patients.drafts import own_draft
from patients.forms_correction import AmendForm, TakeBackForm, fields_of
from patients.history import fact_changes, result_histories
from patients.laboratory_profile import profile_of
from patients.messages import explain
from patients.models import Draw, EntryDraft, EntryScope, Patient, Result
from patients.same_day import question
from patients.services import (
    DraftIsOlder,
    DrawChangedMeanwhile,
    NothingChanged,
    OtherDrawOfTheDay,
    PatientMerged,
    RecordError,
    discard_draft,
    drop_draft,
    revise_draw,
    take_back_draw,
)
from patients.services.drafts import stands_in
from patients.services.draw_facts import facts_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draw_correct(request: HttpRequest, pk: int, draw_id: int) -> HttpResponse:
    """Correct values and facts of a draw, or take the whole of it back; each with its reason."""
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk, permission=Permission.ENTER_RESULTS, purpose="opened_for_correction")
    draw = get_object_or_404(visible_draws(user), pk=draw_id, patient_id=patient.pk)
    if "discard" in request.POST:
        discard_draft(user=user, scope=EntryScope.CORRECTION, key=str(draw.pk))
        return redirect("draw_correct", patient.pk, draw.pk)
    standing = standing_results(draw)
    if request.method != "POST":
        return _opened(request, user, patient, draw, standing)
    if is_stale(seen_in(request.POST.dict()), draw, standing):
        return _show_the_difference(request, patient, draw, request.POST.dict())
    act = _take_back if "take_back" in request.POST else _correct
    try:
        return act(request, user, patient, draw, standing)
    except DrawChangedMeanwhile:  # between the look above and the lock
        return _show_the_difference(request, patient, Draw.objects.get(pk=draw.pk), request.POST.dict())


def _opened(
    request: HttpRequest, user: User, patient: Patient, draw: Draw, standing: Mapping[str, Result]
) -> HttpResponse:
    """What stands, with what this person had typed over it and not saved."""
    draft = own_draft(user, EntryScope.CORRECTION, str(draw.pk))
    if draft is None:
        return _page(request, patient, draw, _fresh_form(patient, draw, {}), _untouched(standing))
    data = typed_in(draft, draw)
    if is_stale(seen_in(data), draw, standing):
        return _show_the_difference(request, patient, draw, data, restored=draft)
    form = _fresh_form(patient, draw, {name: data[name] for name in AmendForm.base_fields if name in data})
    rows = plain_rows(standing, cells_in(data, standing))
    whole = TakeBackForm(initial={"reason": data.get(WHOLE_REASON, "")})
    return _page(request, patient, draw, form, rows, whole=whole, restored=draft)


def _untouched(standing: Mapping[str, Result]) -> tuple[CorrectionRow, ...]:
    return plain_rows(standing, {code: as_it_stands(row) for code, row in standing.items()})


def _correct(
    request: HttpRequest, user: User, patient: Patient, draw: Draw, standing: Mapping[str, Result]
) -> HttpResponse:
    form = AmendForm(request.POST, patient=patient, draw=draw)
    cells = cells_in(request.POST.dict(), standing)
    reads = form.is_valid()
    at = min(draw.collected_at, form.collected_at) if reads else draw.collected_at
    decimal_comma = profile_of(request.POST.get("laboratory", "")).decimal_comma
    rows = read_rows(patient, standing, cells, at=at, decimal_comma=decimal_comma)
    if reads and not any(row.blocks for row in rows):
        try:
            return _revise(request, user, draw, form, rows)
        except DrawChangedMeanwhile:
            raise
        except DraftIsOlder:
            return _page(request, patient, draw, form, rows, status=409)
        except OtherDrawOfTheDay as asks:
            form.add_error("second_draw", question(Draw.objects.get(pk=asks.draw_id)))
        except RecordError as refusal:
            form.add_error(None, explain(refusal.code, refusal.params))
    return _page(request, patient, draw, form, rows, status=422)


def _revise(
    request: HttpRequest, user: User, draw: Draw, form: AmendForm, rows: Sequence[CorrectionRow]
) -> HttpResponse:
    with transaction.atomic():
        revision = revise_draw(
            actor=user.audit_name,
            draw_id=draw.pk,
            seen=seen_in(request.POST.dict()),
            changes=changes_of(rows),
            facts=form.facts,
            reason=form.cleaned_data["reason"],
            recorded_by=user,
            ask_same_day=not form.cleaned_data["second_draw"],
        )
        data = request.POST.dict()
        drop_draft(
            user=user, scope=EntryScope.CORRECTION, key=str(draw.pk), held=held_by_page(data, rows), **sent_with(data)
        )
    count = len(revision.results) + len(revision.facts)
    text = ngettext("%(count)d correction saved.", "%(count)d corrections saved.", count)
    messages.success(request, text % {"count": count})
    return redirect("draw", draw.patient_id, draw.pk)


def _take_back(
    request: HttpRequest, user: User, patient: Patient, draw: Draw, standing: Mapping[str, Result]
) -> HttpResponse:
    whole = TakeBackForm(request.POST)
    if whole.is_valid():
        try:
            with transaction.atomic():
                revision = take_back_draw(
                    actor=user.audit_name,
                    draw_id=draw.pk,
                    seen=seen_in(request.POST.dict()),
                    reason=whole.cleaned_data["reason"],
                    recorded_by=user,
                )
                # Of a draw that never was, nothing that was typed over its values is waited for.
                discard_draft(user=user, scope=EntryScope.CORRECTION, key=str(draw.pk))
        except NothingChanged:
            whole.add_error(None, gettext("All values of this draw were taken back already."))
        except PatientMerged as refusal:
            whole.add_error(None, explain(refusal.code, refusal.params))
        else:
            text = ngettext(
                "%(count)d value was taken back. If it is another patient's, enter it there now.",
                "%(count)d values were taken back. If they are another patient's, enter them there now.",
                len(revision.results),
            )
            messages.success(request, text % {"count": len(revision.results)})
            return redirect("draw", draw.patient_id, draw.pk)
    form = _fresh_form(patient, draw, {})
    return _page(request, patient, draw, form, _untouched(standing), whole=whole, status=422)


def _show_the_difference(
    request: HttpRequest,
    patient: Patient,
    draw: Draw,
    data: Mapping[str, str],
    *,
    restored: EntryDraft | None = None,
) -> HttpResponse:
    """Somebody else was first: theirs beside mine, what I typed kept, and nothing written."""
    standing = standing_results(draw)
    seen = seen_in(data)
    rows = plain_rows(standing, merged_cells(draw, seen, data, standing))
    form = _fresh_form(patient, draw, {**merged_facts(draw, seen, data), "reason": data.get("reason", "")})
    whole = TakeBackForm(initial={"reason": data.get(WHOLE_REASON, "")})
    return _page(
        request,
        patient,
        draw,
        form,
        rows,
        whole=whole,
        meanwhile=differences(draw, seen, data, standing),
        restored=restored,
        status=200 if restored else 409,
    )


def _fresh_form(patient: Patient, draw: Draw, typed: Mapping[str, str]) -> AmendForm:
    return AmendForm(patient=patient, draw=draw, initial={**fields_of(facts_of(draw)), **typed})


def _page(
    request: HttpRequest,
    patient: Patient,
    draw: Draw,
    form: AmendForm,
    rows: Sequence[CorrectionRow],
    *,
    whole: TakeBackForm | None = None,
    meanwhile: Sequence[Difference] | None = None,
    restored: EntryDraft | None = None,
    status: int = 200,
) -> HttpResponse:
    user, data = signed_in(request), request.POST.dict()
    kept = own_draft(user, EntryScope.CORRECTION, str(draw.pk))
    known = sent_with(data)["known"] if data else stands_in(restored)
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "draw": draw,
        "form": form,
        "whole": whole or TakeBackForm(),
        "rows": rows,
        "seen": seen_of(draw, {row.marker.code: row.result for row in rows}),
        "wrong": [row for row in rows if row.said],
        "to_confirm": [row for row in rows if row.asks_again],
        "any_stands": any(not row.taken_back for row in rows),
        "meanwhile": meanwhile,
        "known": known,
        "newer": newer_than(user, kept, known=known, held=held_by_page(data, rows)) if data else None,
        "restored": restored,
        "history": {},  # the script of the grid; what stood before is beside each cell of this page
    }
    return render(request, "patients/correct.html", context, status=status)


@login_required
@require_safe
def draw_history(request: HttpRequest, pk: int, draw_id: int) -> HttpResponse:
    """Every version of every value of a draw: what stood there, who changed it, when and why."""
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk)
    draw = get_object_or_404(visible_draws(user), pk=draw_id, patient_id=patient.pk)
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "draw": draw,
        "histories": result_histories(draw),
        "facts": fact_changes(draw),
    }
    return render(request, "patients/history.html", context)
