"""Writing patients and their numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from django.db import transaction

from accounts.models import Team, User
from audit.services import record
from patients.models import (
    BoneStatus,
    Histology,
    MenopausalStatus,
    Patient,
    PatientIdentifier,
    PatientNamePart,
    PatientSearchKey,
    Sex,
    Smoking,
    Stage,
)
from patients.name_keys import name_keys, name_parts
from patients.services.draws import announce
from patients.services.locking import hold_patient
from patients.signals import follow_up_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDetails:
    """What is known of a person apart from numbers and results."""

    name: str
    birth_date: dt.date | None = None
    sex: str = Sex.UNKNOWN
    menopausal_status: str = MenopausalStatus.UNKNOWN
    smoking: str = Smoking.UNKNOWN
    histology: str = Histology.OTHER
    stage: str = Stage.UNKNOWN
    diagnosis_date: dt.date | None = None
    baseline_bone_status: str = BoneStatus.UNKNOWN


@transaction.atomic
def create_patient(
    *,
    actor: str,
    details: PatientDetails,
    care_team: Team,
    number: str,
    system: str = "hospital",
    is_synthetic: bool = False,
    created_by: User | None = None,
) -> Patient:
    """A new patient with a first number.

    Raises
    ------
    ValidationError
        a field does not do, or the number is taken; nothing is written.
    """
    patient = Patient(**asdict(details), care_team=care_team, is_synthetic=is_synthetic)
    patient.full_clean()
    patient.save()
    identifier = PatientIdentifier(patient=patient, system=system, value=number.strip(), created_by=created_by)
    identifier.full_clean()
    identifier.save()
    make_search_keys(patient)
    record(actor=actor, action="patient.created", object_type="patient", object_id=patient.pk, patient_id=patient.pk)
    follow_up_changed.send(sender=Patient, patient_ids=(patient.pk,))
    return patient


@transaction.atomic
def update_patient(*, actor: str, patient_id: int, details: PatientDetails) -> Patient:
    """Change what is known of a person; the former state stays in the row's history.

    Sex, age, menopause and smoking choose reference intervals, so the patient is evaluated again.
    """
    patient = hold_patient(patient_id)
    changed = [field for field, value in asdict(details).items() if getattr(patient, field) != value]
    if not changed:
        return patient
    for field in changed:
        setattr(patient, field, getattr(details, field))
    patient.full_clean()
    patient.save()
    if "name" in changed:
        make_search_keys(patient)
    record(
        actor=actor,
        action="patient.updated",
        object_type="patient",
        object_id=patient.pk,
        patient_id=patient.pk,
        details={"fields": changed},
    )
    announce([patient.pk], reason="patient_updated")
    return patient


def make_search_keys(patient: Patient) -> None:
    """What this name is found by, in the caller's transaction; what a former name was found by goes."""
    wanted = name_keys(patient.name)
    standing = set(patient.search_keys.values_list("key", flat=True))
    patient.search_keys.filter(key__in=standing - wanted).delete()
    PatientSearchKey.objects.bulk_create(
        PatientSearchKey(patient=patient, key=key) for key in sorted(wanted - standing)
    )
    parts = name_parts(patient.name)
    held = set(patient.name_parts.values_list("part", flat=True))
    patient.name_parts.filter(part__in=held - parts).delete()
    PatientNamePart.objects.bulk_create(PatientNamePart(patient=patient, part=part) for part in sorted(parts - held))
