"""Below which value the next draw would take a rise back (docs/clinical-rules.md, D8 to D11 for a draw to come).

The leading rise is not asked: with another draw another may lead. Every hypothesis is taken one draw further, as the
engine itself will take it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import numpy as np

from monitoring.trends.analysis import Analysis
from monitoring.trends.bank import LARGEST_LOG, Bank, bank_after
from monitoring.trends.detection import DetectionParameters, grid_of
from monitoring.trends.panel import ROW_MULTIPLE
from monitoring.trends.state import FilterPath
from monitoring.trends.types import FloatArray, IntArray

SCAN: Final = np.linspace(-1.0, 1.0, 41)  # of the clip; then halved to a millionth of a cell
HALVINGS: Final = 20
CALM, SINGLE, SUSTAINED = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class _Next:
    """The next draw of each row, after the patient's usual interval."""

    bank: Bank
    gap: FloatArray  # hypotheses x rows: what each adds beyond what the filter took in
    mean: FloatArray
    spread: FloatArray
    clip: FloatArray
    parameters: DetectionParameters

    def state(self, share: FloatArray) -> IntArray:
        """The state of each marker after a draw that lies so many of its clips from what is expected."""
        bank = self.bank
        z = share * self.clip
        said = self.gap * (z / self.spread - self.gap / (2.0 * self.spread**2))
        logs = np.where(bank.live[:, None, :], bank.log_ratio + said, -np.inf)
        total = np.add.reduce(np.add.reduce(np.exp(np.minimum(logs, LARGEST_LOG)), axis=1), axis=0)
        odds = self.parameters.onset_rate * bank.grid.onset_step / len(bank.rates) * total
        hypotheses = (-1, bank.rows)
        leader = np.argmax(logs.reshape(hypotheses), axis=0)
        confirmed = bank.support_after(said, leader) > self.parameters.least_support
        in_question: IntArray = np.where(confirmed, SUSTAINED, SINGLE)
        return np.where(odds >= self.parameters.gate_odds, in_question, CALM)


def lowering_logs(analysis: Analysis, rows: IntArray) -> FloatArray:
    """Of rows that moved: the ln value (mirrored) below which any next draw lowers the state, and just above which one
    leaves it. NaN where no single draw would lower it."""
    if len(rows) == 0:
        return np.zeros(0)
    padded = np.resize(rows, -(-len(rows) // ROW_MULTIPLE) * ROW_MULTIPLE)
    ahead = _next(analysis, padded)
    last = _last(analysis, padded)
    now: IntArray = np.where(analysis.markers.confirmed[padded, last], SUSTAINED, SINGLE)
    low, high = np.full(len(padded), np.nan), np.full(len(padded), np.nan)
    never_lower = ahead.state(np.full(len(padded), SCAN[0])) >= now
    for below, above in pairwise(SCAN.tolist()):
        found = ~never_lower & np.isnan(high) & (ahead.state(np.full(len(padded), above)) >= now)
        low, high = np.where(found, below, low), np.where(found, above, high)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        holds = ahead.state(np.where(np.isnan(middle), 0.0, middle)) >= now
        low, high = np.where(holds, low, middle), np.where(holds, middle, high)
    logs: FloatArray = ahead.mean + high * ahead.clip * ahead.spread
    return logs[: len(rows)]


def _last(analysis: Analysis, rows: IntArray) -> IntArray:
    lengths = np.array([len(dates) for dates in analysis.panel.dates], dtype=np.int64)
    last: IntArray = lengths[analysis.panel.patient_row[rows]] - 1
    return last


def _next(analysis: Analysis, rows: IntArray) -> _Next:
    """D2 and D7 for a draw that has not come yet."""
    panel, path, parameters = analysis.panel, analysis.path, analysis.parameters
    last = _last(analysis, rows)
    used = path.used.shape[1] - 1 - np.argmax(path.used[rows, ::-1], axis=1)
    day = panel.day[rows, last] + analysis.patients.interval[panel.patient_row[rows], last]
    since = day - panel.day[rows, used]
    fade = np.exp(-since / parameters.slow_days)
    variance = path.next_noise[rows, last] * panel.sigma[rows] ** 2
    slow = fade**2 * path.excursion_variance[rows, used] + (1.0 - fade**2) * parameters.slow_share * variance
    level = path.level_sd[rows, used] ** 2 + panel.drift[rows] * since
    white = (1.0 - parameters.slow_share) * variance
    part = FilterPath(**{one.name: getattr(path, one.name)[rows] for one in fields(FilterPath)})
    bank = bank_after(panel.day[rows], part, grid_of(parameters))
    bank.advance(day)
    gap = np.log(bank.grown + (1.0 - parameters.start_share)) - bank.in_level - fade * bank.in_excursion
    return _Next(
        bank=bank,
        gap=gap,
        mean=path.level[rows, used] + fade * path.excursion[rows, used],
        spread=np.sqrt(level + 2.0 * fade * path.covariance[rows, used] + slow + white),
        clip=panel.clip[rows],
        parameters=parameters,
    )
