from __future__ import annotations

from typing import Any

import pytest

from monitoring.scorecard import AlertFacts, Answers, Card, Watched, scorecard
from monitoring.scorecard_chart import answer_chart, lead_chart, rate_chart, share_chart
from tests.monitoring.scorecards import NEWER, VERSION, facts, shown


def cards(*alerts: AlertFacts, years: float = 100.0, newer: float = 0.0) -> tuple[Card, ...]:
    return scorecard(alerts, {VERSION: Watched(years=years), **({NEWER: Watched(years=newer)} if newer else {})})


def drawn(figure: dict[str, Any] | None) -> dict[str, Any]:
    assert figure is not None
    return figure


def trace(figure: dict[str, Any] | None, name: str) -> dict[str, Any]:
    (found,) = (one for one in drawn(figure)["data"] if one["name"] == name)
    return dict(found)


def notes(figure: dict[str, Any] | None, name: str) -> list[str]:
    return [one["text"] for one in drawn(figure)["layout"]["annotations"] if one["name"] == name]


def shapes(figure: dict[str, Any] | None, name: str) -> list[tuple[float, float]]:
    return [(one["x0"], one["x1"]) for one in drawn(figure)["layout"]["shapes"] if one["name"] == name]


def answers(*waits: tuple[float, bool]) -> Answers:
    return cards(*(facts(at, waited_hours=one, answered=so) for at, (one, so) in enumerate(waits)))[0].answers


def test_seen_and_promised_stand_side_by_side() -> None:
    figure = rate_chart(cards(*(facts(at) for at in range(6)))[1:], promised=5.0)
    point = trace(figure, "rate")
    assert (point["x"], point["y"]) == ([6.0], [0])
    assert point["error_x"]["array"] == [pytest.approx(7.0593, abs=1e-3)]
    assert point["error_x"]["arrayminus"] == [pytest.approx(3.7981, abs=1e-3)]
    assert shapes(figure, "promised") == [(5.0, 5.0)]
    assert notes(figure, "promised") == ["promised (synthetic): 5.0"]


def test_what_was_closed_without_progression_is_drawn_below_with_its_own_interval() -> None:
    benign = [facts(at, stage="closed", outcome="benign") for at in range(3)]
    figure = rate_chart(cards(*benign, facts(3))[1:], promised=5.0)
    seen, false = trace(figure, "rate"), trace(figure, "false_rate")
    assert (seen["x"], false["x"], false["y"]) == ([4.0], [3.0], [0.26])
    assert false["error_x"]["array"] == [pytest.approx(5.7673, abs=1e-3)]
    assert false["error_x"]["arrayminus"] == [pytest.approx(2.3813, abs=1e-3)]
    assert seen["marker"]["symbol"] != false["marker"]["symbol"]
    assert false["hovertext"] == [f"{VERSION}, closed without progression: 3.0 (0.6–8.8)"]


@pytest.mark.parametrize(("synthetic", "says"), [(True, "synthetic"), (False, "own patients")])
def test_the_promise_says_of_whom_it_was_made(synthetic: bool, says: str) -> None:
    figure = rate_chart(cards(facts(1)), promised=5.0, synthetic=synthetic)
    assert notes(figure, "promised") == [f"promised ({says}): 5.0"]


def test_a_version_with_too_few_years_has_words_and_no_point() -> None:
    figure = rate_chart(cards(facts(1), facts(2, version=NEWER), years=100, newer=3.2), promised=5.0)
    assert trace(figure, "rate")["y"] == [0, 1]
    assert notes(figure, "too_few") == ["too few to say (3.2 patient-years)"]
    assert notes(figure, "version") == ["all versions", VERSION, NEWER]


def test_the_axis_holds_the_promise_where_nothing_is_seen() -> None:
    first, last = drawn(rate_chart(cards(years=1000), promised=5.0))["layout"]["xaxis"]["range"]
    assert (first, last) == (0, pytest.approx(5.4))


def test_with_too_few_everywhere_nothing_is_drawn() -> None:
    few = cards(*(shown(at, repeat="confirmed") for at in range(5)), years=10)
    assert rate_chart(few, promised=5.0) is None
    assert share_chart(few) is None
    assert answer_chart(few[0].answers) is None
    assert lead_chart(cards(facts(1))) is None


def test_shares_are_drawn_by_shape_and_colour_in_percent() -> None:
    some = [shown(at) for at in range(6)]
    some += [facts(at, stage="closed", outcome="nothing_found", imaged=True) for at in range(6, 12)]
    figure = share_chart(cards(*some)[1:])
    assert [one["name"] for one in drawn(figure)["data"]] == ["bone", "progression"]
    assert trace(figure, "bone")["x"] == [50.0]
    assert trace(figure, "bone")["marker"]["symbol"] != trace(figure, "progression")["marker"]["symbol"]
    assert trace(figure, "bone")["hovertext"] == ["bone metastasis on imaging: 50\u00a0% (25–75), 6 of 12"]
    assert notes(figure, "too_few") == ["too few to say (0 of 0)"]


def test_each_lead_time_is_a_point_that_leads_to_its_patient() -> None:
    alerts = [shown(at, lead=days, patient=70 + at) for at, days in enumerate((-5, 90))]
    figure = lead_chart(cards(*alerts)[1:])
    assert trace(figure, "lead")["x"] == [-5, 90]
    assert trace(figure, "lead")["customdata"] == ["/patients/70/", "/patients/71/"]
    assert shapes(figure, "scan") == [(0, 0)]
    assert (shapes(figure, "median"), notes(figure, "too_few")) == ([], ["too few to say"])


def test_six_lead_times_have_a_median_and_a_box() -> None:
    alerts = [shown(at, lead=days) for at, days in enumerate((90, -4, 20, 30, 10, 50))]
    figure = lead_chart(cards(*alerts)[1:])
    assert (shapes(figure, "median"), shapes(figure, "quartiles")) == ([(25.0, 25.0)], [(12.5, 45.0)])
    assert notes(figure, "too_few") == []


def test_points_of_one_day_stand_beside_each_other() -> None:
    figure = lead_chart(cards(*(shown(at, lead=30) for at in range(5)))[1:])
    assert len(set(trace(figure, "lead")["y"])) == 5


def test_the_curve_of_answers_steps_from_nothing_to_the_last_that_is_known() -> None:
    figure = answer_chart(answers(*((hours, True) for hours in (6.0, 12.0, 24.0, 24.0, 36.0, 48.0)), (96.0, False)))
    line = trace(figure, "answered")
    assert (line["x"], line["line"]["shape"]) == ([0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0], "hv")
    assert line["y"] == pytest.approx([0, 100 / 7, 200 / 7, 400 / 7, 500 / 7, 600 / 7, 600 / 7])
    for low, share, high in zip(trace(figure, "low")["y"], line["y"], trace(figure, "high")["y"], strict=True):
        assert low <= share <= high


def test_the_curve_ends_after_thirty_days() -> None:
    figure = answer_chart(answers(*((hours, True) for hours in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), (2000.0, False)))
    assert trace(figure, "answered")["x"][-1] == 30.0


def test_what_a_version_is_called_cannot_write_into_the_chart() -> None:
    figure = rate_chart(scorecard([], {"<b>x": Watched(years=50)})[1:], promised=5.0)
    assert notes(figure, "version") == ["&lt;b&gt;x"]
