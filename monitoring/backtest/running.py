"""The one place where the back-test calls the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring.detection import detection_parameters, engine_version
from monitoring.parameters import marker_parameters
from monitoring.trends.detection import DetectionParameters
from monitoring.trends.engine import level_history
from monitoring.trends.fusion import BONE
from monitoring.trends.types import LevelHistory, MarkerParameters, Series


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine with the parameters it ships with."""

    markers: Mapping[str, MarkerParameters]
    parameters: DetectionParameters

    @property
    def version(self) -> str:
        return engine_version()

    @property
    def weighed(self) -> Mapping[str, MarkerParameters]:
        """The markers that can lead to a level at all."""
        return {
            code: one
            for code, one in self.markers.items()
            if one.verdict and one.participation is not None and (self.parameters.bone_layer or one.family != BONE)
        }

    @property
    def has_thresholds(self) -> bool:
        return self.parameters.thresholds is not None


def shipped_engine() -> Engine:
    return Engine(marker_parameters(), detection_parameters())


def levels(series: Sequence[Series], engine: Engine) -> tuple[LevelHistory, ...]:
    """The level after each draw of each patient, by patient, draws by time."""
    return level_history(series, engine.markers, engine.parameters)
