"""Entering a clinic: many patients, one day, one panel. Each row is a draw of its own patient, saved by itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from audit.services import NewEvent, record_many
from patients.access import visible_patients
from patients.clinic_form import ClinicForm, find_numbers, fresh, not_found, numbers_in, too_many
from patients.draft_contents import NOTHING_KEPT, DraftState
from patients.draft_pages import newer_than, sent_with
from patients.drafts import own_draft
from patients.due import due_draws
from patients.laboratory_profile import profile_of
from patients.line_facts import numbered_draws
from patients.lines import Line, on_hold_text, read_line, record_line, units_on_record, with_draws
from patients.lost_rows import lost_rows, without_lost_rows
from patients.models import EntryDraft, EntryScope, Patient
from patients.ranges import intervals_of
from patients.selectors import primary_numbers, series_points
from patients.services import DraftIsOlder, check_draft, discard_draft, drop_draft
from patients.services.drafts import stands_in
from patients.sheet_page import grid_context
from patients.sheets import MOST_CELLS, Sheet, held_by, joined, keep, markers_of, sheet_of_draft, sheet_of_form
from patients.views.json_answers import signed_in_or_401
from patients.views.sheet_drafts import draft_answer

# One clinic a person at a time: what was begun is gone on with, or thrown away.
KEY = "clinic"
DUE_SHOWN = 60


@require_http_methods(["GET", "HEAD", "PUT"])
@signed_in_or_401
def clinic_draft(request: HttpRequest) -> HttpResponse:
    user = may(request, Permission.ENTER_RESULTS)
    return draft_answer(request, user, scope=EntryScope.CLINIC, key=KEY, patient_id=None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def clinic(request: HttpRequest) -> HttpResponse:
    """Choose the clinic, or go on with the one that was begun; a row that is refused holds up no other."""
    user = may(request, Permission.ENTER_RESULTS)
    mine = visible_patients(user, permission=Permission.ENTER_RESULTS)
    if request.method == "POST":
        if "discard" in request.POST:
            discard_draft(user=user, scope=EntryScope.CLINIC, key=KEY)
            return redirect("clinic")
        if "patients" not in request.POST:
            return _begin(request, user, mine)
        sheet = sheet_of_form(request.POST.dict())
        if "drop_lost" in request.POST:
            return _drop_lost(request, user, mine, sheet)
        sheet = _present(user, mine, sheet)
        if "add" in request.POST:
            return _add(request, user, mine, sheet)
        return _save(request, user, mine, sheet)
    draft = own_draft(user, EntryScope.CLINIC, KEY)
    if draft is None:
        return _choose(request, ClinicForm(initial=fresh(), mine=mine, due=_due(mine)))
    sheet = _present(user, mine, sheet_of_draft(draft))
    if sheet.fact("day") != timezone.localdate().isoformat():
        messages.warning(request, gettext("This clinic is not of today. Look at its date before you type."))
    lines = _lines(mine, sheet)
    _opened(user, [line.patient.pk for line in lines])
    return _grid(request, user, mine, sheet, lines, known=stands_in(draft), restored=draft)


def _due(mine: QuerySet[Patient]) -> list[tuple[int, str]]:
    """Whose draw is due by the plan, the latest first; a fixed number of queries."""
    today = timezone.localdate()
    plans = due_draws(list(mine.values_list("pk", flat=True)), tz=timezone.get_current_timezone())
    late = sorted((due for due in plans.values() if due.expected_on <= today), key=lambda due: due.due_on)[:DUE_SHOWN]
    ids = [due.patient_id for due in late]
    names = dict(mine.filter(pk__in=ids).values_list("pk", "name"))
    numbers = primary_numbers(ids)
    return [(pk, f"{names[pk]} {numbers.get(pk, '')}".strip()) for pk in ids]


def _choose(request: HttpRequest, form: ClinicForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    return render(request, "patients/clinic_choose.html", {"form": form}, status=status)


def _begin(request: HttpRequest, user: User, mine: QuerySet[Patient]) -> HttpResponse:
    form = ClinicForm(request.POST, mine=mine, due=_due(mine))
    if not form.is_valid():
        return _choose(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if own_draft(user, EntryScope.CLINIC, KEY):
        _say_it_is_open(request)
        return redirect("clinic")
    markers = markers_of(form.codes(form.cleaned_data))
    profile = profile_of(form.cleaned_data["laboratory"])
    sheet = Sheet(
        {
            **profile.facts_of(markers),
            "day": form.cleaned_data["day"].isoformat(),
            "laboratory": form.cleaned_data["laboratory"],
            "markers": joined([marker.code for marker in markers]),
            "patients": joined(form.patients),
            "unknown": "\n".join(form.unknown),
        },
        {},
    )
    _opened(user, form.patients)
    try:
        keep(sheet, user=user, scope=EntryScope.CLINIC, key=KEY, known=NOTHING_KEPT)
    except DraftIsOlder:
        _say_it_is_open(request)
    return redirect("clinic")


def _say_it_is_open(request: HttpRequest) -> None:
    messages.info(request, gettext("A clinic you began is still open. Go on with it, or throw it away first."))


def _opened(user: User, patient_ids: Sequence[int], *, action: str = "patient.opened_for_entry") -> None:
    """Every patient whose values the page shows, or was asked to show, has its line in the audit log."""
    known = action != "patient.refused"
    events = [
        NewEvent(action=action, object_type="patient", object_id=str(pk), patient_id=pk if known else None)
        for pk in patient_ids
    ]
    record_many(actor=user.audit_name, events=events)


def _present(user: User, mine: QuerySet[Patient], sheet: Sheet) -> Sheet:
    """The sheet without the rows of patients who are not this person's (any more)."""
    asked = _asked(sheet)
    visible = set(mine.filter(pk__in=asked).values_list("pk", flat=True))
    if refused := [pk for pk in asked if pk not in visible]:
        _opened(user, refused, action="patient.refused")
    return without_lost_rows(sheet, asked, visible=visible)


