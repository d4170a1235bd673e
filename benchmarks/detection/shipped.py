"""The engine as it ships, for the benchmarks: with every figure and threshold of the data files."""

from __future__ import annotations

import os
from dataclasses import dataclass

import django

from monitoring.calibration.strata import Told, weighed
from monitoring.threshold_file import ThresholdFile


@dataclass(frozen=True, slots=True)
class Shipped:
    told: Told
    thresholds: ThresholdFile
    version: str

    @property
    def weighed(self) -> tuple[str, ...]:
        return weighed(self.told.markers)


def shipped() -> Shipped:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from monitoring.detection import detection_file, engine_version, parameters_from, threshold_file
    from monitoring.parameters import marker_parameters
    from monitoring.rules import event_rules

    parameters = parameters_from(detection_file(), threshold_file().thresholds, bone_layer=True)
    told = Told(markers=marker_parameters(), parameters=parameters, rules=event_rules())
    return Shipped(told, threshold_file(), engine_version())
