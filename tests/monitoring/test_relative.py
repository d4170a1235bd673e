"""The chart in × upper limit and in % of the own level: what is divided by what, and what is left as a gap and said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from monitoring.chart_panels import Panel
from monitoring.charts import Events, patient_chart
from monitoring.detection import detection_parameters
from monitoring.evaluation import build_series
from monitoring.parameters import marker_parameters
from monitoring.relative import percent_of_own_level, times_upper_limit
from monitoring.trends import engine
from tests.monitoring.figures import finding, panel, point, reading
from tests.monitoring.test_charts import TODAY


def chart(shown: Panel) -> dict[str, Any]:
    made = patient_chart([shown], events=Events(), today=TODAY)
    assert made is not None
    whole: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return whole


def changed(made: dict[str, Any], measure: str, role: str) -> dict[str, Any]:
    (at,) = [at for at, one in enumerate(made["data"]) if one.get("meta", {}).get("role") == role]
    change: dict[str, Any] = made["measures"][measure][str(at)]
    return change


def notes(made: dict[str, Any], scale: str, name: str) -> list[str]:
    return [one["text"] for one in made["scales"][scale]["annotations"] if one["name"] == name]


def bands(made: dict[str, Any], scale: str) -> list[tuple[float, float]]:
    return [(one["y0"], one["y1"]) for one in made["scales"][scale]["shapes"]]


def unranged(*values: str, marker: str = "CEA") -> Panel:
    """Values of which none has a range."""
    shown = panel([point(marker, value, draw=at) for at, value in enumerate(values, start=1)])
    return replace(shown, views=[replace(view, within=None) for view in shown.views])


# --- × upper limit --------------------------------------------------------------------------------------------------
def test_each_value_is_held_against_the_upper_limit_of_its_own_draw() -> None:
    made = chart(panel([point("CEA", "6", draw=1, high="5"), point("CEA", "6", draw=2, high="4")]))
    assert changed(made, "uln", "used")["y"] == [1.2, 1.5]
    assert changed(made, "uln", "used")["said"] == ["1.2 × upper limit", "1.5 × upper limit"]
    assert changed(made, "uln", "line")["y"] == [1.2, 1.5]
    assert notes(made, "uln", "title") == ["CEA, × ULN"]
    assert notes(made, "uln", "remark") == ["1 = upper limit of each draw, now 4 ng/mL"]


def test_the_reference_band_ends_at_one_whatever_the_laboratory() -> None:
    low_too = [point("ALP", "80", draw=1, low="40", high="100"), point("ALP", "80", draw=2, low="40", high="160")]
    assert bands(chart(panel(low_too)), "uln") == [(0.4, 1.0), (0.25, 1.0)]


def test_a_value_without_an_upper_limit_is_a_gap_and_is_counted() -> None:
    series = [point("CEA", "5", draw=at, high="5") for at in (1, 2, 3)]
    shown = panel(series)
    shown = replace(shown, views=[shown.views[0], replace(shown.views[1], within=None), shown.views[2]])
    made = chart(shown)
    assert changed(made, "uln", "line")["y"] == [1.0, None, 1.0]
    assert changed(made, "uln", "used")["y"] == [1.0, None, 1.0]
    assert made["data"][1]["y"] == [5.0, 5.0, 5.0]
    assert notes(made, "uln", "remark") == ["1 = 5 ng/mL · 1 value without it is not drawn"]
    assert times_upper_limit(shown.views[1]) is None


def test_where_no_draw_has_an_upper_limit_that_is_said_and_nothing_is_drawn() -> None:
    made = chart(unranged("5", "6"))
    assert changed(made, "uln", "used")["y"] == [None, None]
    assert notes(made, "uln", "remark") == ["no upper limit known: not drawn"]
    low, high = made["scales"]["uln"]["yaxis.range"]
    assert low < 1 < high


def test_an_upper_limit_of_zero_divides_nothing() -> None:
    assert times_upper_limit(panel([point("CEA", "5", high="0")]).views[0]) is None


def test_a_reporting_limit_keeps_its_sign_and_glyph() -> None:
    made = chart(panel([point("CEA", "<0.5", draw=1, high="5"), point("CEA", "6", draw=2, high="5")]))
    assert changed(made, "uln", "censored") == {"y": [0.1], "said": ["<0.1 × upper limit"]}
    assert changed(made, "uln", "line")["y"] == [None, 1.2]


def test_log_works_in_each_measure_and_is_named() -> None:
    made = chart(panel([point("CEA", "5", draw=1, high="5"), point("CEA", "500", draw=2, high="5")]))
    assert made["scales"]["uln-log"]["yaxis.type"] == "log"
    low, high = made["scales"]["uln-log"]["yaxis.range"]
    assert low < 0 < 2 < high
    assert notes(made, "uln-log", "remark") == ["1 = 5 ng/mL · log scale"]


# --- % of the own level ---------------------------------------------------------------------------------------------
def test_percent_is_of_the_level_that_the_engine_states_bands_too() -> None:
    found = finding([reading(1), reading(2, band=(1.53, 2.55))])
    made = chart(panel([point("CEA", "2.04", draw=1, high="5.1"), point("CEA", "4.08", draw=2, high="5.1")], found))
    assert changed(made, "baseline", "used")["y"] == [100.0, 200.0]
    assert changed(made, "baseline", "used")["said"] == ["100 % of own level", "200 % of own level"]
    assert changed(made, "baseline", "personal_band")["y"] == [127.5, 125.0, 75.0, 73.53]
    ((_, high),) = bands(made, "baseline")
    assert high == 250.0
    assert notes(made, "baseline", "title") == ["CEA, % of own level"]
    assert notes(made, "baseline", "remark") == ["100 % = own level, 2.04 ng/mL"]


@pytest.mark.parametrize("found", [None, replace(finding([reading(1)]), baseline=None)])
def test_without_a_level_that_is_said_and_nothing_is_drawn(found: Any) -> None:
    made = chart(panel([point("CEA", "2.04")], found))
    assert changed(made, "baseline", "used")["y"] == [None]
    assert notes(made, "baseline", "remark") == ["no own level stated yet: not drawn"]


def own_level_over(values: Sequence[tuple[str, str]]) -> list[float | None]:
    """Percent of the own level as the engine itself states it, of values and their assay, six weeks apart."""
    series = [point("CEA", value, draw=at, assay=assay) for at, (value, assay) in enumerate(values, 1)]
    (read,) = engine.evaluate([build_series(1, "CEA", series)], marker_parameters(), detection_parameters())
    return percent_of_own_level(panel(series, read.markers[0]))


def test_values_of_another_assay_are_not_held_against_the_level_before_the_change() -> None:
    one = [("2.0", "Roche"), ("2.1", "Roche"), ("1.9", "Roche")]
    levels = own_level_over([*one, ("3.0", "Abbott")])
    assert levels == [pytest.approx(100, abs=6), pytest.approx(105, abs=6), pytest.approx(95, abs=6), None]


def test_values_of_an_earlier_assay_are_not_held_against_the_level_after_the_change() -> None:
    other = [("4.0", "Abbott"), ("4.1", "Abbott"), ("3.9", "Abbott"), ("4.0", "Abbott")]
    levels = own_level_over([("2.0", "Roche"), *other])
    assert levels[0] is None
    assert None not in levels[1:]


def test_that_a_value_has_no_level_here_is_said() -> None:
    series = [point("CEA", "2.04", draw=1, assay="Roche"), point("CEA", "2.04", draw=2, assay="Abbott")]
    own = finding([reading(1), reading(2)])
    assert own.baseline is not None
    shown = panel(series, replace(own, baseline=replace(own.baseline, draw_ids=(2,))))
    assert percent_of_own_level(shown) == [None, pytest.approx(100.0)]
    said = "100 % = own level, 2.04 ng/mL; values of another assay have no level here"
    assert notes(chart(shown), "baseline", "remark") == [f"{said} · 1 value without it is not drawn"]


# --- both -----------------------------------------------------------------------------------------------------------
def test_a_gap_in_the_middle_parts_the_personal_band_and_keeps_the_traces() -> None:
    series = [point("CEA", "5", draw=at, high="5") for at in range(1, 6)]
    shown = panel(series, finding([reading(at, band=(2.5, 5.0)) for at in range(1, 6)]))
    views = [replace(view, within=None) if at == 2 else view for at, view in enumerate(shown.views)]
    band = changed(chart(replace(shown, views=views)), "uln", "personal_band")
    assert band["y"] == [1.0, 1.0, 0.5, 0.5, None, 1.0, 1.0, 0.5, 0.5]
    assert len(band["x"]) == len(band["y"])
    assert band["x"][4] is None


def test_every_trace_of_the_panels_has_its_numbers_in_each_measure() -> None:
    made = chart(panel([point("CEA", "5", draw=1), point("CEA", "<1", draw=2)], finding([reading(1), reading(2)])))
    for measure in ("uln", "baseline"):
        for at, change in made["measures"][measure].items():
            assert len(change["y"]) == len(change.get("x", made["data"][int(at)]["x"]))
        assert sorted(map(int, made["measures"][measure])) == list(range(len(made["data"])))
