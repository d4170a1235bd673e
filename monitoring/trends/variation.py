"""Variation of a marker within a person, and the change it takes to exceed it (docs/clinical-rules.md, E1 and E2)."""

from __future__ import annotations

import math
from typing import Final

from monitoring.trends.types import ONE_SIDED_95

TWO_RESULTS: Final = math.sqrt(2.0)


def log_sd(*, cv_within_person_percent: float, cv_analytical_percent: float) -> float:
    """E1: the log-scale SD of one result around the person's level, from the two CVs of a log-normal quantity."""
    within = math.log1p((cv_within_person_percent / 100.0) ** 2)
    analytical = math.log1p((cv_analytical_percent / 100.0) ** 2)
    return math.sqrt(within + analytical)


def log_sd_of_total(cv_total_percent: float) -> float:
    """E1 with a single CV that already holds both parts, as measured in stable patients."""
    return math.sqrt(math.log1p((cv_total_percent / 100.0) ** 2))


def log_reference_change(*, sigma: float, z: float = ONE_SIDED_95) -> float:
    """The reference change on the log scale: z times the SD of the difference of two results."""
    return z * TWO_RESULTS * sigma


def reference_change_percent(*, sigma: float, z: float = ONE_SIDED_95, rise: bool = True) -> float:
    """E2: the asymmetric log-normal reference change value, in percent; negative for a fall."""
    change = log_reference_change(sigma=sigma, z=z)
    return 100.0 * math.expm1(change if rise else -change)
