from __future__ import annotations

from typing import Any

import pytest

from monitoring.scorecard import ALL, AlertFacts, Answers, Card, Rate, Share, Watched, scorecard
from monitoring.uncertainty import Interval
from tests.monitoring.scorecards import NEWER, VERSION, facts, shown


def card(*alerts: AlertFacts, years: float = 100.0) -> Card:
    return scorecard(alerts, {VERSION: Watched(years=years)})[0]


def answers(*waits: tuple[float, bool]) -> Answers:
    return card(*(facts(at, waited_hours=hours, answered=is_so) for at, (hours, is_so) in enumerate(waits))).answers


def test_a_rate_is_the_alerts_in_a_hundred_patient_years() -> None:
    found = Rate(6, 150.0)
    assert found.value == pytest.approx(4.0)
    assert found.interval is not None
    assert (round(found.interval.low, 3), round(found.interval.high, 3)) == (1.468, 8.706)


@pytest.mark.parametrize(("years", "few"), [(19.99, True), (20.0, False)])
def test_below_twenty_patient_years_a_rate_is_too_few(years: float, few: bool) -> None:
    found = Rate(3, years)
    assert (found.too_few, found.value is None, found.interval is None) == (few, few, few)


def test_no_alert_in_years_enough_is_a_rate_with_an_upper_end() -> None:
    found = Rate(0, 100.0)
    assert found.value == 0.0
    assert found.interval is not None
    assert (found.interval.low, round(found.interval.high, 3)) == (0.0, 3.689)


@pytest.mark.parametrize(("of", "few"), [(9, True), (10, False)])
def test_of_nine_no_share_is_said(of: int, few: bool) -> None:
    found = Share(7, of)
    assert (found.too_few, found.value is None, found.interval is None) == (few, few, few)
    assert (found.count, found.of) == (7, of)


def test_the_share_confirmed_is_of_the_repeats_that_came() -> None:
    found = card(
        *(facts(at, repeat="confirmed") for at in range(8)),
        *(facts(at, repeat="not_confirmed") for at in range(8, 12)),
        *(facts(at, repeat="asked") for at in range(12, 15)),
        facts(15),
    )
    assert (found.confirmed, found.repeats_waiting) == (Share(8, 12), 3)


def test_the_share_shown_is_of_those_closed_with_a_scan_and_the_others_are_counted() -> None:
    found = card(
        *(shown(at) for at in range(4)),
        *(facts(at, stage="closed", outcome="other_progression", imaged=True) for at in range(4, 7)),
        *(facts(at, stage="closed", outcome="nothing_found", imaged=True) for at in range(7, 12)),
        *(facts(at, stage="closed", outcome="other_progression") for at in range(12, 14)),
        facts(14, stage="withdrawn"),
        facts(15),
    )
    assert (found.bone, found.progression) == (Share(4, 12), Share(7, 12))
    assert (found.closed, found.closed_without_imaging, found.standing, found.withdrawn) == (14, 2, 1, 1)
    assert found.alerts == 16


def test_the_lead_of_an_alert_that_is_as_late_as_its_record_is_left_out_and_said() -> None:
    found = card(shown(1, lead=30), shown(2, lead=-4, fresh=False), shown(3, lead=90), facts(4, fresh=False))
    assert (found.leads.days, found.leads_left_out) == ([30, 90], 1)


def test_what_was_on_record_before_is_counted_and_in_no_rate() -> None:
    found = card(
        facts(1),
        facts(2, fresh=False),
        facts(3, stage="closed", outcome="benign"),
        facts(4, stage="closed", outcome="nothing_found", fresh=False),
        facts(5, stage="withdrawn"),
    )
    assert (found.alerts, found.on_record_before) == (5, 2)
    assert (found.rate, found.false_rate) == (Rate(3, 100.0), Rate(1, 100.0))


