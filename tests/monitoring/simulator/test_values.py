"""One marker's values against the theory of each part, the others switched off."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from monitoring.simulator.cohort import simulate
from monitoring.simulator.markers import DERIVED
from monitoring.simulator.scenario import Growth, Scenario
from monitoring.simulator.streams import FloatArray
from monitoring.simulator.values import Setting, drawn_excess, log_rise, measure
from tests.monitoring.simulator.settings import exact, quiet, values_of

MANY = 20_000


def log_noise(code: str, setting: Setting) -> FloatArray:
    """Log values less the set-point, which is all that is left in a quiet cohort; nan beyond follow-up."""
    still = quiet(setting.streams.patients)
    noise: FloatArray = np.log(values_of(exact(code), setting)) - np.log(values_of(exact(code), still)[0])
    return noise


def test_without_any_variation_each_patient_keeps_a_log_normal_set_point() -> None:
    values = values_of(exact("CEA"), quiet(MANY))
    assert np.nanmax(np.abs(values / values[0] - 1.0)) < 1e-6
    logs = np.log(values[0])
    assert np.mean(logs) == pytest.approx(math.log(2.2), abs=4 * 0.60 / math.sqrt(MANY))
    assert np.std(logs) == pytest.approx(0.60, abs=4 * 0.60 / math.sqrt(2 * MANY))


@pytest.mark.parametrize("ou_share", [0.0, 0.5, 1.0])
def test_the_within_person_variance_is_that_of_the_cv_whatever_its_parts(ou_share: float) -> None:
    """Tolerance 3 %: some 250,000 values, of which the autocorrelated and the heavy-tailed count for fewer."""
    noise = log_noise("CYFRA211", quiet(MANY, noise_factor=1.0, person_noise_sd=0.0, ou_share=ou_share))
    assert np.nanvar(noise) == pytest.approx(math.log1p(0.25**2), rel=0.03)
    assert np.nanmean(noise) == pytest.approx(0.0, abs=0.004)


def test_persons_differ_in_noise_by_a_factor_that_their_markers_share() -> None:
    setting = quiet(MANY, noise_factor=1.0, ou_share=0.0, follow_up_years=(3.0, 3.0), intervals=(42.0,))
    cea, cyfra = (np.log(np.nanstd(log_noise(code, setting), axis=0)) for code in ("CEA", "CYFRA211"))
    # Each spread holds the person's factor and the error of an SD from some 26 values, which is independent.
    assert np.cov(cea, cyfra)[0, 1] == pytest.approx(0.30**2, abs=0.005)


def test_the_slow_half_forgets_at_45_days() -> None:
    """Correlation of neighbours 45 days apart is 1/e; tolerance four standard errors of 300,000 pairs."""
    setting = quiet(MANY, noise_factor=1.0, person_noise_sd=0.0, ou_share=1.0, intervals=(45.0,), interval_jitter=0.001)
    noise = log_noise("CEA", setting)
    pair = noise[:-1], noise[1:]
    both = ~np.isnan(pair[0]) & ~np.isnan(pair[1])
    assert np.corrcoef(pair[0][both], pair[1][both])[0, 1] == pytest.approx(math.exp(-1.0), abs=0.01)


@pytest.mark.parametrize("df", [5.0, 3.0])
def test_the_other_half_has_the_tails_of_students_t(df: float) -> None:
    setting = quiet(MANY, noise_factor=1.0, person_noise_sd=0.0, ou_share=0.0, tail_df=df)
    noise = log_noise("CEA", setting)
    scaled = noise[~np.isnan(noise)] / math.sqrt(math.log1p(0.18**2))
    expected = 2.0 * stats.t.sf(4.0 * math.sqrt(df / (df - 2.0)), df)
    error = 4.0 * math.sqrt(expected / scaled.size)
    assert np.mean(np.abs(scaled) > 4.0) == pytest.approx(expected, abs=error)


def test_analytical_variation_is_independent_and_gaussian() -> None:
    still = quiet(MANY)
    noise = np.log(values_of(exact("CEA", cv_analytical=0.06), still) / values_of(exact("CEA"), still))
    known = noise[~np.isnan(noise)]
    assert np.std(known) == pytest.approx(math.sqrt(math.log1p(0.06**2)), rel=0.01)
    assert stats.kurtosis(known) == pytest.approx(0.0, abs=0.05)


def test_the_set_point_wanders_by_its_drift_in_a_root_year() -> None:
    setting = quiet(MANY, drift_factor=1.0, follow_up_years=(3.0, 3.0))
    drift = log_noise("CEA", setting)
    scaled = drift[1:] / np.sqrt(setting.course.days[1:] / 365.25)
    known = scaled[~np.isnan(scaled)]
    assert np.std(known) == pytest.approx(0.08, rel=0.03)


@pytest.mark.parametrize("growth", ["exponential", "linear", "log_linear", "step"])
@pytest.mark.parametrize("code", ["CEA", "ALP"])
def test_growth_reaches_the_drawn_excess_when_imaging_could_show_it(growth: Growth, code: str) -> None:
    setting = quiet(progress_share=1.0, growth=growth)
    course = setting.course
    moments = np.stack([course.onset - 10.0, course.onset + 1e-6, course.detectable])
    at = replace(setting, course=replace(course, days=moments))
    model = exact(code)
    secretes = measure(model, setting).secretes
    before, start, shown = np.expm1(log_rise(model, at, secretes))
    excess = drawn_excess(model, setting)
    assert np.all(before == 0.0)
    assert np.allclose(shown[secretes], excess[secretes], rtol=1e-9)
    assert np.all(shown[~secretes] == 0.0)
    assert np.allclose(start[secretes], excess[secretes] if growth == "step" else 0.0, atol=1e-4)


def test_exponential_growth_doubles_with_the_doubling_time() -> None:
    setting = quiet(progress_share=1.0)
    course = setting.course
    later = course.onset + np.outer([1.0, 2.0, 3.0], course.doubling)
    at = replace(setting, course=replace(course, days=later))
    model = exact("CEA")
    secretes = measure(model, setting).secretes
    one, two, three = np.expm1(log_rise(model, at, secretes))[:, secretes]
    assert np.allclose((two - one) / one, 2.0, rtol=1e-9)
    assert np.allclose((three - two) / (two - one), 2.0, rtol=1e-9)


def test_the_excess_is_log_normal_around_its_median() -> None:
    excess = np.log(drawn_excess(exact("BAP"), quiet(MANY)))
    assert np.mean(excess) == pytest.approx(math.log(0.9), abs=4 * 0.8 / math.sqrt(MANY))
    assert np.std(excess) == pytest.approx(0.8, abs=4 * 0.8 / math.sqrt(2 * MANY))


def test_alp_follows_bap_into_a_bone_progression() -> None:
    setting = quiet(MANY)
    alp, bap = (measure(exact(code), setting).secretes for code in ("ALP", "BAP"))
    bone = setting.course.bone
    assert not np.any((alp | bap) & ~bone)
    assert (np.mean(alp[bone]), np.mean(bap[bone])) == pytest.approx((0.70, 0.75), abs=0.02)
    assert np.mean(alp[bap]) > 0.85
    alp_excess, bap_excess = (np.log(drawn_excess(exact(code), setting)) for code in ("ALP", "BAP"))
    assert np.corrcoef(alp_excess, bap_excess)[0, 1] == pytest.approx(0.81, abs=0.01)


def test_slow_excursions_of_alp_and_bap_go_together_and_of_neutrophils_and_lymphocytes_apart() -> None:
    setting = quiet(MANY, noise_factor=1.0, person_noise_sd=0.0, ou_share=1.0)

    def correlation(one: str, other: str) -> float:
        first, second = (noise[~np.isnan(noise)] for noise in (log_noise(one, setting), log_noise(other, setting)))
        return float(np.corrcoef(first, second)[0, 1])

    assert correlation("ALP", "BAP") == pytest.approx(0.6 * 0.9, abs=0.02)
    assert correlation("NEUT", "LYMPH") == pytest.approx(-0.5 * 0.4, abs=0.02)
    assert correlation("CEA", "BAP") == pytest.approx(0.0, abs=0.02)


def test_lymphocytes_fall_in_a_progression() -> None:
    setting = quiet(progress_share=1.0)
    measured = measure(exact("LYMPH"), setting)
    ratio = np.nanmin(measured.values, axis=0) / measured.values[0]
    drawn_late = np.nanmax(np.where(setting.course.drawn, setting.course.days, np.nan), axis=0) > setting.course.onset
    assert np.all(ratio[measured.secretes & drawn_late] < 1.0)
    assert np.allclose(ratio[~measured.secretes], 1.0)


def test_a_falling_start_is_halved_every_three_to_eight_weeks_in_secretors_only() -> None:
    setting = quiet(falling_at_start_share=1.0)
    measured = measure(exact("CEA"), setting)
    level = values_of(exact("CEA"), quiet())[0]
    left = measured.values / level - 1.0
    assert np.allclose(left[:, ~measured.secretes][setting.course.planned[:, ~measured.secretes]], 0.0, atol=1e-6)
    sure = measured.secretes & (left[1] > 0.01)
    half_life = setting.course.days[1, sure] / np.log2(left[0, sure] / left[1, sure])
    assert np.sum(sure) > 500
    assert np.all((half_life > 20.9) & (half_life < 56.1))
    # Half of CEA's 2.0 at imaging; four standard errors of a median of 1,300 with log SD 0.8.
    assert np.log(np.median(left[0, measured.secretes])) == pytest.approx(math.log(0.5 * 2.0), abs=0.11)


def test_a_value_below_the_limit_is_reported_as_the_limit_and_censored() -> None:
    cohort = simulate(Scenario(), patients=3000, seed=5, markers=("CEA", "BCTX"))
    for place, limit in enumerate((0.5, 0.05)):
        values, censored = cohort.values[place], cohort.censored[place]
        assert np.sum(censored) > 20
        assert np.all(values[censored] == limit)
        assert np.nanmin(values) == limit


def test_values_are_rounded_as_reported() -> None:
    cohort = simulate(Scenario(), patients=500, seed=5, markers=("CEA", "ALP", "BCTX"))
    for values, decimals in zip(cohort.values, (1, 0, 2), strict=True):
        known = values[~np.isnan(values)]
        assert np.array_equal(known, np.round(known, decimals))


def test_shares_of_missing_markers_and_gross_errors() -> None:
    setting = quiet(MANY, gross_error_rate=0.004)
    measured = measure(exact("BAP", missing=0.30), setting)
    taken = measured.values[setting.course.drawn]
    assert np.mean(np.isnan(taken)) == pytest.approx(0.30, abs=0.005)
    factor = measured.values / values_of(exact("BAP"), quiet(MANY))
    wrong = np.abs(np.log(factor[~np.isnan(factor)])) > 0.1
    assert np.mean(wrong) == pytest.approx(0.004, abs=0.0008)
    size = np.abs(np.log(factor[~np.isnan(factor)][wrong]))
    assert math.log(1.3) - 1e-6 <= np.min(size) <= np.max(size) <= math.log(2.5) + 1e-6


def test_counts_of_one_tube_are_missing_together() -> None:
    cohort = simulate(Scenario(), patients=500, seed=5, markers=("NEUT", "LYMPH", "PLT", "RDW_CV", "NLR"))
    absent = np.isnan(cohort.values) & cohort.drawn
    assert np.sum(absent[0]) > 100
    assert np.all(absent == absent[0])


def test_ratios_are_computed_from_the_reported_counts() -> None:
    cohort = simulate(Scenario(), patients=500, seed=5, markers=("NEUT", "LYMPH", "PLT", "NLR", "SII"))
    neut, lymph, plt, nlr, sii = cohort.values
    assert set(DERIVED) == {"NLR", "SII"}
    assert np.array_equal(nlr, np.round(neut / lymph, 2), equal_nan=True)
    assert np.array_equal(sii, np.round(plt * neut / lymph, 0), equal_nan=True)
    assert np.array_equal(cohort.secretes[3], cohort.secretes[0] | cohort.secretes[1])


def test_a_haemolysed_sample_adds_to_nse_and_says_so() -> None:
    clean, haemolysed = quiet(), quiet(haemolysed_share=1.0)
    added = values_of(exact("NSE"), haemolysed) - values_of(exact("NSE"), clean)
    known = added[~np.isnan(added)]
    assert 0.29 * 5 - 1e-6 <= np.min(known) <= np.max(known) <= 0.29 * 30 + 1e-6
    assert np.array_equal(haemolysed.haemolysed, haemolysed.course.drawn)
    assert not np.any(clean.haemolysed)
    assert np.array_equal(values_of(exact("CEA"), clean), values_of(exact("CEA"), haemolysed), equal_nan=True)


def test_a_benign_step_lasts_and_comes_three_times_in_a_hundred_years() -> None:
    setting = quiet(MANY, benign_steps_per_year=0.03)
    shift = log_noise("CEA", setting)
    last = np.take_along_axis(shift, np.sum(setting.course.planned, axis=0)[None] - 1, axis=0)[0]
    moved = np.abs(last) > 1e-6
    years = np.sum(setting.course.last_day) / 365.25
    # Steps after the last draw are never seen: half an interval of a follow-up of two years.
    assert np.sum(moved) / years == pytest.approx(0.03, abs=0.003)
    assert np.std(last[moved]) == pytest.approx(0.4, abs=0.04)
