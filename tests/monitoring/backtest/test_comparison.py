from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitoring.backtest.cohort import BoolArray, Cohort
from monitoring.backtest.comparison import (
    ENGINE,
    MATCHED,
    Comparison,
    Estimate,
    best_of,
    compare,
    is_enough,
    median_intervals,
    steps_of,
)
from monitoring.backtest.evaluating import PanelReading, Readings
from monitoring.backtest.event_file import EventFile
from monitoring.backtest.figures import binned, by_scope, lead_bins, operating_curve
from monitoring.backtest.outcomes import Outcomes, read_outcomes
from monitoring.backtest.published import Published
from monitoring.backtest.scopes import Scope, scopes_of
from monitoring.backtest.verification import BEFORE, NO_SCAN, verify
from monitoring.trends.classical.statistics import RULES
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, read, read_events, written


def material(tmp_path: Path, draws: dict[str, list[int]], events: list[str]) -> tuple[Cohort, EventFile, Outcomes]:
    lines = [f"{patient},CEA,3,ng/mL,{day}" for patient, days in draws.items() for day in days]
    assembled, _ = read(written(tmp_path / "draws.csv", HEADER, lines))
    file, rejected = read_events(written(tmp_path / "events.csv", EVENT_HEADER, events), assembled)
    assert rejected == []
    return assembled.cohort, file, read_outcomes(assembled.cohort, file.histories, horizon=365)


def reading_of(cohort: Cohort, fired: BoolArray) -> PanelReading:
    """An engine that says ALERT where `fired`, the more strongly the earlier the draw stands in the file."""
    empty = PanelReading.empty(cohort.draws.count, cohort.markers)
    index = np.where(fired, 1000.0 - np.arange(cohort.draws.count), -np.inf)
    return replace(empty, alert=index, watch=np.maximum(index, 0.0), level=np.where(fired, 2, 0).astype(np.int8))


def half_found(tmp_path: Path) -> tuple[Cohort, Outcomes, Readings]:
    """Twenty progress on day 800, each second of them found 100 days before; twenty do not, four alerts among them."""
    names = [f"P{n:02d}" for n in range(40)]
    events = [f"{name},imaging,800,{'progression' if n < 20 else 'none'}" for n, name in enumerate(names)]
    cohort, _, outcomes = material(tmp_path, {name: [0, 350, 700, 800] for name in names}, events)
    fired = np.zeros(cohort.draws.count, dtype=np.bool_)
    fired[np.arange(0, 20, 2) * 4 + 2] = True
    fired[np.array([20, 21, 22, 23]) * 4 + 2] = True
    scopes = (Scope("panel", "panel", ("CEA",)),)
    published = Published.empty(cohort.draws.count, scopes)
    published.statistics["panel", "cusum"][:] = np.where(fired, 10.0, 0.0)
    published.statistics["panel", "peb"][np.arange(20) * 4 + 3] = 4.0  # speaks on the day of the scan alone
    return cohort, outcomes, Readings(scopes, {"panel": reading_of(cohort, fired)}, published)


def compared(tmp_path: Path) -> tuple[Comparison, Outcomes]:
    cohort, outcomes, readings = half_found(tmp_path)
    done: list[int] = []
    comparison = compare(cohort, readings, outcomes, done.append)
    assert done == list(range(1, steps_of(readings) + 1))
    return comparison, outcomes


def test_as_shipped_the_engine_is_judged_by_its_levels_and_a_rule_by_its_published_threshold(tmp_path: Path) -> None:
    comparison, outcomes = compared(tmp_path)
    years = 20 * (800 - 365) / 365.25 + 20 * 800 / 365.25
    assert outcomes.total_years == pytest.approx(years)
    by_rule = {one.rule: one for one in comparison.settings}
    alert = by_rule["alert"]
    assert (alert.false_alerts, alert.true_alerts, alert.leads.tolist()) == (4, 10, [100] * 10)
    assert alert.rate.value == pytest.approx(400 / years)
    assert (alert.found.value, alert.early.value, alert.lead) == (0.5, 0.5, Estimate(100.0, 100.0, 100.0))
    assert alert.found.low < 0.5 < alert.found.high
    assert by_rule["cusum"].false_alerts == 4
    peb = by_rule["peb"]
    assert (peb.found.value, peb.early.value) == (1.0, 0.0)
    assert "log_slope" not in by_rule  # it has no published threshold


def test_where_nothing_happened_the_limits_are_exact(tmp_path: Path) -> None:
    comparison, outcomes = compared(tmp_path)
    peb = next(one for one in comparison.settings if one.rule == "peb")
    assert (peb.rate.value, peb.rate.low) == (0.0, 0.0)
    assert peb.rate.high == pytest.approx(100 * -math.log(0.025) / outcomes.total_years)
    assert (peb.found.value, peb.found.high) == (1.0, 1.0)
    assert peb.found.low == pytest.approx(0.025 ** (1 / 20))
    assert (peb.early.value, peb.early.low) == (0.0, 0.0)
    assert peb.early.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_at_the_matched_rate_a_rule_that_cannot_give_so_many_stands_with_the_most_it_can(tmp_path: Path) -> None:
    comparison, _ = compared(tmp_path)
    by_rule = {one.rule: one for one in comparison.rules}
    assert comparison.rules[0].rule == ENGINE
    engine = by_rule[ENGINE]
    years = 20 * (800 - 365) / 365.25 + 20 * 800 / 365.25
    assert engine.matched_rate == MATCHED
    assert engine.found_at[1.0].value == engine.found_at[5.0].value == engine.matched.value == 0.5
    assert by_rule["peb"].matched_rate == 0
    assert by_rule["peb"].matched.value == 1.0
    assert math.isnan(by_rule["peb"].found_at[5.0].value)
    assert by_rule["cusum"].matched_rate == MATCHED
    # Its one step up goes from nothing to half of them at 4 in `years`, which is less than 5 in a hundred.
    assert 400 / years > MATCHED
    assert by_rule["cusum"].matched.value == pytest.approx(0.5 * MATCHED / (400 / years))


