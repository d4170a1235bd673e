from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from monitoring.backtest.cohort import Cohort
from monitoring.backtest.curves import Resampling, at_rate, interval, sweep
from monitoring.backtest.outcomes import Outcomes, read_outcomes
from monitoring.backtest.scoring import REFRACTORY_DAYS, counted_alerts, score, score_setting
from monitoring.trends.types import FloatArray
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, read, read_events, written


def cohort_of(
    tmp_path: Path, draws: dict[str, list[int]], scans: dict[str, list[tuple[int, str]]], *, horizon: int = 365
) -> tuple[Cohort, Outcomes]:
    lines = [f"{patient},CEA,3,ng/mL,{day}" for patient, days in draws.items() for day in days]
    events = [f"{patient},imaging,{day},{finding}" for patient, found in scans.items() for day, finding in found]
    assembled, _ = read(written(tmp_path / "draws.csv", HEADER, lines))
    file, _ = read_events(written(tmp_path / "events.csv", EVENT_HEADER, events), assembled)
    return assembled.cohort, read_outcomes(assembled.cohort, file.histories, horizon=horizon)


def test_the_horizon_divides_true_from_false_and_nothing_counts_after_the_scan(tmp_path: Path) -> None:
    draws = {"A": [0, 99, 100, 465, 466], "B": [0, 730], "C": [10, 20]}
    scans = {
        "A": [(465, "progression"), (300, "equivocal"), (600, "bone_metastasis")],
        "B": [(100, "none")],
        "C": [(10, "bone_metastasis")],
    }
    cohort, outcomes = cohort_of(tmp_path, draws, scans)
    assert outcomes.off.tolist() == [True, True, False, False, False, True, True, False, False]
    assert outcomes.lead.tolist() == [-1, -1, 365, 0, -1, -1, -1, -1, -1]
    assert outcomes.years == pytest.approx([100 / 365.25, 730 / 365.25, 0.0])
    assert outcomes.progressors.tolist() == [0]
    assert outcomes.from_start.tolist() == [False, False, True]
    assert cohort.patients == ("A", "B", "C")


def test_a_scan_within_the_horizon_of_the_first_draw_leaves_no_time_for_false_alerts(tmp_path: Path) -> None:
    _, outcomes = cohort_of(tmp_path, {"A": [0, 50, 200]}, {"A": [(150, "progression")]})
    assert outcomes.years.tolist() == [0.0]
    assert outcomes.lead.tolist() == [150, 100, -1]


def test_one_alert_counts_for_180_days(tmp_path: Path) -> None:
    days = [0, 100, 179, 180, 300, 359, 360]
    cohort, outcomes = cohort_of(tmp_path, {"A": days, "B": [0, 10]}, {})
    fired = np.ones(len(days) + 2, dtype=np.bool_)
    found = counted_alerts(fired[:, None], cohort.draws.patient, cohort.draws.date)
    assert found[:, 0].tolist() == [True, False, False, True, False, False, True, True, False]
    assert score_setting(fired, cohort.draws, outcomes).false[:, 0].tolist() == [3.0, 1.0]


def test_the_lead_is_that_of_the_first_alert_within_the_horizon_whatever_came_before(tmp_path: Path) -> None:
    cohort, outcomes = cohort_of(
        tmp_path,
        {"A": [0, 350, 400, 450], "B": [0, 90]},
        {"A": [(500, "progression")], "B": [(90, "progression")]},
        horizon=200,
    )
    fired = np.array([[False, True], [True, True], [True, False], [True, False], [False, False], [False, False]])
    found = score(fired, np.arange(6), cohort.draws, outcomes)
    assert found.lead.tolist() == [[150, 150], [-1, -1]]
    assert found.false.tolist() == [[0.0, 1.0], [0.0, 0.0]]


def slow_counts(statistic: FloatArray, threshold: float, cohort: Cohort, outcomes: Outcomes) -> tuple[int, list[int]]:
    """The same as `score`, draw by draw."""
    false, leads = 0, {int(patient): -1 for patient in outcomes.progressors}
    last = dict.fromkeys(range(len(cohort.patients)), -10_000)
    for draw in range(cohort.draws.count):
        patient, date = int(cohort.draws.patient[draw]), int(cohort.draws.date[draw])
        if statistic[draw] < threshold:
            continue
        if outcomes.off[draw] and date - last[patient] >= REFRACTORY_DAYS:
            false, last[patient] = false + 1, date
        if outcomes.lead[draw] >= 0:
            leads[patient] = max(leads[patient], int(outcomes.lead[draw]))
    return false, [leads[int(patient)] for patient in outcomes.progressors]


