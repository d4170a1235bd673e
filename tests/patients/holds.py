"""Values that wait for a second person, for the tests of what becomes of them."""

from __future__ import annotations

import datetime as dt

from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user, join_team
from patients.catalogue import catalogue
from patients.models import Draw, Laboratory, Patient, Result
from patients.reading import read_cell
from patients.services import NewDraw, NewResult, record_draw, result_of, save_laboratory
from tests.cast import ACTOR, PASSWORD, Cast

AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
LABORATORY = "Central"


def ask(kind: str, *, name: str = LABORATORY) -> Laboratory:
    """A laboratory that asks for this second check of what is typed."""
    known = Laboratory.objects.filter(name=name).first()
    return save_laboratory(
        actor=ACTOR,
        name=name,
        decimal_comma=False,
        is_active=True,
        lines=[],
        laboratory_id=known.pk if known else None,
        second_check=kind,
    )


def typed(marker: str, text: str, unit: str = "") -> NewResult:
    """What a cell holds: a number, or the word that stands for one."""
    definition = catalogue().marker(marker)
    return result_of(read_cell(marker=definition, text=text, unit=unit or definition.unit))


def type_draw(
    patient: Patient,
    by: User,
    values: dict[str, str],
    *,
    at: dt.datetime = AT,
    laboratory: str = LABORATORY,
    unit: str = "",
) -> Draw:
    """What the grid records of a paper that `by` typed."""
    outcome = record_draw(
        actor=by.audit_name,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=at, laboratory=laboratory),
        results=[typed(marker, text, unit) for marker, text in values.items()],
        recorded_by=by,
    )
    return Draw.objects.get(pk=outcome.draw_id)


def standing(draw: Draw, marker: str = "CEA") -> Result:
    return Result.objects.current().get(draw=draw, marker_id=marker)


def on_hold(draw: Draw) -> dict[str, str]:
    return dict(Result.objects.on_hold().filter(draw=draw).values_list("marker_id", "awaiting_check"))


def a_third(cast: Cast, name: str = "third") -> User:
    """Another nurse of the nurse's team."""
    person = create_user(actor=ACTOR, username=name, password=PASSWORD, role=Role.NURSE, email=f"{name}@clinic.invalid")
    join_team(actor=ACTOR, user=person, team=cast.team)
    return person
