from __future__ import annotations

import math

import pytest

from monitoring.trends.engine import evaluate, level_history
from monitoring.trends.types import TrendProblem
from tests.monitoring.trends.builders import ALBUMIN, CEA, PANEL, parameters, read, series


def test_three_draws_that_rise_strongly_are_a_sustained_rise_at_the_third() -> None:
    finding = read(series([2.4, 4.1, 7.3]))

    assert finding.state == "sustained_rise"
    assert finding.supporting_draw_ids == (2, 3)
    assert finding.since_day == 20_042.0
    assert finding.last_value == 7.3
    assert finding.baseline is not None
    assert finding.baseline.draws == 1
    assert finding.baseline.draw_ids == (1,)
    # The person's level from one draw: 2.4 drawn 6 % of the way to the set-point of 2.2.
    assert finding.baseline.level == pytest.approx(2.3876468985766, rel=1e-12)
    sigma_squared = math.log(1 + 0.19**2)
    half = 1.959963984540054 * math.sqrt(0.75**2 * sigma_squared / (0.75**2 + sigma_squared))
    assert finding.baseline.high / finding.baseline.level == pytest.approx(math.exp(half), rel=1e-9)
    assert finding.baseline.level / finding.baseline.low == pytest.approx(math.exp(half), rel=1e-9)
    assert finding.change_percent == pytest.approx(100 * (7.3 / 2.3876468985766 - 1), rel=1e-9)
    assert finding.rcv_up_percent == pytest.approx(54.976, abs=0.001)
    assert finding.what_would_lower_it == pytest.approx(2.3876468985766 * 1.549759, rel=1e-6)


def test_the_first_draw_says_nothing_and_forms_the_baseline() -> None:
    finding = read(series([7.3]))

    assert finding.state == "not_enough_data"
    assert finding.baseline is None
    (reading,) = finding.readings
    assert (reading.stance, reading.reason, reading.expected) == ("neutral", "first_in_segment", None)


def test_no_draw_at_all_is_a_result() -> None:
    finding = read(series([]))

    assert finding.state == "not_enough_data"
    assert finding.readings == ()
    assert finding.last_value is None
    assert finding.slope is None
    assert finding.doubling_time_reason == "not_rising"


def test_an_empty_batch_gives_no_findings() -> None:
    assert evaluate([], PANEL) == ()
    assert level_history([], PANEL) == ()


def test_a_single_supporting_draw_is_not_a_sustained_rise() -> None:
    finding = read(series([2.4, 2.3, 2.5, 7.3]))

    assert finding.state == "single_rise"
    assert finding.supporting_draw_ids == (4,)


def test_one_spike_of_twenty_times_never_becomes_a_sustained_rise() -> None:
    for at in range(8):
        values = [2.4, 2.2, 2.5, 2.3, 2.4, 2.2, 2.5, 2.3]
        values[at] *= 20
        (history,) = level_history([series(values)], PANEL)
        assert all(draw.level != "alert" for draw in history.draws), at


def test_a_spike_moves_the_baseline_by_no_more_than_three_predictive_sds() -> None:
    wild, mild = read(series([2.4, 2.2, 2.5, 48.0, 2.3, 2.4])), read(series([2.4, 2.2, 2.5, 4.8, 2.3, 2.4]))

    assert wild.baseline == mild.baseline
    assert wild.baseline is not None
    assert wild.baseline.level == pytest.approx(2.67, abs=0.005)


def test_a_constant_series_is_calm() -> None:
    finding = read(series([2.4] * 10))

    assert finding.state == "calm"
    assert finding.slope is not None
    assert finding.slope.per_day == 0.0
    assert finding.doubling_time is None
    assert finding.doubling_time_reason == "not_rising"


def test_the_baseline_stands_still_while_the_rise_lasts() -> None:
    finding = read(series([2.4, 2.2, 2.5, 5.0, 5.1, 5.2, 5.3, 5.4]))

    assert finding.state == "sustained_rise"
    assert {reading.expected for reading in finding.readings[3:]} == {finding.readings[3].expected}
    assert finding.supporting_draw_ids == (4, 5, 6, 7, 8)


def test_the_draws_of_a_sustained_rise_never_enter_the_baseline() -> None:
    finding = read(series([2.4, 2.2, 2.5, 5.0, 6.0, 2.4, 2.3]))

    assert finding.state == "calm"
    assert finding.baseline is not None
    assert finding.baseline.draw_ids == (1, 2, 3, 6)


