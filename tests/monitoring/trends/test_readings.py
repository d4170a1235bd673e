"""How each draw was read against what was known before it."""

from __future__ import annotations

import math

import pytest

from monitoring.trends.bank import follow
from tests.monitoring.trends.builders import (
    PARAMETERS,
    analysis_of,
    read,
    series,
)

FLAT = [2.2, 2.1, 2.3, 2.2]
RISING = [*FLAT, 3.4, 5.1, 8.0]


def test_each_reading_is_the_draw_against_what_was_known_before_it() -> None:
    finding, path = read(series(RISING)), analysis_of(series(RISING)).path

    for at, reading in enumerate(finding.readings[1:], start=1):
        mean, spread = path.expected[0, at], path.spread[0, at]
        assert reading.baseline_draws == at
        assert reading.expected == pytest.approx(math.exp(mean), rel=1e-12)
        assert reading.band_low == pytest.approx(math.exp(mean - 1.645 * spread), rel=1e-12)
        assert reading.band_high == pytest.approx(math.exp(mean + 1.645 * spread), rel=1e-12)
        assert reading.z == pytest.approx((math.log(RISING[at]) - mean) / spread, rel=1e-12)
        assert reading.rise_vs_baseline_percent == pytest.approx(100.0 * (RISING[at] / math.exp(mean) - 1.0), rel=1e-9)
    assert [reading.stance for reading in finding.readings[4:]] == ["supports"] * 3


def test_the_weights_of_the_readings_add_up_to_the_leading_hypothesis_of_now() -> None:
    analysis, finding = analysis_of(series(RISING)), read(series(RISING))
    onset, doubling = analysis.evidence.onset[:, -1], analysis.evidence.doubling[:, -1]

    said = follow(analysis.panel.day, analysis.path, onset, doubling, PARAMETERS.start_share).said[0]

    assert [reading.weight for reading in finding.readings[1:]] == pytest.approx(said[1:].tolist(), abs=1e-12)
    assert finding.readings[0].weight is None
    assert finding.evidence is not None
    assert finding.evidence.support == pytest.approx(min(said[-1], said.sum() - said.max()), abs=1e-9)


def test_a_falling_marker_shows_its_band_the_right_way_up_and_the_sign_of_its_change() -> None:
    finding = read(series([42.0, 41.0, 42.0, 33.0, 29.0], marker="ALB"))

    assert finding.direction == "down"
    last = finding.readings[-1]
    assert last.band_low is not None
    assert last.band_high is not None
    assert last.expected is not None
    assert last.band_low < last.expected < last.band_high
    assert last.z is not None
    assert last.z < 0
    assert last.rise_vs_baseline_percent is not None
    assert last.rise_vs_baseline_percent < 0
    assert last.stance == "supports"
    assert finding.change_percent is not None
    assert finding.change_percent < 0
    assert finding.doubling_time_reason == "not_rising"


@pytest.mark.parametrize(
    ("change", "stance", "reason"),
    [
        ({"exclusions": ["", "", "haemolysed", ""]}, "not_used", "haemolysed"),
        ({"values": [2.2, 2.1, 0.0, 2.2]}, "not_used", "value_not_positive"),
        ({"values": [2.2, 2.1, -1.0, 2.2]}, "not_used", "value_not_positive"),
        ({"values": [2.2, 2.1, math.nan, 2.2]}, "not_used", "value_not_a_number"),
        ({"values": [2.2, 2.1, math.inf, 2.2]}, "not_used", "value_not_a_number"),
        ({"values": [2.2, 2.1, 0.5, 2.2], "censoring": [0, 0, 1, 0]}, "not_used", "limit_below_band"),
        ({"values": [2.2, 2.1, 9.0, 2.2], "censoring": [0, 0, 1, 0]}, "supports", ""),
        ({"values": [2.2, 2.1, 0.5, 2.2], "censoring": [0, 0, -1, 0]}, "against", ""),
        ({"values": [2.2, 2.1, 60.0, 2.2], "censoring": [0, 0, -1, 0]}, "against", ""),
        ({"values": [2.2, 2.1, 6.0, 2.2]}, "supports", ""),
        ({"values": [2.2, 2.1, 1.5, 2.2]}, "against", ""),
    ],
)
def test_a_draw_says_how_it_was_read_and_why_it_was_not_used(
    change: dict[str, object], stance: str, reason: str
) -> None:
    known: dict[str, object] = {"values": FLAT, **change}
    finding = read(series(**known))  # type: ignore[arg-type]

    assert (finding.readings[2].stance, finding.readings[2].reason) == (stance, reason)
    assert finding.readings[2].draw_id == 3


def test_a_draw_that_was_not_used_is_shown_with_what_was_expected_and_weighs_nothing() -> None:
    finding = read(series([2.2, 2.1, 50.0], exclusions=["", "", "haemolysed"]))

    last = finding.readings[-1]
    assert (last.value, last.z, last.weight, last.rise_vs_baseline_percent) == (50.0, None, None, None)
    assert last.expected is not None
    assert finding.last_value == 2.1


def test_a_result_below_a_limit_has_no_z_and_its_limit_is_shown() -> None:
    last = read(series([2.2, 2.1, 1.0], censoring=[0, 0, -1])).readings[-1]

    assert (last.value, last.censoring, last.z, last.rise_vs_baseline_percent) == (1.0, -1, None, None)
    assert last.weight is not None


def test_what_is_known_of_the_time_of_a_draw_stands_on_its_reading() -> None:
    finding = read(series(FLAT, rebase={1: 0.4}, extra={2: 0.2}, watch_only=[3]))

    assert [reading.rebased for reading in finding.readings] == ["", "assay_changed", "", ""]
    assert [reading.uncertain for reading in finding.readings] == ["", "", "not_fasting", ""]
    assert [reading.watch_only for reading in finding.readings] == ["", "", "", "rebound_window"]
