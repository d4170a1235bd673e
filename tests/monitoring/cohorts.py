"""Patients with the day that a cohort is aligned on, and a course around it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from accounts.models import Team
from patients.models import Patient
from patients.services import record_imaging
from tests.cast import ACTOR, give_draw, make_patient

SCAN = dt.date(2025, 6, 2)
AROUND = (("2.0", -70), ("3.0", -14), ("4.0", 14))  # a value of CEA and its days from the scan


def scan(patient: Patient, on: dt.date = SCAN, *, modality: str = "ct", finding: str = "bone_metastasis") -> None:
    record_imaging(actor=ACTOR, patient_id=patient.pk, performed_on=on, modality=modality, finding=finding)


def scanned(
    team: Team,
    values: Sequence[tuple[str, int]] = AROUND,
    *,
    histology: str = "other",
    marker: str = "CEA",
    laboratory: str = "",
    synthetic: bool = False,
) -> Patient:
    """A patient with bone metastasis seen on the day SCAN."""
    patient = make_patient(team)
    Patient.objects.filter(pk=patient.pk).update(histology=histology, is_synthetic=synthetic)
    scan(patient)
    for text, days in values:
        give_draw(patient, SCAN + dt.timedelta(days=days), {marker: text}, laboratory=laboratory)
    return patient
