from __future__ import annotations

import csv
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from monitoring.trends.classical.panel import Panel
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import FloatArray
from tests.monitoring.trends.classical.builders import MU, SIGMA, TAU, panel, side_by_side

STORED = Path(__file__).parent / "reference" / "rules.csv"
IN_R = tuple(name for name in RULES if name != "bocpd")
FEW = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def any_panel(draw: st.DrawFn, *, known: bool = True) -> Panel:
    """One row of up to twelve draws, some missing, some below a limit, some after a re-base."""
    count = draw(st.integers(1, 12))

    def column(of: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(of, min_size=count, max_size=count))

    values = column(st.sampled_from([0.5, 1.0, 1.9, 2.2, 2.4, 3.0, 5.0, 12.0]))
    days = np.cumsum(column(st.sampled_from([0.0, 3.0, 21.0, 42.0, 91.0]))).tolist()

    def places(share: int) -> list[int]:
        return [place for place, number in enumerate(column(st.integers(1, share))) if number == 1]

    below, unusable, rebase = places(5), places(6), places(8)
    set_point = (MU, TAU) if known else None
    return panel(values, days=days, below=below, unusable=unusable, rebase=rebase, set_point=set_point)


def _values(name: str, one: Panel) -> FloatArray:
    return RULES[name].statistic(one)


@pytest.mark.parametrize("name", IN_R)
def test_every_rule_agrees_with_its_restatement_in_r(name: str) -> None:
    rows = defaultdict(list)
    with STORED.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            rows[row["case"]].append(row)

    defined = 0
    for of_case in rows.values():
        days = [float(row["day"]) for row in of_case]
        breaks = [at for at in range(1, len(days)) if of_case[at]["segment"] != of_case[at - 1]["segment"]]
        one = panel([float(row["value"]) for row in of_case], days=days, rebase=breaks)
        stored = [float(row[name]) if row[name] else -math.inf for row in of_case]
        assert _values(name, one)[0].tolist() == pytest.approx(stored, rel=1e-8, abs=1e-9)
        defined += sum(math.isfinite(number) for number in stored)
    assert len(rows) == 10
    assert defined >= 90


def test_the_published_example_of_peb_comes_out() -> None:
    # zpeb of the R package PEB: x = 1.0, 1.2, 0.9, 2.5 with mu 0, sigma^2 1, tau^2 0.5.
    one = panel(np.exp([1.0, 1.2, 0.9, 2.5]).tolist(), sigma=1.0, set_point=(0.0, math.sqrt(0.5)))
    expected = [0.816496580928, 0.750555349947, 0.31304951685, 1.71619734685]

    assert _values("peb", one)[0].tolist() == pytest.approx(expected, rel=1e-10)


def test_peb_without_a_set_point_is_the_limit_of_a_population_without_bounds() -> None:
    values = [2.0, 2.6, 2.1, 4.0]
    flat = _values("peb", panel(values, set_point=None))[0]
    wide = _values("peb", panel(values, set_point=(0.0, 1e5)))[0]

    assert np.isneginf(flat[0])
    assert flat[1:].tolist() == pytest.approx(wide[1:].tolist(), rel=1e-6)
    assert float(flat[1]) == pytest.approx(math.log(1.3) / (SIGMA * math.sqrt(2.0)), rel=1e-12)


@pytest.mark.parametrize(("name", "share"), [("peb", 0.05), ("rcv_previous", 0.05), ("prri", 0.025)])
def test_in_a_steady_state_a_rule_of_one_draw_errs_as_often_as_its_limit_says(name: str, share: float) -> None:
    rng = np.random.default_rng(8)
    rows, draws = 4000, 10
    logs = rng.normal(MU, TAU, size=(rows, 1)) + rng.normal(0.0, SIGMA, size=(rows, draws))
    steady = side_by_side([panel([1.0] * draws)] * rows)
    statistic = _values(name, replace(steady, logs=logs))

    limit = RULES[name].published_threshold
    assert limit is not None
    assert float(norm.sf(limit)) == pytest.approx(share, rel=1e-3)
    spoken = RULES[name].met(statistic)[np.isfinite(statistic)]
    assert float(spoken.mean()) == pytest.approx(share, abs=5.0 * math.sqrt(share / spoken.size))


def test_over_a_whole_series_the_rule_of_the_first_result_errs_in_five_percent_of_people() -> None:
    rng = np.random.default_rng(9)
    rows, draws = 6000, 6
    logs = rng.normal(0.0, SIGMA, size=(rows, draws))
    statistic = _values("rcv_first", replace(side_by_side([panel([1.0] * draws)] * rows), logs=logs))

    # c_n grows with n; judged by the last factor alone the share is the stated one.
    last = np.max(logs[:, 1:], axis=1) - logs[:, 0] > (logs[:, -1] - logs[:, 0]) / statistic[:, -1]
    assert float(last.mean()) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("name", RULES)
@given(one=any_panel(), other=any_panel(known=False), padding=st.integers(0, 5))
@FEW
def test_a_row_does_not_depend_on_its_neighbours_or_its_padding(
    name: str, one: Panel, other: Panel, padding: int
) -> None:
    alone = _values(name, one)[0]
    beside = _values(name, side_by_side([other, one, other, one, one], padding=padding))

    for row in (1, 3, 4):
        assert beside[row, : one.columns].tobytes() == alone.tobytes()
        assert np.isneginf(beside[row, one.columns :]).all()


