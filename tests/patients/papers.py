"""Filling in the entry page as a browser without scripts would."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from patients.catalogue import catalogue
from patients.models import EntryDraft, Patient
from patients.services.drafts import stands_in

COLLECTED = dt.date(2026, 3, 2)


def paper(values: dict[str, str], **changes: str) -> dict[str, str]:
    """The form of one draw: marker code -> typed text, in canonical units unless `unit_CODE` says otherwise."""
    form = {
        "collected_on": COLLECTED.isoformat(),
        "collected_time": "08:15",
        "laboratory": "Central",
        "accession": "",
        "fasting": "yes",
        "haemolysis": "none",
    }
    for code, text in values.items():
        form[f"value_{code}"] = text
        form[f"unit_{code}"] = catalogue().marker(code).unit
    return form | changes


def known() -> str:
    """What a page that was shown with the one draft there is sends back with it."""
    return str(stands_in(EntryDraft.objects.get()))


def enter(client: Client, person: User, patient: Patient, values: dict[str, str], **changes: str) -> Any:
    client.force_login(person)
    return client.post(reverse("draw_new", args=[patient.pk]), paper(values, **changes))
