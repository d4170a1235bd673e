"""Does the stated interval of a doubling time hold the true one, at the draw that raised the alert?

The truth is that of the excess: what the generator lets grow over the person's own level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.detection.material import DOUBLING_SEED, Sizes
from benchmarks.detection.shipped import Shipped
from benchmarks.detection.tables import Table
from monitoring.calibration.knowledge import by_the_rules
from monitoring.calibration.reading import Part, read_parts
from monitoring.calibration.strata import FIVE_MARKERS
from monitoring.simulator.cohort import Cohort, simulate
from monitoring.simulator.scenario import SCENARIOS
from monitoring.trends.doubling import doubling_time, rise_shape
from monitoring.trends.fusion import ALERT
from monitoring.trends.state import FilterPath
from monitoring.trends.types import FloatArray, IntArray

LEVEL: Final = 95.0


@dataclass(frozen=True, slots=True)
class Rise:
    """One confirmed marker at the draw of a true alert."""

    marker: str
    true: float
    low: float
    middle: float
    high: float
    given: bool  # the page states a number


def doubling_table(engine: Shipped, sizes: Sizes) -> Table:
    rises = list(_rises(engine, sizes))
    table = Table(
        f"Doubling time at the alert: does the stated {LEVEL:g} % interval hold the true one?",
        f"{sizes.doubling:,} patients, five markers, shipped thresholds; markers that take part in the progression and "
        "carry the first true alert. A number is given where the ends of the posterior interval differ at most by a "
        "factor of 8; it comes with the interval widened.",
        (
            "marker",
            "rises",
            "interval holds it %",
            "median est/true",
            "given %",
            "given: holds it %",
            "given: est/true",
        ),
    )
    for marker in ("all", *FIVE_MARKERS):
        those = [one for one in rises if marker in ("all", one.marker)]
        given = [one for one in those if one.given]
        share = 100.0 * len(given) / len(those) if those else float("nan")
        table.add(marker, len(those), *_coverage(those), share, *_coverage(given))
    return table


def _coverage(rises: list[Rise]) -> tuple[float, str]:
    if not rises:
        return float("nan"), "–"
    holds = 100.0 * float(np.mean([one.low <= one.true <= one.high for one in rises]))
    return holds, f"{float(np.median([one.middle / one.true for one in rises])):.2f}"


def _rises(engine: Shipped, sizes: Sizes) -> Iterator[Rise]:
    told = engine.told
    cohort = simulate(SCENARIOS["base"], patients=sizes.doubling, seed=DOUBLING_SEED, markers=FIVE_MARKERS)
    known = by_the_rules(cohort, told.markers, told.rules)
    for part in read_parts(cohort, known, FIVE_MARKERS, told.markers, told.parameters):
        yield from _of_part(part, cohort)


def _of_part(part: Part, cohort: Cohort) -> Iterator[Rise]:
    analysis = part.analysis
    rows, columns = _alerted(part, cohort)
    if len(rows) == 0:
        return
    until = np.full(analysis.panel.shape[0], -1, dtype=np.int64)
    until[rows] = columns
    day, path = cut(analysis.panel.day, analysis.path, until)
    shape = rise_shape(day, path, rows, analysis.parameters)
    draws = np.cumsum(analysis.path.used, axis=1)
    for at, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        patient, marker = divmod(row, len(part.markers))
        number, _ = doubling_time(shape.doubling[at], draws=int(draws[row, column]), rising=True)
        low, middle, high = (float(days) for days in shape.doubling[at])
        if number is not None:
            low, high = number.low, number.high
        true = float(cohort.doubling[part.patients[patient]])
        yield Rise(part.markers[marker], true, low, middle, high, number is not None)


def _alerted(part: Part, cohort: Cohort) -> tuple[IntArray, IntArray]:
    """Rows of confirmed markers that truly rise, and the column of the first true alert of their patient."""
    analysis, patients = part.analysis, part.patients
    days = np.take_along_axis(cohort.days[patients], np.maximum(part.draw, 0), axis=1)
    true = (part.draw >= 0) & (analysis.patients.level == ALERT)
    true &= (days >= cohort.onset[patients, None]) & (days <= cohort.scan[patients, None])
    column = np.argmax(true, axis=1)
    rows = []
    for place in np.flatnonzero(np.any(true, axis=1)).tolist():
        for marker, code in enumerate(part.markers):
            row = place * len(part.markers) + marker
            rises = cohort.secretes[cohort.markers.index(code), patients[place]]
            if rises and analysis.markers.bears[row, column[place]]:
                rows.append(row)
    found = np.array(rows, dtype=np.int64)
    return found, column[found // len(part.markers)]


def cut(day: FloatArray, path: FilterPath, until: IntArray) -> tuple[FloatArray, FilterPath]:
    """As it stood after the column `until` of each row: time stops there and no later draw is used."""
    later = np.arange(day.shape[1])[None, :] > until[:, None]
    stopped = np.where(later, np.take_along_axis(day, np.maximum(until, 0)[:, None], axis=1), day)
    cut = replace(
        path,
        used=path.used & ~later,
        fade=np.where(later, 1.0, path.fade),
        level_gain=np.where(later, 0.0, path.level_gain),
        excursion_gain=np.where(later, 0.0, path.excursion_gain),
        pull=np.where(later, 0.0, path.pull),
        half_precision=np.where(later, 0.0, path.half_precision),
    )
    return stopped, cut