def _lines(mine: QuerySet[Patient], sheet: Sheet) -> list[Line]:
    """The rows of the page, as many queries for fifty patients as for one."""
    asked = _asked(sheet)
    visible = mine.in_bulk(asked)
    numbers = primary_numbers(list(visible))
    history = series_points(list(visible))
    saved = sheet.saved
    profile = profile_of(sheet.fact("laboratory"))
    numbered = numbered_draws(list(visible), sheet)
    intervals = intervals_of([sheet.fact("laboratory")])
    units = units_on_record(sheet, list(visible))
    lines = []
    for patient in (visible[pk] for pk in asked if pk in visible):
        key = str(patient.pk)
        at, draw_id = saved.get(key, ("", None))
        line = read_line(
            key=key,
            patient=patient,
            sheet=sheet,
            day=sheet.fact("day"),
            profile=profile,
            history=history[patient.pk],
            numbered=numbered,
            intervals=intervals,
            units=units.get(key),
        )
        lines.append(replace(line, number=numbers.get(patient.pk, ""), saved_at=at, draw_id=draw_id))
    return lines


def _asked(sheet: Sheet) -> list[int]:
    ids = (part for part in sheet.fact("patients").split(",") if part.isascii() and part.isdigit() and len(part) < 19)
    return list(dict.fromkeys(int(part) for part in ids))[:MOST_CELLS]


def _add(request: HttpRequest, user: User, mine: QuerySet[Patient], sheet: Sheet) -> HttpResponse:
    found, unknown = find_numbers(mine, numbers_in(request.POST.get("numbers", ""))[:MOST_CELLS])
    before = _asked(sheet)
    new = [pk for pk in found if pk not in before]
    if (len(before) + len(new)) * len(sheet.markers) > MOST_CELLS:
        messages.error(request, too_many(len(before) + len(new), len(sheet.markers)))
        new = []
    if unknown:
        messages.error(request, not_found(unknown))
    _opened(user, new)
    kept = [*numbers_in(sheet.fact("unknown")), *unknown]
    larger = sheet.with_facts(patients=joined([*before, *new]), unknown="\n".join(dict.fromkeys(kept)))
    known = sent_with(request.POST.dict())["known"]
    try:
        check_draft(user=user, scope=EntryScope.CLINIC, key=KEY, known=known, held=held_by(sheet))
        keep(larger, user=user, scope=EntryScope.CLINIC, key=KEY, known=known)
    except DraftIsOlder:
        return _grid(request, user, mine, larger, _lines(mine, larger), known=known, status=HTTPStatus.CONFLICT)
    return redirect("clinic")


