"""Keeping what is typed on a page of several draws: JSON for the page's script, as `entry_drafts` is for one draw."""

from __future__ import annotations

import json
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from accounts.models import User
from patients.draft_contents import LARGEST_REVISION, Held
from patients.drafts import own_draft
from patients.services import DraftIsGone, DraftIsOlder, save_draft
from patients.sheets import FACT, KEY, LONGEST_CELL, LONGEST_FACT, Sheet, markers_of
from patients.views.entry_drafts import as_json, conflict, is_id, kept
from patients.views.json_answers import answer

LARGEST_BODY = 400_000
PARTS = frozenset({"value", "confirm"})


class NotASheet(Exception):
    """The body is no draft of such a page; the message says what is wrong with it."""


def draft_answer(request: HttpRequest, user: User, *, scope: str, key: str, patient_id: int | None) -> HttpResponse:
    """Keep the page (PUT) or say what is kept (GET). Only ever the draft of who asks."""
    if request.method != "PUT":
        draft = own_draft(user, scope, key)
        return answer({"draft": draft and as_json(draft)})
    try:
        person, revision, draft_id, sheet = _read(request.body)
    except NotASheet as problem:
        return answer({"error": str(problem)}, HTTPStatus.BAD_REQUEST)
    if person != user.pk:
        return answer({"signed_out": True, "other": True}, HTTPStatus.UNAUTHORIZED)
    try:
        draft = save_draft(
            user=user,
            scope=scope,
            key=key,
            patient_id=patient_id,
            cells=sheet.cells,
            context=sheet.context,
            revision=revision,
            draft_id=draft_id,
        )
    except (DraftIsOlder, DraftIsGone) as refusal:
        return conflict(refusal, user, own_draft(user, scope, key), Held(sheet.cells, sheet.context))
    return kept(draft)


def _read(body: bytes) -> tuple[object, int, int | None, Sheet]:
    if len(body) > LARGEST_BODY:
        raise NotASheet(gettext("This is more than one page can hold."))
    try:
        data = json.loads(body)
    except ValueError as problem:
        raise NotASheet(gettext("This is not JSON.")) from problem
    if not isinstance(data, dict) or not all(isinstance(data.get(name), dict) for name in ("cells", "context")):
        raise NotASheet(gettext("A draft is an object with revision, cells and context."))
    revision = data.get("revision")
    if not isinstance(revision, int) or isinstance(revision, bool) or not 0 <= revision < LARGEST_REVISION:
        raise NotASheet(gettext("“revision” is a whole number from 0."))
    draft_id = data.get("id")
    if not is_id(draft_id):
        raise NotASheet(gettext("“id” is the number of a draft."))
    for name, text in data["context"].items():
        _is_text(name, text, known=bool(FACT.fullmatch(name)), limit=LONGEST_FACT)
    for key, cell in data["cells"].items():
        _is_cell(key, cell)
    return data.get("user"), revision, draft_id, Sheet(data["context"], data["cells"])


def _is_cell(key: str, cell: object) -> None:
    if not KEY.fullmatch(key) or not markers_of([key.partition(":")[2]]):
        raise NotASheet(gettext("“%(name)s” is no marker that is entered.") % {"name": key[:LONGEST_CELL]})
    if not isinstance(cell, dict):
        raise NotASheet(gettext("“%(name)s” is an object of texts.") % {"name": key})
    for name, text in cell.items():
        _is_text(name, text, known=name in PARTS, limit=LONGEST_CELL)


def _is_text(name: str, text: object, *, known: bool, limit: int) -> None:
    """PostgreSQL's JSON takes neither the sign 0 nor half a surrogate pair."""
    if not known:
        raise NotASheet(gettext("“%(name)s” is not known here.") % {"name": name[:LONGEST_CELL]})
    storable = isinstance(text, str) and not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text)
    if not storable or len(str(text)) > limit:
        raise NotASheet(gettext("“%(name)s” is a text of at most %(limit)d signs.") % {"name": name, "limit": limit})
