"""The shape of a marker's definition. Every figure carries where it was read and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Family = Literal["tumour", "bone_turnover", "blood_count", "inflammation", "mineral"]
Direction = Literal["up", "down", "both"]
Fasting = Literal["no", "preferred", "required_morning"]
Sex = Literal["female", "male"]
Menopause = Literal["pre", "post"]
Smoking = Literal["smoker", "non_smoker"]
ConfounderDirection = Literal["up", "down", "either"]


class Grade(StrEnum):
    """How a figure came into the catalogue, strongest first."""

    P = "P"  # read in the primary paper, or in the laboratory's own catalogue
    S = "S"  # read in a secondary transcription
    D = "D"  # derived from P or S figures
    R = "R"  # recalled, not seen in a source
    A = "A"  # assumed


@dataclass(frozen=True, slots=True)
class Figure:
    """One sourced number."""

    value: Decimal
    grade: Grade
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Loinc:
    """A LOINC code whose results belong to the marker's own series."""

    code: str
    grade: Grade
    source: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value in `unit` times `factor` is the value in the marker's canonical unit."""

    unit: str
    factor: Decimal
    source: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class RefusedUnit:
    """A unit that looks right but measures something else: the catalogue's `marker`, if that is set."""

    unit: str
    marker: str
    reason_en: str
    reason_zh: str
    source: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class ReferenceInterval:
    """Limits of one population. None means no limit on that side; 0 is a limit."""

    low: Decimal | None
    high: Decimal | None
    unit: str
    sex: Sex | None
    age_from: int | None
    age_to: int | None
    menopause: Menopause | None
    smoking: Smoking | None
    population_en: str
    population_zh: str
    assay: str
    source: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Confounder:
    """Something other than the tumour that moves the marker."""

    key: str
    direction: ConfounderDirection
    text_en: str
    text_zh: str
    source: str
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerDefinition:
    """Everything the catalogue holds on one marker. Variation is in percent, the rest in the canonical unit."""

    code: str
    name_en: str
    name_zh: str
    short_name: str
    family: Family
    derived: bool
    input_only: bool  # entered to check others by, shown as it is; nothing is concluded from it
    order: int
    loinc: tuple[Loinc, ...]
    unit: str
    conversions: tuple[Conversion, ...]
    refused_units: tuple[RefusedUnit, ...]
    aliases: tuple[str, ...]
    cvi: Figure | None
    cvg: Figure | None
    cva: Figure | None
    cv_patients: Figure | None
    set_point_median: Figure | None
    set_point_log_sd: Figure | None
    direction: Direction
    fasting: Fasting
    plausible_limits: tuple[Figure, Figure]
    warn_low: Figure | None
    warn_high: Figure | None
    warn_at_zero: bool
    urgent_low: Figure | None
    urgent_high: Figure | None
    decision_limit: Figure | None
    half_life_days: Figure | None
    reference_intervals: tuple[ReferenceInterval, ...]
    confounders: tuple[Confounder, ...]
    variation_note_en: str
    variation_note_zh: str
    note_en: str
    note_zh: str

    @property
    def plausible_low(self) -> Decimal:
        """A value below this is refused."""
        return self.plausible_limits[0].value

    @property
    def plausible_high(self) -> Decimal:
        """A value above this is refused."""
        return self.plausible_limits[1].value

    @property
    def accepted_units(self) -> tuple[str, ...]:
        """The canonical unit, then those that convert to it."""
        return (self.unit, *(conversion.unit for conversion in self.conversions))