def test_a_draw_below_the_limit_ends_the_run_exactly_where_the_finding_says() -> None:
    rising = [2.4, 2.3, 5.0, 5.5]
    limit = read(series(rising)).what_would_lower_it
    assert limit is not None

    assert read(series([*rising, limit * 1.0001])).state == "sustained_rise"
    assert read(series([*rising, limit * 0.9999])).state == "calm"


def test_two_measurements_of_one_occasion_do_not_confirm_each_other() -> None:
    days = [20_000.0, 20_042.0, 20_084.0, 20_084.2]

    assert read(series([2.4, 2.3, 5.0, 5.5], days=days)).state == "single_rise"
    assert read(series([2.4, 2.3, 5.0, 5.5, 5.2], days=[*days, 20_126.0])).state == "sustained_rise"


def test_an_excluded_draw_is_shown_and_is_no_evidence() -> None:
    finding = read(series([2.4, 2.3, 5.0, 5.5], exclusions=["", "", "", "haemolysed"]))

    assert finding.state == "single_rise"
    last = finding.readings[-1]
    assert (last.value, last.stance, last.reason, last.z) == (5.5, "not_used", "haemolysed", None)
    assert last.expected is not None
    assert finding.last_value == 5.0


def test_an_excluded_draw_between_two_supporting_ones_does_not_break_the_run() -> None:
    finding = read(series([2.4, 2.3, 5.0, 2.2, 5.5], exclusions=["", "", "", "treatment_window", ""]))

    assert finding.state == "sustained_rise"
    assert finding.supporting_draw_ids == (3, 5)


def test_a_value_of_zero_has_no_logarithm_and_is_not_used() -> None:
    finding = read(series([2.4, 0.0, 2.3]))

    assert (finding.readings[1].stance, finding.readings[1].reason) == ("not_used", "value_not_positive")
    assert finding.state == "calm"
    assert read(series([0.0, 0.0])).state == "not_enough_data"


def test_a_value_that_is_no_number_is_not_used() -> None:
    finding = read(series([2.4, math.nan, math.inf]))

    assert [reading.reason for reading in finding.readings[1:]] == ["value_not_a_number", "value_not_a_number"]


def test_a_result_below_the_limit_never_supports_a_rise() -> None:
    finding = read(series([2.4, 2.3, 50.0, 60.0], censoring=[0, 0, -1, -1]))

    assert finding.state == "calm"
    assert [reading.stance for reading in finding.readings[2:]] == ["not_used", "not_used"]
    assert finding.readings[2].reason == "limit_above_band"


def test_a_result_below_the_limit_pulls_the_baseline_below_it() -> None:
    finding = read(series([0.5, 0.5, 0.45], censoring=[-1, -1, 0]))

    assert finding.baseline is not None
    assert 0.2 < finding.baseline.level < 0.5
    assert [reading.z for reading in finding.readings[:2]] == [None, None]


def test_over_a_baseline_of_censored_draws_alone_a_rise_is_counted_from_the_limit() -> None:
    below = read(series([0.5, 0.5, 0.5, 0.77], censoring=[-1, -1, -1, 0]))
    above = read(series([0.5, 0.5, 0.5, 0.78], censoring=[-1, -1, -1, 0]))

    # 0.5 raised by the reference change of 54.976 % is 0.77488.
    assert below.readings[-1].support_limit == pytest.approx(0.77488, abs=1e-5)
    assert (below.state, above.state) == ("calm", "single_rise")


def test_a_result_above_the_range_counts_as_at_least_the_limit() -> None:
    supported = read(series([2.4, 2.3, 50.0, 50.0], censoring=[0, 0, 1, 1]))
    unknown = read(series([2.4, 2.3, 2.5], censoring=[0, 0, 1]))

    assert supported.state == "sustained_rise"
    assert (unknown.readings[-1].stance, unknown.readings[-1].reason) == ("not_used", "limit_below_band")


def test_another_assay_restarts_the_baseline() -> None:
    finding = read(series([2.4, 2.3, 2.5, 6.0, 6.2, 5.9], segments=[0, 0, 0, 1, 1, 1]))

    assert finding.state == "calm"
    assert finding.baseline is not None
    assert (finding.baseline.start, finding.baseline.draw_ids) == ("segment", (4, 5))
    assert (finding.segment, finding.segment_start_day) == (1, 20_126.0)


def test_a_rise_does_not_run_on_over_a_change_of_assay() -> None:
    assert read(series([2.4, 2.3, 5.0, 5.5], segments=[0, 0, 0, 1])).state == "not_enough_data"


