from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from audit.models import AuditEvent
from exchange.people import People
from patients.models import Patient, PatientIdentifier
from patients.selectors import matching, primary_numbers, with_number
from patients.services import add_number, reinstate_number, remove_number, retire_number
from tests.cast import ACTOR, Cast, make_patient

TODAY = dt.date(2026, 3, 9)


@pytest.fixture(autouse=True)
def _on_the_ninth_of_march(db: None) -> Any:
    with time_machine.travel(dt.datetime(2026, 3, 9, 10, tzinfo=dt.UTC), tick=False):
        yield


def numbers(patient: Patient) -> dict[str, dt.date | None]:
    return dict(patient.identifiers.values_list("value", "retired_on"))


def number(value: str) -> PatientIdentifier:
    return PatientIdentifier.objects.get(value=value)


def add(patient: Patient, value: str, **changes: Any) -> PatientIdentifier:
    return add_number(actor=ACTOR, patient_id=patient.pk, value=value, reason="new card", **changes)


def test_a_new_number_takes_the_place_of_the_former_which_still_leads_to_the_patient(cast: Cast) -> None:
    patient = make_patient(cast.team, number="H-1")
    former = number("H-1").pk
    add(patient, " H-2 ")
    assert numbers(patient) == {"H-1": TODAY, "H-2": None}
    assert primary_numbers([patient.pk]) == {patient.pk: "H-2"}
    assert with_number(Patient.objects.all(), "h-1") == patient
    assert list(matching(Patient.objects.all(), "H-1")) == [patient]
    people = People(actor=ACTOR, user=cast.nurse, care_team=None, create=False, dry_run=False, clock=None)  # type: ignore[arg-type]  # no dates are read here
    assert people.find(["H-1", "H-2"]) == {"H-1": patient.pk, "H-2": patient.pk}
    event = AuditEvent.objects.get(action="number.added")
    assert (event.patient_id, event.details) == (patient.pk, {"retired": [former]})
    assert [row.history_change_reason for row in number("H-1").history.all()] == ["new card", None]


def test_a_second_number_may_stand_beside_the_first(cast: Cast) -> None:
    patient = make_patient(cast.team, number="H-1")
    add(patient, "H-2", replaces_former=False)
    assert numbers(patient) == {"H-1": None, "H-2": None}


@pytest.mark.parametrize(("value", "reason"), [("H-9", "new card"), ("", "new card"), ("H-2", " ")])
def test_a_number_that_does_not_do_leaves_the_former_in_use(cast: Cast, value: str, reason: str) -> None:
    make_patient(cast.other_team, number="H-9")
    patient = make_patient(cast.team, number="H-1")
    with pytest.raises(ValidationError):
        add_number(actor=ACTOR, patient_id=patient.pk, value=value, reason=reason)
    assert numbers(patient) == {"H-1": None}
    assert not AuditEvent.objects.filter(action="number.added").exists()


def test_a_number_goes_out_of_use_and_comes_back(cast: Cast) -> None:
    patient = make_patient(cast.team, number="H-1")
    add(patient, "H-2")
    pk = number("H-1").pk
    reinstate_number(actor=ACTOR, patient_id=patient.pk, number_id=pk, reason="card found")
    assert numbers(patient) == {"H-1": None, "H-2": None}
    retire_number(actor=ACTOR, patient_id=patient.pk, number_id=number("H-2").pk, reason="card lost")
    assert numbers(patient) == {"H-1": None, "H-2": TODAY}


def test_a_number_that_never_was_the_patients_is_free_again_and_its_history_stays(cast: Cast) -> None:
    patient, owner = make_patient(cast.team, number="H-1"), make_patient(cast.team, number="H-3")
    add(patient, "H-2", replaces_former=False)
    remove_number(actor=ACTOR, patient_id=patient.pk, number_id=number("H-2").pk, reason="of another person")
    assert numbers(patient) == {"H-1": None}
    last = PatientIdentifier.history.filter(value="H-2").first()
    assert (last.history_type, last.history_change_reason) == ("-", "of another person")
    add(owner, "H-2")
    assert with_number(Patient.objects.all(), "H-2") == owner


@pytest.mark.parametrize("service", [retire_number, remove_number])
def test_the_only_number_in_use_stays(cast: Cast, service: Any) -> None:
    patient = make_patient(cast.team, number="H-1")
    with pytest.raises(ValidationError, match="number"):
        service(actor=ACTOR, patient_id=patient.pk, number_id=number("H-1").pk, reason="why")
    assert numbers(patient) == {"H-1": None}


@pytest.mark.parametrize("service", [retire_number, remove_number, reinstate_number])
def test_a_number_of_another_patient_is_not_touched(cast: Cast, service: Any) -> None:
    patient, other = make_patient(cast.team, number="H-1"), make_patient(cast.team, number="H-5")
    add(other, "H-6", replaces_former=False)
    with pytest.raises(ValidationError, match="not on record with this patient"):
        service(actor=ACTOR, patient_id=patient.pk, number_id=number("H-6").pk, reason="why")
    assert numbers(other) == {"H-5": None, "H-6": None}
