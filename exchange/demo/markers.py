"""How the synthetic markers behave in somebody whose disease is quiet, and how a laboratory reports them.

Set-points and variation of CEA, CYFRA 21-1, ALP, BAP and β-CTx are the generator figures of the detection design
(variation seen in patients). For the other markers only variation in healthy people is known; it is taken as it stands.
Medians without a source are assumed: the middle of the reference interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Log SD of the within-person variation between persons. Published variation is pooled over persons (root mean square),
# so the middle person varies a little less than the figure says and a few vary much more.
NOISE_BETWEEN_PERSONS: Final = 0.30
MIDDLE_PERSON: Final = math.exp(-(NOISE_BETWEEN_PERSONS**2))
SLOW_NOISE_DAYS: Final = 45.0  # how fast the slow half of it is forgotten
SET_POINT_REACH: Final = 1.8  # in set-point SDs: nobody quiet starts far outside


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerModel:
    """`limit` is the laboratory's reporting limit as text, empty where it has none that matters."""

    median: float
    set_point_sd: float
    cv_within: float
    cv_analytical: float
    unit: str
    decimals: int
    drift: float = 0.0  # log SD per root year
    limit: str = ""
    assay: str = ""
    between: Mapping[str, float] = field(default_factory=dict)  # factor on the median by sex or state


MODELS: Final[Mapping[str, MarkerModel]] = {
    "CEA": MarkerModel(
        median=2.2, set_point_sd=0.60, cv_within=0.18, cv_analytical=0.06, unit="ng/mL", decimals=2, drift=0.06,
        limit="0.20", assay="ECLIA", between={"current": 1.3},
    ),
    "CYFRA211": MarkerModel(
        median=1.7, set_point_sd=0.40, cv_within=0.25, cv_analytical=0.06, unit="ng/mL", decimals=2, drift=0.05,
        limit="0.5", assay="ECLIA",
    ),
    "NSE": MarkerModel(
        median=11.2, set_point_sd=0.16, cv_within=0.136, cv_analytical=0.034, unit="ng/mL", decimals=1, assay="ECLIA",
    ),
    "BAP": MarkerModel(
        median=12.0, set_point_sd=0.30, cv_within=0.12, cv_analytical=0.06, unit="ug/L", decimals=1, drift=0.05,
        assay="CLIA", between={"post": 1.2},
    ),
    "BCTX": MarkerModel(
        median=0.28, set_point_sd=0.40, cv_within=0.22, cv_analytical=0.05, unit="ng/mL", decimals=3, drift=0.05,
        limit="0.010", assay="ECLIA", between={"post": 1.3},
    ),
    "ALP": MarkerModel(
        median=78.0, set_point_sd=0.24, cv_within=0.09, cv_analytical=0.03, unit="U/L", decimals=0, drift=0.04,
    ),
    "NMID": MarkerModel(
        median=17.5, set_point_sd=0.28, cv_within=0.089, cv_analytical=0.064, unit="ng/mL", decimals=1, assay="ECLIA",
        between={"post": 1.2},
    ),
    "TRACP5B": MarkerModel(
        median=330.0, set_point_sd=0.22, cv_within=0.116, cv_analytical=0.05, unit="mU/dL", decimals=0, assay="EIA",
        between={"post": 1.3, "pre": 0.8},
    ),
    "CA": MarkerModel(
        median=2.31, set_point_sd=0.025, cv_within=0.0181, cv_analytical=0.0085, unit="mmol/L", decimals=2
    ),
    "ALB": MarkerModel(median=43.0, set_point_sd=0.05, cv_within=0.025, cv_analytical=0.015, unit="g/L", decimals=1),
    "PHOS": MarkerModel(
        median=1.15, set_point_sd=0.11, cv_within=0.07, cv_analytical=0.025, unit="mmol/L", decimals=2
    ),
    "PLT": MarkerModel(
        median=232.0, set_point_sd=0.20, cv_within=0.0722, cv_analytical=0.018, unit="10*9/L", decimals=0
    ),
    "NEUT": MarkerModel(
        median=3.7, set_point_sd=0.22, cv_within=0.164, cv_analytical=0.019, unit="10*9/L", decimals=2
    ),
    "LYMPH": MarkerModel(
        median=1.65, set_point_sd=0.20, cv_within=0.0981, cv_analytical=0.024, unit="10*9/L", decimals=2
    ),
    "RDW_CV": MarkerModel(median=13.3, set_point_sd=0.04, cv_within=0.035, cv_analytical=0.01, unit="%", decimals=1),
    "LDH": MarkerModel(median=182.0, set_point_sd=0.13, cv_within=0.052, cv_analytical=0.012, unit="U/L", decimals=0),
}  # fmt: skip

PANEL: Final = tuple(code for code in MODELS if code != "TRACP5B")


def quiet_logs(code: str, *, days: FloatArray, states: frozenset[str], rng: np.random.Generator) -> FloatArray:
    """Natural logarithms of a marker of somebody whose disease is quiet, one a draw.

    Half of the within-person variance is slow, half heavy-tailed, as in the generator of the detection design.
    """
    model, count = MODELS[code], len(days)
    noise = math.sqrt(math.log1p(model.cv_within**2)) * MIDDLE_PERSON * rng.lognormal(0.0, NOISE_BETWEEN_PERSONS)
    reach = SET_POINT_REACH
    level = math.log(model.median) + model.set_point_sd * float(np.clip(rng.normal(), -reach, reach))
    level += sum(math.log(factor) for state, factor in model.between.items() if state in states)
    gaps = np.diff(days, prepend=days[:1])
    drift = np.cumsum(rng.normal(0.0, model.drift, size=count) * np.sqrt(gaps / 365.25))
    heavy = rng.standard_t(5, size=count) / math.sqrt(5.0 / 3.0)
    analytical = rng.normal(0.0, math.sqrt(math.log1p(model.cv_analytical**2)), size=count)
    return np.asarray(level + drift + noise * math.sqrt(0.5) * (_slow(gaps, rng) + heavy) + analytical)


def _slow(gaps: FloatArray, rng: np.random.Generator) -> FloatArray:
    values = np.zeros(len(gaps))
    now = rng.normal()
    for at, gap in enumerate(gaps):
        keep = math.exp(-gap / SLOW_NOISE_DAYS)
        now = keep * now + math.sqrt(1.0 - keep**2) * rng.normal() if at else now
        values[at] = now
    return values


def reported(code: str, value: float) -> str:
    """The text on the laboratory's report: rounded, and '<limit' below the reporting limit."""
    model = MODELS[code]
    if model.limit and value < float(model.limit):
        return f"<{model.limit}"
    return f"{value:.{model.decimals}f}"
