"""What the engine is told of each marker, worked out by hand from the catalogue's figures."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from monitoring.detection import detection_file
from monitoring.parameters import marker_parameters, parameters_of, weakest
from patients.catalogue import Figure, Grade, catalogue


def log_variance(percent: float) -> float:
    return math.log(1 + (percent / 100) ** 2)


def figure(value: str, grade: Grade) -> Figure:
    return Figure(Decimal(value), grade, "made for this test")


def test_every_marker_of_the_catalogue_has_parameters_but_what_only_checks_others() -> None:
    assert set(marker_parameters()) == {marker.code for marker in catalogue().markers} - {"WBC"}


def test_the_variation_of_patients_is_preferred_to_that_of_healthy_people() -> None:
    cea = marker_parameters()["CEA"]
    assert cea.sigma_total == pytest.approx(math.sqrt(log_variance(19)), abs=1e-15)
    assert (cea.family, cea.direction, cea.verdict) == ("tumour", "up", True)


def test_cva_and_cvi_are_combined_where_no_patients_were_measured() -> None:
    ldh = marker_parameters()["LDH"]
    assert ldh.sigma_total == pytest.approx(math.sqrt(log_variance(5.2) + log_variance(1.2)), abs=1e-15)


def test_a_set_point_comes_from_its_own_figures_and_carries_their_grade() -> None:
    cea = marker_parameters()["CEA"]
    assert cea.set_point_log_mean == pytest.approx(math.log(2.2), abs=1e-15)
    assert (cea.set_point_log_sd, cea.grade) == (0.6, "A")


def test_without_any_cvi_nothing_is_concluded() -> None:
    scc = marker_parameters()["SCC"]
    assert (scc.verdict, scc.sigma_total, scc.set_point_log_mean, scc.set_point_log_sd) == (False, None, None, None)


def test_how_much_a_marker_weighs_comes_from_the_file_of_the_engine() -> None:
    weight = detection_file().markers["BAP"]
    bap = marker_parameters()["BAP"]
    assert (bap.participation, bap.group) == (weight.participation, "alkaline_phosphatase")
    assert (bap.rebase_sd, bap.clip, bap.inflation) == (weight.rebase_sd, weight.clip, weight.inflation)
    assert weight.participation == 0.35


def test_every_marker_wanders_as_the_file_of_the_engine_says() -> None:
    assert {one.drift for one in marker_parameters().values()} == {detection_file().figures["drift"]}


def test_a_marker_without_a_weight_shows_its_trend_and_is_never_weighed() -> None:
    unweighed = [one for one in marker_parameters().values() if one.marker not in detection_file().markers]
    assert "ALB" in {one.marker for one in unweighed}
    assert {(one.participation, one.group) for one in unweighed} == {(None, "")}


def test_the_noise_is_widened_more_where_only_healthy_people_were_measured() -> None:
    for code, weight in detection_file().markers.items():
        measured_in_patients = catalogue().by_code[code].cv_patients is not None
        assert weight.inflation == (1.3 if measured_in_patients else 1.8), code


def test_a_marker_of_two_limits_has_its_set_point_halfway_between_them_on_the_log_scale() -> None:
    base = catalogue().marker("CEA")
    interval = replace(base.reference_intervals[-1], low=Decimal(1), high=Decimal(100), grade=Grade.P)
    made = replace(
        base,
        set_point_median=None,
        set_point_log_sd=None,
        cv_patients=figure("10", Grade.P),
        cvg=figure("50", Grade.P),
        reference_intervals=(interval,),
    )
    found = parameters_of(made)
    assert found.set_point_log_mean == pytest.approx(math.log(10), abs=1e-12)
    assert found.set_point_log_sd == pytest.approx(math.sqrt(log_variance(50)), abs=1e-12)
    assert found.grade == "D"  # derived, though every figure of it was read in a paper


def test_an_upper_limit_alone_is_the_97_5th_percentile_of_healthy_results() -> None:
    base = catalogue().marker("CEA")
    interval = replace(base.reference_intervals[-1], low=Decimal(0), high=Decimal(5))
    made = replace(
        base,
        set_point_median=None,
        set_point_log_sd=None,
        cv_patients=figure("10", Grade.P),
        cvg=figure("50", Grade.P),
        reference_intervals=(interval,),
    )
    expected = math.log(5) - 1.959963984540054 * math.sqrt(log_variance(50) + log_variance(10))
    assert parameters_of(made).set_point_log_mean == pytest.approx(expected, abs=1e-12)


def test_intervals_by_sex_are_averaged_and_their_distance_widens_the_spread() -> None:
    base = catalogue().marker("CEA")
    women = replace(base.reference_intervals[-1], low=Decimal(1), high=Decimal(4), sex="female")
    men = replace(base.reference_intervals[-1], low=Decimal(4), high=Decimal(16), sex="male")
    made = replace(
        base,
        set_point_median=None,
        set_point_log_sd=None,
        cv_patients=figure("10", Grade.P),
        cvg=figure("50", Grade.P),
        reference_intervals=(women, men),
    )
    found = parameters_of(made)
    assert found.set_point_log_mean == pytest.approx(math.log(4), abs=1e-12)
    assert found.set_point_log_sd == pytest.approx(math.sqrt(log_variance(50) + math.log(2) ** 2), abs=1e-12)


def test_without_cvg_the_baseline_is_the_persons_own_draws_alone() -> None:
    made = replace(catalogue().marker("CEA"), set_point_median=None, set_point_log_sd=None, cvg=None)
    assert parameters_of(made).set_point_log_mean is None


@pytest.mark.parametrize(
    ("grades", "expected"), [([Grade.P, Grade.S], "S"), ([Grade.A, Grade.R], "A"), ([Grade.D, Grade.S], "D")]
)
def test_the_weakest_grade_is_carried(grades: list[Grade], expected: str) -> None:
    assert weakest(grades) == expected
