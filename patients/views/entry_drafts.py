"""Keeping what is typed on the entry page, a cell at a time: JSON for the page's script.

The address holds the kind of page and an opaque id, never a value; the values travel in the body.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeGuard

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may, signed_in
from accounts.models import User
from accounts.roles import Permission
from patients.access import access_patient, visible_patients
from patients.catalogue import catalogue
from patients.draft_contents import LARGEST_ID, LARGEST_REVISION, Held
from patients.draft_pages import differences
from patients.drafts import own_draft
from patients.forms import DrawForm
from patients.messages import explain
from patients.models import EntryDraft, EntryScope
from patients.services import DraftIsGone, DraftIsOlder, save_draft
from patients.views.json_answers import answer, signed_in_or_401

CELL_PARTS = frozenset({"value", "unit", "assay", "confirm"})
LONGEST_TEXT = 200
LARGEST_BODY = 100_000


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
    patient_id = _patient_of(user, scope, key)
    if request.method != "PUT":
        draft = own_draft(user, scope, str(patient_id))
        return answer({"draft": draft and as_json(draft)})
    try:
        person, sent = _read(request.body)
    except NotADraft as problem:
        return answer({"error": str(problem)}, HTTPStatus.BAD_REQUEST)
    if person != user.pk:
        # Somebody else signed in on this machine: what the page holds is not theirs.
        return answer({"signed_out": True, "other": True}, HTTPStatus.UNAUTHORIZED)
    return _save(user, scope, patient_id, sent)


def _patient_of(user: User, scope: str, key: str) -> int:
    """The patient whose page this is, if this person may enter results there; 404 otherwise, with its audit line."""
    # The pages of several draws keep theirs under addresses of their own.
    if scope in {EntryScope.CLINIC, EntryScope.DATES}:
        raise Http404("No such page.")
    if scope not in EntryScope.values or not (key.isascii() and key.isdigit() and len(key) < 19):
        raise Http404("No such page.")
    mine = visible_patients(user, permission=Permission.ENTER_RESULTS)
    if not mine.filter(pk=int(key)).exists():
        access_patient(user, int(key), permission=Permission.ENTER_RESULTS)
    return int(key)


def _save(user: User, scope: str, patient_id: int, sent: Sent) -> HttpResponse:
    key = str(patient_id)
    try:
        draft = save_draft(
            user=user,
            scope=scope,
            key=key,
            patient_id=patient_id,
            cells=sent.cells,
            context=sent.context,
            revision=sent.revision,
            draft_id=sent.draft_id,
        )
    except (DraftIsOlder, DraftIsGone) as refusal:
        return conflict(refusal, user, own_draft(user, scope, key), Held(sent.cells, sent.context))
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


def _read(body: bytes) -> tuple[int | None, Sent]:
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
        _cells(data.get("cells")),
        _texts(data.get("context"), names=DrawForm.base_fields, where="context"),
        draft_id,
    )


def is_id(sent: object) -> TypeGuard[int | None]:
    """Who names no draft is asked for the revision alone."""
    return sent is None or (isinstance(sent, int) and not isinstance(sent, bool) and 0 <= sent <= LARGEST_ID)


def _cells(data: object) -> dict[str, dict[str, str]]:
    if not isinstance(data, dict):
        raise NotADraft(gettext("“cells” is an object: marker, then value and unit."))
    known = {marker.code for marker in catalogue().markers if not marker.derived}
    if stray := sorted(str(code) for code in data if code not in known):
        raise NotADraft(gettext("“%(name)s” is no marker that is entered.") % {"name": stray[0][:LONGEST_TEXT]})
    return {code: _texts(cell, names=CELL_PARTS, where=code) for code, cell in data.items()}


def _texts(data: object, *, names: Collection[str], where: str) -> dict[str, str]:
    """Text by name; a name nobody knows, or what a database cannot hold, is refused aloud and not dropped."""
    if not isinstance(data, dict):
        raise NotADraft(gettext("“%(name)s” is an object of texts.") % {"name": where})
    for name, text in data.items():
        if name not in names:
            raise NotADraft(gettext("“%(name)s” is not known here.") % {"name": str(name)[:LONGEST_TEXT]})
        if not isinstance(text, str) or len(text) > LONGEST_TEXT or not _storable(text):
            raise NotADraft(
                gettext("“%(name)s” is a text of at most %(limit)d signs.") % {"name": name, "limit": LONGEST_TEXT}
            )
    return dict(data)


def _storable(text: str) -> bool:
    """PostgreSQL's JSON takes neither the sign 0 nor half a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
