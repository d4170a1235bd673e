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
from patients.models.import_sources import Fate, ImportSource, LineOutcome
from patients.models.intake import BatchState, ImportBatch, RejectedLine
from patients.models.laboratory import Laboratory, LaboratoryMarker
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

__all__ = [
    "TAKEN_BACK",
    "TREND_STATUSES",
    "Absent",
    "Assay",
    "BatchState",
    "BoneStatus",
    "CallOutcome",
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
    "Laboratory",
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
    "ResultStatus",
    "Sex",
    "SkeletalEvent",
    "SkeletalEventKind",
    "Smoking",
    "Stage",
    "Taken",
    "Treatment",
    "TreatmentKind",
]
