"""What every step that a person takes with an alert has in common: asked again here, taken once, written down.

The alert's row is locked, what the person had seen is compared with what stands, and only then is anything set: of two
people who decide at once the second is told, and nothing of the first is overwritten. An evaluation that moves the
alert holds the same lock.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from accounts.models import User
from accounts.roles import Permission
from audit.services import record
from monitoring.alert_states import STANDING, Mover, may_move
from monitoring.errors import AlertProblem
from monitoring.keepers import keepers_of
from monitoring.models import Alert, AlertEvent, AlertState
from monitoring.services.places import restate_places

LONGEST_COMMENT: Final = 2000


def said_of(user: User, comment: str, *, needed: bool = True) -> str:
    """The comment as it is kept.

    Raises
    ------
    AlertProblem
        `not_allowed`, `comment_missing`, `comment_too_long`.
    """
    said = comment.strip()
    if not user.may(Permission.ANSWER_ALERT):
        raise AlertProblem("not_allowed")
    if needed and not said:
        raise AlertProblem("comment_missing")
    if len(said) > LONGEST_COMMENT:
        raise AlertProblem("comment_too_long", most=str(LONGEST_COMMENT))
    return said


def hold_alert(alert_id: int, *, seen: int | None, to: AlertState | None) -> Alert:
    """The alert, locked; `to` is the state it is to be moved to, None where it stays in its own.

    `seen` is the last event of its history that the person had before them.

    Raises
    ------
    AlertProblem
        `alert_unknown`; `alert_not_open`, `step_not_legal` where it stands elsewhere by now; `alert_moved` where
        anything else was done to it since.
    """
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise AlertProblem("alert_unknown")
    legal = alert.state in STANDING if to is None else may_move(alert.state, to, Mover.PERSON)
    if not legal:
        raise AlertProblem("alert_not_open" if to == AlertState.ACKNOWLEDGED else "step_not_legal", state=alert.state)
    if seen is not None and seen != last_event_id(alert.pk):
        raise AlertProblem("alert_moved", state=alert.state)
    return alert


def last_event_id(alert_id: int) -> int | None:
    return AlertEvent.objects.filter(alert_id=alert_id).order_by("-pk").values_list("pk", flat=True).first()


def take_step(
    alert: Alert,
    *,
    actor: str,
    user: User,
    now: dt.datetime,
    action: str,
    to: AlertState | None = None,
    event: dict[str, Any],
    **changes: Any,
) -> Alert:
    """Write the step. A move to another state ends a snooze.

    Who takes one with an alert that is nobody's owns it. One whose owner left the care team is nobody's: on no list
    of "mine" would it be found.
    """
    old_state = alert.state
    if alert.owner_id is None or not keepers_of(alert.patient).filter(pk=alert.owner_id).exists():
        changes.setdefault("owner", user)
    if to is not None:
        changes |= {"state": to, "snoozed_until": None}
    for name, value in changes.items():
        setattr(alert, name, value)
    alert.save(update_fields=list(changes))
    AlertEvent.objects.create(alert=alert, at=now, actor=actor, old_state=old_state, new_state=alert.state, **event)
    # What was said stands on the alert's own history; the audit log keeps no clinical text.
    record(actor=actor, action=action, object_type="alert", object_id=alert.pk, patient_id=alert.patient_id)
    restate_places([alert.patient_id])
    return alert
