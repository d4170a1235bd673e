"""The only writers of the record: each a named function, one transaction, its audit event inside."""

from __future__ import annotations

from patients.services.calls import record_call
from patients.services.corrections import Change, Revision, Seen, correct_result, revise_draw, take_back_draw
from patients.services.drafts import discard_draft, drop_draft, drop_expired_drafts, save_draft
from patients.services.draws import DrawOutcome, NewDraw, NewResult, record_draw, result_of
from patients.services.errors import (
    AccessionAtAnotherTime,
    DerivedMarker,
    DraftInTheWay,
    DraftIsGone,
    DraftIsOlder,
    DrawChangedMeanwhile,
    DrawFactsDiffer,
    DrawOnRecord,
    EmptyDraw,
    IntervalEndsTooEarly,
    IntervalNotStanding,
    IntervalOverlaps,
    LaboratoryKnown,
    NothingChanged,
    NothingChecked,
    OtherCheckAsked,
    OtherDrawOfTheDay,
    OwnEntry,
    PatientMerged,
    ReasonMissing,
    RecordError,
    ResultExists,
    ResultNotCurrent,
    TypedAlready,
)
from patients.services.events import record_condition, record_imaging, record_skeletal_event, record_treatment
from patients.services.identifiers import add_number, reinstate_number, remove_number, retire_number
from patients.services.intervals import NewInterval, add_intervals, end_interval, new_line, rival, withdraw_interval
from patients.services.laboratories import ReportLine, save_laboratory
from patients.services.many_draws import DrawPlan, PatientDraw, plan_draws, record_draws
from patients.services.merge_draws import Blood, Difference, Pair
from patients.services.merge_undo import undo_merge
from patients.services.merged_drafts import take_over_draft
from patients.services.merging import MergePlan, MergeRefused, merge_patients, plan_merge
from patients.services.people import PatientDetails, create_patient, update_patient
from patients.services.plans import pause_plan, resume_plan, set_plan, stop_plan
from patients.services.second_checks import Checked, SecondEntry, enter_second_time, verify_results

__all__ = [
    "AccessionAtAnotherTime",
    "Blood",
    "Change",
    "Checked",
    "DerivedMarker",
    "Difference",
    "DraftInTheWay",
    "DraftIsGone",
    "DraftIsOlder",
    "DrawChangedMeanwhile",
    "DrawFactsDiffer",
    "DrawOnRecord",
    "DrawOutcome",
    "DrawPlan",
    "EmptyDraw",
    "IntervalEndsTooEarly",
    "IntervalNotStanding",
    "IntervalOverlaps",
    "LaboratoryKnown",
    "MergePlan",
    "MergeRefused",
    "NewDraw",
    "NewInterval",
    "NewResult",
    "NothingChanged",
    "NothingChecked",
    "OtherCheckAsked",
    "OtherDrawOfTheDay",
    "OwnEntry",
    "Pair",
    "PatientDetails",
    "PatientDraw",
    "PatientMerged",
    "ReasonMissing",
    "RecordError",
    "ReportLine",
    "ResultExists",
    "ResultNotCurrent",
    "Revision",
    "SecondEntry",
    "Seen",
    "TypedAlready",
    "add_intervals",
    "add_number",
    "correct_result",
    "create_patient",
    "discard_draft",
    "drop_draft",
    "drop_expired_drafts",
    "end_interval",
    "enter_second_time",
    "merge_patients",
    "new_line",
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
    "rival",
    "save_draft",
    "save_laboratory",
    "set_plan",
    "stop_plan",
    "take_back_draw",
    "take_over_draft",
    "undo_merge",
    "update_patient",
    "verify_results",
    "withdraw_interval",
]
