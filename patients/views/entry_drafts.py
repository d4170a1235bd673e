"""Keeping what is typed on the entry page, a cell at a time: JSON for the page's script.

The address holds the kind of page and an opaque id, never a value; the values travel in the body.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NoReturn, TypeGuard

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may, signed_in
from accounts.models import User
from accounts.roles import Permission
from audit.services import record
from patients import correction_drafts, second_entry_drafts
from patients.access import access_patient, visible_patients
from patients.catalogue import catalogue
from patients.draft_contents import LARGEST_ID, LARGEST_REVISION, Held
from patients.draft_pages import differences
from patients.drafts import own_draft
from patients.forms import DrawForm
from patients.messages import explain
from patients.models import Draw, EntryDraft, EntryScope
from patients.services import DraftIsGone, DraftIsOlder, save_draft
from patients.views.json_answers import answer, signed_in_or_401
from patients.views.merged_drafts import may_keep_typing

CELL_PARTS = frozenset({"value", "unit", "assay", "confirm"})
LONGEST_TEXT = 200
LARGEST_BODY = 100_000
# What somebody may do who types there. The pages of several draws keep theirs under addresses of their own.
PERMISSIONS: Final[Mapping[str, Permission]] = {
    EntryScope.DRAW: Permission.ENTER_RESULTS,
    EntryScope.CORRECTION: Permission.ENTER_RESULTS,
    EntryScope.CHECK: Permission.CHECK_RESULTS,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What the page sent, checked for shape only: a half-typed value is kept as it is."""

    revision: int
    cells: dict[str, dict[str, str]]
    context: dict[str, str]
    draft_id: int | None = None


class NotADraft(Exception):
    """The body is no draft; the message says what is wrong with it."""


@require_safe
@signed_in_or_401
def entry_token(request: HttpRequest) -> HttpResponse:
    """The token for who signed in again in another window, and who that is."""
    return answer({"token": get_token(request), "user": signed_in(request).pk})


@require_http_methods(["GET", "HEAD", "PUT"])
@signed_in_or_401
def entry_draft(request: HttpRequest, scope: str, key: str) -> HttpResponse:
    """Keep the cells (PUT) or say what is kept (GET). Only ever the draft of who asks."""
    user = may(request, Permission.VIEW_PATIENT)
    page = _page_of(user, scope, key)
    if request.method != "PUT":
        draft = own_draft(user, page.scope, page.key)
        return answer({"draft": draft and as_json(draft)})
    try:
        person, sent = _read(request.body, page)
    except NotADraft as problem:
        return answer({"error": str(problem)}, HTTPStatus.BAD_REQUEST)
    if person != user.pk:
        # Somebody else signed in on this machine: what the page holds is not theirs.
        return answer({"signed_out": True, "other": True}, HTTPStatus.UNAUTHORIZED)
    return _save(user, page, sent)


@dataclass(frozen=True, slots=True)
class Page:
    """Whose draft this is, and what a draft of such a page may hold."""

    scope: str
    key: str
    patient_id: int
    parts: Collection[str]
    names: Collection[str]
    longest: int = LONGEST_TEXT


def _page_of(user: User, scope: str, key: str) -> Page:
    """The page this draft is of, if this person may type there; 404 otherwise, with its audit line."""
    if scope not in PERMISSIONS or not (key.isascii() and key.isdigit() and len(key) < 19):
        raise Http404("No such page.")
    number, permission = int(key), PERMISSIONS[scope]
    patient_id = number if scope == EntryScope.DRAW else _patient_of_draw(user, number)
    mine = visible_patients(user, permission=permission)
    if not mine.filter(pk=patient_id).exists() and not may_keep_typing(user, patient_id, permission=permission):
        access_patient(user, patient_id, permission=permission)
    # As a plain number: 7 and 007 are one page.
    key = str(number)
    if scope == EntryScope.DRAW:
        return Page(scope, key, patient_id, CELL_PARTS, DrawForm.base_fields)
    if scope == EntryScope.CORRECTION:
        own = correction_drafts
        return Page(scope, key, patient_id, own.CELL_PARTS, own.context_names(), own.LONGEST_TEXT)
    if not second_entry_drafts.may_keep_second_entry(user, number):
        _refuse_draw(user, number, patient_id)
    return Page(scope, key, patient_id, second_entry_drafts.CELL_PARTS, second_entry_drafts.context_names())


def _patient_of_draw(user: User, draw_id: int) -> int:
    patient_id = Draw.objects.values_list("patient_id", flat=True).filter(pk=draw_id).first()
    if patient_id is None:
        _refuse_draw(user, draw_id)
    return patient_id


