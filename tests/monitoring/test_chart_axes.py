"""What a value axis holds: no 0 vanishes from a log scale, and nothing is said of 0 where there is none."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.monitoring.figures import finding, panel, point, reading
from tests.monitoring.test_charts import cea, chart, notes


def at_foot(made: dict[str, Any], role: str, scale: str = "log") -> dict[str, Any]:
    (at,) = [at for at, one in enumerate(made["data"]) if one.get("meta", {}).get("role") == role]
    change: dict[str, Any] = made["scales"][scale]["traces"][str(at)]
    return change


def test_a_zero_stands_at_the_foot_of_a_log_scale_with_its_own_mark_and_that_is_said() -> None:
    made = chart(cea("2", "0", "20"))
    low, _high = made["scales"]["log"]["yaxis.range"]
    used = at_foot(made, "used")
    assert used["y"] == [2.0, pytest.approx(10**low), 20.0]
    assert used["symbol"] == ["circle", "bowtie-open", "circle"]
    assert used["size"] == [7, 9, 7]
    assert at_foot(made, "line")["y"] == [2.0, None, 20.0]
    assert low < math.log10(2.0) - 0.1
    (remark,) = notes(made, "remark", "log")
    assert remark.endswith("log scale · 0 stands at the foot: a log scale has no 0")
    assert made["scales"]["linear"]["traces"] == {}


def test_a_zero_is_at_the_foot_in_a_relative_measure_too() -> None:
    made = chart(cea("2", "0", "20", high="5"))
    low, _high = made["scales"]["uln-log"]["yaxis.range"]
    assert at_foot(made, "used", "uln-log")["y"] == [0.4, pytest.approx(10**low), 4.0]
    (remark,) = notes(made, "remark", "uln-log")
    assert remark.endswith("log scale · 0 stands at the foot: a log scale has no 0")


def test_a_personal_band_that_begins_at_zero_reaches_the_foot_of_a_log_scale() -> None:
    found = finding([reading(1, band=(0.0, 2.6)), reading(2, band=(1.5, 2.6))])
    made = chart(panel([point("CEA", "2", draw=at, low="1", high="5") for at in (1, 2)], found))
    foot = 10 ** made["scales"]["log"]["yaxis.range"][0]
    assert at_foot(made, "personal_band")["y"] == [2.6, 2.6, 1.5, pytest.approx(foot)]
    assert "0 stands at the foot" in notes(made, "remark", "log")[0]


def test_nothing_is_said_of_zero_where_there_is_none() -> None:
    made = chart(cea("2", "20", low="1", high="5"))
    assert notes(made, "remark", "log") == ["reference 1–5 · log scale"]
    assert made["scales"]["log"]["traces"] == {}
    assert [one["narrow"] for one in made["scales"]["log"]["annotations"] if one["name"] == "remark"] == ["log scale"]
