"""Taking over an old paper: one patient, several dates. Each column is a draw of its own, saved by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.access import RecordMerged, access_patient, visible_patients
from patients.banner import banner_of
from patients.catalogue import catalogue
from patients.draft_contents import NOTHING_KEPT, DraftState
from patients.draft_pages import newer_than, sent_with
from patients.drafts import own_draft
from patients.entry import panel_of
from patients.laboratory_profile import profile_of
from patients.line_facts import numbered_draws
from patients.lines import Line, on_hold_text, read_line, record_line, units_on_record, with_draws
from patients.merged_drafts import merged_drafts
from patients.models import Draw, EntryDraft, EntryScope, Patient
from patients.ranges import intervals_of
from patients.selectors import series_points
from patients.services import DraftIsOlder, check_draft, discard_draft, drop_draft
from patients.services.drafts import stands_in
from patients.sheet_page import grid_context
from patients.sheets import Sheet, held_by, joined, keep, sheet_of_draft, sheet_of_form
from patients.views.json_answers import signed_in_or_401
from patients.views.merged_drafts import keep_what_was_sent, may_keep_typing, settled
from patients.views.sheet_drafts import draft_answer

DATES_AT_FIRST = 4
DATES_MORE = 4
MOST_DATES = 24
# Time and number stand over a column with its date; what else is said of the sample, under it.
ABOVE = 2


@require_http_methods(["GET", "HEAD", "PUT"])
@signed_in_or_401
def dates_draft(request: HttpRequest, pk: int) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    mine = visible_patients(user, permission=Permission.ENTER_RESULTS)
    if not mine.filter(pk=pk).exists() and not may_keep_typing(user, pk):
        access_patient(user, pk, permission=Permission.ENTER_RESULTS)
    return draft_answer(request, user, scope=EntryScope.DATES, key=str(pk), patient_id=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def dates(request: HttpRequest, pk: int) -> HttpResponse:
    """The grid of markers and dates; a date that is refused holds up no other."""
    user = may(request, Permission.VIEW_PATIENT)
    try:
        patient = access_patient(user, pk, permission=Permission.ENTER_RESULTS, purpose="opened_for_entry")
    except RecordMerged:
        keep_what_was_sent(request, user, pk, scope=EntryScope.DATES)
        raise
    if done := settled(request, user, patient, scope=EntryScope.DATES):
        return done
    if request.method == "POST":
        if "discard" in request.POST:
            discard_draft(user=user, scope=EntryScope.DATES, key=str(patient.pk))
            return redirect("dates", patient.pk)
        sheet = _complete(patient, sheet_of_form(request.POST.dict()))
        if "more" in request.POST or "all" in request.POST:
            return _enlarge(request, user, patient, sheet)
        return _save(request, user, patient, sheet)
    draft = own_draft(user, EntryScope.DATES, str(patient.pk))
    sheet = _complete(patient, sheet_of_draft(draft) if draft else Sheet({}, {}))
    return _grid(request, user, patient, sheet, _lines(patient, sheet), known=stands_in(draft), restored=draft)


def _complete(patient: Patient, sheet: Sheet) -> Sheet:
    """A page begins with the patient's panel and four dates."""
    facts = {}
    if not sheet.markers:
        facts["markers"] = joined([marker.code for marker in panel_of(patient)])
    if "laboratory" not in sheet.context:
        last = Draw.objects.filter(patient=patient).order_by("-collected_at").first()
        facts["laboratory"] = last.laboratory if last else ""
        facts |= profile_of(facts["laboratory"]).facts_of(catalogue().markers)
    return sheet.with_facts(lines=str(_count(sheet)), **facts)


def _count(sheet: Sheet) -> int:
    text = sheet.fact("lines")
    count = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else DATES_AT_FIRST
    return min(max(count, 1), MOST_DATES)


def _larger(patient: Patient, sheet: Sheet, request: HttpRequest) -> Sheet:
    if "all" in request.POST:
        everything = panel_of(patient, everything=True)
        return sheet.with_facts(markers=joined([marker.code for marker in everything]))
    return sheet.with_facts(lines=str(min(_count(sheet) + DATES_MORE, MOST_DATES)))


def _enlarge(request: HttpRequest, user: User, patient: Patient, sheet: Sheet) -> HttpResponse:
    known, key = sent_with(request.POST.dict())["known"], str(patient.pk)
    larger = _larger(patient, sheet, request)
    try:
        check_draft(user=user, scope=EntryScope.DATES, key=key, known=known, held=held_by(sheet))
        keep(larger, user=user, scope=EntryScope.DATES, key=key, known=known, patient_id=patient.pk)
    except DraftIsOlder:
        lines = _lines(patient, larger)
        return _grid(request, user, patient, larger, lines, known=known, status=HTTPStatus.CONFLICT)
    return redirect("dates", patient.pk)


