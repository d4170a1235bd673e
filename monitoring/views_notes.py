"""Notes on a patient or an alert, and the list of those that mention the reader."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.gate import may, signed_in
from accounts.models import User
from accounts.roles import Permission
from audit.services import record
from monitoring.errors import NoteProblem
from monitoring.forms_note import AmendForm, NoteForm, PartForm, TakeBackForm
from monitoring.kept_typing import Typed, keep_typing, take_kept, typing_kept
from monitoring.models import Mention, Note
from monitoring.note_messages import ABSENT, FIELDS, MEANWHILE, TEXTS, problem_text
from monitoring.note_panel import NoteView, in_order, note_view, stands_on_page
from monitoring.note_reading import mentions_in_order, mentions_of, readable_notes, readers_of
from monitoring.services import amend_note, read_mention, take_back_note, write_note
from monitoring.text_difference import difference
from monitoring.views_patient import patient_response
from monitoring.wording import listed
from patients.access import RecordMerged, access_patient
from patients.banner import banner_of
from patients.selectors import primary_numbers

NOTES_A_PAGE = 50
MENTIONS_A_PAGE = 50


# --- of a patient -------------------------------------------------------------------------------------------------
@typing_kept(page=lambda patient_id: reverse("patient", args=[patient_id]))
@require_http_methods(["GET", "HEAD", "POST"])
def patient_notes(request: HttpRequest, patient_id: int) -> HttpResponse:
    """All notes of a patient; sent from the patient's page, a further one."""
    writes = request.method == "POST"
    purpose = "note_written" if writes else "notes_read"
    user = signed_in(request)
    try:
        person = access_patient(user, patient_id, permission=Permission.WRITE_NOTES, purpose=purpose)
    except RecordMerged as merged:
        kept = reverse("patient", args=[merged.survivor_id])
        if not writes or not keep_typing(request, kept, by=str(user.pk)):
            raise
        messages.warning(request, str(TEXTS["record_merged"]))
        return redirect(kept)
    if not writes:
        page = Paginator(in_order(readable_notes(user).filter(patient=person)), NOTES_A_PAGE).get_page(
            request.GET.get("page")
        )
        views = [note_view(user, note) for note in page]
        context = {"patient": person, "banner": banner_of(person), "here": "patient", "page": page, "notes": views}
        return render(request, "monitoring/notes.html", context)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return patient_response(request, person, note=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    said = form.cleaned_data
    try:
        note = write_note(
            actor=user.audit_name,
            user=user,
            patient_id=person.pk,
            alert_id=said["alert"],
            text=said["text"],
            tell=said["tell"],
            key=said["key"],
            now=timezone.now(),
        )
    except NoteProblem as problem:
        return patient_response(request, person, note=_refused(form, problem), status=_status(problem))
    messages.success(request, _saved(note))
    return redirect(_on_page(note))


# --- of an author -------------------------------------------------------------------------------------------------
@login_required
@require_safe
def note(request: HttpRequest, note_id: int) -> HttpResponse:
    """One note with all it ever said; its author amends it here or takes it back."""
    user = signed_in(request)
    found = _readable_note(user, note_id)
    access_patient(user, found.patient_id, permission=Permission.WRITE_NOTES, purpose="note_read")
    return _note_response(request, found)


@typing_kept(page=lambda note_id: reverse("note", args=[note_id]))
@require_POST
def note_amend(request: HttpRequest, note_id: int) -> HttpResponse:
    return _change(
        request, note_id, AmendForm, amend_note, saved=_("The note is amended; what it said before is kept.")
    )


@typing_kept(page=lambda note_id: reverse("note", args=[note_id]))
@require_POST
def note_take_back(request: HttpRequest, note_id: int) -> HttpResponse:
    saved = _("The note is taken back; what it said is kept among its versions.")
    return _change(request, note_id, TakeBackForm, take_back_note, saved=saved)


def _change(
    request: HttpRequest, note_id: int, form_class: type[PartForm], service: Callable[..., Note], *, saved: str
) -> HttpResponse:
    user = signed_in(request)
    found = _readable_note(user, note_id)
    if found.author_id != user.pk:
        record(actor=user.audit_name, action="note.refused", object_type="note", object_id=note_id)
        raise PermissionDenied
    access_patient(user, found.patient_id, permission=Permission.WRITE_NOTES, purpose="note_written")
    form = form_class(request.POST, at=found.pk)
    if not form.is_valid():
        return _note_response(request, found, sent=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        service(actor=user.audit_name, user=user, note_id=found.pk, now=timezone.now(), **form.cleaned_data)
    except NoteProblem as problem:
        found = _readable_note(user, note_id)  # as it stands by now
        return _note_response(request, found, sent=_refused(form, problem), status=_status(problem))
    messages.success(request, saved)
    return redirect(_on_page(found))


def _note_response(
    request: HttpRequest, found: Note, *, sent: PartForm | None = None, status: int = HTTPStatus.OK
) -> HttpResponse:
    user = signed_in(request)
    view = note_view(user, found)
    kept = take_kept(request, user)
    typed = _typed(sent, kept)
    can = view.can_change
    context: dict[str, Any] = {
        "patient": found.patient,
        "banner": banner_of(found.patient),
        "here": "patient",
        "one": view,
        "forms": _forms(user, view, sent, kept) if can else [],
        "difference": difference(view.newest.text, typed) if can and typed and status == HTTPStatus.CONFLICT else (),
        "typed": "" if can else typed,
        "gone": [] if can or sent is None else sent.non_field_errors(),
    }
    return render(request, "monitoring/note.html", context, status=status)


def _typed(sent: PartForm | None, kept: Typed | None) -> str:
    """The words that were sent and are not saved."""
    if isinstance(sent, AmendForm):
        return str(sent["text"].value() or "").strip()
    return kept.get("text", [""])[-1].strip() if kept else ""


def _forms(user: User, view: NoteView, sent: PartForm | None, kept: Typed | None) -> list[PartForm]:
    """Both forms with the version that is shown: what is sent next was written with it in view."""
    at, seen = view.note.pk, view.newest.number
    forms: list[PartForm] = []
    for form_class, initial in ((AmendForm, {"text": view.newest.text, "seen": seen}), (TakeBackForm, {"seen": seen})):
        if sent is not None and isinstance(sent, form_class):
            form: PartForm = form_class.again(sent, at=at, seen=seen)
        elif kept is not None and ("text" in kept) is (form_class is AmendForm):
            form = form_class.back(kept, at=at)  # with the version it was typed for
        else:
            form = form_class(at=at, initial=initial)
        form.colleagues = tuple(readers_of(view.note.patient).exclude(pk=user.pk)) if "tell" in form.fields else ()
        forms.append(form)
    return forms


# --- mentions -----------------------------------------------------------------------------------------------------
@login_required
@require_safe
def mention_list(request: HttpRequest) -> HttpResponse:
    user = may(request, Permission.WRITE_NOTES)
    page = Paginator(mentions_in_order(user), MENTIONS_A_PAGE).get_page(request.GET.get("page"))
    numbers = primary_numbers([one.version.note.patient_id for one in page])
    rows = [(one, numbers.get(one.version.note.patient_id, "")) for one in page]
    return render(request, "monitoring/mentions.html", {"page": page, "rows": rows})


@login_required
@require_safe
def mention_open(request: HttpRequest, mention_id: int) -> HttpResponse:
    """To the note on its page; opened, it counts as read."""
    found = _own_mention(request, mention_id)
    if request.method == "GET":
        _read(request, found)
    return redirect(_on_page(found.version.note))


@login_required
@require_POST
def mention_read(request: HttpRequest, mention_id: int) -> HttpResponse:
    """Marked as read without going there: from the list, or from the page where it was read."""
    found = _own_mention(request, mention_id)
    _read(request, found)
    return redirect(_on_page(found.version.note) if "on_page" in request.POST else reverse("mention_list"))


def _own_mention(request: HttpRequest, mention_id: int) -> Mention:
    user = signed_in(request)
    found = mentions_of(user).select_related("version__note__alert").filter(pk=mention_id).first()
    if found is None:
        record(actor=user.audit_name, action="mention.refused", object_type="mention", object_id=mention_id)
        raise Http404("No such mention.")
    return found


def _read(request: HttpRequest, mention: Mention) -> None:
    user = signed_in(request)
    read_mention(actor=user.audit_name, user=user, mention_id=mention.pk, now=timezone.now())


# --- shared -------------------------------------------------------------------------------------------------------
def _readable_note(user: User, note_id: int) -> Note:
    """Absent and forbidden look the same: who may not read it learns of no note."""
    found = in_order(readable_notes(user).filter(pk=note_id).select_related("patient")).first()
    if found is None:
        record(actor=user.audit_name, action="note.refused", object_type="note", object_id=note_id)
        raise Http404("No such note.")
    return found


def _refused(form: PartForm, problem: NoteProblem) -> Any:
    if problem.code in ABSENT:
        raise Http404("No such alert or note.")
    form.add_error(FIELDS.get(problem.code), problem_text(problem))
    return form


def _status(problem: NoteProblem) -> int:
    return HTTPStatus.CONFLICT if problem.code in MEANWHILE else HTTPStatus.UNPROCESSABLE_ENTITY


def _on_page(note: Note) -> str:
    """Where the note stands: on the page of the patient, or, where others came since, on its own."""
    if not stands_on_page(note):
        return reverse("note", args=[note.pk])
    return f"{reverse('patient', args=[note.patient_id])}#note-{note.pk}"


def _saved(note: Note) -> str:
    told = [str(one.person) for one in Mention.objects.filter(version__note=note).select_related("person")]
    if not told:
        return _("The note is saved.")
    return _("The note is saved; told: %(people)s.") % {"people": listed(told)}
