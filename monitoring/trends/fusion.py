"""From the evidence of each marker to the patient's two indices and level (docs/clinical-rules.md, D11 to D13).

Each marker may or may not take part in a progression (its participation); one that is missing or quiet adds about
nothing. Markers that measure the same thing form a group, of which only the strongest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.trends.bank import Evidence
from monitoring.trends.detection import DetectionParameters, Gate, Thresholds
from monitoring.trends.panel import Panel
from monitoring.trends.state import FilterPath
from monitoring.trends.types import BoolArray, FloatArray, IntArray, Level

FEWEST_DRAWS: Final = 2  # of a marker, before it says anything
FEWEST_GAPS: Final = 3  # before the patient's own drawing interval is believed
USUAL_INTERVAL: Final = 63.0
LEAST_THRESHOLD: Final = 0.05  # an index this small is that of a quiet marker
TUMOUR: Final = "tumour"
BONE: Final = "bone_turnover"
NONE, WATCH, ALERT = 0, 1, 2
LEVELS: Final[tuple[Level, ...]] = ("none", "watch", "alert")


@dataclass(frozen=True, slots=True, eq=False)
class MarkerIndex:
    """Rows x dates: each marker's part in the indices."""

    odds: FloatArray  # o: posterior odds that the marker is rising; 0 before its second draw
    confirmed: BoolArray
    part: FloatArray  # ln(1 + phi o)
    alert_part: FloatArray  # the same with the odds of an unconfirmed marker held at 1
    bears: BoolArray  # confirmed, with odds that may carry an ALERT
    without_strongest: FloatArray  # `part` without what the strongest occasion said


@dataclass(frozen=True, slots=True, eq=False)
class PatientIndex:
    """Patients x dates."""

    watch: FloatArray
    alert: FloatArray  # -inf where no confirmed marker may carry an ALERT
    interval: FloatArray  # the patient's median drawing interval so far
    weight: FloatArray  # of the panel measured so far
    watch_threshold: FloatArray  # +inf without thresholds
    alert_threshold: FloatArray
    level: IntArray


def marker_index(panel: Panel, path: FilterPath, evidence: Evidence, parameters: DetectionParameters) -> MarkerIndex:
    """D11: the odds of each marker, and what they add."""
    rows, _ = panel.shape
    weights = participation_odds(panel, parameters, rows)[:, None]
    measured = np.cumsum(path.used, axis=1) >= FEWEST_DRAWS
    odds = np.where(measured, parameters.onset_rate * np.exp(evidence.log_evidence), 0.0)
    watch_only = _at_latest_used(panel.watch_only, path.used)
    confirmed = measured & (np.nan_to_num(evidence.support, nan=-1.0) > parameters.least_support) & ~watch_only
    held = np.where(confirmed, odds, np.minimum(odds, 1.0))
    return MarkerIndex(
        odds=odds,
        confirmed=confirmed,
        part=np.log1p(weights * odds),
        alert_part=np.log1p(weights * held),
        bears=confirmed & (odds >= parameters.gate_odds) & (weights > 0),
        without_strongest=np.log1p(weights * odds * np.exp(-np.maximum(np.nan_to_num(evidence.strongest), 0.0))),
    )


def participation_odds(panel: Panel, parameters: DetectionParameters, rows: int) -> FloatArray:
    """phi = pi / (1 - pi) a row; 0 for a marker that is never weighed and for a layer that is switched off."""
    odds = np.zeros(rows)
    for row, one in enumerate(panel.parameters):
        share = one.participation
        if share is not None and one.verdict and (parameters.bone_layer or one.family != BONE):
            odds[row] = share / (1.0 - share)
    return odds


def _at_latest_used(said: BoolArray, used: BoolArray) -> BoolArray:
    """What was said of the latest used draw, on every date."""
    if not bool(np.any(said)):
        return said
    column = np.maximum.accumulate(np.where(used, np.arange(used.shape[1])[None, :], -1), axis=1)
    latest: BoolArray = np.take_along_axis(said, np.maximum(column, 0), axis=1) & (column >= 0)
    return latest


def patient_index(panel: Panel, path: FilterPath, index: MarkerIndex, parameters: DetectionParameters) -> PatientIndex:
    """D12: the two indices of each patient on each date; D13: the level."""
    patients = len(panel.patients)
    weights = participation_odds(panel, parameters, panel.shape[0])
    measured = np.cumsum(path.used, axis=1) >= FEWEST_DRAWS
    watch = _sum_of_groups(panel, index.part, patients)
    alert = _sum_of_groups(panel, index.alert_part, patients)
    weight = np.zeros(watch.shape)
    rows = panel.patient_row >= 0
    # Each marker of a group is a chance more to be the largest of it, so here all count.
    np.add.at(weight, panel.patient_row[rows], np.where(measured, weights[:, None], 0.0)[rows])
    # One wild draw, in however many markers, must not carry an ALERT that a chance draw before it "confirms".
    without_strongest = _sum_of_groups(panel, index.without_strongest, patients)
    witnessed = without_strongest >= parameters.second_witness * np.log1p(weight) ** 2
    alert = np.where(_may_alert(panel, index, parameters) & witnessed, alert, -np.inf)
    interval = drawing_interval(panel, path.used)
    watch_threshold = threshold(parameters, "watch", interval, weight)
    alert_threshold = threshold(parameters, "alert", interval, weight)
    level = np.where(alert >= alert_threshold, ALERT, np.where(watch >= watch_threshold, WATCH, NONE))
    return PatientIndex(watch, alert, interval, weight, watch_threshold, alert_threshold, level)