def test_the_engine_is_ahead_by_the_difference_and_its_interval_is_paired(tmp_path: Path) -> None:
    comparison, _ = compared(tmp_path)
    cusum = next(one for one in comparison.rules if one.rule == "cusum")
    assert cusum.behind is not None
    assert cusum.behind.value == pytest.approx(comparison.rules[0].matched.value - cusum.matched.value)
    assert comparison.rules[0].behind is None
    silent = next(one for one in comparison.rules if one.rule == "ewma")
    assert silent.behind is not None
    assert silent.behind.low > 0.2


def test_the_best_rule_is_one_that_speaks(tmp_path: Path) -> None:
    comparison, _ = compared(tmp_path)
    best = comparison.best_rule
    assert best is not None
    assert (best.rule, best.matched.value) == ("peb", 1.0)  # which here gives no false alert at all
    assert best_of([one for one in comparison.rules if one.rule == ENGINE]) is None


def test_what_may_not_carry_an_alert_is_judged_by_its_watch_index(tmp_path: Path) -> None:
    cohort, outcomes, readings = half_found(tmp_path)
    silent = replace(readings.engine["panel"], alert=np.full(cohort.draws.count, -np.inf))
    comparison = compare(cohort, replace(readings, engine={"panel": silent}), outcomes, lambda _done: None)
    assert comparison.rules[0].by_watch
    assert comparison.rules[0].matched.value > 0
    assert not any(one.by_watch for one in comparison.rules[1:])


def test_with_few_progressions_no_rule_is_moved(tmp_path: Path) -> None:
    draws = {f"P{n}": [0, 4000, 8000] for n in range(9)}
    events = [f"P{n},imaging,8000,progression" for n in range(9)]
    cohort, _, outcomes = material(tmp_path, draws, events)
    scopes = scopes_of(("CEA",))
    fired = np.zeros(cohort.draws.count, dtype=np.bool_)
    readings = Readings(scopes, {"panel": reading_of(cohort, fired)}, Published.empty(cohort.draws.count, scopes))
    assert not is_enough(outcomes)
    comparison = compare(cohort, readings, outcomes, lambda _done: None)
    assert (comparison.rules, comparison.scopes, comparison.best_rule) == ((), (), None)
    assert len(comparison.settings) == 2 + sum(rule.published_threshold is not None for rule in RULES.values())


def test_patients_stand_in_the_stratum_of_their_own_median_interval(tmp_path: Path) -> None:
    draws = {"A": [0, 21, 42, 200], "B": [0, 60, 130], "C": [0, 0, 300], "D": [5]}
    cohort, _, outcomes = material(tmp_path, draws, [])
    usual = median_intervals(cohort)
    assert usual[:3].tolist() == [21.0, 65.0, 300.0]
    assert math.isnan(usual[3])
    scopes = scopes_of(("CEA",))
    fired = np.ones(cohort.draws.count, dtype=np.bool_)
    readings = Readings(scopes, {"panel": reading_of(cohort, fired)}, None)
    strata = compare(cohort, readings, outcomes, lambda _done: None).strata
    assert [(one.low, one.high, one.patients) for one in strata] == [(0, 28, 1), (45, 75, 1), (110, math.inf, 1)]
    assert [one.settings[0].false_alerts for one in strata] == [2, 1, 2]
    assert strata[1].years == pytest.approx(130 / 365.25)


def test_a_false_alert_is_told_by_what_the_next_scan_showed(tmp_path: Path) -> None:
    draws = {name: [0, 100] for name in "ABCDEF"} | {"F": [0, 100, 900]}
    events = [
        "A,imaging,190,none",
        "A,imaging,100,equivocal",
        "B,imaging,191,none",
        "C,imaging,99,none",
        "E,imaging,-1,progression",
        "F,imaging,900,progression",
        "F,imaging,150,none",
    ]
    cohort, file, outcomes = material(tmp_path, draws, events)
    alerts = cohort.draws.date == 100
    found = verify(cohort, file.histories, outcomes, alerts)
    assert (found.progressed, found.from_start, found.negative_only, found.without_scan, found.scans) == (1, 1, 3, 1, 7)
    assert found.after_alerts == {"equivocal": 1, NO_SCAN: 3, "none": 1}
    sooner = verify(cohort, {5: file.histories[5]}, replace(outcomes), cohort.draws.date == 0)
    assert sooner.after_alerts[BEFORE] == 1


def test_leads_are_put_into_bins_that_cover_the_horizon_once() -> None:
    assert [name for *_, name in lead_bins(365)][-2:] == ["150–179", "180–365"]
    assert [name for *_, name in lead_bins(100)] == ["0–29", "30–59", "60–89", "90–100"]
    assert [name for *_, name in lead_bins(30)] == ["0–29", "30"]
    for horizon in (1, 30, 100, 180, 365):
        assert sum(binned(np.arange(horizon + 1), horizon)) == horizon + 1


def test_figures_hold_plain_numbers_only(tmp_path: Path) -> None:
    comparison, _ = compared(tmp_path)
    figure = operating_curve(comparison.rules, comparison.settings)
    names = [trace.get("name") for trace in figure["data"]]
    assert names.count("other published rules") == len(RULES) - 3
    assert "nan" not in str(figure).casefold()
    scopes = [(one.scope, comparison.rules) for one in comparison.rules[:1]]
    assert by_scope(scopes)["data"][1]["x"] == [round(100 * comparison.rules[0].matched.value, 3)]