def test_a_level_that_fell_and_stayed_low_becomes_the_baseline_a_relapse_is_seen_against() -> None:
    finding = read(series([50.0, 30.0, 18.0, 11.0, 8.0, 7.0, 7.5, 7.0, 14.0, 15.0]))

    assert finding.state == "sustained_rise"
    assert finding.baseline is not None
    assert (finding.baseline.start, finding.baseline.draw_ids) == ("sustained_fall", (4, 5, 6, 7, 8))


def test_a_first_result_far_from_the_set_point_is_believed() -> None:
    finding = read(series([300.0, 320.0]))

    assert finding.baseline is not None
    assert finding.baseline.level == pytest.approx(290, abs=3)


def test_without_a_set_point_the_first_draw_is_the_baseline() -> None:
    known = parameters("P1NP", family="bone_turnover", cv=14.0, set_point=None)

    (found,) = evaluate([series([55.0, 58.0], marker="P1NP")], {"P1NP": known})

    (finding,) = found.markers
    assert finding.baseline is not None
    assert finding.baseline.level == pytest.approx(55.0, rel=1e-12)
    # Nothing but one result is known: the band is that of the difference of two.
    sigma = math.sqrt(math.log(1 + 0.14**2))
    assert finding.readings[1].band_high == pytest.approx(55.0 * math.exp(1.645 * math.sqrt(2) * sigma), rel=1e-12)


def test_a_falling_albumin_is_read_by_the_mirrored_rule() -> None:
    finding = read(series([42.0, 41.0, 42.0, 33.0, 31.0], marker="ALB"))

    assert (finding.state, finding.direction) == ("sustained_rise", "down")
    assert finding.rcv_up_percent == pytest.approx(-6.74, abs=0.01)
    assert finding.readings[-1].z is not None
    assert finding.readings[-1].z < 0
    assert read(series([42.0, 41.0, 42.0, 50.0, 52.0], marker="ALB")).state == "calm"


def test_the_mirrored_rule_is_the_rule_of_the_reciprocal() -> None:
    falling = read(series([42.0, 41.0, 42.0, 33.0, 31.0], marker="ALB"))
    up = parameters("UP", cv=3.0, set_point=1 / 42.0, set_point_sd=0.05)
    (mirrored,) = evaluate([series([1 / 42.0, 1 / 41.0, 1 / 42.0, 1 / 33.0, 1 / 31.0], marker="UP")], {"UP": up})

    for one, other in zip(falling.readings[1:], mirrored.markers[0].readings[1:], strict=True):
        assert one.z is not None
        assert other.z is not None
        assert one.z == pytest.approx(-other.z, rel=1e-9)
    assert ALBUMIN.direction == "down"


def test_a_marker_without_a_variation_estimate_shows_its_trend_and_gives_no_verdict() -> None:
    known = parameters("SCC", verdict=False)

    (found,) = evaluate([series([1.0, 2.0, 4.0, 8.0], marker="SCC")], {"SCC": known})

    (finding,) = found.markers
    assert (found.level, finding.state, finding.rcv_up_percent) == ("none", "no_verdict", None)
    assert finding.slope is not None
    assert finding.slope.per_day == pytest.approx(math.log(2) / 42.0, rel=1e-9)
    assert (finding.doubling_time, finding.doubling_time_reason) == (None, "not_rising")
    assert {reading.reason for reading in finding.readings} == {"no_variation_estimate"}


def test_a_marker_nobody_described_gives_no_verdict() -> None:
    (found,) = evaluate([series([1.0, 2.0], marker="NEW")], {})

    assert found.markers[0].state == "no_verdict"


def test_the_same_series_twice_in_a_batch_is_refused() -> None:
    with pytest.raises(TrendProblem) as refused:
        evaluate([series([1.0]), series([2.0])], PANEL)

    assert refused.value.code == "series_twice"


def test_draws_out_of_order_are_refused() -> None:
    with pytest.raises(TrendProblem) as refused:
        series([1.0, 2.0], days=[20_001.0, 20_000.0])

    assert refused.value.code == "series_not_ascending"


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(TrendProblem) as refused:
        series([1.0, 2.0], exclusions=[""])

    assert refused.value.code == "series_lengths_differ"


def test_a_verdict_without_a_variation_estimate_is_refused() -> None:
    with pytest.raises(TrendProblem) as refused:
        type(CEA)(
            marker="CEA",
            family="tumour",
            sigma_total=None,
            set_point_log_mean=None,
            set_point_log_sd=None,
            direction="up",
            verdict=True,
            grade="A",
        )

    assert refused.value.code == "sigma_missing"
