"""The second person's pages: the list of what waits, comparing with the paper, and typing it again."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

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
from patients.access import RecordMerged, access_patient, visible_draws
from patients.banner import banner_of
from patients.draft_pages import newer_than, sent_with
from patients.drafts import own_draft
from patients.entry import EntryRow, Typed, typed_of, typed_rows
from patients.messages import explain
from patients.models import CheckOutcome, Draw, EntryDraft, EntryScope, Patient, ResultCheck, SecondCheck
from patients.second_checks import HeldDraw, blank_rows, count_for, held_draw, read_second, waiting_draws
from patients.second_entry_drafts import (
    NoMore,
    as_id,
    corrected_since,
    held_by_page,
    no_more,
    seen_in,
    typed_before,
)
from patients.services import (
    Checked,
    DraftIsOlder,
    NothingChecked,
    RecordError,
    SecondEntry,
    discard_draft,
    drop_draft,
    enter_second_time,
    verify_results,
)
from patients.services.drafts import stands_in
from patients.views.merged_drafts import keep_second_entry


@login_required
@require_safe
def to_check(request: HttpRequest) -> HttpResponse:
    """The draws that wait for this person, the longest waiting first; or those that wait for somebody else."""
    user = may(request, Permission.CHECK_RESULTS)
    for_others = request.GET.get("show") == "others"
    page, lines = waiting_draws(user, for_others=for_others, page=request.GET.get("page"))
    context = {"page": page, "lines": lines, "for_others": for_others, "count": count_for(user)}
    return render(request, "patients/to_check.html", context)


def _opened(request: HttpRequest, pk: int, draw_id: int) -> tuple[User, Patient, Draw]:
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk, permission=Permission.CHECK_RESULTS, purpose="opened_for_check")
    return user, patient, get_object_or_404(visible_draws(user), pk=draw_id, patient_id=patient.pk)


# --- comparing ----------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draw_verify(request: HttpRequest, pk: int, draw_id: int) -> HttpResponse:
    """Compare what was typed with the paper; nothing is ticked beforehand, and what is not ticked goes on waiting."""
    user, patient, draw = _opened(request, pk, draw_id)
    if request.method != "POST":
        return _verify_page(request, user, patient, draw)
    ticked = [as_id(text) for text in request.POST.getlist("agree")]
    try:
        done = verify_results(actor=user.audit_name, by=user, draw_id=draw.pk, result_ids=ticked)
    except RecordError as refusal:
        said, status = explain(refusal.code, refusal.params), _status(refusal)
        return _verify_page(request, user, patient, draw, ticked=ticked, error=said, status=status)
    _say(request, done)
    return _onwards(user, patient, draw, SecondCheck.VERIFY, page="draw_verify")


def _verify_page(
    request: HttpRequest,
    user: User,
    patient: Patient,
    draw: Draw,
    *,
    ticked: Sequence[int] = (),
    error: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    held = held_draw(user, patient, draw, SecondCheck.VERIFY)
    context = _context(patient, draw, held) | {"ticked": ticked, "error": error}
    return render(request, "patients/verify.html", context, status=status)


# --- typing it again ------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draw_second_entry(request: HttpRequest, pk: int, draw_id: int) -> HttpResponse:
    """Type the paper a second time. Of the first entry nothing is on this page until the second is saved."""
    try:
        user, patient, draw = _opened(request, pk, draw_id)
    except RecordMerged:
        keep_second_entry(request, signed_in(request), pk, draw_id)
        raise
    if "discard" in request.POST:
        discard_draft(user=user, scope=EntryScope.CHECK, key=str(draw.pk))
        return redirect("draw_second_entry", patient.pk, draw.pk)
    held = held_draw(user, patient, draw, SecondCheck.BLIND)
    if request.method != "POST":
        return _begun(request, user, patient, draw, held)
    typed = typed_rows(request.POST.dict())
    seen = seen_in(request.POST.dict(), typed)
    before = typed_before(user, draw, typed, seen)
    for look in before:
        del typed[look.result.marker_id]
    rows, results = read_second(patient, held, draw, typed)
    if gone := no_more(held, typed):
        names = {"marker": gettext(", ").join(one.marker.code for one in gone)}
        said = gettext("%(marker)s waits for you no more: look at the draw. Nothing was saved yet.") % names
        return _second_page(request, patient, draw, held, rows, gone=gone, error=said, status=HTTPStatus.CONFLICT)
    if any(row.error for row in rows):
        return _second_page(request, patient, draw, held, rows, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    entries = [SecondEntry(result_id=seen[new.marker], new=new) for new in results]
    try:
        done = _save_second(request, user, draw, entries, sent_before=bool(before))
    except DraftIsOlder:
        return _second_page(request, patient, draw, held, rows, status=HTTPStatus.CONFLICT)
    except RecordError as refusal:
        said = explain("draw_is_empty" if not entries else refusal.code, refusal.params)
        return _second_page(request, patient, draw, held, rows, error=said, status=_status(refusal))
    _say(request, done)
    _say_before(request, user, draw, before)
    stay = bool(done.differing) or any(look.outcome == CheckOutcome.DIFFERS for look in before)
    return _onwards(user, patient, draw, SecondCheck.BLIND, page="draw_second_entry", stay=stay)


def _begun(request: HttpRequest, user: User, patient: Patient, draw: Draw, held: HeldDraw) -> HttpResponse:
    """Empty cells, with what this person had typed and not saved, and what became of it meanwhile."""
    draft = own_draft(user, EntryScope.CHECK, str(draw.pk))
    typed: dict[str, Typed] = typed_of(draft.cells) if draft else {}
    return _second_page(
        request,
        patient,
        draw,
        held,
        blank_rows(held, draw, typed),
        restored=draft,
        gone=no_more(held, typed),
        corrected=corrected_since(held, seen_in(draft.context, typed)) if draft else (),
    )


def _save_second(
    request: HttpRequest, user: User, draw: Draw, entries: Sequence[SecondEntry], *, sent_before: bool
) -> Checked:
    """Where another window kept something else, nothing of this one is written before it was shown."""
    data = request.POST.dict()
    with transaction.atomic():
        done = Checked()
        if entries or not sent_before:
            done = enter_second_time(actor=user.audit_name, by=user, draw_id=draw.pk, entries=entries)
        drop_draft(user=user, scope=EntryScope.CHECK, key=str(draw.pk), held=held_by_page(data), **sent_with(data))
    return done


def _second_page(
    request: HttpRequest,
    patient: Patient,
    draw: Draw,
    held: HeldDraw,
    rows: Sequence[EntryRow],
    *,
    restored: EntryDraft | None = None,
    gone: Sequence[NoMore] = (),
    corrected: Sequence[str] = (),
    error: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    user, data = signed_in(request), request.POST.dict()
    kept = own_draft(user, EntryScope.CHECK, str(draw.pk))
    # A page that was sent goes on with the draft it knew: what it holds is not what another window kept.
    known = sent_with(data)["known"] if data else stands_in(restored)
    ids = {row.read.marker.code: row.result.pk for row in held.mine}
    context = _context(patient, draw, held) | {
        "rows": [(row, ids[row.marker.code]) for row in rows],
        "wrong": [row for row in rows if row.error],
        "error": error,
        "gone": gone,
        "corrected": gettext(", ").join(corrected),
        "known": known,
        "newer": newer_than(user, kept, known=known, held=held_by_page(data)) if data else None,
        "restored": restored if restored and restored.typed else None,
        "history": {},
    }
    return render(request, "patients/second_entry.html", context, status=status)


# --- both ----------------------------------------------------------------------------------------------------


def _context(patient: Patient, draw: Draw, held: HeldDraw) -> dict[str, object]:
    return {"patient": patient, "banner": banner_of(patient), "draw": draw, "held": held}


def _status(refusal: RecordError) -> int:
    return HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(refusal, NothingChecked) else HTTPStatus.CONFLICT


def _say(request: HttpRequest, done: Checked) -> None:
    if count := len(done.released):
        text = ngettext(
            "%(count)d value is checked and counts from now on.",
            "%(count)d values are checked and count from now on.",
            count,
        )
        messages.success(request, text % {"count": count})
    if count := len(done.already):
        text = ngettext(
            "%(count)d value was checked by somebody else meanwhile.",
            "%(count)d values were checked by somebody else meanwhile.",
            count,
        )
        messages.info(request, text % {"count": count})
    if count := len(done.differing):
        text = ngettext(
            "%(count)d value differs from the first entry. It goes on waiting; both are shown below.",
            "%(count)d values differ from the first entry. They go on waiting; both are shown below.",
            count,
        )
        messages.warning(request, text % {"count": count})


def _say_before(request: HttpRequest, user: User, draw: Draw, before: Sequence[ResultCheck]) -> None:
    if count := len(before):
        text = ngettext(
            "%(count)d value was saved before and is not checked twice.",
            "%(count)d values were saved before and are not checked twice.",
            count,
        )
        messages.info(request, text % {"count": count})
    if own_draft(user, EntryScope.CHECK, str(draw.pk)):
        messages.info(request, gettext("What was typed in the other window is kept as a draft. It is not saved yet."))


def _onwards(
    user: User, patient: Patient, draw: Draw, kind: SecondCheck, *, page: str, stay: bool = False
) -> HttpResponse:
    """To what is left of this draw for this person, or back to the list."""
    if stay or held_draw(user, patient, draw, kind).mine:
        return redirect(page, patient.pk, draw.pk)
    return redirect("to_check")
