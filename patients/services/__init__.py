"""The only writers of the record: each a named function, one transaction, its audit event inside."""

from __future__ import annotations

from patients.services.calls import record_call
from patients.services.draws import DrawOutcome, NewDraw, NewResult, correct_result, record_draw, result_of
from patients.services.errors import (
    AccessionAtAnotherTime,
    DerivedMarker,
    EmptyDraw,
    RecordError,
    ResultExists,
    ResultNotCurrent,
)
from patients.services.events import record_condition, record_imaging, record_skeletal_event, record_treatment
from patients.services.many_draws import DrawPlan, PatientDraw, plan_draws, record_draws
from patients.services.people import PatientDetails, create_patient, update_patient
from patients.services.plans import pause_plan, resume_plan, set_plan, stop_plan

__all__ = [
    "AccessionAtAnotherTime",
    "DerivedMarker",
    "DrawOutcome",
    "DrawPlan",
    "EmptyDraw",
    "NewDraw",
    "NewResult",
    "PatientDetails",
    "PatientDraw",
    "RecordError",
    "ResultExists",
    "ResultNotCurrent",
    "correct_result",
    "create_patient",
    "pause_plan",
    "plan_draws",
    "record_call",
    "record_condition",
    "record_draw",
    "record_draws",
    "record_imaging",
    "record_skeletal_event",
    "record_treatment",
    "result_of",
    "resume_plan",
    "set_plan",
    "stop_plan",
    "update_patient",
]