def _refuse_draw(user: User, draw_id: int, patient_id: int | None = None) -> NoReturn:
    record(actor=user.audit_name, action="draw.refused", object_type="draw", object_id=draw_id, patient_id=patient_id)
    raise Http404("No such draw.")


def _save(user: User, page: Page, sent: Sent) -> HttpResponse:
    try:
        draft = save_draft(
            user=user,
            scope=page.scope,
            key=page.key,
            patient_id=page.patient_id,
            cells=sent.cells,
            context=sent.context,
            revision=sent.revision,
            draft_id=sent.draft_id,
        )
    except (DraftIsOlder, DraftIsGone) as refusal:
        here = Held(sent.cells, sent.context)
        return conflict(refusal, user, own_draft(user, page.scope, page.key), here)
    return kept(draft)


def conflict(refusal: DraftIsOlder | DraftIsGone, user: User, newer: EntryDraft | None, held: Held) -> HttpResponse:
    """What the other window kept, and where this one differs from it."""
    told = differences(user, newer, held) if newer else ()
    shown = [{"what": one.what, "there": one.there, "here": one.here} for one in told]
    text = explain(refusal.code, refusal.params)
    return answer({"draft": newer and as_json(newer), "text": text, "differences": shown}, HTTPStatus.CONFLICT)


def kept(draft: EntryDraft) -> HttpResponse:
    return answer({"id": draft.pk, "revision": draft.revision, "saved_at": clock(draft)})


def clock(draft: EntryDraft) -> str:
    return timezone.localtime(draft.updated_at).strftime("%H:%M:%S")


def as_json(draft: EntryDraft) -> dict[str, Any]:
    return {
        "id": draft.pk,
        "revision": draft.revision,
        "saved_at": clock(draft),
        "cells": draft.cells,
        "context": draft.context,
    }


def _read(body: bytes, page: Page) -> tuple[int | None, Sent]:
    if len(body) > LARGEST_BODY:
        raise NotADraft(gettext("This is more than one page can hold."))
    try:
        data = json.loads(body)
    except ValueError as problem:
        raise NotADraft(gettext("This is not JSON.")) from problem
    if not isinstance(data, dict):
        raise NotADraft(gettext("A draft is an object with revision, cells and context."))
    revision = data.get("revision")
    if not isinstance(revision, int) or isinstance(revision, bool) or not 0 <= revision < LARGEST_REVISION:
        raise NotADraft(gettext("“revision” is a whole number from 0."))
    draft_id = data.get("id")
    if not is_id(draft_id):
        raise NotADraft(gettext("“id” is the number of a draft."))
    person = data.get("user")
    return (person if isinstance(person, int) else None), Sent(
        revision,
        _cells(data.get("cells"), page),
        _texts(data.get("context"), names=page.names, where="context", longest=page.longest),
        draft_id,
    )


def is_id(sent: object) -> TypeGuard[int | None]:
    """Who names no draft is asked for the revision alone."""
    return sent is None or (isinstance(sent, int) and not isinstance(sent, bool) and 0 <= sent <= LARGEST_ID)


def _cells(data: object, page: Page) -> dict[str, dict[str, str]]:
    if not isinstance(data, dict):
        raise NotADraft(gettext("“cells” is an object: marker, then value and unit."))
    known = {marker.code for marker in catalogue().markers if not marker.derived}
    if stray := sorted(str(code) for code in data if code not in known):
        raise NotADraft(gettext("“%(name)s” is no marker that is entered.") % {"name": stray[0][:LONGEST_TEXT]})
    return {code: _texts(cell, names=page.parts, where=code) for code, cell in data.items()}


def _texts(data: object, *, names: Collection[str], where: str, longest: int = LONGEST_TEXT) -> dict[str, str]:
    """Text by name; a name nobody knows, or what a database cannot hold, is refused aloud and not dropped."""
    if not isinstance(data, dict):
        raise NotADraft(gettext("“%(name)s” is an object of texts.") % {"name": where})
    for name, text in data.items():
        if name not in names:
            raise NotADraft(gettext("“%(name)s” is not known here.") % {"name": str(name)[:LONGEST_TEXT]})
        if not isinstance(text, str) or len(text) > longest or not _storable(text):
            raise NotADraft(
                gettext("“%(name)s” is a text of at most %(limit)d signs.") % {"name": name, "limit": longest}
            )
    return dict(data)


def _storable(text: str) -> bool:
    """PostgreSQL's JSON takes neither the sign 0 nor half a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
