from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.models import AuditEvent
from monitoring.models import EvaluationMark
from patients.models import Condition, ImagingStudy, SkeletalEvent, Treatment
from patients.services import record_condition, record_imaging, record_skeletal_event, record_treatment
from tests.cast import ACTOR, Cast, make_patient

DAY = dt.date(2026, 3, 2)
Recorder = Callable[..., Any]


def test_a_treatment_is_recorded_as_given_and_is_open_without_an_end(cast: Cast) -> None:
    patient = make_patient(cast.team)
    record_treatment(
        actor=ACTOR,
        patient_id=patient.pk,
        kind="targeted",
        name=" osimertinib ",
        started_on=DAY,
        line=2,
        recorded_by=cast.nurse,
    )
    row = Treatment.objects.get()
    assert (row.patient, row.kind, row.name, row.line, row.started_on, row.ended_on, row.recorded_by) == (
        patient,
        "targeted",
        "osimertinib",
        2,
        DAY,
        None,
        cast.nurse,
    )


def test_imaging_is_recorded_with_what_it_found_in_bone(cast: Cast) -> None:
    record_imaging(
        actor=ACTOR,
        patient_id=make_patient(cast.team).pk,
        performed_on=DAY,
        modality="pet_ct",
        finding="bone_metastasis",
        lesion_type="mixed",
        sites=" L2, left iliac ",
    )
    row = ImagingStudy.objects.get()
    assert (row.performed_on, row.modality, row.finding, row.lesion_type, row.sites) == (
        DAY,
        "pet_ct",
        "bone_metastasis",
        "mixed",
        "L2, left iliac",
    )


def test_a_skeletal_event_is_recorded_with_its_site(cast: Cast) -> None:
    record_skeletal_event(
        actor=ACTOR, patient_id=make_patient(cast.team).pk, kind="fracture", occurred_on=DAY, site=" L2 "
    )
    row = SkeletalEvent.objects.get()
    assert (row.kind, row.occurred_on, row.site) == ("fracture", DAY, "L2")


def test_a_condition_is_recorded_as_given_and_is_open_without_an_end(cast: Cast) -> None:
    patient = make_patient(cast.team)
    record_condition(
        actor=ACTOR,
        patient_id=patient.pk,
        kind="infection",
        occurred_on=DAY,
        note=" pneumonia ",
        recorded_by=cast.nurse,
    )
    row = Condition.objects.get()
    assert (row.patient, row.kind, row.occurred_on, row.ended_on, row.note, row.recorded_by) == (
        patient,
        "infection",
        DAY,
        None,
        "pneumonia",
        cast.nurse,
    )
    assert row.history.count() == 1


RIGHT: list[tuple[Recorder, dict[str, object], str, str]] = [
    (record_treatment, {"kind": "steroid", "name": "x", "started_on": DAY}, "treatment", "treatment"),
    (record_imaging, {"performed_on": DAY, "modality": "ct", "finding": "none"}, "imaging", "imagingstudy"),
    (record_skeletal_event, {"kind": "fracture", "occurred_on": DAY}, "skeletal_event", "skeletalevent"),
    (record_condition, {"kind": "cholestasis", "occurred_on": DAY, "ended_on": DAY}, "condition", "condition"),
]


@pytest.mark.parametrize(("recorder", "fields", "action", "kind"), RIGHT)
def test_each_is_audited_without_its_words_and_asks_for_a_new_reading(
    cast: Cast, recorder: Recorder, fields: dict[str, object], action: str, kind: str
) -> None:
    patient = make_patient(cast.team)
    row = recorder(actor=ACTOR, patient_id=patient.pk, **fields)
    event = AuditEvent.objects.get(action=f"{action}.recorded")
    assert (event.actor, event.patient_id, event.object_type, event.object_id, event.details) == (
        ACTOR,
        patient.pk,
        kind,
        str(row.pk),
        {},
    )
    mark = EvaluationMark.objects.get()
    assert (mark.patient_id, mark.reason) == (patient.pk, f"{action}_recorded")


WRONG: list[tuple[Recorder, dict[str, object]]] = [
    (record_treatment, {"kind": "herbs", "name": "x", "started_on": DAY}),
    (record_treatment, {"kind": "steroid", "name": "  ", "started_on": DAY}),
    (record_treatment, {"kind": "steroid", "name": "x", "started_on": DAY, "ended_on": DAY - dt.timedelta(days=1)}),
    (record_imaging, {"performed_on": DAY, "modality": "palpation", "finding": "none"}),
    (record_imaging, {"performed_on": DAY, "modality": "ct", "finding": "none", "sites": "L2"}),
    (record_imaging, {"performed_on": DAY, "modality": "ct", "finding": "none", "lesion_type": "lytic"}),
    (record_skeletal_event, {"kind": "bruise", "occurred_on": DAY}),
    (record_condition, {"kind": "fatigue", "occurred_on": DAY}),
    (record_condition, {"kind": "infection", "occurred_on": DAY, "ended_on": DAY - dt.timedelta(days=1)}),
]


@pytest.mark.parametrize(("recorder", "fields"), WRONG)
def test_what_does_not_do_is_refused_and_leaves_no_trace(
    cast: Cast, recorder: Recorder, fields: dict[str, object]
) -> None:
    patient = make_patient(cast.team)
    before = AuditEvent.objects.count()
    with pytest.raises(ValidationError):
        recorder(actor=ACTOR, patient_id=patient.pk, **fields)
    counts = [model.objects.count() for model in (Treatment, ImagingStudy, SkeletalEvent, Condition, EvaluationMark)]
    assert counts == [0, 0, 0, 0, 0]
    assert AuditEvent.objects.count() == before


def test_a_treatment_may_end_on_the_day_it_began(cast: Cast) -> None:
    patient = make_patient(cast.team)
    record_treatment(actor=ACTOR, patient_id=patient.pk, kind="surgery", name="lobectomy", started_on=DAY, ended_on=DAY)
    assert Treatment.objects.get().ended_on == DAY


def test_the_database_refuses_an_end_before_the_start_whoever_writes(cast: Cast) -> None:
    early = DAY - dt.timedelta(days=1)
    patient = make_patient(cast.team)
    with pytest.raises(IntegrityError, match="treatment_ends_after_start"), transaction.atomic():
        Treatment.objects.create(patient=patient, kind="steroid", name="x", started_on=DAY, ended_on=early)


def test_the_database_refuses_a_condition_that_ends_before_it_began_or_is_of_no_known_kind(cast: Cast) -> None:
    patient = make_patient(cast.team)
    early = DAY - dt.timedelta(days=1)
    with pytest.raises(IntegrityError, match="condition_ends_after_start"), transaction.atomic():
        Condition.objects.create(patient=patient, kind="infection", occurred_on=DAY, ended_on=early)
    with pytest.raises(IntegrityError, match="condition_kind_known"), transaction.atomic():
        Condition.objects.create(patient=patient, kind="fatigue", occurred_on=DAY)
