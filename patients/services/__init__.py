"""The only writers of the record: each a named function, one transaction, its audit event inside."""

from __future__ import annotations

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
from patients.services.identifiers import add_number, reinstate_number, remove_number, retire_number
from patients.services.many_draws import DrawPlan, PatientDraw, plan_draws, record_draws
from patients.services.merging import Difference, MergePlan, MergeRefused, merge_patients, plan_merge, undo_merge
from patients.services.people import PatientDetails, create_patient, set_plan, update_patient

__all__ = [
    "AccessionAtAnotherTime",
    "DerivedMarker",
    "Difference",
    "DrawOutcome",
    "DrawPlan",
    "EmptyDraw",
    "MergePlan",
    "MergeRefused",
    "NewDraw",
    "NewResult",
    "PatientDetails",
    "PatientDraw",
    "RecordError",
    "ResultExists",
    "ResultNotCurrent",
    "add_number",
    "correct_result",
    "create_patient",
    "merge_patients",
    "plan_draws",
    "plan_merge",
    "record_condition",
    "record_draw",
    "record_draws",
    "record_imaging",
    "record_skeletal_event",
    "record_treatment",
    "reinstate_number",
    "remove_number",
    "result_of",
    "retire_number",
    "set_plan",
    "undo_merge",
    "update_patient",
]