@pytest.mark.parametrize("name", RULES)
@given(one=any_panel(), known=st.integers(1, 12))
@FEW
def test_a_later_draw_never_changes_an_earlier_statistic(name: str, one: Panel, known: int) -> None:
    until = slice(0, known)
    matrices = {part: getattr(one, part)[:, until] for part in ("days", "logs", "censored", "usable", "rebase")}

    assert _values(name, replace(one, **matrices)).tobytes() == _values(name, one)[:, until].copy().tobytes()


@pytest.mark.parametrize("name", RULES)
@given(one=any_panel())
@FEW
def test_a_draw_that_is_missing_or_below_a_limit_says_nothing_and_no_statistic_is_nan(name: str, one: Panel) -> None:
    statistic = _values(name, one)

    assert np.isneginf(statistic[~one.usable | one.censored]).all()
    assert (statistic < math.inf).all()


@pytest.mark.parametrize("name", sorted(set(RULES) - {"ols_slope", "fixed_threshold", "bocpd"}))
@given(one=any_panel(known=False), factor=st.sampled_from([0.001, 0.5, 1000.0]))
@FEW
def test_in_another_unit_a_rule_of_the_persons_own_draws_says_the_same(name: str, one: Panel, factor: float) -> None:
    other = replace(one, logs=np.log(np.exp(one.logs) * factor))

    assert _values(name, other) == pytest.approx(_values(name, one), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["fixed_threshold", "rcv_previous", "rcv_first", "prri", "peb", "log_slope", "cusum"])
def test_without_the_within_person_sd_the_rules_that_need_it_are_silent(name: str) -> None:
    assert np.isneginf(_values(name, panel([2.0, 2.1, 2.2, 9.0], sigma=math.nan))).all()


@pytest.mark.parametrize("name", [rule.name for rule in RULES.values() if rule.confirmed])
def test_a_single_spike_never_meets_a_confirmed_rule(name: str) -> None:
    statistic = _values(name, panel([2.0, 2.1, 1.9, 2.0, 40.0, 2.0, 2.1]))

    assert not RULES[name].met(statistic).any()


@pytest.mark.parametrize("name", [rule.name for rule in RULES.values() if rule.confirmed])
def test_a_rise_that_a_second_draw_shows_meets_every_confirmed_rule_at_that_draw(name: str) -> None:
    statistic = _values(name, panel([2.0, 2.1, 1.9, 2.0, 5.0, 9.0]))

    assert RULES[name].met(statistic)[0].tolist() == [False, False, False, False, False, True]


@pytest.mark.parametrize("name", [rule.name for rule in RULES.values() if rule.confirmed])
def test_a_result_below_a_limit_between_two_high_ones_breaks_the_confirmation(name: str) -> None:
    statistic = _values(name, panel([2.0, 2.1, 1.9, 2.0, 9.0, 1.5, 9.0], below=[5]))

    assert np.isneginf(statistic[0, 5:]).all()


def test_a_second_occasion_of_the_nadir_rule_is_a_week_later() -> None:
    values, near = [2.0, 2.0, 5.0, 5.5, 5.2], [0.0, 42.0, 84.0, 90.0, 91.0]
    met = RULES["nadir_confirmed"].met(_values("nadir_confirmed", panel(values, days=near)))

    assert met[0].tolist() == [False, False, False, False, True]


def test_at_least_thirty_percent_and_at_least_doubled_include_the_limit_itself() -> None:
    egtm = RULES["egtm_confirmed"]
    third = math.exp((math.log(10.0) + math.log(13.0)) / 2.0) * 1.3
    assert egtm.met(egtm.statistic(panel([10.0, 13.0, third])))[0].tolist() == [False, False, True]
    assert egtm.met(egtm.statistic(panel([10.0, 13.0, third * 0.999])))[0].tolist() == [False, False, False]
    nadir = RULES["nadir_confirmed"]
    assert nadir.met(nadir.statistic(panel([0.7, 1.4, 1.4])))[0].tolist() == [False, False, True]
    assert not nadir.met(nadir.statistic(panel([0.7, 1.4, 1.39]))).any()


def test_a_rule_of_an_sd_must_be_exceeded_and_not_only_reached() -> None:
    assert RULES["peb"].met(np.array([1.645, 1.6451, -math.inf])).tolist() == [False, True, False]


def test_a_rule_without_a_published_threshold_is_met_only_at_one_that_is_given() -> None:
    slope = RULES["log_slope"]

    assert slope.met(np.array([1.0, 3.0]), 2.0).tolist() == [False, True]
    with pytest.raises(ValueError, match="log_slope has no published threshold"):
        slope.met(np.array([1.0]))


def test_every_rule_is_under_its_name_and_cites_a_source() -> None:
    assert list(RULES) == [rule.name for rule in RULES.values()]
    assert len(RULES) == 14
    assert all(
        any(mark in rule.citation for mark in ("doi:", "Clin Chem", "Biochem", "arXiv:")) for rule in RULES.values()
    )