def _save(request: HttpRequest, user: User, mine: QuerySet[Patient], sheet: Sheet) -> HttpResponse:
    sent = sent_with(request.POST.dict())
    held, known = held_by(sheet), sent["known"]
    lines = _lines(mine, sheet)
    try:
        check_draft(user=user, scope=EntryScope.CLINIC, key=KEY, held=held, **sent)
    except DraftIsOlder:
        return _grid(request, user, mine, sheet, lines, known=known, status=HTTPStatus.CONFLICT)
    lines = [record_line(line, user=user) if line.waits else line for line in lines]
    if on_hold := on_hold_text(lines, user=user):
        messages.info(request, on_hold)
    waiting = [line for line in lines if line.waits]
    saved = joined([f"{line.key}={line.saved_at}={line.draw_id}" for line in lines if line.saved_at])
    sheet = sheet.with_facts(saved=saved)
    refused = bool(waiting or sheet.fact("lost") or not saved)
    # What another window kept since it was asked stands.
    with suppress(DraftIsOlder):
        if refused:
            known = stands_in(keep(sheet, user=user, scope=EntryScope.CLINIC, key=KEY, known=known))
        else:
            known = NOTHING_KEPT
            drop_draft(user=user, scope=EntryScope.CLINIC, key=KEY, held=held, **sent)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return _grid(request, user, mine, sheet, lines, known=known, status=status, sent=True)


def _drop_lost(request: HttpRequest, user: User, mine: QuerySet[Patient], sheet: Sheet) -> HttpResponse:
    """Somebody noted what was typed in rows that left the grid; where nothing else waits, the clinic is done."""
    sheet = sheet.with_facts(lost="")
    lines = _lines(mine, sheet)
    # What another window kept meanwhile stands, and is what the page then goes on with.
    with suppress(DraftIsOlder):
        known = stands_in(
            keep(sheet, user=user, scope=EntryScope.CLINIC, key=KEY, known=sent_with(request.POST.dict())["known"])
        )
        if sheet.saved and not any(line.waits for line in lines):
            drop_draft(user=user, scope=EntryScope.CLINIC, key=KEY, known=known, held=held_by(sheet))
    return redirect("clinic")


def _grid(
    request: HttpRequest,
    user: User,
    mine: QuerySet[Patient],
    sheet: Sheet,
    lines: Sequence[Line],
    *,
    known: DraftState,
    restored: EntryDraft | None = None,
    status: int = HTTPStatus.OK,
    sent: bool = False,
) -> HttpResponse:
    done = sent and status == HTTPStatus.OK
    kept = own_draft(user, EntryScope.CLINIC, KEY)
    missing = numbers_in(sheet.fact("unknown"))
    shown = with_draws(lines)
    context = {
        "sheet": sheet,
        **grid_context(sheet, shown),
        "missing": not_found(missing) if missing else "",
        "unknown": sheet.fact("unknown"),
        "lost": lost_rows(user, mine, sheet),
        "known": known,
        "newer": newer_than(user, kept, known=known, held=held_by(sheet)) if not done else None,
        "left": kept if done else None,
        "restored": restored if restored and any(sheet.is_typed(line.key) for line in lines) else None,
        "refused": [line for line in lines if line.waits] if sent else [],
        "nothing": sent and not any(line.typed for line in lines),
        "saved": [line for line in shown if line.saved_at],
        "done": done,
        "sent": sent,
    }
    return render(request, "patients/clinic.html", context, status=status)
