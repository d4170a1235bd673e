"""The record changes, the receiver marks."""

from __future__ import annotations

import datetime as dt

import pytest

from monitoring.models import EvaluationMark
from monitoring.receivers import mark_for_evaluation
from monitoring.services.marks import clear_marks
from patients.models import Patient
from patients.services import (
    PatientDetails,
    record_condition,
    record_imaging,
    record_skeletal_event,
    record_treatment,
    update_patient,
)
from patients.signals import results_changed
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.scenes import LOW, correct, day, patient_with

pytestmark = pytest.mark.django_db
TODAY = dt.date(2025, 3, 3)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


def reasons() -> list[tuple[int, str]]:
    return list(EvaluationMark.objects.order_by("patient_id").values_list("patient_id", "reason"))


def test_the_receiver_is_connected_once(patient: Patient) -> None:
    results_changed.send(sender=Patient, patient_ids=(patient.pk,), reason="draw_recorded")
    assert EvaluationMark.objects.get().version == 1


def test_what_a_later_sender_adds_to_the_signal_is_no_error(patient: Patient) -> None:
    mark_for_evaluation(Patient, patient_ids=(patient.pk,), reason="draw_recorded", something_new=1)
    assert reasons() == [(patient.pk, "draw_recorded")]


def test_a_new_patient_without_results_is_not_marked(patient: Patient) -> None:
    assert reasons() == []


def test_a_draw_marks_its_patient_and_no_other(cast: Cast, patient: Patient) -> None:
    make_patient(cast.team)
    give_draw(patient, day(0), {"CEA": "2.0"})
    assert reasons() == [(patient.pk, "draw_recorded")]


def test_a_correction_marks(cast: Cast) -> None:
    patient = patient_with(cast.team, ("4.5",))
    clear_marks([patient.pk])
    correct(patient, 0, LOW)
    assert reasons() == [(patient.pk, "result_corrected")]


def test_what_shares_the_time_axis_marks(patient: Patient) -> None:
    record_treatment(actor=ACTOR, patient_id=patient.pk, kind="targeted", name="osimertinib", started_on=TODAY)
    assert reasons() == [(patient.pk, "treatment_recorded")]
    record_imaging(actor=ACTOR, patient_id=patient.pk, performed_on=TODAY, modality="ct", finding="none")
    assert reasons() == [(patient.pk, "imaging_recorded")]
    record_skeletal_event(actor=ACTOR, patient_id=patient.pk, kind="fracture", occurred_on=TODAY)
    assert reasons() == [(patient.pk, "skeletal_event_recorded")]
    record_condition(actor=ACTOR, patient_id=patient.pk, kind="infection", occurred_on=TODAY)
    assert reasons() == [(patient.pk, "condition_recorded")]


def test_a_change_of_the_person_marks_and_no_change_does_not(patient: Patient) -> None:
    same = PatientDetails(name=patient.name, birth_date=patient.birth_date, sex="female", menopausal_status="post")
    update_patient(actor=ACTOR, patient_id=patient.pk, details=same)
    assert reasons() == []
    changed = PatientDetails(name=patient.name, birth_date=patient.birth_date, sex="female", menopausal_status="pre")
    update_patient(actor=ACTOR, patient_id=patient.pk, details=changed)
    assert reasons() == [(patient.pk, "patient_updated")]
