"""The only writers of the record: each a named function, one transaction, its audit event inside."""

from __future__ import annotations

from patients.services.corrections import Change, Revision, Seen, correct_result, revise_draw, take_back_draw
from patients.services.draws import DrawOutcome, NewDraw, NewResult, record_draw, result_of
from patients.services.errors import (
    AccessionAtAnotherTime,
    DerivedMarker,
    DrawChangedMeanwhile,
    DrawOnRecord,
    EmptyDraw,
    NothingChanged,
    ReasonMissing,
    RecordError,
    ResultExists,
    ResultNotCurrent,
)
from patients.services.events import record_condition, record_imaging, record_skeletal_event, record_treatment
from patients.services.many_draws import DrawPlan, PatientDraw, plan_draws, record_draws
from patients.services.people import PatientDetails, create_patient, set_plan, update_patient

__all__ = [
    "AccessionAtAnotherTime",
    "Change",
    "DerivedMarker",
    "DrawChangedMeanwhile",
    "DrawOnRecord",
    "DrawOutcome",
    "DrawPlan",
    "EmptyDraw",
    "NewDraw",
    "NewResult",
    "NothingChanged",
    "PatientDetails",
    "PatientDraw",
    "ReasonMissing",
    "RecordError",
    "ResultExists",
    "ResultNotCurrent",
    "Revision",
    "Seen",
    "correct_result",
    "create_patient",
    "plan_draws",
    "record_condition",
    "record_draw",
    "record_draws",
    "record_imaging",
    "record_skeletal_event",
    "record_treatment",
    "result_of",
    "revise_draw",
    "set_plan",
    "take_back_draw",
    "update_patient",
]
