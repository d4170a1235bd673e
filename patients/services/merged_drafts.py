"""Going on, in the record that was kept, with what was typed for one that was merged into it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from patients.models import EntryDraft
from patients.services.drafts import oldest_kept
from patients.services.errors import DraftInTheWay, DraftIsGone


@transaction.atomic
def take_over_draft(*, user: User, draft_id: int, patient_id: int) -> EntryDraft:
    """Make it a draft of this record. The caller has seen that the record it was typed for went here.

    Raises
    ------
    DraftIsGone
        it was taken over, saved or thrown away in another window.
    DraftInTheWay
        something else is typed for this record already; nothing is written.
    """
    draft = EntryDraft.objects.select_for_update().filter(pk=draft_id, user=user).first()
    if draft is None:
        raise DraftIsGone()
    key = str(patient_id)
    standing = EntryDraft.objects.select_for_update().filter(user=user, scope=draft.scope, key=key).first()
    if standing is not None and standing.typed and standing.updated_at >= oldest_kept():
        raise DraftInTheWay()
    # A window that is open on the kept record knows a smaller revision: what it sends cannot overwrite this.
    revision = max(draft.revision, standing.revision if standing else 0) + 1
    if standing is not None:
        standing.delete()
    draft.key, draft.patient_id, draft.revision, draft.updated_at = key, patient_id, revision, timezone.now()
    draft.save()
    record(
        actor=user.audit_name,
        action="draft.taken_over",
        object_type="draft",
        object_id=draft.pk,
        patient_id=patient_id,
    )
    return draft
