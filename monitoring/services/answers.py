"""What a clinician says of an alert, asks for because of it, and finds in the end.

Whose alert it is was asked by the view (`patients.access`); that the person's role may answer is asked here again.
Each raises AlertProblem with the codes of `steps` and its own; then nothing is written.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from monitoring.errors import AlertProblem
from monitoring.models import Alert, AlertState, Outcome
from monitoring.services.decision import ANSWER_HOLDS
from monitoring.services.steps import hold_alert, said_of, take_step
from patients.models import Finding, ImagingStudy, Modality

# A finding that an outcome contradicts, by outcome: the record would say both.
CONTRADICTED_BY: Final[dict[str, frozenset[str]]] = {
    Outcome.BONE_METASTASIS: frozenset({Finding.NONE, Finding.EQUIVOCAL}),
    Outcome.BENIGN: frozenset({Finding.BONE_METASTASIS}),
    Outcome.NOTHING_FOUND: frozenset({Finding.BONE_METASTASIS}),
}


@transaction.atomic
def acknowledge_alert(
    *, actor: str, user: User, alert_id: int, comment: str, now: dt.datetime, seen: int | None = None
) -> Alert:
    """Open -> acknowledged, with the comment that says what was thought of it.

    Raises
    ------
    AlertProblem
        `alert_not_open` where another was first, and the codes of `steps`.
    """
    said = said_of(user, comment)
    alert = hold_alert(alert_id, seen=seen, to=AlertState.ACKNOWLEDGED)
    return take_step(
        alert,
        actor=actor,
        user=user,
        now=now,
        action="alert.acknowledged",
        to=AlertState.ACKNOWLEDGED,
        event={"comment": said},
    )


@transaction.atomic
def request_repeat(
    *, actor: str, user: User, alert_id: int, seen: int, due_on: dt.date | None, comment: str = "", now: dt.datetime
) -> Alert:
    """A repeat draw is to be taken by `due_on`; a later draw settles it (`decision`). Again: another day.

    Raises
    ------
    AlertProblem
        `day_missing`, `day_past`, `day_too_far`, and the codes of `steps`.
    """
    said = said_of(user, comment, needed=False)
    day = day_from_today(due_on, now=now)
    alert = hold_alert(alert_id, seen=seen, to=AlertState.REPEAT_REQUESTED)
    again = alert.state == AlertState.REPEAT_REQUESTED
    return take_step(
        alert,
        actor=actor,
        user=user,
        now=now,
        action="alert.repeat_requested",
        to=AlertState.REPEAT_REQUESTED,
        event={"comment": said, "until": day},
        due_on=day,
        asked_at=alert.asked_at if again else now,
        asked_by=user,
    )


@transaction.atomic
def request_imaging(
    *,
    actor: str,
    user: User,
    alert_id: int,
    seen: int,
    modality: str,
    due_on: dt.date | None = None,
    comment: str = "",
    now: dt.datetime,
) -> Alert:
    """Imaging is asked for; a study recorded from that day on is offered as its result. Again: another kind or day.

    Raises
    ------
    AlertProblem
        `modality_unknown`, `day_past`, `day_too_far`, and the codes of `steps`.
    """
    said = said_of(user, comment, needed=False)
    if modality not in Modality.values:
        raise AlertProblem("modality_unknown")
    day = None if due_on is None else day_from_today(due_on, now=now)
    alert = hold_alert(alert_id, seen=seen, to=AlertState.IMAGING_REQUESTED)
    again = alert.state == AlertState.IMAGING_REQUESTED
    return take_step(
        alert,
        actor=actor,
        user=user,
        now=now,
        action="alert.imaging_requested",
        to=AlertState.IMAGING_REQUESTED,
        event={"comment": said, "until": day, "detail": modality},
        due_on=day,
        modality=modality,
        asked_at=alert.asked_at if again else now,
        asked_by=user,
    )


@transaction.atomic
def close_alert(
    *,
    actor: str,
    user: User,
    alert_id: int,
    seen: int,
    outcome: str,
    study_id: int | None = None,
    comment: str = "",
    now: dt.datetime,
) -> Alert:
    """What came of the alert. A bone metastasis is said by the study that showed it; anything else with its reason.

    Raises
    ------
    AlertProblem
        `outcome_unknown`, `study_missing`, `study_unknown`, `study_says_otherwise`, and the codes of `steps`.
    """
    said = said_of(user, comment, needed=outcome != Outcome.BONE_METASTASIS)
    if outcome not in Outcome.values:
        raise AlertProblem("outcome_unknown")
    alert = hold_alert(alert_id, seen=seen, to=AlertState.CLOSED)
    study = _study_of(alert, study_id, outcome=outcome)
    return take_step(
        alert,
        actor=actor,
        user=user,
        now=now,
        action="alert.closed",
        to=AlertState.CLOSED,
        event={"comment": said, "detail": outcome, "imaging": study},
        outcome=outcome,
        imaging=study,
    )


def _study_of(alert: Alert, study_id: int | None, *, outcome: str) -> ImagingStudy | None:
    """The patient's own study that bears the outcome out."""
    if study_id is None:
        if outcome == Outcome.BONE_METASTASIS:
            raise AlertProblem("study_missing")
        return None
    study = ImagingStudy.objects.filter(pk=study_id, patient_id=alert.patient_id).first()
    if study is None:
        raise AlertProblem("study_unknown")
    if study.finding in CONTRADICTED_BY.get(outcome, frozenset()):
        raise AlertProblem("study_says_otherwise", finding=study.finding)
    return study


def day_from_today(day: dt.date | None, *, now: dt.datetime, first: int = 0) -> dt.date:
    """A day that is named for later: from today (or `first` days on) for as long as an answer holds.

    Past that day the engine asks again anyway (`ANSWER_HOLDS`), so a later one would promise what does not happen.
    """
    if day is None:
        raise AlertProblem("day_missing")
    today = timezone.localdate(now)
    earliest, latest = today + dt.timedelta(days=first), today + ANSWER_HOLDS
    if day < earliest:
        raise AlertProblem("day_past", earliest=earliest.isoformat())
    if day > latest:
        raise AlertProblem("day_too_far", latest=latest.isoformat())
    return day