def _may_alert(panel: Panel, index: MarkerIndex, parameters: DetectionParameters) -> BoolArray:
    """Patients x dates: a confirmed tumour marker; two independent confirmed bone markers; or one (a lower grade) that
    other markers keep company, confirmed or not.

    Counts, minerals and LDH add to the index and never carry an ALERT.
    """
    shape = (len(panel.patients), panel.shape[1])
    tumour = np.zeros(shape, dtype=np.bool_)
    bone = np.zeros(shape, dtype=np.int64)
    company = np.zeros(shape)
    for rows in _rows_of_groups(panel):
        patient, family = panel.patient_row[rows[0]], panel.parameters[rows[0]].family
        bears = np.logical_or.reduce(index.bears[rows], axis=0)
        is_bone = bears & (family == BONE)
        bone[patient] += is_bone
        company[patient] += np.where(is_bone, 0.0, np.maximum.reduce(index.part[rows], axis=0))
        if family == TUMOUR:
            tumour[patient] |= bears
    carried: BoolArray = tumour | (bone >= 2) | ((bone == 1) & (company >= parameters.company))
    return carried


def _sum_of_groups(panel: Panel, parts: FloatArray, patients: int) -> FloatArray:
    """The sum over the groups of the largest part in each, in the order of the rows."""
    total = np.zeros((patients, parts.shape[1]))
    for rows in _rows_of_groups(panel):
        largest = parts[rows[0]]
        for row in rows[1:]:
            largest = np.maximum(largest, parts[row])
        total[panel.patient_row[rows[0]]] += largest
    return total


def _rows_of_groups(panel: Panel) -> Sequence[list[int]]:
    groups: dict[tuple[int, str], list[int]] = {}
    for row, one in enumerate(panel.parameters):
        groups.setdefault((int(panel.patient_row[row]), one.group or one.marker), []).append(row)
    return list(groups.values())


def drawing_interval(panel: Panel, used: BoolArray) -> FloatArray:
    """The median gap between a patient's days of drawing so far (patients x dates); 63 days until three are known."""
    patients, columns = len(panel.patients), panel.shape[1]
    intervals = np.full((patients, columns), USUAL_INTERVAL)
    drawn = np.zeros((patients, columns), dtype=np.bool_)
    days = np.zeros((patients, columns))
    for row in range(len(panel.series)):
        drawn[panel.patient_row[row]] |= used[row]
        days[panel.patient_row[row]] = panel.day[row]
    gaps = np.full((patients, columns), np.inf)
    known = np.zeros(patients, dtype=np.int64)
    last = np.full(patients, -np.inf)
    now = np.full(patients, USUAL_INTERVAL)
    everyone = np.arange(patients)
    for column in range(columns):
        gap = days[:, column] - last
        visit = drawn[:, column] & (gap >= 1.0)  # two samples of one day are one visit
        counts = visit & np.isfinite(last)
        gaps[:, column] = np.where(counts, gap, np.inf)
        last = np.where(visit, days[:, column], last)
        known = known + counts
        if bool(np.any(counts & (known >= FEWEST_GAPS))):
            ascending = np.sort(gaps[:, : column + 1], axis=1)  # what is not known sorts to the end
            median = 0.5 * (ascending[everyone, np.maximum(known - 1, 0) // 2] + ascending[everyone, known // 2])
            now = np.where(known >= FEWEST_GAPS, median, USUAL_INTERVAL)
        intervals[:, column] = now
    return intervals


def threshold(parameters: DetectionParameters, gate: Gate, interval: FloatArray, weight: FloatArray) -> FloatArray:
    """D13: the index a level needs. Without calibrated thresholds, or with nothing measured, no level is reached."""
    known = parameters.thresholds
    if known is None:
        return np.full(interval.shape, np.inf)
    needed = np.zeros(interval.shape)
    for coefficient, term in zip(known.curve[gate], terms_of_threshold(known, interval, weight), strict=True):
        needed += coefficient * term
    return np.where(weight > 0, np.maximum(needed, LEAST_THRESHOLD), np.inf)


def terms_of_threshold(known: Thresholds, interval: FloatArray, weight: FloatArray) -> tuple[FloatArray, ...]:
    """What the coefficients of a threshold's curve multiply."""
    x = np.log(np.clip(interval, *known.interval_days) / USUAL_INTERVAL)
    u = np.clip(weight, *known.weight_range) / known.weight - 1.0
    return np.ones(x.shape), x, x**2, u, x * u
