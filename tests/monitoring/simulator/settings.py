"""Cohorts with everything switched off that a test does not look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitoring.simulator.cohort import make_setting
from monitoring.simulator.markers import MarkerModel, model_of
from monitoring.simulator.scenario import Scenario
from monitoring.simulator.streams import FloatArray, Streams
from monitoring.simulator.values import Setting, measure

SEED = 20260101
QUIET = Scenario(
    name="quiet",
    progress_share=0.0,
    missing_draws=0.0,
    noise_factor=0.0,
    drift_factor=0.0,
    transient_factor=0.0,
    benign_steps_per_year=0.0,
    gross_error_rate=0.0,
    haemolysed_share=0.0,
    falling_at_start_share=0.0,
    therapy_change_share=0.0,
    surgery_share=0.0,
    bone_agent_share=0.0,
    assay_change_share=0.0,
)


def quiet(patients: int = 2000, **changes: Any) -> Setting:
    return make_setting(replace(QUIET, **changes), Streams(SEED, patients))


def exact(code: str, **changes: Any) -> MarkerModel:
    """A marker that is never missing, has no analytical variation and is reported to the ninth decimal."""
    plain: dict[str, Any] = {"missing": 0.0, "cv_analytical": 0.0, "decimals": 9, "lod": 0.0}
    return replace(model_of(code), **{**plain, **changes})


def values_of(model: MarkerModel, setting: Setting) -> FloatArray:
    """Draws x patients, nan beyond follow-up."""
    return measure(model, setting).values
