"""One writer a patient at a time."""

from __future__ import annotations

from patients.models import Patient
from patients.services.errors import PatientMerged


def hold_patient(patient_id: int) -> Patient:
    """The patient, held until the caller's transaction ends: the second of two people waits here.

    Raises
    ------
    PatientMerged
        the record was merged into another one: what is written to it now nobody would find.
    """
    patient = Patient.objects.select_for_update().get(pk=patient_id)
    if patient.merged_into_id is not None:
        raise PatientMerged()
    return patient
