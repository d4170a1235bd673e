"""Taking over an old paper: one patient, several dates. Each column is a draw of its own, saved by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.access import access_patient, visible_patients
from patients.banner import banner_of
from patients.draft_contents import NOTHING_KEPT, DraftState
from patients.draft_pages import newer_than, sent_with
from patients.drafts import own_draft
from patients.entry import EntryRow, panel_of
from patients.laboratory_profile import profile_of
from patients.lines import Line, read_line, record_line
from patients.models import Draw, EntryDraft, EntryScope, Patient
from patients.selectors import series_points
from patients.services import DraftIsOlder, check_draft, discard_draft, drop_draft
from patients.services.drafts import stands_in
from patients.sheets import Sheet, held_by, joined, keep, sheet_of_draft, sheet_of_form
from patients.views.json_answers import signed_in_or_401
from patients.views.sheet_drafts import draft_answer

DATES_AT_FIRST = 4
DATES_MORE = 4
MOST_DATES = 24


@require_http_methods(["GET", "HEAD", "PUT"])
@signed_in_or_401
def dates_draft(request: HttpRequest, pk: int) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    if not visible_patients(user, permission=Permission.ENTER_RESULTS).filter(pk=pk).exists():
        access_patient(user, pk, permission=Permission.ENTER_RESULTS)
    return draft_answer(request, user, scope=EntryScope.DATES, key=str(pk), patient_id=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def dates(request: HttpRequest, pk: int) -> HttpResponse:
    """The grid of markers and dates; a date that is refused holds up no other."""
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk, permission=Permission.ENTER_RESULTS, purpose="opened_for_entry")
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
        profile = profile_of(facts["laboratory"])
        facts |= {f"unit_{code}": unit for code in profile.units if (unit := profile.offered(code)["unit"])}
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
    decimal_comma = profile_of(sheet.fact("laboratory")).decimal_comma
    lines = []
    for number in range(1, _count(sheet) + 1):
        key = str(number)
        at, draw_id = sheet.saved.get(key, ("", None))
        line = read_line(
            key=key,
            patient=patient,
            markers=sheet.markers,
            typed=sheet.typed(key),
            day=sheet.fact(f"day_{key}"),
            laboratory=sheet.fact("laboratory"),
            choice=sheet.fact(f"same_day_{key}"),
            history=history,
            decimal_comma=decimal_comma,
        )
        lines.append(replace(line, number=key, saved_at=at, draw_id=draw_id))
    return lines


def _save(request: HttpRequest, user: User, patient: Patient, sheet: Sheet) -> HttpResponse:
    sent, key = sent_with(request.POST.dict()), str(patient.pk)
    held, known = held_by(sheet), sent["known"]
    lines = _lines(patient, sheet)
    try:
        check_draft(user=user, scope=EntryScope.DATES, key=key, held=held, **sent)
    except DraftIsOlder:
        return _grid(request, user, patient, sheet, lines, known=known, status=HTTPStatus.CONFLICT)
    lines = _recorded(user, patient, sheet, lines)
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
    days = Counter(line.on for line in lines if line.typed and line.form.is_valid())
    done = {}
    for line in sorted(lines, key=lambda line: line.on):
        if not line.waits:
            done[line.key] = line
        elif days[line.on] > 1:
            twice = gettext("This date stands over two columns. Put all values of one draw into one column.")
            done[line.key] = replace(line, problems=(twice,))
        else:
            again = read_line(
                key=line.key,
                patient=patient,
                markers=sheet.markers,
                typed=sheet.typed(line.key),
                day=line.day,
                laboratory=sheet.fact("laboratory"),
                choice=line.choice,
            )
            done[line.key] = record_line(replace(again, number=line.number), user=user)
    return [done[line.key] for line in lines]


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
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "sheet": sheet,
        "lines": lines,
        "rows": _rows(sheet, lines),
        "count": _count(sheet),
        "can_add": _count(sheet) < MOST_DATES,
        "known": known,
        "newer": newer_than(user, kept, known=known, held=held_by(sheet)) if not done else None,
        "left": kept if done else None,
        "restored": restored if restored and any(line.typed for line in lines) else None,
        "refused": [line for line in lines if line.waits] if sent else [],
        "nothing": sent and not any(line.typed for line in lines),
        "saved": [line for line in lines if line.saved_at],
        "done": done,
        "sent": sent,
    }
    return render(request, "patients/dates.html", context, status=status)


def _rows(sheet: Sheet, lines: Sequence[Line]) -> list[tuple[EntryRow, str, list[tuple[Line, EntryRow]]]]:
    """One row a marker: its facts, the unit of the row, and its cell under each date."""
    rows = []
    for place, marker in enumerate(sheet.markers):
        cells = [(line, line.entry.rows[place]) for line in lines]
        rows.append((cells[0][1], sheet.fact(f"unit_{marker.code}") or marker.unit, cells))
    return rows
