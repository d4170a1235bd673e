"""An ALERT never rests on one draw (D10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from monitoring.trends.analysis import Analysis
from monitoring.trends.bank import follow
from monitoring.trends.engine import level_history
from monitoring.trends.types import Series
from tests.monitoring.trends.builders import (
    FIRST_DAY,
    PANEL,
    PARAMETERS,
    analysis_of,
    every,
    flat_thresholds,
    history_of,
    patient_of,
    read,
    series,
)
from tests.monitoring.trends.patients import dates_of, patients, until

FEW = settings(max_examples=40, deadline=None, derandomize=True)
LEVELS = {"CEA": 2.2, "CYFRA211": 1.7, "BCTX": 0.3}
# Levels so low that whatever may carry one does.
EASY = replace(PARAMETERS, gate_odds=0.05, thresholds=flat_thresholds(watch=0.1, alert=0.1))


def panel_of(factors: Sequence[float], **how: object) -> list[Series]:
    return [
        series([level * factor for factor in factors], marker=marker, **how)  # type: ignore[arg-type]
        for marker, level in LEVELS.items()
    ]


@pytest.mark.parametrize("apart", [14.0, 21.0, 28.0, 35.0, 42.0, 63.0, 91.0, 140.0])
@pytest.mark.parametrize("at", range(1, 8))
def test_one_value_of_twenty_times_in_every_marker_is_a_watch_and_never_an_alert(at: int, apart: float) -> None:
    factors = [20.0 if place == at else 1.0 for place in range(9)]

    levels = [draw.level for draw in history_of(*panel_of(factors, days=every(apart, 9))).draws]

    assert "alert" not in levels
    assert set(levels[:at]) == {"none"}
    # In the first weeks hardly an onset is open: R begins at nothing, and so does what one draw can bring.
    assert levels[at] == "watch" or at * apart <= 42.0


def test_a_draw_a_hair_above_what_was_expected_does_not_confirm_a_wild_one_after_it() -> None:
    """Two in a row would be enough for the design's rule; here a second witness is asked for besides (D12)."""
    wild = panel_of([1.0, 0.95, 1.05, 1.0, 0.97, 1.02, 20.0])
    two_in_a_row = replace(PARAMETERS, second_witness=0.0, two_in_a_row=True, least_support=0.0)

    (found,) = level_history(wild, PANEL, PARAMETERS)
    (by_chance,) = level_history(wild, PANEL, two_in_a_row)

    assert found.draws[-1].level == "watch"
    assert by_chance.draws[-1].level == "alert"


def test_a_draw_a_little_above_what_was_expected_is_no_second_witness_of_a_wild_one_after_it() -> None:
    wild = panel_of([1.0, 0.95, 1.05, 1.0, 0.97, 1.15, 20.0])
    without_the_rule = replace(PARAMETERS, second_witness=0.0)

    (found,) = level_history(wild, PANEL, PARAMETERS)
    (by_chance,) = level_history(wild, PANEL, without_the_rule)

    assert found.draws[-1].level == "watch"
    assert by_chance.draws[-1].level == "alert"


def test_a_second_high_draw_in_every_marker_is_an_alert() -> None:
    levels = [draw.level for draw in history_of(*panel_of([1.0, 0.95, 1.05, 1.0, 3.0, 3.6])).draws]

    assert levels == ["none"] * 4 + ["watch", "alert"]


def occasions(analysis: Analysis, row: int) -> list[float]:
    """What each occasion said for the rise that leads now; draws less than three days after its first belong to it."""
    onset, doubling = (numbers[:, -1] for numbers in (analysis.evidence.onset, analysis.evidence.doubling))
    trace = follow(analysis.panel.day, analysis.path, onset, doubling, analysis.parameters.start_share)
    said: list[float] = []
    first = -math.inf
    for column in np.flatnonzero(analysis.path.used[row]).tolist():
        day = float(analysis.panel.day[row, column])
        if day - first < 3.0:
            said[-1] += float(trace.said[row, column])
        else:
            said.append(float(trace.said[row, column]))
            first = day
    return said


@FEW
@given(patients(most=7))
def test_whatever_carries_an_alert_is_supported_by_its_latest_occasion_and_by_all_but_its_strongest(
    of_patient: tuple[Series, ...],
) -> None:
    history = history_of(*of_patient, using=EASY)
    for at, date in enumerate(dates_of(of_patient)):
        bearing = history.draws[at].markers
        if history.draws[at].level == "alert":
            assert bearing
        if not bearing:
            continue
        analysis = analysis_of(*until(of_patient, date), using=EASY)
        for row, one in enumerate(analysis.panel.series):
            if one.marker in bearing:
                said = occasions(analysis, row)
                assert said[-1] > 0.01
                assert math.fsum(said) - max(said) > 0.01


