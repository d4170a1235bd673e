"""The only writers of the record: each a named function, one transaction, its audit event inside."""

from __future__ import annotations

from patients.services.calls import record_call
from patients.services.corrections import Change, Revision, Seen, correct_result, revise_draw, take_back_draw
from patients.services.drafts import check_draft, discard_draft, drop_draft, drop_expired_drafts, save_draft
from patients.services.draws import DrawOutcome, NewDraw, NewResult, record_draw, result_of
from patients.services.errors import (
    AccessionAtAnotherTime,
    DerivedMarker,
    DraftIsGone,
    DraftIsOlder,
    DrawChangedMeanwhile,
    DrawOnRecord,
    EmptyDraw,
    LaboratoryKnown,
    NothingChanged,
    PatientMerged,
    ReasonMissing,
    RecordError,
    ResultExists,
    ResultNotCurrent,
)
from patients.services.events import record_condition, record_imaging, record_skeletal_event, record_treatment
from patients.services.identifiers import add_number, reinstate_number, remove_number, retire_number
from patients.services.laboratories import ReportLine, save_laboratory
from patients.services.many_draws import DrawPlan, PatientDraw, plan_draws, record_draws
from patients.services.merging import Difference, MergePlan, MergeRefused, merge_patients, plan_merge, undo_merge
from patients.services.people import PatientDetails, create_patient, update_patient
from patients.services.plans import pause_plan, resume_plan, set_plan, stop_plan

__all__ = [
    "AccessionAtAnotherTime",
    "Change",
    "DerivedMarker",
    "Difference",
    "DraftIsGone",
    "DraftIsOlder",
    "DrawChangedMeanwhile",
    "DrawOnRecord",
    "DrawOutcome",
    "DrawPlan",
    "EmptyDraw",
    "LaboratoryKnown",
    "MergePlan",
    "MergeRefused",
    "NewDraw",
    "NewResult",
    "NothingChanged",
    "PatientDetails",
    "PatientDraw",
    "PatientMerged",
    "ReasonMissing",
    "RecordError",
    "ReportLine",
    "ResultExists",
    "ResultNotCurrent",
    "Revision",
    "Seen",
    "add_number",
    "check_draft",
    "correct_result",
    "create_patient",
    "discard_draft",
    "drop_draft",
    "drop_expired_drafts",
    "merge_patients",
    "pause_plan",
    "plan_draws",
    "plan_merge",
    "record_call",
    "record_condition",
    "record_draw",
    "record_draws",
    "record_imaging",
    "record_skeletal_event",
    "record_treatment",
    "reinstate_number",
    "remove_number",
    "result_of",
    "resume_plan",
    "retire_number",
    "revise_draw",
    "save_draft",
    "save_laboratory",
    "set_plan",
    "stop_plan",
    "take_back_draw",
    "undo_merge",
    "update_patient",
]
