"""A bank of hypotheses "the rise began on this day and doubles in that time" (docs/clinical-rules.md, D7 to D10).

Each hypothesis is what it would add to ln value, seen through the same filter (Willsky & Jones 1976); the sum of their
likelihood ratios over the onsets is the Shiryaev-Roberts statistic, in days: without any rise its mean is the days
passed, whatever the draw times, so a threshold of A days is crossed at most 36,525 / A times in 100 patient-years.

Arrays are hypotheses x rows with the rows side by side in memory; onsets sit in a ring whose places are used again as
they expire.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitoring.trends.detection import Grid
from monitoring.trends.state import FilterPath
from monitoring.trends.types import BoolArray, FloatArray, IntArray

LARGEST_LOG: Final = 600.0  # exp of more would overflow; evidence this large is far beyond any threshold


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Rows x dates: what was known of a rise after each date."""

    log_evidence: FloatArray  # D9: ln R, -inf while no onset is older than the date
    support: FloatArray  # D10: the smaller of what the latest occasion, and all but the strongest, say for the leader
    latest: FloatArray  # what the latest occasion said for it
    strongest: FloatArray  # what its strongest occasion said for it
    onset: FloatArray  # of the leading hypothesis, days since the patient's first draw; NaN where there is none
    doubling: FloatArray


