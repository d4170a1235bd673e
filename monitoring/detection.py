"""What the engine is told beside the catalogue, as data: `rules/detection.toml` and the calibrated thresholds.

Loading is strict: a key too many or too few, a marker that does not exist, a figure without source stops the process.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from monitoring import threshold_file as threshold_files
from monitoring.errors import RuleProblem
from monitoring.threshold_file import ThresholdFile
from monitoring.trends.detection import DetectionParameters, Thresholds
from monitoring.trends.engine import ENGINE_VERSION
from patients.catalogue import Grade, catalogue

FOLDER: Final = Path(__file__).resolve().parent / "rules"
FIGURES: Final = FOLDER / "detection.toml"
THRESHOLDS: Final = FOLDER / "thresholds.toml"
OF_A_FIGURE: Final = frozenset({"value", "grade", "source"})
OF_A_MARKER: Final = frozenset({"code", "participation", "grade", "source", "group", "rebase_sd", "clip", "inflation"})
OF_THE_ENGINE: Final = frozenset(
    {
        "doubling_times",
        "onset_step",
        "onset_window",
        "start_share",
        "onset_log_rate",
        "slow_share",
        "slow_days",
        "drift",
        "noise_weight",
        "noise_lag",
        "noise_shared",
        "noise_falls_at_once",
        "noise_bounds",
        "noise_stretch",
        "noise_centre",
        "onsets_nobody_looked_at",
        "occasion_days",
        "below_is_a_reading",
        "two_in_a_row",
        "least_support",
        "second_witness",
        "set_point_reach",
        "gate_odds",
        "company",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerWeight:
    code: str
    participation: float
    grade: str
    source: str
    group: str
    rebase_sd: float
    clip: float
    inflation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionFile:
    version: str
    digest: str  # of the file's text: the version of an evaluation changes with any figure
    figures: Mapping[str, Any]
    markers: Mapping[str, MarkerWeight]


@cache
def detection_file() -> DetectionFile:
    return read_detection_file(FIGURES)


def read_detection_file(path: Path) -> DetectionFile:
    """Raises RuleProblem where an entry does not say what it must."""
    text = path.read_text(encoding="utf-8")
    content = tomllib.loads(text)
    _exactly(path.name, content, frozenset({"version", "figures", "marker"}))
    _exactly(f"{path.name}, figures", content["figures"], OF_THE_ENGINE)
    for name, figure in content["figures"].items():
        _exactly(f"{path.name}, {name}", figure, OF_A_FIGURE)
        _sourced(f"{path.name}, {name}", figure)
    weights: dict[str, MarkerWeight] = {}
    for at, entry in enumerate(content["marker"], start=1):
        where = f"{path.name}, marker {at}"
        _exactly(where, entry, OF_A_MARKER)
        _sourced(where, entry)
        if entry["code"] not in catalogue().by_code or entry["code"] in weights:
            raise RuleProblem("rule_value_invalid", where=where, key="code")
        if not 0 < entry["participation"] < 1:
            raise RuleProblem("rule_value_invalid", where=where, key="participation")
        weights[entry["code"]] = MarkerWeight(**entry)
    figures = {name: figure["value"] for name, figure in content["figures"].items()}
    return DetectionFile(version=content["version"], digest=_digest(text), figures=figures, markers=weights)


def thresholds_path() -> Path:
    """The site's own file where the setting names one, else the one that is shipped."""
    return Path(settings.THRESHOLDS_FILE) if settings.THRESHOLDS_FILE else FOLDER / THRESHOLDS.name


@cache
def threshold_file() -> ThresholdFile:
    """The calibrated thresholds with what they rest on and whether anybody signed them off."""
    return threshold_files.read(thresholds_path())


def thresholds() -> Thresholds:
    return threshold_file().thresholds


def read_thresholds(path: Path) -> Thresholds:
    """The file that `manage.py calibrate` writes. Raises RuleProblem where it does not say what it must."""
    return threshold_files.read(path).thresholds


@cache
def detection_parameters(*, bone_layer: bool | None = None) -> DetectionParameters:
    """The shipped engine, with the bone-marker layer as the site has set it (ESMO 2020: not for routine follow-up)."""
    return parameters_from(
        detection_file(),
        thresholds(),
        bone_layer=settings.BONE_MARKER_LAYER if bone_layer is None else bone_layer,
    )


def parameters_from(file: DetectionFile, calibrated: Thresholds | None, *, bone_layer: bool) -> DetectionParameters:
    figures = {name: value for name, value in file.figures.items() if name not in ("drift", "onset_log_rate")}
    for name in ("doubling_times", "noise_bounds"):
        figures[name] = tuple(figures[name])
    return DetectionParameters(
        **figures,
        onset_rate=math.exp(file.figures["onset_log_rate"]),
        thresholds=calibrated,
        bone_layer=bone_layer,
        version=file.version,
    )


RULE_FILES: Final = ("detection.toml", "events.toml", "sample_conditions.toml")


@cache
def engine_version() -> str:
    """Code, parameters, thresholds, events and the bone layer: what two evaluations must share to be comparable."""
    files = [thresholds_path(), *(FOLDER / name for name in RULE_FILES)]
    rules = _digest("\n".join(file.read_text(encoding="utf-8") for file in files))
    return f"{ENGINE_VERSION}+{rules}" + ("" if settings.BONE_MARKER_LAYER else "-nobone")


def group_of(marker: str) -> str:
    """Markers of one group measure the same thing and are counted once."""
    weight = detection_file().markers.get(marker)
    return weight.group if weight else marker


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _exactly(where: str, entry: Mapping[str, Any], keys: frozenset[str]) -> None:
    if missing := keys - set(entry):
        raise RuleProblem("rule_key_missing", where=where, key=min(missing))
    if unknown := set(entry) - keys:
        raise RuleProblem("rule_key_unknown", where=where, key=min(unknown))


def _sourced(where: str, entry: Mapping[str, Any]) -> None:
    if entry["grade"] not in {grade.value for grade in Grade}:
        raise RuleProblem("rule_value_invalid", where=where, key="grade")
    if not isinstance(entry["source"], str) or not entry["source"].strip():
        raise RuleProblem("rule_value_invalid", where=where, key="source")
