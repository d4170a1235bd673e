"""What an event, the set-point and the noise of a person do to the prediction (D1, D2, D4, D6)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import truncnorm

from tests.monitoring.trends.builders import (
    CEA,
    PARAMETERS,
    analysis_of,
    patient_of,
    read,
    series,
)

FLAT = [2.2, 2.1, 2.3, 2.2]


def test_what_is_known_of_a_draw_is_in_its_prediction() -> None:
    plain, told = analysis_of(series(FLAT)).path, analysis_of(series(FLAT, rebase={1: 0.4}, extra={2: 0.3})).path

    assert told.spread[0, 1] ** 2 == pytest.approx(plain.spread[0, 1] ** 2 + 0.4**2, abs=1e-12)
    without = analysis_of(series(FLAT, rebase={1: 0.4})).path
    assert told.spread[0, 2] ** 2 == pytest.approx(without.spread[0, 2] ** 2 + 0.3**2, abs=1e-12)


def test_an_event_before_a_draw_that_is_not_used_waits_for_the_next_one() -> None:
    excluded = series([2.2, 2.1, 2.0, 5.0], exclusions=["", "", "haemolysed", ""], rebase={2: 0.4})
    open_end = series([2.2, 2.1, 0.5, 5.0], censoring=[0, 0, 1, 0], rebase={2: 0.4})
    directly = series([2.2, 2.1, 2.0, 5.0], exclusions=["", "", "haemolysed", ""], rebase={3: 0.4})

    expected = analysis_of(directly).path.spread[0, 3]
    assert analysis_of(excluded).path.spread[0, 3] == expected
    assert analysis_of(open_end).path.spread[0, 3] == expected


def test_of_two_events_before_a_used_draw_the_larger_counts() -> None:
    both = series([2.2, 2.1, 2.0, 5.0], exclusions=["", "", "haemolysed", ""], rebase={2: 0.6, 3: 0.4})
    larger = series([2.2, 2.1, 2.0, 5.0], exclusions=["", "", "haemolysed", ""], rebase={3: 0.6})

    assert analysis_of(both).path.spread[0, 3] == analysis_of(larger).path.spread[0, 3]


def test_a_change_of_segment_frees_the_level_by_the_markers_own_sd_unless_the_event_brings_one() -> None:
    own = analysis_of(series(FLAT, segments=[0, 0, 1, 1])).path.spread[0, 2]
    brought = analysis_of(series(FLAT, segments=[0, 0, 1, 1], rebase={2: 0.25})).path.spread[0, 2]
    plain = analysis_of(series(FLAT)).path.spread[0, 2]

    assert own**2 == pytest.approx(plain**2 + CEA.rebase_sd**2, abs=1e-12)
    assert brought**2 == pytest.approx(plain**2 + 0.25**2, abs=1e-12)


def test_a_first_draw_far_from_the_set_point_widens_it_for_that_person() -> None:
    log_sd = CEA.set_point_log_sd
    assert log_sd is not None
    near, far = 2.2 * math.exp(1.9 * log_sd), 2.2 * math.exp(4.0 * log_sd)

    def spread_of(first: float) -> float:
        return float(analysis_of(series([first])).path.spread[0, 0])

    assert spread_of(near) == spread_of(2.2)
    assert spread_of(far) ** 2 == pytest.approx(spread_of(2.2) ** 2 + (2.0 * log_sd) ** 2 - log_sd**2, abs=1e-12)
    assert analysis_of(series([far]), using=replace(PARAMETERS, set_point_reach=None)).path.spread[0, 0] == spread_of(
        2.2
    )


def test_a_first_limit_that_is_not_known_to_lie_far_off_widens_nothing() -> None:
    low = 2.2 * math.exp(-4.0)

    assert analysis_of(series([low], censoring=[-1])).path.spread[0, 0] == analysis_of(series([2.2])).path.spread[0, 0]
    open_end = analysis_of(series([low, 2.2], censoring=[1, 0])).path
    left_out = analysis_of(series([low, 2.2], exclusions=["haemolysed", ""])).path
    assert open_end.spread[0, 1] == left_out.spread[0, 1]


def test_who_varies_more_is_read_with_more_noise_and_who_varies_less_with_less() -> None:
    wild = read(series([2.2, 3.4, 1.5, 3.6, 1.4, 3.5, 1.5])).evidence
    still = read(series([2.2] * 7)).evidence

    assert wild is not None
    assert still is not None
    assert wild.noise > 1.5
    assert still.noise < 0.6


def test_the_noise_of_one_marker_is_learned_from_the_others_of_the_person_too() -> None:
    wild = series([1.7, 3.4, 0.8, 3.6, 0.9, 3.5, 0.8], marker="CYFRA211")
    quiet = series([2.2, 2.3, 2.1, 2.2, 2.3, 2.1, 2.2])

    alone, beside = read(quiet).evidence, patient_of(quiet, wild).markers[0].evidence

    assert alone is not None
    assert beside is not None
    assert beside.noise > alone.noise + 0.3


def test_a_draw_below_what_was_expected_counts_for_the_noise_at_once_and_one_above_after_the_lag() -> None:
    def noise_at_the_third(second: float) -> float:
        return float(analysis_of(series([2.2, second, 2.2])).path.noise[0, 2])

    def z_of(second: float) -> float:
        path = analysis_of(series([2.2, second])).path
        return float(path.pull[0, 1] * path.spread[0, 1])

    assert noise_at_the_third(4.0) == 1.0
    learned = (4.0 + z_of(1.2) ** 2) / 5.0
    assert noise_at_the_third(1.2) == pytest.approx(0.8 * (learned / 0.8) ** 1.2, abs=1e-12)


def truncated_variance(limit: float) -> float:
    """Of a standard normal that is known to lie below `limit`."""
    return float(truncnorm(-np.inf, limit).var())


@pytest.mark.parametrize("limit", [0.05, 0.6, 1.5, 2.2, 4.0, 40.0])
def test_a_result_below_a_limit_takes_away_what_the_cut_off_normal_loses(limit: float) -> None:
    number = analysis_of(series([*FLAT, limit])).path
    below = analysis_of(series([*FLAT, limit], censoring=[0, 0, 0, 0, -1])).path
    before = analysis_of(series(FLAT)).path

    at = (math.log(limit) - number.expected[0, 4]) / number.spread[0, 4]
    lost = 1.0 - truncated_variance(at)
    # The level's variance before this draw is what the number would leave and what it would take together.
    gain, spread = number.level_gain[0, 4], number.spread[0, 4]
    prior = number.level_sd[0, 4] ** 2 + gain**2 * spread**2
    assert below.level_sd[0, 4] ** 2 == pytest.approx(prior - lost * gain**2 * spread**2, abs=1e-9)
    assert below.level_gain[0, 4] == pytest.approx(lost * gain, abs=1e-9)
    assert prior > before.level_sd[0, 3] ** 2


def test_years_below_a_limit_teach_nothing_of_a_persons_noise() -> None:
    cea = series([2.2, 2.1, 2.3, 2.2, 2.1, 2.2])
    below = series([5.0] * 6, marker="CYFRA211", censoring=[-1] * 6)

    alone, beside = analysis_of(cea), analysis_of(cea, below)

    assert beside.path.noise[0].tolist() == pytest.approx(alone.path.noise[0].tolist(), abs=1e-12)
    assert set(analysis_of(below).path.noise[0].tolist()) == {1.0}


def test_first_numbers_just_above_a_limit_of_years_are_no_alert() -> None:
    just_above = series([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.3], censoring=[-1] * 6 + [0, 0])

    assert patient_of(just_above).level == "watch"
    # Read as numbers, six "<1.0" leave the level at the floor and no room above it.
    assert patient_of(just_above, using=replace(PARAMETERS, below_is_a_reading=True)).level == "alert"
