"""Finding patients by number or name.

What was searched for is kept in the session, never in the address: a name in an address ends up in proxy logs and in
the history of a shared browser.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from patients.due import Due, due_draws
from patients.due_wording import due_text, last_call_text, missing_text
from patients.forms import SearchForm
from patients.models import Patient
from patients.selectors import primary_numbers

SESSION_KEY = "patient_search"


def remember(request: HttpRequest) -> str | None:
    """Keep what was typed; None where it could not be read."""
    form = SearchForm(request.POST)
    if not form.is_valid():
        return None
    request.session[SESSION_KEY] = form.cleaned_data["q"]
    return str(form.cleaned_data["q"])


def remembered(request: HttpRequest) -> str:
    return str(request.session.get(SESSION_KEY, ""))


@dataclass(frozen=True, slots=True)
class PatientRow:
    patient: Patient
    number: str
    age: int | None
    last_draw_on: dt.date | None
    due: Due | None
    due_text: str
    overdue: bool
    missing: str
    call: str


def rows_of(patients: Iterable[Patient], *, last_draws: dict[int, dt.datetime]) -> list[PatientRow]:
    """What lists say of each patient; a fixed number of queries."""
    listed = list(patients)
    ids = [patient.pk for patient in listed]
    today = timezone.localdate()
    numbers = primary_numbers(ids)
    due = due_draws(ids, tz=timezone.get_current_timezone())
    return [
        PatientRow(
            patient=patient,
            number=numbers.get(patient.pk, ""),
            age=patient.age_on(today),
            last_draw_on=timezone.localtime(last_draws[patient.pk]).date() if patient.pk in last_draws else None,
            **_said_of(due.get(patient.pk), today),
        )
        for patient in listed
    ]


def _said_of(due: Due | None, today: dt.date) -> dict[str, Any]:
    """The fields of a row about the next draw."""
    if due is None:
        return {"due": None, "due_text": "", "overdue": False, "missing": "", "call": ""}
    return {
        "due": due,
        "due_text": due_text(due, today),
        "overdue": due.is_overdue(today),
        "missing": missing_text(due, today),
        "call": last_call_text(due, today),
    }