class Bank:
    """The running hypotheses; `live` onsets are younger than the window and older than the date."""

    def __init__(self, grid: Grid, rows: int) -> None:
        self.grid = grid
        self.rows = rows
        self.rates = np.array([math.log(2.0) / days for days in grid.doubling_times])
        shape = (grid.slots, len(self.rates), rows)
        self.slot = np.arange(grid.slots, dtype=np.int64)[:, None]
        self.row = np.arange(rows, dtype=np.int64)
        self.newest = np.full(rows, -1, dtype=np.int64)  # number of the youngest onset before the date
        self.grown = np.full(shape, grid.start_share)  # kappa 2^((t - onset)/T)
        self.in_level = np.zeros(shape)  # what the filter took for level, and for excursion
        self.in_excursion = np.zeros(shape)
        self.log_ratio = np.zeros(shape)
        self.now = np.zeros(shape)  # said by the latest occasion
        self.other = np.zeros(shape)  # by the strongest one; where two in a row confirm, by the one before
        self._gap = np.empty(shape)
        self._work = np.empty(shape)
        self.day = np.zeros(rows)
        self.age = np.zeros((grid.slots, rows))
        self.number = np.full((grid.slots, rows), -1, dtype=np.int64)
        self.live = np.zeros((grid.slots, rows), dtype=np.bool_)
        self.looked = np.full(rows, -np.inf)  # day of the latest used draw
        self.occasion = np.full(rows, -np.inf)  # day of the first draw of the latest occasion

    def advance(self, day: FloatArray) -> None:
        """Let time pass: every hypothesis grows, onsets since the last date open."""
        passed = np.minimum(self.rates[:, None] * (day - self.day)[None, :], LARGEST_LOG)  # decades: all onsets expired
        self.grown *= np.exp(passed)
        newest = np.ceil(day / self.grid.onset_step).astype(np.int64) - 1
        behind = np.mod(newest[None, :] - self.slot, self.grid.slots)
        self.number = newest[None, :] - behind
        self.age = day[None, :] - self.number * self.grid.onset_step
        opened = (self.number > self.newest[None, :]) & (self.number >= 0)
        self._open(opened)
        self.live = (self.number >= 0) & (self.age <= self.grid.onset_window)
        self.newest = newest
        self.day = day

    def _open(self, opened: BoolArray) -> None:
        slots, rows = np.nonzero(opened)
        if len(slots) == 0:
            return
        self.grown[slots, :, rows] = self.grid.start_share * np.exp(
            self.rates[None, :] * self.age[slots, rows][:, None]
        )
        for table in (self.in_level, self.in_excursion, self.log_ratio, self.now, self.other):
            table[slots, :, rows] = 0.0

    def look(self, path: FilterPath, column: int) -> None:
        """D8: what the draw of this date says for each hypothesis; a row without one stays as it is."""
        used = path.used[:, column]
        if not bool(np.any(used)):
            return
        same_occasion = used & (self.day - self.occasion < self.grid.occasion_days)
        self.looked = np.where(used, self.day, self.looked)
        self.occasion = np.where(used & ~same_occasion, self.day, self.occasion)
        gap, work = self._gap, self._work
        self.in_excursion *= path.fade[:, column]
        np.add(self.grown, 1.0 - self.grid.start_share, out=gap)
        np.log(gap, out=gap)  # D7
        gap -= self.in_level
        gap -= self.in_excursion
        np.multiply(gap, path.half_precision[:, column], out=work)
        np.subtract(path.pull[:, column], work, out=work)
        work *= gap
        self._remember(work, used, same_occasion)
        self.log_ratio += work
        np.multiply(gap, path.level_gain[:, column], out=work)
        self.in_level += work
        np.multiply(gap, path.excursion_gain[:, column], out=work)
        self.in_excursion += work

    def _remember(self, said: FloatArray, used: BoolArray, same_occasion: BoolArray) -> None:
        """A second draw of one occasion adds to what that occasion said."""
        fresh = used & ~same_occasion
        if self.grid.two_in_a_row:
            np.copyto(self.other, self.now, where=fresh)
        if bool(np.all(fresh)):
            np.copyto(self.now, said)
        else:
            np.copyto(self.now, said, where=fresh)
            self.now += np.where(used & same_occasion, said, 0.0)
        if not self.grid.two_in_a_row:
            np.maximum(self.other, self.now, out=self.other)

    def _support(self, log_ratio: FloatArray, now: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
        """D10: support, and what the strongest occasion said."""
        if self.grid.two_in_a_row:
            return np.minimum(now, other), np.maximum(now, other)
        return np.minimum(now, log_ratio - other), other

    def support_after(self, said: FloatArray, leader: IntArray) -> FloatArray:
        """Of the hypothesis numbered `leader` in each row: its support after one more occasion that says so much."""
        at = (leader, self.row)
        flat = (-1, self.rows)
        more, now = said.reshape(flat)[at], self.now.reshape(flat)[at]
        other = now if self.grid.two_in_a_row else np.maximum(self.other.reshape(flat)[at], more)
        support, _ = self._support(self.log_ratio.reshape(flat)[at] + more, more, other)
        return support

    def counted(self) -> BoolArray:
        """Onsets x rows: the live ones that a draw has looked at. Of a marker that is no longer drawn nothing is known,
        so days that pass must not open rises of it."""
        if self.grid.onsets_nobody_looked_at:
            return self.live
        looked_at: BoolArray = self.live & (self.number * self.grid.onset_step < self.looked[None, :])
        return looked_at

    def sum_up(self, evidence: Evidence, column: int) -> None:
        """D9 and D10, over the onsets that count on this date."""
        live, work = self.counted(), self._work
        np.minimum(self.log_ratio, LARGEST_LOG, out=work)
        np.exp(work, out=work)
        by_onset = np.add.reduce(work, axis=1)
        by_onset *= live
        total = np.add.reduce(by_onset, axis=0)
        best = np.where(live, np.max(self.log_ratio, axis=1), -np.inf)
        at = np.argmax(best, axis=0)
        rate = np.argmax(self.log_ratio[at, :, self.row], axis=1)
        alive = np.any(live, axis=0)
        with np.errstate(divide="ignore"):
            log_total = np.log(total) + math.log(self.grid.onset_step / len(self.rates))
        evidence.log_evidence[:, column] = np.where(alive, log_total, -np.inf)
        leader = (at, rate, self.row)
        now = self.now[leader]
        support, strongest = self._support(self.log_ratio[leader], now, self.other[leader])
        evidence.support[:, column] = np.where(alive, support, np.nan)
        evidence.strongest[:, column] = np.where(alive, strongest, np.nan)
        evidence.latest[:, column] = np.where(alive, now, np.nan)
        evidence.onset[:, column] = np.where(alive, self.number[at, self.row] * self.grid.onset_step, np.nan)
        evidence.doubling[:, column] = np.where(alive, np.array(self.grid.doubling_times)[rate], np.nan)


def run_bank(day: FloatArray, path: FilterPath, grid: Grid) -> Evidence:
    """`day` rows x dates, since the patient's first draw; onsets lie on multiples of the step from there."""
    rows, columns = day.shape
    evidence = Evidence(*(np.full((rows, columns), np.nan) for _ in range(6)))
    bank = Bank(grid, rows)
    for column in range(columns):
        bank.advance(day[:, column])
        bank.look(path, column)
        bank.sum_up(evidence, column)
    return evidence


def bank_after(day: FloatArray, path: FilterPath, grid: Grid) -> Bank:
    """The bank as it stands after the last date."""
    bank = Bank(grid, day.shape[0])
    for column in range(day.shape[1]):
        bank.advance(day[:, column])
        bank.look(path, column)
    return bank


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One hypothesis a row: what each draw says for it (rows x dates), and what the filter holds of it at the end."""

    said: FloatArray
    in_level: FloatArray
    in_excursion: FloatArray


def follow(day: FloatArray, path: FilterPath, onset: FloatArray, doubling: FloatArray, start_share: float) -> Trace:
    """D8 for one hypothesis a row, for the explanation."""
    said = np.zeros(day.shape)
    in_level, in_excursion = np.zeros(day.shape[0]), np.zeros(day.shape[0])
    for column in range(day.shape[1]):
        in_excursion = in_excursion * path.fade[:, column]
        doublings = np.maximum(day[:, column] - onset, 0.0) / doubling
        gap = np.log1p(start_share * np.expm1(doublings * math.log(2.0))) - in_level - in_excursion
        said[:, column] = gap * (path.pull[:, column] - gap * path.half_precision[:, column])
        in_level = in_level + path.level_gain[:, column] * gap
        in_excursion = in_excursion + path.excursion_gain[:, column] * gap
    return Trace(said, in_level, in_excursion)


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """After the last date: onsets x doubling times x rows, a row's largest weight 1; 0 for onsets that do not count."""

    weights: FloatArray
    onsets: FloatArray  # onsets x rows, days since the patient's first draw


def posterior(day: FloatArray, path: FilterPath, grid: Grid) -> Posterior:
    """Flat prior over the hypotheses of `grid`."""
    bank = bank_after(day, path, grid)
    logs: FloatArray = np.where(bank.counted()[:, None, :], bank.log_ratio, -np.inf)
    highest: FloatArray = np.max(logs, axis=(0, 1))
    shift: FloatArray = np.where(np.isfinite(highest), highest, 0.0)
    weights: FloatArray = np.exp(logs - shift)
    onsets = bank.number.astype(np.float64) * grid.onset_step
    return Posterior(weights, onsets)