def random_cohort(tmp_path: Path) -> tuple[Cohort, Outcomes, FloatArray]:
    of = random.Random(11)
    draws = {f"P{n:02d}": sorted(of.sample(range(1500), of.randint(1, 25))) for n in range(60)}
    scans = {patient: [(of.randint(0, 1500), of.choice(["none", "progression"]))] for patient in draws}
    cohort, outcomes = cohort_of(tmp_path, draws, scans)
    statistic = np.random.default_rng(5).normal(size=cohort.draws.count).round(1)
    statistic[::7] = -np.inf
    return cohort, outcomes, statistic


def test_a_curve_counts_what_going_through_the_draws_one_by_one_counts(tmp_path: Path) -> None:
    cohort, outcomes, statistic = random_cohort(tmp_path)
    curve = sweep(statistic, cohort.draws, outcomes)
    assert len(curve.thresholds) > 10
    assert curve.thresholds[0] == np.inf
    assert curve.rates[0] == 0
    for at, threshold in enumerate(curve.thresholds[1:].tolist(), start=1):
        false, leads = slow_counts(statistic, threshold, cohort, outcomes)
        assert curve.rates[at] == pytest.approx(100 * false / outcomes.total_years)
        assert curve.score.lead[:, at].tolist() == leads
        assert curve.found[at] == pytest.approx(np.mean(np.array(leads) >= 0))
        assert curve.early[at] == pytest.approx(np.mean(np.array(leads) >= 60))


def test_a_rule_that_speaks_before_scans_alone_has_found_what_it_found(tmp_path: Path) -> None:
    cohort, outcomes, statistic = random_cohort(tmp_path)
    perfect = np.where(outcomes.lead >= 0, statistic, -np.inf)
    curve = sweep(perfect, cohort.draws, outcomes)
    assert set(curve.rates.tolist()) == {0.0}
    _, leads = slow_counts(perfect, -100.0, cohort, outcomes)
    assert curve.found[-1] == pytest.approx(np.mean(np.array(leads) >= 0))
    assert curve.found[-1] > 0.5


def test_a_rule_that_never_speaks_has_a_curve_of_nothing(tmp_path: Path) -> None:
    cohort, outcomes, statistic = random_cohort(tmp_path)
    curve = sweep(np.full_like(statistic, -np.inf), cohort.draws, outcomes)
    assert (curve.rates.tolist(), curve.found.tolist()) == ([0.0], [0.0])
    assert np.isnan(curve.threshold_at(5.0))


def test_between_two_thresholds_the_share_lies_on_a_straight_line() -> None:
    rates = np.array([[0.0, 4.0, 8.0], [0.0, 2.0, 3.0]])
    shares = np.array([[0.0, 0.2, 0.6], [0.0, 0.5, 0.7]])
    assert at_rate(rates, shares, 5.0)[0] == pytest.approx(0.3)
    assert at_rate(rates, shares, 2.0).tolist() == pytest.approx([0.1, 0.5])
    assert np.isnan(at_rate(rates, shares, 5.0)[1])
    assert at_rate(rates, shares, 5.0, or_most=True)[1] == pytest.approx(0.7)


def test_resampling_is_the_same_each_time_and_spreads_as_the_binomial_does(tmp_path: Path) -> None:
    draws = {f"P{n:03d}": [0, 600] for n in range(200)}
    cohort, outcomes = cohort_of(tmp_path, draws, {patient: [(600, "progression")] for patient in draws})
    fired = np.zeros(400, dtype=np.bool_)
    fired[1:101:2] = True  # 50 of 200 on the day of their scan
    found = score_setting(fired, cohort.draws, outcomes)
    first, second = (Resampling(outcomes).of(found).found[:, 0] for _ in range(2))
    assert first.tolist() == second.tolist()
    assert np.mean(first) == pytest.approx(0.25, abs=0.01)
    low, high = interval(first)
    assert (high - low) / (2 * 1.96) == pytest.approx((0.25 * 0.75 / 200) ** 0.5, rel=0.15)


def test_the_median_lead_of_a_resample_is_of_those_found(tmp_path: Path) -> None:
    draws = {f"P{n:03d}": [0, 600] for n in range(101)}
    _, outcomes = cohort_of(tmp_path, draws, {patient: [(600, "progression")] for patient in draws})
    lead = np.where(np.arange(101) < 51, np.arange(101), -1)
    medians = Resampling(outcomes).medians(lead)
    assert np.median(medians) == pytest.approx(25, abs=1)
    assert 10 < medians.min() < medians.max() < 40
