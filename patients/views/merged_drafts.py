"""What was typed for a record that was merged meanwhile: kept, offered on the pages of the kept record, taken over."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from accounts.models import User
from accounts.roles import Permission
from patients.access import kept_record
from patients.draft_pages import sent_with
from patients.entry import typed_rows
from patients.forms import DrawForm
from patients.merged_drafts import MergedDraft, merged_drafts
from patients.messages import explain
from patients.models import Draw, EntryScope, Patient
from patients.second_entry_drafts import held_by_page, may_keep_second_entry
from patients.services import DraftIsOlder, RecordError, discard_draft, take_over_draft
from patients.sheets import Sheet, keep, sheet_of_form


def settled(request: HttpRequest, user: User, patient: Patient, *, scope: str) -> HttpResponse | None:
    """Take over or throw away the draft that was named; None where the request is about something else."""
    wanted = request.POST.get("take_over") or request.POST.get("discard_merged")
    if request.method != "POST" or not wanted:
        return None
    offered = {str(one.draft.pk): one for one in merged_drafts(user, kept_id=patient.pk, scope=scope)}
    if (one := offered.get(wanted)) is None:
        messages.error(
            request, gettext("This is not there any more: it was taken over, saved or thrown away in another window.")
        )
    elif "take_over" in request.POST:
        _take_over(request, user, patient, one)
    else:
        discard_draft(user=user, scope=scope, key=one.draft.key)
        messages.info(request, gettext("What was typed for the merged record is thrown away."))
    return redirect("dates" if scope == EntryScope.DATES else "draw_new", patient.pk)


def _take_over(request: HttpRequest, user: User, patient: Patient, one: MergedDraft) -> None:
    try:
        take_over_draft(user=user, draft_id=one.draft.pk, patient_id=patient.pk)
    except RecordError as refusal:
        messages.error(request, explain(refusal.code, refusal.params))
    else:
        messages.success(request, gettext("Here is what you typed. It is not saved yet: look at it and save it."))


def may_keep_typing(user: User, patient_id: int, *, permission: Permission = Permission.ENTER_RESULTS) -> bool:
    """Whether a page that was open when its record was merged may still keep what is typed: a draft only."""
    return user.may(permission) and kept_record(user, patient_id) is not None


def keep_what_was_sent(request: HttpRequest, user: User, patient_id: int, *, scope: str) -> None:
    """A form that comes too late is not saved in the record; what it holds is kept beside it, as a draft."""
    if request.method != "POST" or not may_keep_typing(user, patient_id):
        return
    sheet = sheet_of_form(request.POST.dict())
    if scope == EntryScope.DRAW:
        typed = typed_rows(request.POST.dict())
        cells = {
            code: {"value": one.value, "unit": one.unit, "assay": one.assay, "confirm": one.confirm}
            for code, one in typed.items()
        }
        sheet = Sheet({name: request.POST.get(name, "") for name in DrawForm.base_fields}, cells)
    if any(cell.get("value", "").strip() for cell in sheet.cells.values()):
        known = sent_with(request.POST.dict())["known"]
        try:
            keep(sheet, user=user, scope=scope, key=str(patient_id), known=known, patient_id=patient_id)
        except DraftIsOlder as refusal:
            messages.error(request, explain(refusal.code, refusal.params))


def keep_second_entry(request: HttpRequest, user: User, patient_id: int, draw_id: int) -> None:
    """The same of a second entry, whose draw may be one of the kept record's by now."""
    held = held_by_page(request.POST.dict())
    if not held.cells or not may_keep_typing(user, patient_id, permission=Permission.CHECK_RESULTS):
        return
    records = [patient_id, kept_record(user, patient_id)]
    if Draw.objects.filter(pk=draw_id, patient__in=records).exists() and may_keep_second_entry(user, draw_id):
        known = sent_with(request.POST.dict())["known"]
        sheet = Sheet(held.context, held.cells)
        try:
            keep(sheet, user=user, scope=EntryScope.CHECK, key=str(draw_id), known=known, patient_id=patient_id)
        except DraftIsOlder as refusal:
            messages.error(request, explain(refusal.code, refusal.params))
