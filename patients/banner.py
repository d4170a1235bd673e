"""Who the page is about: the same facts in the same order on every page of a patient."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from patients.models import Patient
from patients.selectors import PatientNumber, numbers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientBanner:
    patient_id: int
    name: str
    birth_date: dt.date | None
    age: int | None
    sex_label: str
    number: str
    former_numbers: tuple[PatientNumber, ...]
    histology_label: str
    stage_label: str
    bone_status_label: str
    is_synthetic: bool
    team_name: str


def banner_of(patient: Patient) -> PatientBanner:
    """The banner of a patient that has passed `patients.access`. One query, two where the team was not loaded."""
    numbers = numbers_of(patient.pk, tz=timezone.get_current_timezone())
    return PatientBanner(
        patient_id=patient.pk,
        name=patient.name,
        birth_date=patient.birth_date,
        age=patient.age_on(timezone.localdate()),
        sex_label=patient.get_sex_display(),
        number=numbers[0].value if numbers else "",
        former_numbers=tuple(one for one in numbers if one.until is not None),
        histology_label=patient.get_histology_display(),
        stage_label=patient.get_stage_display(),
        bone_status_label=patient.get_baseline_bone_status_display(),
        is_synthetic=patient.is_synthetic,
        team_name=patient.care_team.name,
    )
