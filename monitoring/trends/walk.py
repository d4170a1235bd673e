"""The walk over the draws: each draw is read against the level known before it (docs/clinical-rules.md, E5 to E10).

One loop over the draw index; inside it everything is elementwise over the series, so a series reads the same alone,
in any batch and in any order, and no draw can reach an earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.trends.baseline import Level, Person, predictive_sd, restarted, unknown_level, with_draw
from monitoring.trends.batch import NO_SEGMENT, Batch, BoolArray
from monitoring.trends.types import FloatArray, IntArray
from monitoring.trends.variation import TWO_RESULTS

# Draws closer than this are one occasion: a sample measured twice does not confirm itself.
SAME_OCCASION_DAYS: Final = 0.5

AGAINST, NEUTRAL, SUPPORTS, NOT_USED = -1, 0, 1, 2
NOT_ENOUGH, CALM, SINGLE, SUSTAINED = 0, 1, 2, 3
FROM_SERIES, FROM_SEGMENT, FROM_FALL = 0, 1, 2
USED, MUTE_BELOW, MUTE_ABOVE, FIRST = 0, 1, 2, 3

SmallArray = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What every draw met, series x draws, and what the latest used draw was read against, one entry a series."""

    expected: FloatArray  # NaN where nothing was known yet
    spread: FloatArray
    limit: FloatArray
    baseline_draws: IntArray
    stance: SmallArray
    remark: SmallArray
    state: SmallArray  # after the draw
    run_start: IntArray  # column of the first supporting draw of the run, after the draw; -1 without a run
    segment_start: IntArray
    baseline: Level
    baseline_start: SmallArray
    last_used: IntArray


@dataclass(slots=True, eq=False)
class _Now:
    """The running state of every series."""

    segment: IntArray
    segment_start: IntArray
    settled: Level  # before the current run: what draws are read against
    tentative: Level  # with the run's unconfirmed draws: what it becomes if the run turns out to be a single spike
    start: SmallArray
    run: IntArray
    run_start: IntArray
    run_day: FloatArray
    confirmed: BoolArray
    falls: IntArray
    fall_day: FloatArray
    fall_column: IntArray
    fall_log: FloatArray
    used: IntArray  # used draws in the segment
    last_used: IntArray
    judged: Level
    judged_start: SmallArray


@dataclass(frozen=True, slots=True, eq=False)
class _Judgement:
    has_level: BoolArray
    spread: FloatArray
    limit: FloatArray
    lower: FloatArray
    used: BoolArray
    supports: BoolArray
    falls: BoolArray
    mute_below: BoolArray
    mute_above: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _Record:
    """The matrices a walk fills, column by column."""

    expected: FloatArray
    spread: FloatArray
    limit: FloatArray
    baseline_draws: IntArray
    stance: SmallArray
    remark: SmallArray
    state: SmallArray
    run_start: IntArray

    @classmethod
    def empty(cls, rows: int, columns: int) -> _Record:
        shape = (rows, columns)
        return cls(
            expected=np.full(shape, np.nan),
            spread=np.full(shape, np.nan),
            limit=np.full(shape, np.nan),
            baseline_draws=np.zeros(shape, dtype=np.int64),
            stance=np.zeros(shape, dtype=np.int8),
            remark=np.zeros(shape, dtype=np.int8),
            state=np.zeros(shape, dtype=np.int8),
            run_start=np.zeros(shape, dtype=np.int64),
        )

    def write_reading(self, now: _Now, batch: Batch, seen: _Judgement, column: int) -> None:
        known = seen.has_level
        self.expected[:, column] = np.where(known, now.settled.mean, np.nan)
        self.spread[:, column] = np.where(known, seen.spread, np.nan)
        self.limit[:, column] = np.where(known, seen.limit, np.nan)
        self.baseline_draws[:, column] = np.where(known, now.settled.draws, 0)
        self.stance[:, column] = _stance(now, batch, seen, column)
        self.remark[:, column] = _remark(seen, now)

    def write_state(self, now: _Now, column: int) -> None:
        self.state[:, column] = _state(now)
        self.run_start[:, column] = np.where(now.run > 0, now.run_start, -1)