def test_what_was_on_record_before_is_in_no_share_and_no_time_to_an_answer_either() -> None:
    old: dict[str, Any] = {"fresh": False, "answered": True, "waited_hours": 900.0}
    fresh = [shown(at, repeat="confirmed", waited_hours=2.0) for at in range(10)]
    taken_over = [shown(at, repeat="not_confirmed", **old) for at in range(10, 14)]
    taken_over += [facts(14, stage="closed", outcome="benign", **old), facts(15, repeat="asked", **old)]
    found = card(*fresh, *taken_over, facts(16, stage="withdrawn", fresh=False))
    assert (found.alerts, found.on_record_before) == (17, 7)
    assert (found.confirmed, found.bone, found.progression) == (Share(10, 10), Share(10, 10), Share(10, 10))
    assert (found.closed, found.closed_without_imaging, found.standing, found.withdrawn) == (10, 0, 0, 0)
    assert found.repeats_waiting == 0
    assert (found.answers.alerts, found.answers.answered, found.answers.median_hours) == (10, 10, 2.0)


def test_lead_times_have_a_median_quartiles_and_an_interval_from_six_on() -> None:
    found = card(*(shown(at, lead=days) for at, days in enumerate((90, -4, 20, 30, 10, 50)))).leads
    assert found.days == [-4, 10, 20, 30, 50, 90]
    assert found.quartiles == (12.5, 25.0, 45.0)
    assert found.interval == Interval(-4, 90)


def test_of_five_lead_times_only_the_days_are_told() -> None:
    found = card(*(shown(at, lead=days) for at, days in enumerate((90, -4, 20, 30, 10)))).leads
    assert (found.too_few, found.days, found.quartiles, found.interval) == (True, [-4, 10, 20, 30, 90], None, None)


def test_who_still_waits_for_an_answer_lengthens_the_median() -> None:
    quick = tuple((float(hours), True) for hours in (1, 2, 3, 4, 5, 6))
    assert answers(*quick).median_hours == 3.0
    assert answers(*quick, *((100.0, False) for _ in range(6))).median_hours == 6.0


def test_of_five_answers_there_is_no_median_whatever_waits() -> None:
    found = answers(*((1.0, True) for _ in range(5)), *((9.0, False) for _ in range(20)))
    assert (found.alerts, found.answered, found.too_few, found.median_hours) == (25, 5, True, None)
    assert (found.within(24), found.interval) == (None, None)


def test_the_share_answered_within_a_day_counts_an_answer_at_its_last_moment() -> None:
    found = answers(*((hours, True) for hours in (1.0, 2.0, 24.0, 24.1, 30.0, 40.0, 50.0, 60.0)))
    share, interval = found.within(24) or (0.0, None)
    assert share == pytest.approx(3 / 8)
    assert interval is not None
    assert interval.low < share < interval.high


def test_who_was_withdrawn_before_an_answer_is_counted_apart() -> None:
    found = card(facts(1, stage="withdrawn"), facts(2, stage="withdrawn", answered=True), facts(3)).answers
    assert (found.alerts, found.answered, found.withdrawn) == (3, 1, 1)


def test_each_version_has_its_own_row_below_all_together() -> None:
    cards = scorecard(
        [facts(1), facts(2, version=NEWER), facts(3, version=NEWER)],
        {NEWER: Watched(years=30, patients=9, silent=1), VERSION: Watched(years=70, patients=2, silent=2)},
    )
    assert [(one.version, one.alerts, one.rate.years, one.silent, one.patients) for one in cards] == [
        (ALL, 3, 100, 3, 11),
        (NEWER, 2, 30, 1, 9),
        (VERSION, 1, 70, 2, 2),
    ]


def test_a_version_that_watched_nobody_in_the_period_still_has_its_alerts() -> None:
    cards = scorecard([facts(1, version=NEWER)], {VERSION: Watched(years=70)})
    assert [(one.version, one.alerts, one.rate.years) for one in cards] == [
        (ALL, 1, 70),
        (VERSION, 0, 70),
        (NEWER, 1, 0),
    ]


def test_without_anything_the_card_of_all_says_nothing() -> None:
    (found,) = scorecard([], {})
    assert (found.alerts, found.rate.value, found.bone.value, found.leads.quartiles) == (0, None, None, None)
    assert (found.answers.curve, found.answers.median_hours, found.answers.within(24)) == (None, None, None)
