from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from audit.models import AuditEvent
from monitoring.models import EvaluationMark
from patients.models import Patient, PatientIdentifier
from patients.services import PatientDetails, create_patient, update_patient
from tests.cast import ACTOR, Cast

STARTS = dt.date(2026, 1, 5)
LIN = PatientDetails(name="Lin Zhuo", birth_date=dt.date(1958, 4, 17), sex="female", menopausal_status="post")


def events(action: str) -> list[tuple[str, int | None, dict[str, object]]]:
    rows = AuditEvent.objects.filter(action=action).order_by("pk")
    return [(event.actor, event.patient_id, event.details) for event in rows]


# --- a new patient --------------------------------------------------------------------------------------------------
def test_a_patient_a_number_and_the_audit_event_are_written_together(cast: Cast) -> None:
    patient = create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number=" H-1 ", created_by=cast.nurse)
    assert (patient.name, patient.care_team, patient.is_synthetic) == ("Lin Zhuo", cast.team, False)
    number = PatientIdentifier.objects.get()
    assert (number.patient, number.system, number.value, number.created_by) == (
        patient,
        "hospital",
        "H-1",
        cast.nurse,
    )
    assert events("patient.created") == [(ACTOR, patient.pk, {})]


def test_a_number_that_is_taken_leaves_no_second_patient(cast: Cast) -> None:
    create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number="H-1")
    with pytest.raises(ValidationError):
        create_patient(actor=ACTOR, details=LIN, care_team=cast.other_team, number="H-1")
    assert Patient.objects.count() == 1
    assert len(events("patient.created")) == 1


def test_the_same_number_in_another_system_is_another_number(cast: Cast) -> None:
    create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number="H-1")
    create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number="H-1", system="study")
    assert Patient.objects.count() == 2


@pytest.mark.parametrize("number", ["", "   ", "9" * 65])
def test_a_patient_without_a_number_that_fits_is_not_made(cast: Cast, number: str) -> None:
    with pytest.raises(ValidationError):
        create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number=number)
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    "details",
    [
        PatientDetails(name=""),
        PatientDetails(name="Lin", sex="f"),
        PatientDetails(name="Lin", stage="V"),
        PatientDetails(name="Lin", birth_date=dt.date(1958, 4, 17), diagnosis_date=dt.date(1958, 4, 16)),
    ],
)
def test_details_that_do_not_do_are_refused_whole(cast: Cast, details: PatientDetails) -> None:
    with pytest.raises(ValidationError):
        create_patient(actor=ACTOR, details=details, care_team=cast.team, number="H-1")
    assert not Patient.objects.exists()
    assert not PatientIdentifier.objects.exists()


# --- a change -------------------------------------------------------------------------------------------------------
def test_a_change_keeps_the_former_state_says_which_fields_and_asks_for_a_new_reading(cast: Cast) -> None:
    patient = create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number="H-1")
    changed = PatientDetails(name="Lin Zhuo", birth_date=dt.date(1985, 4, 17), sex="female", menopausal_status="pre")
    update_patient(actor=ACTOR, patient_id=patient.pk, details=changed)
    patient.refresh_from_db()
    assert (patient.birth_date, patient.menopausal_status) == (dt.date(1985, 4, 17), "pre")
    former = list(patient.history.order_by("history_id").values_list("birth_date", "menopausal_status"))
    assert former == [(dt.date(1958, 4, 17), "post"), (dt.date(1985, 4, 17), "pre")]
    assert events("patient.updated") == [(ACTOR, patient.pk, {"fields": ["birth_date", "menopausal_status"]})]
    assert EvaluationMark.objects.get().reason == "patient_updated"


def test_saving_what_stands_there_already_changes_and_asks_nothing(cast: Cast) -> None:
    patient = create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number="H-1")
    update_patient(actor=ACTOR, patient_id=patient.pk, details=LIN)
    assert patient.history.count() == 1
    assert events("patient.updated") == []
    assert not EvaluationMark.objects.exists()


def test_a_change_that_does_not_do_leaves_the_patient_as_it_was(cast: Cast) -> None:
    patient = create_patient(actor=ACTOR, details=LIN, care_team=cast.team, number="H-1")
    with pytest.raises(ValidationError):
        update_patient(actor=ACTOR, patient_id=patient.pk, details=PatientDetails(name="", stage="IA"))
    patient.refresh_from_db()
    assert (patient.name, patient.stage) == ("Lin Zhuo", "unknown")
    assert not EvaluationMark.objects.exists()
