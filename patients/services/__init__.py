"""The only writers of the record: each a named function, one transaction, its audit event inside."""

from __future__ import annotations

from patients.services.draws import DrawOutcome, NewDraw, NewResult, correct_result, record_draw
from patients.services.errors import DerivedMarker, EmptyDraw, RecordError, ResultExists, ResultNotCurrent
from patients.services.events import record_imaging, record_skeletal_event, record_treatment
from patients.services.people import PatientDetails, create_patient, set_plan, update_patient

__all__ = [
    "DerivedMarker",
    "DrawOutcome",
    "EmptyDraw",
    "NewDraw",
    "NewResult",
    "PatientDetails",
    "RecordError",
    "ResultExists",
    "ResultNotCurrent",
    "correct_result",
    "create_patient",
    "record_draw",
    "record_imaging",
    "record_skeletal_event",
    "record_treatment",
    "set_plan",
    "update_patient",
]
