"""Entering a draw: find the patient, type the paper, read it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may, signed_in
from accounts.models import User
from accounts.roles import Permission
from patients.access import RecordMerged, access_patient, visible_draws, visible_patients
from patients.banner import banner_of
from patients.draft_contents import state_of
from patients.draft_pages import held_by_draw_form, newer_than, sent_with
from patients.drafts import own_draft, own_drafts
from patients.due import due_draws
from patients.entry import Entry, Typed, panel_of, read_entry, typed_of, typed_rows
from patients.fact_wording import fact_label, fact_text
from patients.forms import DrawForm, SearchForm
from patients.laboratory_profile import profile_of
from patients.merged_drafts import merged_drafts
from patients.messages import explain
from patients.models import Draw, EntryDraft, EntryScope, Patient, SecondCheck
from patients.same_day import SameDay, draw_meant, other_draw, question
from patients.saved_draw import SavedRow, saved_rows, urgent_of
from patients.second_checks import count_for
from patients.selectors import matching, standing_counts, with_number
from patients.services import (
    DraftIsOlder,
    DrawFactsDiffer,
    DrawOutcome,
    NewDraw,
    OtherDrawOfTheDay,
    RecordError,
    ResultExists,
    discard_draft,
    drop_draft,
    record_draw,
)
from patients.services.drafts import stands_in
from patients.services.draw_facts import FACTS, MOMENT
from patients.views.merged_drafts import keep_what_was_sent, settled
from patients.views.search import PatientRow, remember, remembered, rows_of

MATCHES_SHOWN = 20
DUE_SHOWN = 12
JUST_NOW = dt.timedelta(minutes=10)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def enter_results(request: HttpRequest) -> HttpResponse:
    """Find the patient whose paper this is; a full number leads straight to the grid."""
    user = may(request, Permission.ENTER_RESULTS)
    mine = visible_patients(user, permission=Permission.ENTER_RESULTS)
    if request.method == "POST" and "discard" in request.POST:
        return _discard(request, user)
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
        "drafts": own_drafts(user),
        "to_check": count_for(user),
        "merged_drafts": merged_drafts(user),
    }
    return render(request, "patients/enter_results.html", context)


def _discard(request: HttpRequest, user: User) -> HttpResponse:
    """Throw away one draft of the list, as it was when the list was shown."""
    meant = state_of(request.POST["discard"])
    done = any(
        discard_draft(user=user, scope=one.draft.scope, key=one.draft.key, known=meant)
        for one in own_drafts(user)
        if one.state == meant
    )
    if done:
        messages.success(request, gettext("What was typed there is thrown away. Nothing on record changed."))
    else:
        messages.error(request, gettext("This draft was saved, thrown away or typed on meanwhile. Look at the list."))
    return redirect("enter_results")


def _due_now(mine: QuerySet[Patient]) -> list[PatientRow]:
    """Whose draw is waited for today or late, the latest first; who promised a later day is not waited for yet."""
    today = timezone.localdate()
    plans = due_draws(list(mine.values_list("pk", flat=True)), tz=timezone.get_current_timezone())
    late = sorted((due for due in plans.values() if due.expected_on <= today), key=lambda due: due.due_on)[:DUE_SHOWN]
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
    """The grid. Nothing is saved until every cell reads; what was typed and not saved is there again."""
    user = may(request, Permission.VIEW_PATIENT)
    try:
        patient = access_patient(user, pk, permission=Permission.ENTER_RESULTS, purpose="opened_for_entry")
    except RecordMerged:
        keep_what_was_sent(request, user, pk, scope=EntryScope.DRAW)
        raise
    if done := settled(request, user, patient, scope=EntryScope.DRAW):
        return done
    if request.method == "POST" and "discard" in request.POST:
        discard_draft(user=user, scope=EntryScope.DRAW, key=str(patient.pk))
        return redirect("draw_new", patient.pk)
    everything = request.POST.get("panel") == "all" or request.POST.get("show") == "all"
    if request.method == "POST" and "show" not in request.POST:
        return _save(request, user, patient, everything=everything)
    draft = own_draft(user, EntryScope.DRAW, str(patient.pk))
    posted = request.method == "POST"
    form = DrawForm(patient=patient, initial=_initial(request, patient, draft))
    typed = typed_of(draft.cells) if draft and not posted else typed_rows(request.POST.dict())
    laboratory = str(form.get_initial_for_field(form.fields["laboratory"], "laboratory") or "")
    entry = _read(patient, typed, collected_at=_moment(form), everything=everything, laboratory=laboratory)
    return _grid(request, patient, form, entry, everything=everything, restored=None if posted else draft)


def _initial(request: HttpRequest, patient: Patient, draft: EntryDraft | None) -> dict[str, Any]:
    """What was typed so far; on a fresh page today, and the laboratory of the patient's last draw."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in DrawForm.base_fields}
    last = Draw.objects.filter(patient=patient).order_by("-collected_at").first()
    fresh = {"collected_on": timezone.localdate(), "laboratory": last.laboratory if last else ""}
    return fresh if draft is None else fresh | draft.context