def test_the_random_patients_do_reach_an_alert_under_these_levels() -> None:
    assert history_of(series([2.2, 2.2, 2.6, 3.2]), using=EASY).draws[-1].level == "alert"


@pytest.mark.parametrize(("apart", "state"), [(2.99, "single_rise"), (3.0, "sustained_rise")])
def test_two_samples_of_one_occasion_do_not_confirm_each_other(apart: float, state: str) -> None:
    days = [*every(42.0, 4), FIRST_DAY + 126.0 + apart]

    finding = read(series([2.2, 2.1, 2.3, 7.0, 7.4], days=days))

    assert finding.state == state
    assert finding.supporting_draw_ids == (4, 5)


@pytest.mark.parametrize(
    ("last", "state"),
    [(2.9, "single_rise"), (3.1, "sustained_rise")],
)
def test_an_occasion_is_counted_from_its_first_draw_however_many_follow_each_other(last: float, state: str) -> None:
    days = [*every(42.0, 3), *[FIRST_DAY + 126.0 + after for after in (0.0, 0.5, 1.4, last)]]

    assert read(series([2.2, 2.1, 2.3, 7.0, 7.4, 7.2, 7.1], days=days)).state == state


def test_two_rises_with_a_draw_between_them_that_says_less_confirm_each_other() -> None:
    between = [2.2, 2.1, 2.3, 2.2, 4.2, 3.0, 5.5]

    assert read(series(between)).state == "sustained_rise"
    assert read(series([*between[:-2], 1.9, 5.5])).state == "single_rise"


def test_a_draw_that_says_nothing_for_the_rise_takes_the_confirmation_back() -> None:
    rising = [2.2, 2.1, 2.3, 5.0, 6.5]

    assert read(series(rising)).state == "sustained_rise"
    assert read(series([*rising, 2.4])).state != "sustained_rise"


def test_an_excluded_draw_between_two_supporting_ones_breaks_nothing() -> None:
    values = [2.2, 2.1, 2.3, 5.0, 2.0, 6.5]

    used, left_out = read(series(values)), read(series(values, exclusions=["", "", "", "", "haemolysed", ""]))

    assert used.state == "single_rise"
    assert (left_out.state, left_out.supporting_draw_ids) == ("sustained_rise", (4, 6))


def test_a_draw_that_may_only_be_watched_carries_no_alert_and_the_next_one_may() -> None:
    values = [2.2, 2.1, 2.3, 5.0, 6.5, 9.0]

    plain, watched = history_of(series(values)), history_of(series(values, watch_only=[4]))

    assert [draw.level for draw in plain.draws] == ["none", "none", "none", "watch", "alert", "alert"]
    assert [draw.level for draw in watched.draws] == ["none", "none", "none", "watch", "watch", "alert"]
    assert watched.draws[4].markers == ()
    assert watched.draws[4].alert_index is None
    assert [one.watch_index for one in watched.draws] == [one.watch_index for one in plain.draws]


def test_a_marker_that_is_not_confirmed_adds_no_more_to_an_alert_than_even_odds() -> None:
    flat_then_high = [1.7, 1.7, 1.7, 1.7, 1.7, 34.0]
    found = patient_of(series([2.2, 2.1, 2.3, 3.0, 5.0, 6.5]), series(flat_then_high, marker="CYFRA211"))

    assert found.watch_index is not None
    assert found.alert_index is not None
    cea, cyfra = found.markers
    assert cea.evidence is not None
    assert cyfra.evidence is not None
    assert (cea.evidence.confirmed, cyfra.evidence.confirmed) == (True, False)
    assert cyfra.evidence.odds > 1.0
    assert found.watch_index == pytest.approx(cea.evidence.part + cyfra.evidence.part, abs=1e-12)
    assert found.alert_index == pytest.approx(cea.evidence.part + math.log(1.0 + 1.5), abs=1e-12)


def test_the_gate_asks_the_confirmed_marker_itself_for_its_odds() -> None:
    one = series([2.2, 2.2, 2.5, 2.9])
    odds = read(one).evidence
    assert odds is not None
    assert odds.confirmed

    below = history_of(one, using=replace(PARAMETERS, gate_odds=odds.odds * 1.001))
    above = history_of(one, using=replace(PARAMETERS, gate_odds=odds.odds * 0.999))

    assert below.draws[-1].alert_index is None
    assert above.draws[-1].alert_index == pytest.approx(above.draws[-1].watch_index, abs=1e-12)
