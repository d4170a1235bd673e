"""The published rules on the same draws, over several markers in two ways.

Each is told what the engine is told of windows and re-basing, the within-person SDs of patients and where people's
levels lie; its threshold is moved. Over several markers either one threshold holds for all of them, or each marker has
the threshold at which it alone comes to the same rate of false alerts as every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from benchmarks.detection.material import Material
from monitoring.calibration.counting import HUNDRED, Quiet, count_false
from monitoring.trends.classical.panel import Panel
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import FloatArray, MarkerParameters

STEPS: Final = 48  # thresholds at which a marker's own rate is found
TIE: Final = 1e-6  # between thresholds of the same rate: the higher is the rarer still
COMMON, SHARED = "one threshold", "equal share"


def statistics_of(
    material: Material, markers: Mapping[str, MarkerParameters], rules: Sequence[str] = tuple(RULES)
) -> Iterator[tuple[str, str, FloatArray]]:
    """Rule, way and the patients x draws statistic; the larger the more suspicious, -inf where nothing is said."""
    panels = [_panel(material, code, markers[code]) for code in material.panel]
    for name in rules:
        by_marker = [_said(name, panel, material) for panel in panels]
        yield name, COMMON, np.maximum.reduce(by_marker)
        if len(by_marker) > 1:
            quiet = [as_rarity(one, material) for one in by_marker]
            yield name, SHARED, np.maximum.reduce(quiet)


def _said(name: str, panel: Panel, material: Material) -> FloatArray:
    said = RULES[name].statistic(panel)
    return np.where(np.isfinite(said) & material.index.taken, said, -np.inf)


def as_rarity(statistic: FloatArray, material: Material) -> FloatArray:
    """-ln of the false alerts per 100 patient-years that the marker alone would give at the statistic of each draw."""
    said = statistic[material.is_quiet]
    heard = np.sort(said[np.isfinite(said)])
    if len(heard) == 0:
        return np.full(statistic.shape, -np.inf)
    # The upper tail matters: thresholds are spaced evenly in the logarithm of the share above them.
    ranks = np.unique((len(heard) * (1.0 - np.geomspace(1.0, 1.0 / len(heard), STEPS))).astype(np.int64))
    thresholds = np.unique(heard[np.minimum(ranks, len(heard) - 1)])
    rates = [_rate(said, threshold, material.quiet) for threshold in thresholds]
    rarity = -np.log(np.minimum.accumulate(rates)) + TIE * np.arange(len(rates))
    beyond = np.where(np.isfinite(statistic), statistic - thresholds[-1], 0.0)
    inside = np.interp(np.where(np.isfinite(statistic), statistic, thresholds[0]), thresholds, rarity)
    return np.where(np.isfinite(statistic), inside + np.maximum(beyond, 0.0), -np.inf)


def _rate(said: FloatArray, threshold: float, quiet: Quiet) -> float:
    return HUNDRED * max(float(np.sum(count_false(said >= threshold, quiet))), 0.5) / quiet.total_years


def _panel(material: Material, code: str, of_marker: MarkerParameters) -> Panel:
    cohort, known = material.cohort, material.known
    place = cohort.markers.index(code)
    values = cohort.values[place]
    fine = np.isfinite(values) & (values > 0)
    rows = len(values)

    def each(number: float | None) -> FloatArray:
        return np.full(rows, np.nan if number is None else number)

    return Panel(
        days=np.nan_to_num(cohort.days),
        logs=np.log(np.where(fine, values, 1.0)),
        censored=cohort.censored[place] & fine,
        usable=fine & ~known.excluded[place],
        rebase=known.rebase_sd[place] > 0,
        sigma=each(of_marker.sigma_total),
        set_point_mean=each(of_marker.set_point_log_mean),
        set_point_sd=each(of_marker.set_point_log_sd),
    )
