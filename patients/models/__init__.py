"""The record: one file a resource."""

from __future__ import annotations

from patients.models.calls import CallOutcome, FollowUpCall
from patients.models.corrections import DrawChange
from patients.models.drafts import EntryDraft, EntryScope
from patients.models.draw import TAKEN_BACK, TREND_STATUSES, Absent, Draw, Fasting, Haemolysis, Result, ResultStatus
from patients.models.draw_context import Taken
from patients.models.events import (
    Condition,
    ConditionKind,
    Finding,
    ImagingStudy,
    LesionType,
    Modality,
    SkeletalEvent,
    SkeletalEventKind,
    Treatment,
    TreatmentKind,
)
from patients.models.import_sources import Fate, ImportSource, LineOutcome, ShownPiece
from patients.models.intake import BatchState, ImportBatch, RejectedLine
from patients.models.laboratory import Laboratory, LaboratoryMarker
from patients.models.laboratory_interval import IntervalSex, LaboratoryInterval
from patients.models.marker import Assay, Marker
from patients.models.patient import (
    BoneStatus,
    Histology,
    MenopausalStatus,
    Patient,
    PatientIdentifier,
    Sex,
    Smoking,
    Stage,
)
from patients.models.people_merge import PatientMerge, PatientNamePart, PatientSearchKey
from patients.models.plan import FollowUpPlan
from patients.models.result_checks import CheckKind, CheckOutcome, ResultCheck
from patients.models.second_check import HOLDS, SecondCheck

__all__ = [
    "HOLDS",
    "TAKEN_BACK",
    "TREND_STATUSES",
    "Absent",
    "Assay",
    "BatchState",
    "BoneStatus",
    "CallOutcome",
    "CheckKind",
    "CheckOutcome",
    "Condition",
    "ConditionKind",
    "Draw",
    "DrawChange",
    "EntryDraft",
    "EntryScope",
    "Fasting",
    "Fate",
    "Finding",
    "FollowUpCall",
    "FollowUpPlan",
    "Haemolysis",
    "Histology",
    "ImagingStudy",
    "ImportBatch",
    "ImportSource",
    "IntervalSex",
    "Laboratory",
    "LaboratoryInterval",
    "LaboratoryMarker",
    "LesionType",
    "LineOutcome",
    "Marker",
    "MenopausalStatus",
    "Modality",
    "Patient",
    "PatientIdentifier",
    "PatientMerge",
    "PatientNamePart",
    "PatientSearchKey",
    "RejectedLine",
    "Result",
    "ResultCheck",
    "ResultStatus",
    "SecondCheck",
    "Sex",
    "ShownPiece",
    "SkeletalEvent",
    "SkeletalEventKind",
    "Smoking",
    "Stage",
    "Taken",
    "Treatment",
    "TreatmentKind",
]