def walk(batch: Batch) -> Walk:
    rows, columns = batch.rows, batch.columns
    person = Person(sigma=batch.sigma, prior_mean=batch.prior_mean, prior_sd=batch.prior_sd)
    now = _at_start(rows, columns)
    record = _Record.empty(rows, columns)
    for column in range(columns):
        _open_segment(now, batch, column)
        seen = _judge(now, batch, person, column)
        record.write_reading(now, batch, seen, column)
        _keep_what_was_judged(now, seen, column)
        _follow_runs(now, batch, seen, column)
        _settle(now, batch, person, seen, column)
        record.write_state(now, column)
    return Walk(
        expected=record.expected,
        spread=record.spread,
        limit=record.limit,
        baseline_draws=record.baseline_draws,
        stance=record.stance,
        remark=record.remark,
        state=record.state,
        run_start=record.run_start,
        segment_start=now.segment_start,
        baseline=now.judged,
        baseline_start=now.judged_start,
        last_used=now.last_used,
    )


def _at_start(rows: int, columns: int) -> _Now:
    def whole(number: int) -> IntArray:
        return np.full(rows, number, dtype=np.int64)

    nothing = unknown_level(rows=rows, columns=columns)
    return _Now(
        segment=whole(int(NO_SEGMENT)),
        segment_start=whole(-1),
        settled=nothing,
        tentative=nothing,
        start=np.zeros(rows, dtype=np.int8),
        run=whole(0),
        run_start=whole(-1),
        run_day=np.zeros(rows),
        confirmed=np.zeros(rows, dtype=np.bool_),
        falls=whole(0),
        fall_day=np.zeros(rows),
        fall_column=whole(-1),
        fall_log=np.zeros(rows),
        used=whole(0),
        last_used=whole(-1),
        judged=nothing,
        judged_start=np.zeros(rows, dtype=np.int8),
    )


def _open_segment(now: _Now, batch: Batch, column: int) -> None:
    """E9: another assay or laboratory: what was known of the level is not carried over."""
    segment = batch.segments[:, column]
    opens = batch.measurable[:, column] & (segment != now.segment)
    earlier = now.segment != NO_SEGMENT
    nothing = unknown_level(rows=batch.rows, columns=batch.columns)
    now.settled = now.settled.where(opens, nothing)
    now.tentative = now.tentative.where(opens, nothing)
    now.start = np.where(opens, np.where(earlier, FROM_SEGMENT, FROM_SERIES), now.start).astype(np.int8)
    now.segment_start = np.where(opens, column, now.segment_start)
    now.segment = np.where(opens, segment, now.segment)
    for name in ("run", "falls", "used"):
        setattr(now, name, np.where(opens, 0, getattr(now, name)))
    now.last_used = np.where(opens, -1, now.last_used)
    now.confirmed = now.confirmed & ~opens


def _judge(now: _Now, batch: Batch, person: Person, column: int) -> _Judgement:
    """E5 and E8: is this draw beyond the expected band, and is its change beyond the reference change?"""
    log, censoring = batch.logs[:, column], batch.censoring[:, column]
    known = (now.settled.draws > 0) & (batch.segments[:, column] == now.segment)
    measured = batch.measurable[:, column] & batch.verdict
    spread = predictive_sd(now.settled, person)
    change = batch.z * TWO_RESULTS * person.sigma
    reach = np.maximum(batch.z * spread, change)
    limit = np.maximum(now.settled.mean + reach, _censored_floor(now, batch) + change)
    lower = now.settled.mean - reach
    # A "<" above the limit, or a ">" below it, could be anything: it neither confirms a rise nor ends one. A ">" that
    # supports nothing has no value to form a baseline from either.
    mute_below = measured & known & (censoring < 0) & (log > limit)
    mute_above = measured & (censoring > 0) & ~(known & (log > limit))
    used = measured & ~mute_below & ~mute_above
    return _Judgement(
        has_level=known & batch.verdict,
        spread=spread,
        limit=limit,
        lower=lower,
        used=used,
        supports=used & known & (log > limit),
        falls=used & known & (log < lower),
        mute_below=mute_below,
        mute_above=mute_above,
    )


