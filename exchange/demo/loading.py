"""From synthetic patients to the record, through the services that every other value enters by.

A patient is loaded whole or not at all, so a load that was interrupted is continued by loading what is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from accounts.models import Team
from audit.models import AuditEvent
from audit.services import record
from exchange.demo.types import DemoDraw, DemoPatient, DemoResult
from monitoring.services import restate_once
from patients.catalogue import catalogue
from patients.models import PatientIdentifier
from patients.reading import read_result
from patients.selectors import holds_patients
from patients.services import (
    NewDraw,
    NewResult,
    PatientDetails,
    PatientDraw,
    create_patient,
    record_draws,
    record_imaging,
    record_skeletal_event,
    record_treatment,
    result_of,
    set_plan,
)

ACTOR: Final = "command:load_demo"
NUMBER_SYSTEM: Final = "hospital"  # where files and forms look, so that the demo can be tried with both
LOADED: Final = "demo.loaded"
WHEN_ONLY_THE_DAY_IS_KNOWN: Final = dt.time()  # as the entry form has it


class RecordState(StrEnum):
    """What the record holds before a load."""

    EMPTY = "empty"
    PARTLY_LOADED = "partly_loaded"  # a load was interrupted
    LOADED = "loaded"
    REAL_PATIENTS = "real_patients"


def record_state() -> RecordState:
    if AuditEvent.objects.filter(action=LOADED).exists():
        return RecordState.LOADED
    if holds_patients(synthetic=False):
        return RecordState.REAL_PATIENTS
    return RecordState.PARTLY_LOADED if holds_patients(synthetic=True) else RecordState.EMPTY


def loaded_numbers() -> frozenset[str]:
    found = PatientIdentifier.objects.filter(system=NUMBER_SYSTEM, patient__is_synthetic=True)
    return frozenset(found.values_list("value", flat=True))


def mark_as_loaded(*, patients: int) -> None:
    record(actor=ACTOR, action=LOADED, object_type="demo", object_id="demo", details={"patients": patients})


def synthetic_patient_ids(numbers: Collection[str]) -> list[int]:
    found = PatientIdentifier.objects.filter(system=NUMBER_SYSTEM, value__in=numbers, patient__is_synthetic=True)
    return list(found.order_by("patient_id").values_list("patient_id", flat=True))


@transaction.atomic
def load_patient(patient: DemoPatient, *, team: Team) -> int:
    """One patient with everything that happened; returns the id. All of it or nothing."""
    with restate_once():
        return _load(patient, team)


def _load(patient: DemoPatient, team: Team) -> int:
    person = patient.person
    details = PatientDetails(
        name=person.name,
        birth_date=person.birth_date,
        sex=person.sex,
        menopausal_status=person.menopausal_status,
        smoking=person.smoking,
        histology=person.histology,
        stage=person.stage,
        diagnosis_date=person.diagnosis_date,
        baseline_bone_status=person.baseline_bone_status,
    )
    row = create_patient(
        actor=ACTOR, details=details, care_team=team, number=person.number, system=NUMBER_SYSTEM, is_synthetic=True
    )
    _record_events(patient, patient_id=row.pk)
    _record_draws(patient, patient_id=row.pk)
    plan = patient.plan
    set_plan(
        actor=ACTOR, patient_id=row.pk, markers=plan.markers, every_weeks=plan.every_weeks, starts_on=plan.starts_on
    )
    return row.pk


def _record_events(patient: DemoPatient, *, patient_id: int) -> None:
    for treatment in patient.treatments:
        record_treatment(
            actor=ACTOR,
            patient_id=patient_id,
            kind=treatment.kind,
            name=treatment.name,
            started_on=treatment.started_on,
            ended_on=treatment.ended_on,
            line=treatment.line,
        )
    for study in patient.imaging:
        record_imaging(
            actor=ACTOR,
            patient_id=patient_id,
            performed_on=study.performed_on,
            modality=study.modality,
            finding=study.finding,
            lesion_type=study.lesion_type,
            sites=study.sites,
        )
    for event in patient.skeletal_events:
        record_skeletal_event(
            actor=ACTOR, patient_id=patient_id, kind=event.kind, occurred_on=event.occurred_on, site=event.site
        )


def _record_draws(patient: DemoPatient, *, patient_id: int) -> None:
    """All draws as first reported; then, where the laboratory took a result back, its correction."""
    zone = ZoneInfo(settings.CLINIC_TIME_ZONE)
    draws = [_patient_draw(draw, draw.results, patient_id=patient_id, zone=zone, first=True) for draw in patient.draws]
    if not draws:
        return
    record_draws(actor=ACTOR, draws=draws)
    for draw in patient.draws:
        for result in draw.results:
            if result.first_reported:
                correction = _patient_draw(draw, (result,), patient_id=patient_id, zone=zone, first=False)
                record_draws(actor=ACTOR, draws=[correction], reason=result.reason)


def _patient_draw(
    draw: DemoDraw, results: Sequence[DemoResult], *, patient_id: int, zone: ZoneInfo, first: bool
) -> PatientDraw:
    return PatientDraw(
        patient_id=patient_id,
        draw=NewDraw(
            collected_at=dt.datetime.combine(draw.day, draw.time or WHEN_ONLY_THE_DAY_IS_KNOWN, tzinfo=zone),
            time_known=draw.time is not None,
            laboratory=draw.laboratory,
            accession=draw.accession,
            fasting=draw.fasting,
            haemolysis=draw.haemolysis,
            note=draw.note,
        ),
        results=tuple(_new_result(one, text=(first and one.first_reported) or one.text) for one in results),
    )


def _new_result(result: DemoResult, *, text: str) -> NewResult:
    reading = read_result(marker=catalogue().marker(result.marker), text=text, unit=result.unit)
    return replace(result_of(reading), assay=result.assay, confirmed=bool(reading.concerns))