def _lines(patient: Patient, sheet: Sheet) -> list[Line]:
    history = series_points([patient.pk])[patient.pk]
    profile = profile_of(sheet.fact("laboratory"))
    numbered = numbered_draws([patient.pk], sheet)
    intervals = intervals_of([sheet.fact("laboratory")])
    units = units_on_record(sheet, [patient.pk])
    lines = []
    for number in range(1, _count(sheet) + 1):
        key = str(number)
        at, draw_id = sheet.saved.get(key, ("", None))
        line = read_line(
            key=key,
            patient=patient,
            sheet=sheet,
            day=sheet.fact(f"day_{key}"),
            profile=profile,
            history=history,
            numbered=numbered,
            intervals=intervals,
            units=units.get(key),
        )
        lines.append(replace(line, saved_at=at, draw_id=draw_id))
    return with_draws(lines)


def _save(request: HttpRequest, user: User, patient: Patient, sheet: Sheet) -> HttpResponse:
    sent, key = sent_with(request.POST.dict()), str(patient.pk)
    held, known = held_by(sheet), sent["known"]
    lines = _lines(patient, sheet)
    try:
        check_draft(user=user, scope=EntryScope.DATES, key=key, held=held, **sent)
    except DraftIsOlder:
        return _grid(request, user, patient, sheet, lines, known=known, status=HTTPStatus.CONFLICT)
    lines = _recorded(user, patient, sheet, lines)
    if on_hold := on_hold_text(lines, user=user):
        messages.info(request, on_hold)
    waiting = [line for line in lines if line.waits]
    saved = joined([f"{line.key}={line.saved_at}={line.draw_id}" for line in lines if line.saved_at])
    sheet = sheet.with_facts(saved=saved)
    refused = bool(waiting or not saved)
    # What another window kept since it was asked stands.
    with suppress(DraftIsOlder):
        if refused:
            kept = keep(sheet, user=user, scope=EntryScope.DATES, key=key, known=known, patient_id=patient.pk)
            known = stands_in(kept)
        else:
            known = NOTHING_KEPT
            drop_draft(user=user, scope=EntryScope.DATES, key=key, held=held, **sent)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return _grid(request, user, patient, sheet, lines, known=known, status=status, sent=True)


def _recorded(user: User, patient: Patient, sheet: Sheet, lines: Sequence[Line]) -> list[Line]:
    """The oldest first, each read anew: what stands before a date may be a column of this very page."""
    profile = profile_of(sheet.fact("laboratory"))
    typed = [line for line in lines if line.typed]
    done = {}
    for line in sorted(lines, key=lambda line: line.at):
        if not line.waits:
            done[line.key] = line
        elif any(line.is_one_draw_with(other) for other in typed if other is not line):
            done[line.key] = replace(line, problems=(_twice(),))
        else:
            again = read_line(
                key=line.key,
                patient=patient,
                sheet=sheet,
                day=line.day,
                profile=profile,
            )
            done[line.key] = record_line(again, user=user)
    return [done[line.key] for line in lines]


def _twice() -> str:
    return gettext(
        "This date stands over two columns. Put all values of one draw into one column, or give each draw its own time "
        "or accession number."
    )


def _grid(
    request: HttpRequest,
    user: User,
    patient: Patient,
    sheet: Sheet,
    lines: Sequence[Line],
    *,
    known: DraftState,
    restored: EntryDraft | None = None,
    status: int = HTTPStatus.OK,
    sent: bool = False,
) -> HttpResponse:
    done = sent and status == HTTPStatus.OK
    kept = own_draft(user, EntryScope.DATES, str(patient.pk))
    shown = with_draws(lines)
    page = grid_context(sheet, shown)
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "sheet": sheet,
        **page,
        **_rows(page),
        "count": _count(sheet),
        "can_add": _count(sheet) < MOST_DATES,
        "known": known,
        "newer": newer_than(user, kept, known=known, held=held_by(sheet)) if not done else None,
        "left": kept if done else None,
        "merged_drafts": merged_drafts(user, kept_id=patient.pk, scope=EntryScope.DATES),
        "typed_here": any(line.typed for line in lines),
        "restored": restored if restored and any(line.typed for line in lines) else None,
        "refused": [line for line in lines if line.waits] if sent else [],
        "nothing": sent and not any(line.typed for line in lines),
        "saved": [line for line in shown if line.saved_at],
        "done": done,
        "sent": sent,
    }
    return render(request, "patients/dates.html", context, status=status)


def _rows(page: Mapping[str, Any]) -> dict[str, Any]:
    """The page turned: one row a marker, a computed marker or a fact, with its cell under each date."""
    lines = page["lines"]
    facts = _turned(lines, [line.facts for line in lines])
    values = list(zip(page["columns"], _turned(lines, [line.entry.rows for line in lines]), strict=True))
    return {
        "above": facts[:ABOVE],
        "values": values,
        "values_at": 1 + ABOVE,  # the dates themselves are row 0
        "computed": _turned(lines, [line.entry.computed for line in lines]),
        "below": facts[ABOVE:],
        "below_at": 1 + ABOVE + len(values),
    }


def _turned(lines: Sequence[Line], columns: Sequence[Sequence[Any]]) -> list[list[tuple[Line, Any]]]:
    return [list(zip(lines, row, strict=True)) for row in zip(*columns, strict=True)]
