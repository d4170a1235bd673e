"""Of whom nothing came: no value for longer than the plan foresees, or for half a year without a plan.

Not the same as overdue. A promise on the telephone is no value, so it does not end a silence; a draw that lacked a
planned marker is a value, so it does, though the draw stays overdue. A pause has a reason and a last day, and is kept.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import Final

from django.db.models import QuerySet

from patients.due import Due, due_draws, last_draw_at
from patients.models import Patient

MONTHS_WITHOUT_PLAN: Final = 6
MONTHS_A_YEAR: Final = 12


def silent_patients(patients: QuerySet[Patient], *, today: dt.date, tz: dt.tzinfo) -> set[int]:
    """Those of `patients` (that passed `patients.access`) of whom more should have come by the evening before today."""
    return {patient_id for patient_id, until in quiet_until(patients, tz=tz).items() if today > until}


def quiet_until(patients: QuerySet[Patient], *, tz: dt.tzinfo) -> dict[int, dt.date]:
    """patient id -> the last day on which nothing is missed yet; from the next day on the patient is silent."""
    due = due_draws(patients.order_by().values_list("pk", flat=True), tz=tz)
    rows = patients.annotate(last_at=last_draw_at()).values_list("pk", "last_at", "created_at")
    return {
        patient_id: last_quiet_day(due.get(patient_id), last_at=last_at, known_since=known_since, tz=tz)
        for patient_id, last_at, known_since in rows
    }


def last_quiet_day(due: Due | None, *, last_at: dt.datetime | None, known_since: dt.datetime, tz: dt.tzinfo) -> dt.date:
    """By the plan, or without one half a year after the last draw or, where there is none, after coming on record."""
    if due is not None and due.quiet_until is not None:
        return due.quiet_until
    return months_later((last_at or known_since).astimezone(tz).date(), MONTHS_WITHOUT_PLAN)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or its last: half a year after 31 August is the end of February."""
    years, month = divmod(day.month - 1 + months, MONTHS_A_YEAR)
    year = day.year + years
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