def _censored_floor(now: _Now, batch: Batch) -> FloatArray:
    """E7: where the baseline rests on "<" results alone, the level may lie just below the limit: a rise is counted
    from there."""
    members = now.settled.members
    quantified = np.any(members & (batch.censoring == 0), axis=1)
    limits = np.where(members & (batch.censoring < 0), batch.logs, -np.inf)
    return np.where(quantified, -np.inf, np.max(limits, axis=1, initial=-np.inf))


def _stance(now: _Now, batch: Batch, seen: _Judgement, column: int) -> SmallArray:
    against = seen.has_level & (batch.logs[:, column] <= now.settled.mean)
    spoken = np.where(seen.supports, SUPPORTS, np.where(against, AGAINST, NEUTRAL))
    return np.where(seen.used, spoken, NOT_USED).astype(np.int8)


def _remark(seen: _Judgement, now: _Now) -> SmallArray:
    first = seen.used & (now.settled.draws == 0)
    mute = np.where(seen.mute_below, MUTE_BELOW, np.where(seen.mute_above, MUTE_ABOVE, USED))
    return np.where(first, FIRST, mute).astype(np.int8)


def _keep_what_was_judged(now: _Now, seen: _Judgement, column: int) -> None:
    now.judged = now.judged.where(seen.used, now.settled)
    now.judged_start = np.where(seen.used, now.start, now.judged_start)
    now.last_used = np.where(seen.used, column, now.last_used)
    now.used = now.used + seen.used


def _follow_runs(now: _Now, batch: Batch, seen: _Judgement, column: int) -> None:
    """Count consecutive used draws beyond the limit (a run) and beyond the opposite limit (a fall)."""
    day = batch.days[:, column]
    begins = seen.supports & (now.run == 0)
    now.run_start = np.where(begins, column, now.run_start)
    now.run_day = np.where(begins, day, now.run_day)
    apart = day - now.run_day >= SAME_OCCASION_DAYS
    now.run = np.where(seen.supports, now.run + 1, now.run)
    now.confirmed = now.confirmed | (seen.supports & apart)  # the first draw of a run is not apart from itself
    drops = seen.falls & (now.falls == 0)
    now.fall_day = np.where(drops, day, now.fall_day)
    now.falls = np.where(seen.used, np.where(seen.falls, now.falls + 1, 0), now.falls)


def _settle(now: _Now, batch: Batch, person: Person, seen: _Judgement, column: int) -> None:
    """Move the baseline: never during a run; after it only the draws of a run that was not confirmed count."""
    log, below = batch.logs[:, column], batch.censoring[:, column] < 0
    quiet = seen.used & ~seen.supports
    base = now.settled.where(quiet & (now.run > 0) & ~now.confirmed, now.tentative)
    settled = with_draw(base, person, log=log, below_limit=below, usable=quiet, column=column)
    fallen = seen.falls & (now.falls >= 2) & (batch.days[:, column] - now.fall_day >= SAME_OCCASION_DAYS)
    lower = restarted(
        person,
        earlier=now.fall_log,
        latest=log,
        earlier_column=now.fall_column,
        column=column,
        columns=batch.columns,
    )
    now.settled = settled.where(fallen, lower)
    now.start = np.where(fallen, FROM_FALL, now.start).astype(np.int8)
    open_level = now.tentative.where(quiet, now.settled)
    now.tentative = with_draw(open_level, person, log=log, below_limit=below, usable=seen.supports, column=column)
    now.run = np.where(quiet, 0, now.run)
    now.confirmed = now.confirmed & ~quiet
    now.falls = np.where(fallen, 0, now.falls)
    now.fall_log = np.where(seen.falls, log, now.fall_log)
    now.fall_column = np.where(seen.falls, column, now.fall_column)


def _state(now: _Now) -> SmallArray:
    enough = np.where(now.confirmed, SUSTAINED, np.where(now.run > 0, SINGLE, CALM))
    return np.where(now.used >= 2, enough, NOT_ENOUGH).astype(np.int8)
