from __future__ import annotations

import math

import pytest

from monitoring.trends.variation import log_sd, log_sd_of_total, reference_change_percent

# The table "Reference change values" of the marker review: CV within, CV analytical, one-sided 95 % rise,
# two-sided 95 % rise and fall, each rounded to the percent.
TABLE = [
    ("CEA", 9.3, 4.7, 27, 33, -25),
    ("CYFRA211", 26.5, 5.0, 85, 109, -52),
    ("NSE", 13.6, 3.4, 38, 47, -32),
    ("BAP", 7.1, 5.0, 22, 27, -21),
    ("BAP_U", 7.1, 5.0, 22, 27, -21),
    ("BCTX", 15.1, 5.0, 45, 55, -36),
    ("ALP", 5.3, 2.8, 15, 18, -15),
    ("NMID", 8.9, 6.4, 29, 35, -26),
    ("TRACP5B", 11.6, 5.0, 34, 42, -29),
    ("P1NP", 12.4, 5.8, 37, 46, -31),
    ("CA", 1.81, 0.85, 5, 6, -5),
    ("CA_CORR", 2.0, 1.0, 5, 6, -6),
    ("ALB", 2.5, 1.5, 7, 8, -8),
    ("PHOS", 7.0, 2.5, 19, 23, -19),
    ("PLT", 7.22, 1.8, 19, 23, -19),
    ("NEUT", 16.4, 1.9, 46, 58, -37),
    ("LYMPH", 9.81, 2.4, 26, 32, -24),
    ("RDW_CV", 3.5, 1.0, 9, 11, -10),
    ("NLR", 19.1, 3.0, 56, 70, -41),
    ("SII", 20.4, 3.5, 61, 76, -43),
    ("LDH", 5.2, 1.2, 13, 16, -14),
]


@pytest.mark.parametrize(("marker", "within", "analytical", "one_sided", "up", "down"), TABLE)
def test_the_reference_change_values_of_the_marker_review_come_out_to_the_printed_percent(
    marker: str, within: float, analytical: float, one_sided: int, up: int, down: int
) -> None:
    sigma = log_sd(cv_within_person_percent=within, cv_analytical_percent=analytical)

    assert round(reference_change_percent(sigma=sigma, z=1.645)) == one_sided, marker
    assert round(reference_change_percent(sigma=sigma, z=1.96)) == up, marker
    assert round(reference_change_percent(sigma=sigma, z=1.96, rise=False)) == down, marker


@pytest.mark.parametrize(
    ("cv", "one_sided", "up", "down"), [(19, 55, 69, -41), (26, 81, 103, -51), (10, 26, 32, -24), (14, 38, 47, -32)]
)
def test_the_reference_change_values_of_stable_patients_come_out_to_the_printed_percent(
    cv: float, one_sided: int, up: int, down: int
) -> None:
    sigma = log_sd_of_total(cv)

    assert round(reference_change_percent(sigma=sigma)) == one_sided
    assert round(reference_change_percent(sigma=sigma, z=1.96)) == up
    assert round(reference_change_percent(sigma=sigma, z=1.96, rise=False)) == down


def test_a_total_cv_and_its_two_parts_agree() -> None:
    assert log_sd(cv_within_person_percent=19.0, cv_analytical_percent=0.0) == log_sd_of_total(19.0)
    assert log_sd_of_total(19.0) == pytest.approx(math.sqrt(math.log(1 + 0.19**2)), rel=1e-14)
