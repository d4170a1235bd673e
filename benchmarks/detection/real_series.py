"""Real serial markers of other diseases with an outcome, read in place; and one small example file of a standard.

None of them is lung cancer under follow-up and no threshold was calibrated for them. What the engine is told of each
marker is assumed here, so the figures say whether alerts gather before the outcome, not how the engine would do.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from monitoring.trends.detection import DAYS_A_YEAR
from monitoring.trends.types import MarkerParameters, Series

FOLDER: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "01_longitudinal"


@dataclass(frozen=True, slots=True)
class Patient:
    days: tuple[float, ...]
    values: tuple[float, ...]
    end: float  # day of the outcome, or of the last contact without it
    has_outcome: bool


@dataclass(frozen=True, slots=True)
class Material:
    name: str
    outcome: str
    marker: MarkerParameters
    patients: Sequence[Patient]

    def series(self) -> list[Series]:
        return [
            Series(
                patient=place,
                marker=self.marker.marker,
                days=np.array(one.days),
                values=np.array(one.values),
                censoring=np.zeros(len(one.days), dtype=np.int8),
                segments=np.zeros(len(one.days), dtype=np.int64),
                exclusions=("",) * len(one.days),
                draw_ids=tuple(range(len(one.days))),
            )
            for place, one in enumerate(self.patients)
        ]


def assumed(marker: str, cv: float) -> MarkerParameters:
    """As a tumour marker of the person's own level alone, at the weight of CEA."""
    return MarkerParameters(
        marker=marker,
        family="tumour",
        sigma_total=math.sqrt(math.log1p(cv**2)),
        set_point_log_mean=None,
        set_point_log_sd=None,
        direction="up",
        verdict=True,
        grade="A",
        participation=0.6,
        drift=0.20,
    )


def real_materials(folder: Path = FOLDER) -> list[Material]:
    """Raises FileNotFoundError where the published series are not beside the checkout."""
    return [*_liver(folder), _prostate(folder), _leukaemia(folder), _standard(folder)]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _by(rows: Sequence[Mapping[str, str]], key: str) -> Mapping[str, list[Mapping[str, str]]]:
    found: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found


def _patient(points: Sequence[tuple[float, float]], end: float, *, has_outcome: bool) -> Patient:
    kept = sorted((day, value) for day, value in points if value > 0 and day <= end)
    return Patient(tuple(day for day, _ in kept), tuple(value for _, value in kept), end, has_outcome)


def _liver(folder: Path) -> list[Material]:
    """Primary biliary cholangitis: death or transplant (status 1 or 2)."""
    outcomes = {f"PBC{int(row['id']):03d}": row for row in _rows(folder / "pbcseq_outcome.csv")}
    rows = _by(_rows(folder / "pbcseq_long.csv"), "analyte")
    found = []
    for code, name, cv in (("BILI", "bilirubin", 0.24), ("ALP", "ALP", 0.19)):
        patients = []
        for patient, own in _by(rows[code], "patient_id").items():
            outcome = outcomes[patient]
            points = [(float(row["day"]), float(row["value"])) for row in own]
            patients.append(_patient(points, float(outcome["futime"]), has_outcome=outcome["status"] != "0"))
        found.append(
            Material(f"primary biliary cholangitis, {name}", "death or transplant", assumed(code, cv), patients)
        )
    return found


def _prostate(folder: Path) -> Material:
    """PSA in a trial of vitamins: prostate cancer, `t` in years from the diagnosis (or its counterpart)."""
    patients = []
    for own in _by(_rows(folder / "caret_psa.csv"), "id").values():
        case = own[0]["status"] == "1"
        times = [float(row["t"]) * DAYS_A_YEAR for row in own]
        points = list(zip(times, (float(row["marker1"]) for row in own), strict=True))
        patients.append(_patient(points, 0.0 if case else max(times), has_outcome=case))
    return Material("CARET, PSA", "prostate cancer", assumed("PSA", 0.20), patients)


def _leukaemia(folder: Path) -> Material:
    """Chronic myeloid leukaemia: leucocytes, given as their logarithm about the mean; death or progression."""
    outcomes = {row["patnr"]: row for row in _rows(folder / "cml_wbc_outcome.csv")}
    patients = []
    for patient, own in _by(_rows(folder / "cml_wbc_serial.csv"), "patnr").items():
        points = [(float(row["tyears"]) * DAYS_A_YEAR, math.exp(float(row["lwbc"]))) for row in own]
        end = float(outcomes[patient]["tyears"]) * DAYS_A_YEAR
        patients.append(_patient(points, end, has_outcome=outcomes[patient]["d"] == "1"))
    return Material("chronic myeloid leukaemia, leucocytes", "the event of the file", assumed("WBC", 0.20), patients)


def _standard(folder: Path) -> Material:
    """Three example patients of a data standard; the first response read as progressive disease."""
    worse = {
        row["USUBJID"]: float(row["RSDY"])
        for row in reversed(_rows(folder / "pcwg3_response_rs.csv"))
        if row["RSORRES"] == "PD"
    }
    patients = []
    for patient, own in _by(_rows(folder / "pcwg3_psa_lb.csv"), "USUBJID").items():
        points = [(float(row["LBDY"]), float(row["LBSTRESN"])) for row in own]
        end = worse.get(patient, max(day for day, _ in points))
        patients.append(_patient(points, end, has_outcome=patient in worse))
    return Material("PCWG3 example (invented), PSA", "progressive disease", assumed("PSA", 0.20), patients)
