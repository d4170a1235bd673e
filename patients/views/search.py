"""Finding patients by number or name.

What was searched for is kept in the session, never in the address: a name in an address ends up in proxy logs and in
the history of a shared browser.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone

from patients.forms import SearchForm
from patients.models import Patient
from patients.selectors import Due, due_draws, primary_numbers

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
    days_overdue: int


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
            due=due.get(patient.pk),
            days_overdue=due[patient.pk].days_overdue(today) if patient.pk in due else 0,
        )
        for patient in listed
    ]
