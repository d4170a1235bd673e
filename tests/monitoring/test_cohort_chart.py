from __future__ import annotations

import json
import math
from typing import Any

import pytest
from django.utils import translation

from monitoring.cohort import Figure, GroupCourse, Window
from monitoring.cohort_chart import cohort_chart
from monitoring.cohort_choice import Choice

PLAIN = Choice(marker="CEA", group="histology", align="bone_metastasis", values="units", scale="linear")
LOG = Choice(marker="CEA", group="histology", align="bone_metastasis", values="units", scale="log")
RATIO = Choice(marker="CEA", group="histology", align="ct", values="ratio", scale="linear")


def exactly(number: float) -> Figure:
    return Figure(number, number)


def window(first: int, *numbers: float | Figure, patients: int = 12) -> Window:
    """10th percentile, median and 90th percentile; none of a window with too few."""
    low, median, high = (
        (one if isinstance(one, Figure) else exactly(one) for one in numbers) if numbers else (None, None, None)
    )
    return Window(first=first, last=first + 4, patients=patients, low=low, median=median, high=high)


def course(*windows: Window, code: str = "squamous") -> GroupCourse:
    return GroupCourse(code, 12, windows)


def chart(*courses: GroupCourse, choice: Choice = PLAIN) -> dict[str, Any]:
    found = cohort_chart(courses, choice)
    assert found is not None
    return found


