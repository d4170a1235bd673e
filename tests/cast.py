"""The fixed cast of the access tests: two teams, one person of each role, a colleague of the other team."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Final

from accounts.models import Team, User
from accounts.roles import Role
from accounts.services import create_team, create_user
from patients.catalogue import catalogue
from patients.models import Patient, Sex
from patients.reading import read_result
from patients.services import DrawOutcome, NewDraw, NewResult, PatientDetails, create_patient, record_draw, result_of

PASSWORD = "correct horse battery 9"
QUICK_HASHERS: Final = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # passwords of tests guard nothing
ACTOR = "test"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody a protected page meets."""

    team: Team
    other_team: Team
    nurse: User
    clinician: User
    administrator: User
    stranger: User  # a clinician of the other team


def make_cast() -> Cast:
    def person(name: str, role: Role) -> User:
        return create_user(actor=ACTOR, username=name, password=PASSWORD, role=role, email=f"{name}@clinic.invalid")

    nurse = person("nurse", Role.NURSE)
    clinician = person("clinician", Role.CLINICIAN)
    administrator = person("administrator", Role.ADMINISTRATOR)
    stranger = person("stranger", Role.CLINICIAN)
    return Cast(
        team=create_team(actor=ACTOR, name="Team A", members=[nurse, clinician, administrator]),
        other_team=create_team(actor=ACTOR, name="Team B", members=[stranger]),
        nurse=nurse,
        clinician=clinician,
        administrator=administrator,
        stranger=stranger,
    )


def make_patient(team: Team, *, name: str = "Zhuo Quibble", number: str = "", sex: str = Sex.FEMALE) -> Patient:
    details = PatientDetails(name=name, birth_date=dt.date(1958, 4, 17), sex=sex, menopausal_status="post")
    return create_patient(actor=ACTOR, details=details, care_team=team, number=number or f"T-{next(_numbers):05}")


def reading(marker: str, text: str, unit: str = "") -> NewResult:
    """A result as the entry page would make it of `text`."""
    definition = catalogue().marker(marker)
    return result_of(read_result(marker=definition, text=text, unit=unit or definition.unit))


def give_draw(
    patient: Patient,
    day: dt.date | dt.datetime,
    results: dict[str, str],
    *,
    laboratory: str = "",
    fasting: str = "unknown",
) -> DrawOutcome:
    """Record one draw of `results`: marker code -> text as typed, in canonical units."""
    at = day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time(8), tzinfo=dt.UTC)
    return record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=at, laboratory=laboratory, fasting=fasting),
        results=[reading(marker, text) for marker, text in results.items()],
    )
