"""A batch of series from panel to level: filter, bank, fusion, in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring.trends.bank import Evidence, run_bank
from monitoring.trends.detection import DetectionParameters, grid_of
from monitoring.trends.fusion import MarkerIndex, PatientIndex, marker_index, patient_index
from monitoring.trends.panel import Panel, build_panel
from monitoring.trends.state import FilterPath, run_filter
from monitoring.trends.types import MarkerParameters, Series


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    panel: Panel
    parameters: DetectionParameters
    path: FilterPath
    evidence: Evidence
    markers: MarkerIndex
    patients: PatientIndex


def analyse(
    series: Sequence[Series], markers: Mapping[str, MarkerParameters], parameters: DetectionParameters
) -> Analysis:
    """`series` sorted by patient, then marker."""
    panel = build_panel(series, markers)
    path = run_filter(panel, parameters)
    evidence = run_bank(panel.day, path, grid_of(parameters))
    index = marker_index(panel, path, evidence, parameters)
    return Analysis(panel, parameters, path, evidence, index, patient_index(panel, path, index, parameters))