def traces(found: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [trace for trace in found["data"] if trace["meta"]["role"] == role]


def notes(found: dict[str, Any], name: str) -> list[str]:
    return [note["text"] for note in found["layout"]["annotations"] if note["name"] == name]


def test_medians_are_joined_in_the_middle_of_their_windows_and_never_across_a_gap() -> None:
    found = chart(course(window(-8, 1, 2, 3), window(-4, 1, 2.5, 4), window(0, patients=3), window(4, 2, 3, 5)))
    (line,) = traces(found, "line")
    assert (line["x"], line["y"]) == ([-6, -2, None, 6, None], [2, 2.5, None, 3, None])
    assert line["connectgaps"] is False
    first, second = traces(found, "band")
    assert (first["x"], first["y"]) == ([-6, -2, -2, -6], [3, 4, 1, 1])
    assert (second["x"], second["y"]) == ([6, 6], [5, 2])
    (points,) = traces(found, "median")
    assert points["hovertext"][0] == (
        "squamous cell carcinoma<br>weeks −8 to −4<br>2.00 ng/mL (10–90 %: 1.00 to 3.00), n = 12"
    )


def test_the_number_of_patients_stands_at_each_window_and_less_than_five_are_not_told() -> None:
    found = chart(course(window(-4, 1, 2, 3, patients=7), window(0, patients=3), window(4, patients=0)))
    assert notes(found, "count") == ["n", "7", "&lt;5"]
    assert notes(found, "title") == ["squamous cell carcinoma, n = 12"]
    assert notes(found, "unit") == ["CEA ng/mL"]


def test_each_group_has_its_panel_its_shape_and_the_others_in_grey() -> None:
    one, other = course(window(0, 1, 2, 3)), course(window(0, 2, 4, 6), code="adenocarcinoma")
    few = course(window(0, patients=2), code="small_cell")
    found = chart(one, other, few)
    assert [trace["marker"]["symbol"] for trace in traces(found, "median")] == ["circle", "square"]
    assert [trace["yaxis"] for trace in traces(found, "line")] == ["y", "y2"]
    assert [(trace["meta"]["group"], trace["yaxis"]) for trace in traces(found, "other")] == [
        ("adenocarcinoma", "y"),
        ("squamous", "y2"),
    ]
    layout = found["layout"]
    assert layout["yaxis"]["range"] == layout["yaxis2"]["range"]
    assert "yaxis3" not in layout
    assert layout["yaxis2"]["domain"][1] < layout["yaxis"]["domain"][0]
    assert found["windows"] == [
        {
            "x": 2,
            "head": "weeks 0 to 4",
            "items": [
                "squamous cell carcinoma: 2.00 ng/mL (10–90 %: 1.00 to 3.00), n = 12",
                "adenocarcinoma: 4.00 ng/mL (10–90 %: 2.00 to 6.00), n = 12",
            ],
        }
    ]


def test_what_is_only_bounded_is_an_open_triangle_with_a_tail_and_is_not_joined() -> None:
    below, above = Figure(0.0, 0.5), Figure(8.0, math.inf)
    found = chart(course(window(-4, below, below, 2), window(0, 1, 2, 3), window(4, 4, above, above)))
    (line,) = traces(found, "line")
    assert line["y"] == [None, 2, None, None]
    (limit,) = traces(found, "median_limit")
    assert (limit["x"], limit["y"]) == ([-2, 6], [0.5, 8.0])
    assert limit["marker"]["symbol"] == ["triangle-down-open", "triangle-up-open"]
    assert limit["error_y"]["arrayminus"] == [0.5, 0]
    assert limit["error_y"]["array"] == [0, found["layout"]["yaxis"]["range"][1] - 8.0]
    assert limit["hovertext"][0].endswith("≤ 0.500 ng/mL (10–90 %: ≤ 0.500 to 2.00), n = 12")
    low, high = traces(found, "band_limit")
    assert (low["x"], low["y"], high["x"], high["y"]) == ([-2], [0.5], [6], [8.0])


def test_the_scale_is_linear_and_a_log_scale_says_that_it_is_rescaled() -> None:
    courses = course(window(0, 1, 10, 100))
    plain, log = chart(courses), chart(courses, choice=LOG)
    assert plain["layout"]["yaxis"]["type"] == "linear"
    assert plain["layout"]["yaxis"]["range"] == [0, 100 + 99 * 0.08]
    assert log["layout"]["yaxis"]["type"] == "log"
    assert log["layout"]["yaxis"]["range"] == pytest.approx([-0.16, 2.16])
    assert notes(log, "unit") == ["CEA ng/mL · log (re-scaled)"]


def test_a_log_scale_is_ticked_at_one_two_and_five_and_over_many_decades_at_powers_of_ten() -> None:
    fine = chart(course(window(0, 0.4, 2, 12)), choice=LOG)["layout"]["yaxis"]
    assert fine["tickvals"] == [0.5, 1.0, 2.0, 5.0, 10.0]
    assert fine["ticktext"] == ["0.5", "1", "2", "5", "10"]
    assert chart(course(window(0, 0.5, 20, 50000)), choice=LOG)["layout"]["yaxis"]["ticktext"] == [
        *("1", "10", "100", "1000", "10000", "100000"),
    ]
    assert "tickvals" not in chart(course(window(0, 0.4, 2, 12)))["layout"]["yaxis"]


def test_on_a_log_scale_zero_ends_at_the_axis() -> None:
    found = chart(course(window(0, 0, 10, 100)), choice=LOG)
    (band,) = traces(found, "band")
    bottom = 10 ** found["layout"]["yaxis"]["range"][0]
    assert band["y"][1] == bottom > 0


def test_values_that_are_all_zero_have_no_log_scale_and_are_drawn() -> None:
    found = chart(course(window(0, 0, 0, 0)), choice=LOG)
    assert (found["layout"]["yaxis"]["type"], found["layout"]["yaxis"]["range"]) == ("linear", [0, 0.08])


def test_multiples_show_the_own_level_and_the_day() -> None:
    found = chart(course(window(0, 1.5, 2, 3)), choice=RATIO)
    shapes = {shape["name"]: shape for shape in found["layout"]["shapes"]}
    assert (shapes["day"]["x0"], shapes["day"]["x1"]) == (0, 0)
    assert (shapes["own_level"]["y0"], shapes["own_level"]["y1"]) == (1, 1)
    assert notes(found, "unit") == ["CEA × own level"]
    assert found["layout"]["xaxis"]["title"]["text"] == "weeks from: first scan on record: CT"
    assert found["layout"]["xaxis"]["range"] == [-52, 52]
    assert [shape["name"] for shape in chart(course(window(0, 1, 2, 3)))["layout"]["shapes"]] == ["day"]


def test_without_a_group_that_is_large_enough_there_is_no_chart() -> None:
    assert cohort_chart([], PLAIN) is None
    assert cohort_chart([course(window(0, patients=4))], PLAIN) is None


def test_a_chart_is_json_whatever_is_bounded() -> None:
    found = chart(course(window(0, Figure(0.0, 0.5), Figure(0.0, 2.0), Figure(1.0, math.inf))))
    assert "Infinity" not in json.dumps(found)


def test_the_words_are_those_of_the_reader() -> None:
    with translation.override("zh-hans"):
        found = chart(course(window(0, 1, 2, 3)))
    assert notes(found, "title")[0].startswith("鳞")
