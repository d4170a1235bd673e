"""A synthetic patient as the generator hands it over: what happened and what was reported, nothing about a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Story(StrEnum):
    """What a patient is in the cohort for."""

    STABLE = "stable"
    CEA_RISES = "cea_rises"
    CEA_AND_BONE_RISE = "cea_and_bone_rise"
    BONE_THEN_CEA_RISES = "bone_then_cea_rises"
    NSE_RISES = "nse_rises"
    CYFRA_RISES = "cyfra_rises"
    RISE_THEN_IMAGED = "rise_then_imaged"
    RISE_JUST_BEGUN = "rise_just_begun"
    RESPONDER = "responder"
    FLARE = "flare"
    OVERDUE = "overdue"
    ASSAY_CHANGE = "assay_change"
    BELOW_LIMIT = "below_limit"
    HAEMOLYSED = "haemolysed"
    NOT_FASTING = "not_fasting"
    INFECTION = "infection"
    FRACTURE = "fracture"
    BONE_AGENT = "bone_agent"
    G_CSF = "g_csf"
    OUTLIER = "outlier"
    OTHER_UNITS = "other_units"
    CORRECTED = "corrected"
    ZERO = "zero"
    ONE_DRAW = "one_draw"
    NO_DRAW = "no_draw"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """One cell as a laboratory reports it. `first_reported` is what stood there before the laboratory corrected it."""

    marker: str
    text: str
    unit: str
    assay: str
    first_reported: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDraw:
    """`time` is None where only the day is known."""

    day: dt.date
    time: dt.time | None
    laboratory: str
    accession: str
    fasting: str
    haemolysis: str
    note: str
    results: tuple[DemoResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTreatment:
    kind: str
    name: str
    line: int | None
    started_on: dt.date
    ended_on: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoImaging:
    performed_on: dt.date
    modality: str
    finding: str
    lesion_type: str
    sites: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSkeletalEvent:
    kind: str
    occurred_on: dt.date
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    markers: tuple[str, ...]
    every_weeks: int
    starts_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    number: str
    name: str
    birth_date: dt.date
    sex: str
    menopausal_status: str
    smoking: str
    histology: str
    stage: str
    diagnosis_date: dt.date
    baseline_bone_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPatient:
    person: DemoPerson
    story: Story
    team: int  # index into the demo's teams
    draws: tuple[DemoDraw, ...]
    treatments: tuple[DemoTreatment, ...]
    imaging: tuple[DemoImaging, ...]
    skeletal_events: tuple[DemoSkeletalEvent, ...]
    plan: DemoPlan
