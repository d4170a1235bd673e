"""The engine against the models it is made of: empirical Bayes as its special case, the martingale of its evidence."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from monitoring.trends.bank import run_bank
from monitoring.trends.detection import grid_of
from monitoring.trends.panel import build_panel
from monitoring.trends.state import run_filter
from monitoring.trends.types import FloatArray, MarkerParameters
from tests.monitoring.trends.builders import CEA, PARAMETERS, analysis_of, every, series

STORED = Path(__file__).parent / "reference" / "peb.csv"
WITHOUT_END = 1e6
# No drift, no excursion, no clip, no noise learned, no margin on the SD: what is left is empirical Bayes.
KNOWN_NOISE = replace(PARAMETERS, noise_bounds=(1.0, 1.0), set_point_reach=None)
PLAIN = replace(KNOWN_NOISE, slow_share=0.0)
MU, TAU, SIGMA = math.log(2.2), 0.75, 0.19
OF_PEB = replace(
    CEA,
    sigma_total=SIGMA,
    set_point_log_mean=MU,
    set_point_log_sd=TAU,
    drift=0.0,
    inflation=1.0,
    clip=WITHOUT_END,
)


def predicted(logs: FloatArray, days: list[float], known: MarkerParameters) -> tuple[FloatArray, FloatArray]:
    """Mean and SD of each draw before it came."""
    analysis = analysis_of(series(np.exp(logs).tolist(), days=days), markers={"CEA": known}, using=PLAIN)
    return analysis.path.expected[0], analysis.path.spread[0]


# --- the first step: parametric empirical Bayes ---
@pytest.mark.parametrize("seed", range(5))
def test_without_drift_and_excursion_the_prediction_is_that_of_mcintosh_and_urban(seed: int) -> None:
    logs = MU + np.random.default_rng(seed).normal(0.0, 0.8, size=9)

    mean, sd = predicted(logs, every(50.0, 9), OF_PEB)

    for n in range(len(logs)):
        shrinkage = TAU**2 / (TAU**2 + SIGMA**2 / n) if n else 0.0
        own = float(np.mean(logs[:n])) if n else 0.0
        assert mean[n] == pytest.approx(MU + shrinkage * (own - MU), abs=1e-12)
        assert sd[n] == pytest.approx(math.sqrt(SIGMA**2 + TAU**2 * (1.0 - shrinkage)), abs=1e-12)


def _stored() -> list[list[dict[str, str]]]:
    with STORED.open(encoding="utf-8", newline="") as stream:
        return [list(rows) for _, rows in groupby(csv.DictReader(stream), key=lambda row: row["case"])]


@pytest.mark.parametrize("rows", _stored())
def test_the_prediction_is_that_of_the_conditional_multivariate_normal(rows: list[dict[str, str]]) -> None:
    """reference/peb.py took it from ratios of joint densities on a fine grid, with no formula of conditioning."""
    mean, sd = predicted(np.log([float(row["value"]) for row in rows]), every(50.0, len(rows)), OF_PEB)

    for row in rows[1:]:
        at = int(row["draw"])
        assert math.exp(mean[at]) == pytest.approx(float(row["expected"]), rel=1e-8)
        assert sd[at] == pytest.approx(float(row["predictive_log_sd"]), rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_with_drift_and_excursion_the_joint_density_of_the_draws_is_that_of_their_covariance(seed: int) -> None:
    """Any number of draws at any distance: level, random walk, fading excursion and white noise, from SciPy alone."""
    rng = np.random.default_rng(seed)
    count = 8
    days = np.cumsum(rng.uniform(5.0, 150.0, size=count))
    days -= days[0]
    drift, share, slow_days = 0.3, 0.6, 35.0
    earlier = np.minimum(days[:, None], days[None, :])
    apart = np.abs(days[:, None] - days[None, :])
    covariance = TAU**2 + drift**2 / 365.25 * earlier + share * SIGMA**2 * np.exp(-apart / slow_days)
    covariance += (1.0 - share) * SIGMA**2 * np.eye(count)
    logs = rng.multivariate_normal(np.full(count, MU), covariance)

    known = replace(OF_PEB, drift=drift)
    using = replace(KNOWN_NOISE, slow_share=share, slow_days=slow_days)
    path = analysis_of(
        series(np.exp(logs).tolist(), days=(20_000.0 + days).tolist()), markers={"CEA": known}, using=using
    ).path

    by_step = np.sum(norm.logpdf(logs, loc=path.expected[0], scale=path.spread[0]))
    assert by_step == pytest.approx(multivariate_normal.logpdf(logs, np.full(count, MU), covariance), abs=1e-9)


def test_the_evidence_for_one_hypothesis_is_the_likelihood_ratio_of_the_whole_series() -> None:
    """One onset, one doubling time: R is 28 days times the ratio of two multivariate normal densities."""
    days = np.array([0.0, 9.0, 20.0, 28.0])
    logs = MU + np.array([0.1, 0.0, 0.35, 0.5])
    using = replace(KNOWN_NOISE, doubling_times=(30.0,), slow_share=0.5, slow_days=40.0)
    apart = np.abs(days[:, None] - days[None, :])
    covariance = TAU**2 + 0.5 * SIGMA**2 * np.exp(-apart / 40.0) + 0.5 * SIGMA**2 * np.eye(4)
    rise = np.log(1.0 + 0.3 * (2.0 ** (days / 30.0) - 1.0))

    analysis = analysis_of(
        series(np.exp(logs).tolist(), days=(20_000.0 + days).tolist()), markers={"CEA": OF_PEB}, using=using
    )

    with_rise = multivariate_normal.logpdf(logs, np.full(4, MU) + rise, covariance)
    without = multivariate_normal.logpdf(logs, np.full(4, MU), covariance)
    assert analysis.evidence.log_evidence[0, 3] == pytest.approx(math.log(28.0) + with_rise - without, abs=1e-9)


# --- the evidence: Shiryaev-Roberts ---
PATIENTS = 12_000
DRAWS_ON = (0.0, 56.0, 84.0, 140.0)


def test_without_a_rise_the_mean_of_the_evidence_is_the_days_passed() -> None:
    """12,000 series that are exactly what the model says, on days at which as many onset days are open as have passed.

    The likelihood ratios are skewed, so the doubling times are slow ones and the noise is large; the standard error
    then is below one in a hundred at the last draw, and three of them are allowed.
    """
    rng = np.random.default_rng(20_261_122)
    sigma, tau, drift, share = 0.35, 0.5, 0.2, 0.5
    known = replace(
        OF_PEB, sigma_total=sigma, set_point_log_mean=MU, set_point_log_sd=tau, drift=drift, clip=WITHOUT_END
    )
    using = replace(KNOWN_NOISE, doubling_times=(140.0, 260.0), slow_share=share)
    level = rng.normal(MU, tau, size=PATIENTS)
    excursion = rng.normal(0.0, sigma * math.sqrt(share), size=PATIENTS)
    logs = np.empty((PATIENTS, len(DRAWS_ON)))
    for at, day in enumerate(DRAWS_ON):
        gap = day - DRAWS_ON[max(at - 1, 0)]
        fade = math.exp(-gap / using.slow_days)
        level = level + rng.normal(0.0, drift * math.sqrt(gap / 365.25), size=PATIENTS)
        spread = sigma * math.sqrt(share * (1.0 - fade**2))
        excursion = fade * excursion + rng.normal(0.0, spread, size=PATIENTS)
        logs[:, at] = level + excursion + rng.normal(0.0, sigma * math.sqrt(1.0 - share), size=PATIENTS)
    days = [20_000.0 + day for day in DRAWS_ON]
    panel = build_panel(
        [series(np.exp(row).tolist(), days=days, patient=patient) for patient, row in enumerate(logs)], {"CEA": known}
    )

    evidence = run_bank(panel.day, run_filter(panel, using), grid_of(using))

    in_days = np.exp(evidence.log_evidence[:PATIENTS])
    error = np.std(in_days, axis=0) / math.sqrt(PATIENTS)
    assert in_days[:, 0].tolist() == [0.0] * PATIENTS
    for at in (1, 2, 3):
        assert error[at] < 0.01 * DRAWS_ON[at]
        assert np.mean(in_days[:, at]) == pytest.approx(DRAWS_ON[at], abs=3.0 * error[at])


def test_a_threshold_on_the_evidence_is_crossed_no_more_often_than_the_bound_says() -> None:
    """P(R reaches A within T days) is at most T / A (Doob): here with the shipped doubling times."""
    rng = np.random.default_rng(7)
    sigma, count = 0.2, 4_000
    known = replace(OF_PEB, sigma_total=sigma)
    days = every(42.0, 9)
    levels = rng.normal(MU, TAU, size=(count, 1))
    logs = levels + rng.normal(0.0, sigma, size=(count, len(days)))
    batch = [series(np.exp(row).tolist(), days=days, patient=patient) for patient, row in enumerate(logs)]
    panel = build_panel(batch, {"CEA": known})

    evidence = run_bank(panel.day, run_filter(panel, PLAIN), grid_of(PLAIN)).log_evidence[:count]

    passed = days[-1] - days[0]
    for crossed in (2_000.0, 7_305.0):
        share = float(np.mean(np.max(evidence, axis=1) >= math.log(crossed)))
        assert 0.0 < share <= passed / crossed