def _moment(form: DrawForm) -> dt.datetime:
    """When the draw on the page was taken, as far as its facts read; values are compared with what stood before."""
    facts = DrawForm(
        {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}, patient=form.patient
    )
    return facts.collected_at if facts.is_valid() else timezone.now()


def _read(
    patient: Patient,
    typed: Mapping[str, Typed],
    *,
    collected_at: dt.datetime,
    everything: bool,
    laboratory: str,
    on_record: Draw | None = None,
) -> Entry:
    """The rows in the order of the laboratory's report, its units and assays in those that were not touched yet."""
    profile = profile_of(laboratory)
    markers = profile.in_order(panel_of(patient, everything=everything))
    offered = {one.code: Typed(**profile.offered(one.code)) for one in markers if one.code not in typed}
    return read_entry(
        patient=patient,
        markers=markers,
        typed=offered | dict(typed),
        collected_at=timezone.localtime(collected_at),
        decimal_comma=profile.decimal_comma,
        beside=standing_counts(on_record.pk if on_record else None),
        laboratory=laboratory,
    )


def _save(request: HttpRequest, user: User, patient: Patient, *, everything: bool) -> HttpResponse:
    form = DrawForm(request.POST, patient=patient)
    form_reads = form.is_valid()
    collected_at = form.collected_at if form_reads else timezone.now()
    typed, laboratory = typed_rows(request.POST.dict()), request.POST.get("laboratory", "")
    meant = _draw_meant(patient, form, typed) if form_reads else None
    entry = _read(
        patient, typed, collected_at=collected_at, everything=everything, laboratory=laboratory, on_record=meant
    )
    if form_reads and entry.empty:
        form.add_error(None, explain("draw_is_empty", {}))
    asked, status = None, HTTPStatus.UNPROCESSABLE_ENTITY
    if form.is_valid() and entry.readable:
        try:
            return _commit(request, user, patient, form, entry, meant)
        except ResultExists as refusal:
            entry = entry.with_error(refusal.params["marker"], explain(refusal.code, refusal.params))
            form.add_error("same_day", gettext("What stands there differs from this paper."))
        except OtherDrawOfTheDay as asks:
            asked = asks.draw_id
            form.add_error("same_day", question(Draw.objects.get(pk=asked)))
        except DrawFactsDiffer as refusal:
            asked = refusal.draw_id
            _show_both(form, refusal)
        except DraftIsOlder:
            status = HTTPStatus.CONFLICT
        except RecordError as refusal:
            form.add_error(None, explain(refusal.code, refusal.params))
    return _grid(request, patient, form, entry, everything=everything, status=status, asked=asked)


def _draw_meant(patient: Patient, form: DrawForm, typed: Mapping[str, Typed]) -> Draw | None:
    data, markers = form.cleaned_data, [code for code, cell in typed.items() if cell.value.strip()]
    return draw_meant(
        patient, data, form.collected_at, markers, choice=data["same_day"], shown=data.get("same_draw", "")
    )


def _show_both(form: DrawForm, refusal: DrawFactsDiffer) -> None:
    """Each fact on which the record and this paper differ, beside its field, and the ways out."""
    for name in refusal.differing:
        said = gettext("On record: %(stands)s. On this paper: %(says)s.") % {
            "stands": fact_text(name, refusal.params[f"stands_{name}"]),
            "says": fact_text(name, refusal.params[f"says_{name}"]),
        }
        form.add_error("collected_time" if name == MOMENT else name, said)
    form.add_error(
        "same_day",
        gettext(
            "The draw on record says otherwise than this paper. If the record is wrong, choose the correction; if "
            "blood was taken twice, give the second draw its own time or accession number."
        ),
    )


