"""What must hold for every series, not for chosen ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.types import MarkerFinding, Series
from tests.monitoring.trends.builders import CEA, PANEL, read, series

Value = TypeVar("Value")
FEW = settings(max_examples=60, deadline=None, derandomize=True)
MARKERS = ("CEA", "CYFRA211", "ALP", "ALB")
TYPICAL = {"CEA": 2.2, "CYFRA211": 1.7, "ALP": 78.0, "ALB": 42.0}


@st.composite
def any_series(draw: st.DrawFn, patient: int = 1, marker: str | None = None, longest: int = 9) -> Series:
    code = marker or draw(st.sampled_from(MARKERS))
    count = draw(st.integers(0, longest))

    def column(of: st.SearchStrategy[Value]) -> list[Value]:
        return draw(st.lists(of, min_size=count, max_size=count))

    factors = column(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-1.5, 2.0).map(math.exp)))
    gaps = column(st.one_of(st.just(0.0), st.floats(0.1, 120.0)))
    return series(
        [TYPICAL[code] * factor for factor in factors],
        marker=code,
        patient=patient,
        days=np.cumsum(np.array([20_000.0, *gaps]))[1:].tolist(),
        censoring=column(st.sampled_from([0, 0, 0, 0, -1, 1])),
        segments=np.cumsum(np.array([0, *column(st.sampled_from([0, 0, 0, 0, 0, 1]))]))[1:].tolist(),
        exclusions=column(st.sampled_from(["", "", "", "", "haemolysed"])),
    )


def cut(one: Series, draws: int) -> Series:
    return Series(
        patient=one.patient,
        marker=one.marker,
        days=one.days[:draws],
        values=one.values[:draws],
        censoring=one.censoring[:draws],
        segments=one.segments[:draws],
        exclusions=one.exclusions[:draws],
        draw_ids=one.draw_ids[:draws],
    )


@FEW
@given(any_series())
def test_a_later_draw_changes_no_earlier_reading_and_no_earlier_level(one: Series) -> None:
    whole = read(one)
    (history,) = level_history([one], PANEL)
    for draws in range(len(one.days)):
        earlier = cut(one, draws)
        assert read(earlier).readings == whole.readings[:draws]
        (earlier_history,) = level_history([earlier], PANEL)
        assert earlier_history.draws == history.draws[:draws]


@FEW
@given(st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True).flatmap(
    lambda patients: st.tuples(*(any_series(patient=patient) for patient in patients))
))  # fmt: skip
def test_a_series_reads_the_same_alone_in_any_batch_and_in_any_order(batch: tuple[Series, ...]) -> None:
    together = evaluate(batch, PANEL)

    assert evaluate(batch[::-1], PANEL) == together
    assert tuple(evaluate([one], PANEL)[0] for one in sorted(batch, key=lambda one: one.patient)) == together


def test_the_history_ends_at_the_level_of_the_finding() -> None:
    rng = np.random.default_rng(6)
    batch = [
        series((TYPICAL[marker] * np.exp(rng.normal(0.0, 0.5, size=7))).tolist(), marker=marker, patient=patient)
        for patient in range(40)
        for marker in MARKERS
    ]

    histories, findings = level_history(batch, PANEL), evaluate(batch, PANEL)

    assert {finding.level for finding in findings} == {"none", "watch", "alert"}
    for history, finding in zip(histories, findings, strict=True):
        assert (history.patient, history.draws[-1].level) == (finding.patient, finding.level)
        assert history.draws[-1].pattern == finding.pattern


def test_a_chunk_boundary_changes_no_number() -> None:
    rng = np.random.default_rng(5)
    batch = [
        series(np.exp(rng.normal(0.8, 0.3, size=1 + patient % 17)).tolist(), patient=patient)
        for patient in range(2_100)
    ]

    together = evaluate(batch, PANEL)

    for patient in (0, 1_023, 1_024, 1_040, 2_099):
        assert evaluate([batch[patient]], PANEL)[0] == together[patient]


@FEW
@given(any_series(marker="CEA"), st.floats(-7.0, 7.0).map(math.exp))
def test_another_unit_leaves_the_evidence_as_it_is(one: Series, factor: float) -> None:
    assert CEA.set_point_log_mean is not None
    scaled = replace_values(one, one.values * factor)
    moved = {"CEA": replace(CEA, set_point_log_mean=CEA.set_point_log_mean + math.log(factor))}

    here, there = read(one), evaluate([scaled], moved)[0].markers[0]

    for before, after in zip(here.readings, there.readings, strict=True):
        assert (before.z is None) == (after.z is None)
        if before.z is not None and after.z is not None:
            assert math.isclose(before.z, after.z, rel_tol=1e-7, abs_tol=1e-7)
        if before.support_limit is None or not math.isclose(before.value, before.support_limit, rel_tol=1e-9):
            assert before.stance == after.stance or near_a_tie(before.value, before.expected)
    assert here.state == there.state
    if [reading.stance for reading in here.readings] == [reading.stance for reading in there.readings]:
        assert_same_slope(here, there)


def assert_same_slope(here: MarkerFinding, there: MarkerFinding) -> None:
    assert (here.slope is None) == (there.slope is None)
    if here.slope is not None and there.slope is not None:
        assert (here.slope.method, here.slope.draws) == (there.slope.method, there.slope.draws)
        for name in ("per_day", "low", "high"):
            before, after = getattr(here.slope, name), getattr(there.slope, name)
            assert math.isclose(before, after, rel_tol=1e-6, abs_tol=1e-9), name


@FEW
@given(any_series(marker="CEA"))
def test_a_doubling_time_is_given_for_a_sustained_rise_only_and_within_its_limits(one: Series) -> None:
    finding = read(one)

    assert (finding.doubling_time is None) == (finding.doubling_time_reason != "")
    if finding.slope is not None:
        assert (finding.slope.method == "rise") == (finding.state == "sustained_rise")
    if finding.doubling_time is not None:
        assert finding.slope is not None
        assert finding.slope.method == "rise"
        assert finding.slope.draws >= 3
        assert finding.slope.span_days >= 28.0
        assert 0 < finding.doubling_time.low < finding.doubling_time.days < finding.doubling_time.high
        assert finding.doubling_time.high / finding.doubling_time.low <= 8.0 * (1 + 1e-12)


def near_a_tie(value: float, expected: float | None) -> bool:
    return expected is not None and math.isclose(value, expected, rel_tol=1e-9)


def replace_values(one: Series, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Series:
    return Series(
        patient=one.patient,
        marker=one.marker,
        days=one.days,
        values=values,
        censoring=one.censoring,
        segments=one.segments,
        exclusions=one.exclusions,
        draw_ids=one.draw_ids,
    )


@FEW
@given(any_series(marker="CEA"))
def test_a_sustained_rise_rests_on_two_supporting_draws_that_are_the_latest_used(one: Series) -> None:
    finding = read(one)
    used = [reading for reading in finding.readings if reading.stance != "not_used"]

    if finding.state == "sustained_rise":
        assert len(finding.supporting_draw_ids) >= 2
        run = used[-len(finding.supporting_draw_ids) :]
        assert tuple(reading.draw_id for reading in run) == finding.supporting_draw_ids
        assert all(reading.stance == "supports" and reading.censoring >= 0 for reading in run)
        assert run[-1].day - run[0].day >= 0.5
        for reading in run:
            assert reading.rise_vs_baseline_percent is not None
            assert reading.rcv_percent is not None
            assert reading.band_high is not None
            assert reading.rise_vs_baseline_percent > reading.rcv_percent - 1e-9
            assert reading.value > reading.band_high


@FEW
@given(any_series(marker="CEA", longest=7))
def test_a_further_result_below_the_limit_never_raises_the_state(one: Series) -> None:
    rank = {"no_verdict": 0, "not_enough_data": 0, "calm": 0, "single_rise": 1, "sustained_rise": 2}
    more = series(
        [*one.values.tolist(), 3.0],
        days=[*one.days.tolist(), 25_000.0],
        censoring=[*one.censoring.tolist(), -1],
        segments=[*one.segments.tolist(), int(one.segments[-1]) if len(one.segments) else 0],
        exclusions=[*one.exclusions, ""],
    )

    assert rank[read(more).state] <= rank[read(one).state]
