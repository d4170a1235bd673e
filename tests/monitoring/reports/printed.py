"""Prints as a person would, and reads back what is on the paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from accounts.models import User
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class Printed:
    """An answer as a document."""

    response: Any  # Django's answer, as its test client dresses it
    reader: PdfReader

    @property
    def pages(self) -> list[str]:
        return [page.extract_text() for page in self.reader.pages]

    @property
    def text(self) -> str:
        return "\n".join(self.pages)

    @property
    def words(self) -> str:
        """The text as one line: where a line of the paper ends says nothing."""
        return re.sub(r"\s+", " ", self.text)


def printed(response: Any) -> Printed:
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/pdf"
    return Printed(response, PdfReader(BytesIO(response.content)))


def print_sheet(client: Client, person: User, patient: Patient, query: str = "", *, language: str = "en") -> Printed:
    client.force_login(person)
    address = reverse("patient_paper", args=[patient.pk]) + query
    return printed(client.get(address, headers={"accept-language": language}))


def print_list(client: Client, person: User, query: str = "", *, language: str = "en") -> Printed:
    client.force_login(person)
    return printed(client.get(reverse("worklist_paper") + query, headers={"accept-language": language}))
