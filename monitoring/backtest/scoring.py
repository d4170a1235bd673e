"""Counts alerts: the false ones of each patient, and how early the true ones came.

One alert counts for 180 days: whoever has been told of a rise is not told again (detection design, section 11). The
true alert of a patient is the first within the horizon, whether or not an earlier one was still standing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.backtest.cohort import BoolArray, Draws
from monitoring.backtest.outcomes import Outcomes
from monitoring.trends.types import FloatArray, IntArray

REFRACTORY_DAYS: Final = 180
HUNDRED: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Of several settings side by side."""

    false: FloatArray  # patients x settings: false alerts
    lead: IntArray  # progressors x settings: days from the first true alert to the scan, -1 without one


def score(fired: BoolArray, at: IntArray, draws: Draws, outcomes: Outcomes) -> Score:
    """`fired` is draws x settings, of the draws `at` (ascending); no other draw fires in any setting."""
    off = outcomes.off[at]
    counted = counted_alerts(fired[off], draws.patient[at[off]], draws.date[at[off]])
    settings, patients = fired.shape[1], len(outcomes.scan)
    false = np.zeros((patients, settings))
    who, first = np.unique(draws.patient[at[off]], return_index=True)
    if len(who):
        false[who] = np.add.reduceat(counted.astype(np.float64), first, axis=0)
    true = outcomes.lead[at] >= 0
    lead = np.full((patients, settings), -1, dtype=np.int64)
    who, first = np.unique(draws.patient[at[true]], return_index=True)
    if len(who):
        days = np.where(fired[true], outcomes.lead[at[true]][:, None], -1)
        lead[who] = np.maximum.reduceat(days, first, axis=0)
    return Score(false, lead[outcomes.progressors])


def counted_alerts(fired: BoolArray, patient: IntArray, date: IntArray) -> BoolArray:
    """Of the alerts of each patient, by time, those that come at least 180 days after the last that counted."""
    counted = np.zeros(fired.shape, dtype=np.bool_)
    rows = np.flatnonzero(np.any(fired, axis=1))
    who, first = np.unique(patient[rows], return_index=True)
    place = np.searchsorted(who, patient[rows])
    turn = np.arange(len(rows)) - first[place]
    last = np.full((len(who), fired.shape[1]), -np.inf)
    by_turn = np.argsort(turn, kind="stable")
    edges = np.searchsorted(turn[by_turn], np.arange(int(turn.max(initial=-1)) + 2))
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        now = by_turn[start:end]  # one draw of each patient who has so many
        at, of = rows[now], place[now]
        days = date[at].astype(np.float64)[:, None]
        counts = fired[at] & (days - last[of] >= REFRACTORY_DAYS)
        last[of] = np.where(counts, days, last[of])
        counted[at] = counts
    return counted


def score_setting(fired: BoolArray, draws: Draws, outcomes: Outcomes) -> Score:
    """Of one setting, over all draws."""
    at = np.flatnonzero(fired)
    return score(fired[at][:, None], at, draws, outcomes)


def false_rate(false: FloatArray, years: float) -> FloatArray:
    """False alerts per 100 patient-years."""
    rate: FloatArray = HUNDRED * np.sum(false, axis=0) / years if years > 0 else np.full(false.shape[1:], np.nan)
    return rate