def _commit(
    request: HttpRequest, user: User, patient: Patient, form: DrawForm, entry: Entry, meant: Draw | None
) -> HttpResponse:
    """Record the draw, or go where it is corrected. What this paper is, the service asks under its lock."""
    facts, choice = form.cleaned_data, form.cleaned_data["same_day"]
    if choice == SameDay.CORRECT:
        markers = [new.marker for new in entry.results()]
        if wrong := other_draw(patient, facts, form.collected_at, markers) or meant:
            messages.info(request, gettext("Correct what is wrong on this page. What you typed is kept as a draft."))
            return redirect(_where_it_is_corrected(patient, wrong))
    with transaction.atomic():
        outcome = record_draw(
            actor=user.audit_name,
            patient_id=patient.pk,
            draw=_described(form),
            results=entry.results(),
            recorded_by=user,
            ask_same_day=choice != SameDay.SECOND,
            same_as=meant.pk if meant and choice == SameDay.SAME else None,
        )
        # Where another window kept something else, nothing of this one is written before it was shown.
        sent = request.POST.dict()
        held = held_by_draw_form(sent)
        drop_draft(user=user, scope=EntryScope.DRAW, key=str(patient.pk), held=held, **sent_with(sent))
    if own_draft(user, EntryScope.DRAW, str(patient.pk)):
        messages.info(request, gettext("What was typed in the other window is kept as a draft. It is not saved yet."))
    _say(request, outcome)
    return redirect("draw", patient.pk, outcome.draw_id)


def _where_it_is_corrected(patient: Patient, wrong: Draw) -> str:
    try:
        return reverse("draw_correct", args=[patient.pk, wrong.pk])
    except NoReverseMatch:
        return reverse("draw", args=[patient.pk, wrong.pk])


def _described(form: DrawForm) -> NewDraw:
    data = form.cleaned_data
    said = {name: data[name] for name in FACTS if name != MOMENT}
    return NewDraw(collected_at=form.collected_at, time_known=form.time_known, **said)


def _say(request: HttpRequest, outcome: DrawOutcome) -> None:
    if outcome.repeated:
        text = ngettext(
            "%(count)d value stood there already and was not saved twice.",
            "%(count)d values stood there already and were not saved twice.",
            outcome.repeated,
        )
        messages.info(request, text % {"count": outcome.repeated})
    if outcome.created and not outcome.draw_created:
        messages.info(request, gettext("They were added to a draw that was on record."))
    if outcome.filled:
        names = gettext(", ").join(fact_label(name) for name in outcome.filled)
        text = gettext("What was not known of that draw before and is now: %(facts)s.")
        messages.info(request, text % {"facts": names})


def _grid(
    request: HttpRequest,
    patient: Patient,
    form: DrawForm,
    entry: Entry,
    *,
    everything: bool,
    status: int = HTTPStatus.OK,
    restored: EntryDraft | None = None,
    asked: int | None = None,
) -> HttpResponse:
    user, sent = signed_in(request), request.POST.dict()
    kept = own_draft(user, EntryScope.DRAW, str(patient.pk))
    # A page that was sent goes on with the draft it knew: what it holds is not what another window kept.
    known = sent_with(sent)["known"] if request.method == "POST" else stands_in(restored)
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "form": form,
        "entry": entry,
        "asked": asked or form["same_draw"].value() or "",
        "everything": everything,
        "history": entry.history_sent(),
        "across": [explain(concern.code, concern.params) for concern in entry.across],
        "known": known,
        "newer": newer_than(user, kept, known=known, held=held_by_draw_form(sent)) if sent else None,
        "restored": restored,
        "merged_drafts": merged_drafts(user, kept_id=patient.pk, scope=EntryScope.DRAW),
        "typed_here": status != HTTPStatus.OK or (kept is not None and kept.typed > 0),
        "wrong": [row for row in entry.rows if row.error] if status != HTTPStatus.OK else [],
        "to_confirm": [row for row in entry.rows if row.asks_again and not row.error] if status != 200 else [],
    }
    return render(request, "patients/draw_new.html", context, status=status)


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
        **_waits(rows),
    }
    return render(request, "patients/draw.html", context)


def _waits(rows: Iterable[SavedRow]) -> dict[str, object]:
    """What a second person has still to look at, and who that cannot be."""
    waits = [row.result for row in rows if row.waits]
    people = dict.fromkeys(str(result.recorded_by) for result in waits)
    return {
        "waits": waits,
        "typed_by": gettext(", ").join(people),
        "to_compare": any(result.awaiting_check == SecondCheck.VERIFY for result in waits),
        "to_type": any(result.awaiting_check == SecondCheck.BLIND for result in waits),
    }


def _is_news(rows: Iterable[SavedRow], saved_at: dt.datetime | None) -> bool:
    """Whether the draw was saved a moment ago; a correction says itself what it changed."""
    corrected = any(row.result.version > 1 for row in rows)
    return saved_at is not None and not corrected and timezone.now() - saved_at < JUST_NOW
