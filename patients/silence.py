"""Of whom nothing came: no value for longer than the plan foresees, or for half a year without a plan. Two queries.

Not the same as overdue. A promise on the telephone is no value, so it does not end a silence; a draw that lacked a
planned marker is a value, so it does, though the draw stays overdue. A pause has a reason and a last day, and is kept.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import Final

from django.db.models import OuterRef, QuerySet, Subquery

from patients.due import draws_with_values
from patients.models import FollowUpPlan, Patient

MONTHS_WITHOUT_PLAN: Final = 6
MONTHS_A_YEAR: Final = 12


def silent_patients(patients: QuerySet[Patient], *, today: dt.date, tz: dt.tzinfo) -> set[int]:
    """Those of `patients` (that passed `patients.access`) of whom more should have come by the evening before today."""
    return {patient_id for patient_id, until in quiet_until(patients, tz=tz).items() if today > until}


def quiet_until(patients: QuerySet[Patient], *, tz: dt.tzinfo) -> dict[int, dt.date]:
    """patient id -> the last day on which nothing is missed yet; from the next day on the patient is silent."""
    last_at = Subquery(
        draws_with_values().filter(patient=OuterRef("pk")).order_by("-collected_at").values("collected_at")[:1]
    )
    plans = {
        patient_id: (weeks, starts_on, paused_until)
        for patient_id, weeks, starts_on, paused_until in FollowUpPlan.objects.filter(
            patient__in=patients, is_active=True
        ).values_list("patient_id", "every_weeks", "starts_on", "paused_until")
    }
    until: dict[int, dt.date] = {}
    rows = patients.annotate(last_at=last_at).values_list("pk", "last_at", "created_at")
    for patient_id, came_at, known_since in rows:
        last_on = came_at.astimezone(tz).date() if came_at else None
        if patient_id in plans:
            until[patient_id] = _by_plan(last_on, *plans[patient_id])
        else:
            until[patient_id] = months_later(last_on or known_since.astimezone(tz).date(), MONTHS_WITHOUT_PLAN)
    return until


def _by_plan(last_on: dt.date | None, weeks: int, starts_on: dt.date, paused_until: dt.date | None) -> dt.date:
    """The last day on which nothing is missed yet. Before the first draw that is the day the plan asks for it."""
    after = last_on + dt.timedelta(weeks=weeks) if last_on else starts_on
    return max(after, starts_on, paused_until or starts_on)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or its last: half a year after 31 August is the end of February."""
    years, month = divmod(day.month - 1 + months, MONTHS_A_YEAR)
    year = day.year + years
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
