"""The record: one file a resource."""

from __future__ import annotations

from patients.models.drafts import EntryDraft, EntryScope
from patients.models.draw import TAKEN_BACK, TREND_STATUSES, Absent, Draw, Fasting, Haemolysis, Result, ResultStatus
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
from patients.models.intake import BatchState, ImportBatch, RejectedLine
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
from patients.models.plan import FollowUpPlan

__all__ = [
    "TAKEN_BACK",
    "TREND_STATUSES",
    "Absent",
    "Assay",
    "BatchState",
    "BoneStatus",
    "Condition",
    "ConditionKind",
    "Draw",
    "EntryDraft",
    "EntryScope",
    "Fasting",
    "Finding",
    "FollowUpPlan",
    "Haemolysis",
    "Histology",
    "ImagingStudy",
    "ImportBatch",
    "LesionType",
    "Marker",
    "MenopausalStatus",
    "Modality",
    "Patient",
    "PatientIdentifier",
    "RejectedLine",
    "Result",
    "ResultStatus",
    "Sex",
    "SkeletalEvent",
    "SkeletalEventKind",
    "Smoking",
    "Stage",
    "Treatment",
    "TreatmentKind",
]
