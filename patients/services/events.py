"""Writing treatment, imaging, skeletal events and conditions.

Each may change how the markers read, so each asks for a new reading.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

from django.db import transaction

from accounts.models import User
from audit.services import record
from patients.models import Condition, ImagingStudy, SkeletalEvent, Treatment
from patients.services.draws import announce
from patients.services.locking import hold_patient

Event = TypeVar("Event", Treatment, ImagingStudy, SkeletalEvent, Condition)


@transaction.atomic
def record_treatment(
    *,
    actor: str,
    patient_id: int,
    kind: str,
    name: str,
    started_on: dt.date,
    ended_on: dt.date | None = None,
    line: int | None = None,
    recorded_by: User | None = None,
) -> Treatment:
    """A course of treatment. Raises ValidationError where a field does not do."""
    treatment = Treatment(
        patient_id=patient_id,
        kind=kind,
        name=name.strip(),
        line=line,
        started_on=started_on,
        ended_on=ended_on,
        recorded_by=recorded_by,
    )
    return _save(treatment, actor=actor, patient_id=patient_id, action="treatment.recorded")


@transaction.atomic
def record_imaging(
    *,
    actor: str,
    patient_id: int,
    performed_on: dt.date,
    modality: str,
    finding: str,
    lesion_type: str = "",
    sites: str = "",
    recorded_by: User | None = None,
) -> ImagingStudy:
    """One examination and its bone finding. Raises ValidationError where a field does not do."""
    study = ImagingStudy(
        patient_id=patient_id,
        performed_on=performed_on,
        modality=modality,
        finding=finding,
        lesion_type=lesion_type,
        sites=sites.strip(),
        recorded_by=recorded_by,
    )
    return _save(study, actor=actor, patient_id=patient_id, action="imaging.recorded")


@transaction.atomic
def record_skeletal_event(
    *,
    actor: str,
    patient_id: int,
    kind: str,
    occurred_on: dt.date,
    site: str = "",
    recorded_by: User | None = None,
) -> SkeletalEvent:
    """A skeletal-related event. Raises ValidationError where a field does not do."""
    event = SkeletalEvent(
        patient_id=patient_id, kind=kind, occurred_on=occurred_on, site=site.strip(), recorded_by=recorded_by
    )
    return _save(event, actor=actor, patient_id=patient_id, action="skeletal_event.recorded")


@transaction.atomic
def record_condition(
    *,
    actor: str,
    patient_id: int,
    kind: str,
    occurred_on: dt.date,
    ended_on: dt.date | None = None,
    note: str = "",
    recorded_by: User | None = None,
) -> Condition:
    """An illness that moves markers. Raises ValidationError where a field does not do."""
    condition = Condition(
        patient_id=patient_id,
        kind=kind,
        occurred_on=occurred_on,
        ended_on=ended_on,
        note=note.strip(),
        recorded_by=recorded_by,
    )
    return _save(condition, actor=actor, patient_id=patient_id, action="condition.recorded")


def _save(event: Event, *, actor: str, patient_id: int, action: str) -> Event:
    hold_patient(patient_id)
    event.full_clean()
    event.save()
    record(
        actor=actor,
        action=action,
        object_type=event._meta.model_name or "",
        object_id=event.pk,
        patient_id=patient_id,
    )
    announce([patient_id], reason=action.replace(".", "_"))
    return event
