"""What a clinician does with an alert."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction

from accounts.models import User
from accounts.roles import Permission
from audit.services import record
from monitoring.errors import AlertProblem
from monitoring.models import Alert, AlertEvent, AlertState

LONGEST_COMMENT: Final = 2000


@transaction.atomic
def acknowledge_alert(*, actor: str, user: User, alert_id: int, comment: str, now: dt.datetime) -> Alert:
    """Open -> acknowledged, with the comment that says what was thought of it.

    Whose alert it is was asked by the view (`patients.access`); that the person's role may answer is asked here again.
    Of two people who answer at once the second is told that it was answered.

    Raises
    ------
    AlertProblem
        `not_allowed`, `comment_missing`, `comment_too_long`, `alert_unknown`, `alert_not_open`; nothing is written.
    """
    said = comment.strip()
    if not user.may(Permission.ANSWER_ALERT):
        raise AlertProblem("not_allowed")
    if not said:
        raise AlertProblem("comment_missing")
    if len(said) > LONGEST_COMMENT:
        raise AlertProblem("comment_too_long", most=str(LONGEST_COMMENT))
    changed = Alert.objects.filter(pk=alert_id, state=AlertState.OPEN).update(state=AlertState.ACKNOWLEDGED)
    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None:
        raise AlertProblem("alert_unknown")
    if not changed:
        raise AlertProblem("alert_not_open", state=alert.state)
    AlertEvent.objects.create(
        alert=alert,
        at=now,
        actor=actor,
        old_state=AlertState.OPEN,
        new_state=AlertState.ACKNOWLEDGED,
        comment=said,
    )
    # The comment stands on the alert's own history; the audit log keeps no clinical text.
    record(
        actor=actor, action="alert.acknowledged", object_type="alert", object_id=alert.pk, patient_id=alert.patient_id
    )
    return alert
