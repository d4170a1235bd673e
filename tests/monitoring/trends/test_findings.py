"""What a finding says of one marker, and whether it is enough to explain a level with."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

from monitoring.trends.engine import evaluate
from monitoring.trends.types import RiseEvidence, Series
from monitoring.trends.variation import reference_change_percent
from tests.monitoring.trends.builders import (
    ALERT_FROM,
    CEA,
    FIRST_DAY,
    PANEL,
    PARAMETERS,
    WATCH_FROM,
    analysis_of,
    every,
    only,
    parameters,
    patient_of,
    read,
    series,
)

FLAT = [2.2, 2.1, 2.3, 2.2]
RISING = [*FLAT, 3.4, 5.1, 8.0]


Z95 = 1.959963984540054


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([2.2], "not_enough_data"),
        (FLAT, "calm"),
        ([*FLAT, 7.0], "single_rise"),
        (RISING, "sustained_rise"),
        ([*FLAT, 3.4, 5.1, 2.2], "calm"),
    ],
)
def test_the_state_is_that_of_the_odds_and_of_the_confirmation(values: list[float], state: str) -> None:
    assert read(series(values)).state == state


def test_the_baseline_of_a_rise_is_the_level_known_before_the_first_draw_that_supports_it() -> None:
    finding = read(series(RISING))
    before = analysis_of(series(FLAT)).path

    assert finding.supporting_draw_ids == (5, 6, 7)
    assert finding.since_day == FIRST_DAY + 4 * 42.0
    assert finding.baseline is not None
    assert (finding.baseline.draws, finding.baseline.draw_ids, finding.baseline.start) == (4, (1, 2, 3, 4), "series")
    assert finding.baseline.level == pytest.approx(math.exp(before.level[0, 3]), rel=1e-12)
    half = Z95 * before.level_sd[0, 3]
    assert finding.baseline.low == pytest.approx(math.exp(before.level[0, 3] - half), rel=1e-12)
    assert finding.baseline.high == pytest.approx(math.exp(before.level[0, 3] + half), rel=1e-12)
    assert finding.change_percent == pytest.approx(100.0 * (8.0 / finding.baseline.level - 1.0), rel=1e-12)


def test_without_a_rise_the_baseline_is_the_level_the_latest_draw_was_read_against() -> None:
    finding = read(series(FLAT))

    assert finding.baseline is not None
    assert finding.baseline.draw_ids == (1, 2, 3)
    assert finding.baseline.level == pytest.approx(math.exp(analysis_of(series(FLAT)).path.level[0, 2]), rel=1e-12)
    assert (finding.since_day, finding.supporting_draw_ids) == (None, ())


def test_a_change_is_stated_within_an_assay_and_not_across() -> None:
    values = [*FLAT, 3.0, 3.1]
    across = read(series(values[:5], segments=[0, 0, 0, 0, 1]))
    assert (across.baseline is not None, across.change_percent) == (True, None)
    within = read(series(values, segments=[0, 0, 0, 0, 1, 1]))
    assert within.change_percent == pytest.approx(3.3, abs=3.0)


def test_a_baseline_after_a_change_of_assay_says_so() -> None:
    finding = read(series([*FLAT, 3.0, 3.1], segments=[0, 0, 0, 0, 1, 1]))

    assert finding.baseline is not None
    assert finding.baseline.start == "segment"
    assert (finding.segment, finding.segment_start_day) == (1, FIRST_DAY + 4 * 42.0)


def test_a_rise_that_began_before_the_first_draw_has_that_draw_as_its_baseline() -> None:
    finding = read(series([2.4, 4.1, 7.3]))

    assert finding.baseline is not None
    assert (finding.baseline.draws, finding.baseline.draw_ids) == (1, (1,))


def test_the_first_draw_says_nothing_and_has_no_change() -> None:
    finding = read(series([7.3]))

    assert (finding.state, finding.evidence, finding.change_percent) == ("not_enough_data", None, None)
    assert finding.baseline is not None
    (reading,) = finding.readings
    assert (reading.stance, reading.reason, reading.expected, reading.log_evidence) == (
        "neutral",
        "first_in_segment",
        None,
        None,
    )


def test_a_result_below_a_limit_has_no_change_and_one_above_has_at_least_the_limits() -> None:
    below = read(series([2.2, 2.1, 2.0], censoring=[0, 0, -1]))
    above = read(series([2.2, 2.1, 9.0], censoring=[0, 0, 1]))

    assert (below.last_value, below.last_censoring, below.change_percent) == (2.0, -1, None)
    assert above.baseline is not None
    assert above.change_percent == pytest.approx(100.0 * (9.0 / above.baseline.level - 1.0), rel=1e-12)


def test_the_reference_change_has_the_sign_of_the_direction_that_matters() -> None:
    up, down = read(series(FLAT)), read(series([42.0, 41.0, 42.0], marker="ALB"))
    sigma = CEA.sigma_total
    assert sigma is not None

    assert up.rcv_up_percent == reference_change_percent(sigma=sigma, z=1.645)
    assert up.rcv_up_percent == pytest.approx(54.976, abs=0.001)
    assert down.rcv_up_percent == pytest.approx(-6.74, abs=0.01)


def test_the_evidence_names_its_onset_with_an_interval_around_it() -> None:
    finding = read(series(RISING))

    evidence = finding.evidence
    assert isinstance(evidence, RiseEvidence)
    assert evidence.confirmed
    assert evidence.onset_low <= evidence.onset_day <= evidence.onset_high
    assert (evidence.onset_day - FIRST_DAY) % PARAMETERS.onset_step == 0.0
    assert finding.since_day is not None
    assert evidence.onset_day < finding.since_day


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (FLAT, "not_rising"),
        ([*FLAT, 7.0], "not_rising"),
        ([2.4, 2.3, 2.5, 2.2, 3.3, 3.4], "interval_too_wide"),
        ([2.2, 2.2, 2.2, 2.2, 4.5, 6.0, 9.0], ""),
    ],
)
def test_a_doubling_time_is_given_or_it_is_said_why_not(values: list[float], reason: str) -> None:
    finding = read(series(values))

    assert finding.doubling_time_reason == reason
    assert (finding.doubling_time is None) == bool(reason)
    if finding.doubling_time is not None:
        assert finding.state == "sustained_rise"
        assert 10.0 <= finding.doubling_time.low < finding.doubling_time.days < finding.doubling_time.high <= 420.0
        assert finding.doubling_time.high / finding.doubling_time.low <= 8.0**1.25


MATERIAL = (
    series(RISING, exclusions=["", "haemolysed", "", "", "", "", ""], rebase={2: 0.3}),
    series([78.0, 80.0, 77.0, 79.0, 78.0, 80.0, 79.0], marker="ALP"),
    series([1.0, 1.1, 1.2], marker="SCC", days=every(42.0, 3)),
)


WATCHED = (series([*FLAT, 2.2, 2.1, 8.0]), *MATERIAL[1:])


@pytest.mark.parametrize(("of_patient", "level"), [(MATERIAL, "alert"), (WATCHED, "watch")])
def test_a_watch_and_an_alert_carry_everything_an_explanation_needs(of_patient: tuple[Series, ...], level: str) -> None:
    found = patient_of(*of_patient)

    assert found.level == level
    assert found.watch_index is not None
    assert (found.watch_threshold, found.alert_threshold) == (WATCH_FROM, ALERT_FROM)
    assert (found.alert_index is None) == (level == "watch")
    assert found.interval_days == 42.0
    assert found.weighed == ("ALP", "CEA")
    assert found.next_draw_days is not None
    assert found.since_day is not None
    assert found.pattern == "tumour"
    for reason in found.reasons:
        finding = only(found, reason.marker)
        assert reason.draw_ids == finding.supporting_draw_ids
        assert reason.since_day == finding.since_day
        assert finding.baseline is not None
        assert finding.evidence is not None
        assert finding.what_would_lower_it is not None
        assert finding.classical is not None
        assert finding.slope is not None
        assert finding.grade == "S"
        assert (finding.doubling_time is None) == bool(finding.doubling_time_reason)
        supporting = [reading for reading in finding.readings if reading.draw_id in reason.draw_ids]
        assert all(reading.expected is not None and reading.weight is not None for reading in supporting)
        assert all(reading.weight is not None and reading.weight > 0 for reading in supporting)


def test_what_was_left_out_and_what_was_re_based_is_part_of_it() -> None:
    readings = only(patient_of(*MATERIAL), "CEA").readings

    assert (readings[1].stance, readings[1].reason) == ("not_used", "haemolysed")
    assert readings[2].rebased == "assay_changed"


def test_a_marker_without_a_verdict_shows_its_trend_and_nothing_that_was_concluded() -> None:
    finding = only(patient_of(*MATERIAL), "SCC")

    assert (finding.state, finding.baseline, finding.evidence, finding.rcv_up_percent) == (
        "no_verdict",
        None,
        None,
        None,
    )
    assert (finding.supporting_draw_ids, finding.what_would_lower_it, finding.classical) == ((), None, None)
    assert {reading.reason for reading in finding.readings} == {"no_variation_estimate"}
    assert {reading.stance for reading in finding.readings} == {"not_used"}
    assert finding.slope is not None
    assert finding.last_value == 1.2


def test_a_quiet_patient_is_spared_the_classical_readings() -> None:
    assert [one.classical for one in patient_of(series(FLAT)).markers] == [None]


def test_no_number_of_a_finding_is_an_array_or_not_a_number() -> None:
    found = patient_of(*MATERIAL)

    for finding in found.markers:
        for part in (finding, finding.evidence, finding.baseline, finding.slope, *finding.readings):
            if part is None:
                continue
            for one in fields(part):
                value = getattr(part, one.name)
                assert not isinstance(value, np.generic | np.ndarray), (type(part), one.name)
                assert not (isinstance(value, float) and not math.isfinite(value)), (type(part), one.name)


def test_a_marker_nobody_described_is_shown_without_a_verdict() -> None:
    (found,) = evaluate([series([1.0, 2.0], marker="NEW")], PANEL, PARAMETERS)

    assert (found.level, found.markers[0].state, found.markers[0].family) == ("none", "no_verdict", "")


def test_without_a_set_point_the_first_draw_is_the_baseline() -> None:
    known = {"P1NP": parameters("P1NP", cv=14.0, set_point=None)}

    (found,) = evaluate([series([55.0, 58.0, 56.0], marker="P1NP")], known, PARAMETERS)

    assert found.markers[0].readings[1].expected == pytest.approx(55.0, rel=1e-12)
