"""Writing what became of a call about a draw."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from accounts.models import User
from audit.services import record
from patients.models import CallOutcome, FollowUpCall, FollowUpPlan
from patients.services.locking import hold_patient
from patients.signals import follow_up_changed

# A promise keeps a draw from being called late, so it cannot reach far; a longer absence is a pause with a reason.
LONGEST_PROMISE: Final = dt.timedelta(days=92)
LATEST_CALL_AGAIN: Final = dt.timedelta(days=366)
SENT_TWICE: Final = dt.timedelta(minutes=1)  # a second click on a slow line is not a second call


@transaction.atomic
def record_call(
    *,
    actor: str,
    patient_id: int,
    outcome: str,
    comes_on: dt.date | None = None,
    call_again_on: dt.date | None = None,
    note: str = "",
    recorded_by: User | None = None,
    now: dt.datetime | None = None,
) -> FollowUpCall:
    """One call more; the ones before it stay as they are. The same one sent again within a minute is no second call.

    Raises
    ------
    ValidationError, PatientMerged
        a field does not do, or the record was merged meanwhile; nothing is written.
    """
    at = now or timezone.now()
    _check_days(outcome, comes_on, call_again_on, today=timezone.localdate(at))
    if outcome == CallOutcome.OTHER and not note.strip():
        raise ValidationError({"note": gettext("Say what was agreed, in a few words.")})
    hold_patient(patient_id)
    said = {
        "plan": FollowUpPlan.objects.filter(patient_id=patient_id, is_active=True).first(),
        "outcome": outcome,
        "comes_on": comes_on,
        "call_again_on": call_again_on,
        "note": note.strip(),
        "recorded_by": recorded_by,
    }
    last = FollowUpCall.objects.filter(patient_id=patient_id).first()
    if last and at - last.at < SENT_TWICE and all(getattr(last, field) == value for field, value in said.items()):
        return last
    call = FollowUpCall(patient_id=patient_id, at=at, **said)
    call.full_clean()
    call.save()
    record(
        actor=actor,
        action="call.recorded",
        object_type="call",
        object_id=call.pk,
        patient_id=patient_id,
        details={"outcome": outcome},
    )
    follow_up_changed.send(sender=FollowUpCall, patient_ids=(patient_id,))
    return call


def _check_days(outcome: str, comes_on: dt.date | None, call_again_on: dt.date | None, *, today: dt.date) -> None:
    wrong: dict[str, str] = {}
    if outcome == CallOutcome.WILL_COME and comes_on is None:
        wrong["comes_on"] = gettext("On which day does the patient come?")
    elif outcome != CallOutcome.WILL_COME and comes_on is not None:
        wrong["comes_on"] = gettext("A day to come goes with “will come on a date”: choose that, or leave this empty.")
    elif comes_on is not None and (text := _not_between(comes_on, today, today + LONGEST_PROMISE)):
        wrong["comes_on"] = text
    if call_again_on is not None and outcome == CallOutcome.DIED:
        wrong["call_again_on"] = gettext("Leave this empty where the patient has died.")
    elif call_again_on is not None and (text := _not_between(call_again_on, today, today + LATEST_CALL_AGAIN)):
        wrong["call_again_on"] = text
    if wrong:
        raise ValidationError(wrong)


def _not_between(day: dt.date, first: dt.date, last: dt.date) -> str:
    """What is to be said of a day outside; '' of one inside."""
    if first <= day <= last:
        return ""
    return gettext("%(day)s does not do: choose a day from today, %(first)s, to %(last)s.") % {
        "day": date_format(day, "SHORT_DATE_FORMAT"),
        "first": date_format(first, "SHORT_DATE_FORMAT"),
        "last": date_format(last, "SHORT_DATE_FORMAT"),
    }
