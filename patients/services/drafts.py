"""Keeping what was typed until it is saved.

A draft is no part of the record: only who typed it sees it, and committing the draw drops it in the same transaction,
where all of it was saved: what another window kept meanwhile is neither written over nor dropped.
The audit log says when a draft was begun and thrown away; a line for every cell would bury the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from patients.draft_contents import NOTHING_KEPT, Cells, DraftState, Held
from patients.models import EntryDraft
from patients.models.drafts import DRAFT_KEPT
from patients.services.errors import DraftIsGone, DraftIsOlder


@transaction.atomic
def save_draft(
    *,
    user: User,
    scope: str,
    key: str,
    patient_id: int | None,
    cells: Cells,
    context: Mapping[str, str],
    revision: int,
    draft_id: int | None = None,
) -> EntryDraft:
    """Keep everything the page holds. `revision` is the one the page knows; 0 where it never kept anything.

    With `draft_id`, another draft of the same revision is not taken for it.

    Raises
    ------
    DraftIsOlder
        another window kept something newer.
    DraftIsGone
        another window saved or threw away what this one goes on with.
    """
    _drop_expired(user=user, scope=scope, key=key)
    draft = _locked(user, scope, key)
    if draft is None and revision:
        raise DraftIsGone()
    if draft is None:
        draft, began = EntryDraft.objects.get_or_create(
            user=user, scope=scope, key=key, defaults={"patient_id": patient_id}
        )
        if began:
            _audit(draft, user, "draft.begun")
    if draft.revision != revision or (revision and draft_id not in {None, draft.pk}):
        raise DraftIsOlder(revision=str(draft.revision))
    draft.cells = {name: dict(cell) for name, cell in cells.items()}
    draft.context = dict(context)
    draft.revision = revision + 1
    draft.updated_at = timezone.now()
    draft.save()
    return draft


def _locked(user: User, scope: str, key: str) -> EntryDraft | None:
    return EntryDraft.objects.select_for_update().filter(user=user, scope=scope, key=key).first()


def _drop_expired(*, user: User, scope: str, key: str) -> None:
    EntryDraft.objects.filter(user=user, scope=scope, key=key, updated_at__lt=oldest_kept()).delete()


def oldest_kept() -> dt.datetime:
    return timezone.now() - DRAFT_KEPT


def held_in(draft: EntryDraft) -> Held:
    return Held(draft.cells, draft.context)


def stands_in(draft: EntryDraft | None) -> DraftState:
    return DraftState(draft.pk, draft.revision) if draft else NOTHING_KEPT


@transaction.atomic
def check_draft(
    *, user: User, scope: str, key: str, known: DraftState, held: Held, beside: DraftState = NOTHING_KEPT
) -> None:
    """Refuse what would be saved from a window that does not know what another one kept, before anything is saved.

    Raises
    ------
    DraftIsOlder
        the draft is not the one `known` to the page, and holds something that the page does not.
    """
    if beside == NOTHING_KEPT or stands_in(_locked(user, scope, key)) != beside:
        _known_or_held(user, scope, key, known, held)


@transaction.atomic
def drop_draft(
    *, user: User, scope: str, key: str, known: DraftState, held: Held, beside: DraftState = NOTHING_KEPT
) -> None:
    """Part of the commit: called in the transaction that wrote what was typed (`held`), whose own event says so.

    Dropped is the draft that was saved. With `beside`, the person has seen that other draft and goes on with it later:
    it is left as it is.

    Raises
    ------
    DraftIsOlder
        another window kept something that was not saved: the caller's transaction must not stand.
    """
    if beside != NOTHING_KEPT and stands_in(_locked(user, scope, key)) == beside:
        return
    if draft := _known_or_held(user, scope, key, known, held):
        draft.delete()


def _known_or_held(user: User, scope: str, key: str, known: DraftState, held: Held) -> EntryDraft | None:
    """The draft, if nothing would be lost with it; None where there is none."""
    _drop_expired(user=user, scope=scope, key=key)
    draft = _locked(user, scope, key)
    if draft and stands_in(draft) != known and not held.has_all_of(held_in(draft)):
        raise DraftIsOlder(revision=str(draft.revision))
    return draft


@transaction.atomic
def discard_draft(*, user: User, scope: str, key: str, known: DraftState | None = None) -> bool:
    """Throw away what was typed, as its author asked. Whether there was any; with `known`, in exactly that state."""
    draft = _locked(user, scope, key)
    if draft is None or known not in {None, stands_in(draft)}:
        return False
    _audit(draft, user, "draft.discarded")
    draft.delete()
    return True


@transaction.atomic
def drop_expired_drafts(*, actor: str) -> int:
    """Drop what nobody came back for. How many."""
    expired = EntryDraft.objects.filter(updated_at__lt=oldest_kept())
    ids = list(expired.values_list("pk", flat=True))
    if ids:
        EntryDraft.objects.filter(pk__in=ids, updated_at__lt=oldest_kept()).delete()
        record(actor=actor, action="draft.expired", object_type="draft", object_id=ids[0], details={"count": len(ids)})
    return len(ids)


def _audit(draft: EntryDraft, user: User, action: str) -> None:
    record(actor=user.audit_name, action=action, object_type="draft", object_id=draft.pk, patient_id=draft.patient_id)
