from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from monitoring.backtest.moments import Moment, read_moment
from monitoring.backtest.problems import LineProblem

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = dt.datetime(2024, 3, 1, tzinfo=ZONE).timestamp() / 86_400
MORNING = dt.datetime(2024, 3, 1, 8, 30, tzinfo=ZONE).timestamp() / 86_400
DATE = (dt.date(2024, 3, 1) - dt.date(1970, 1, 1)).days


def moment(text: str) -> Moment:
    return read_moment(text, zone=ZONE, column="collected_at")


@pytest.mark.parametrize("text", ["2024-03-01", "2024/3/1", "20240301", " 2024-03-01 ", "２０２４－０３－０１"])
def test_a_date_alone_is_the_beginning_of_its_day_in_the_clinic(text: str) -> None:
    assert moment(text) == Moment(MIDNIGHT, DATE, timed=False, relative=False)


@pytest.mark.parametrize(
    "text",
    ["2024-03-01 08:30", "2024-03-01T08:30:00+08:00", "2024-03-01T00:30:00Z", "2024-03-01 08:30:00.000+0800"],
)
def test_a_time_without_offset_is_the_clinics(text: str) -> None:
    assert moment(text) == Moment(MORNING, DATE, timed=True, relative=False, clock="morning")


def test_the_calendar_day_is_that_of_the_clinic() -> None:
    assert moment("2024-02-29T23:00:00Z").date == DATE


@pytest.mark.parametrize(
    ("text", "day", "date"),
    [
        ("0", 0.0, 0),
        ("147", 147.0, 147),
        ("59.0073", 59.0073, 59),
        ("-12.5", -12.5, -13),
        ("+3", 3.0, 3),
        (".5", 0.5, 0),
    ],
)
def test_a_number_is_a_number_of_days(text: str, day: float, date: int) -> None:
    assert moment(text) == Moment(day, date, timed=True, relative=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "01/03/2024",
        "03-01-2024",
        "2024-13-01",
        "2024-02-30",
        "2024-03-01 25:00",
        "1e3",
        "nan",
        "9999999",
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(LineProblem) as caught:
        moment(text)
    assert caught.value.code == "date_not_understood"
    assert caught.value.column == "collected_at"
    assert "2024-03-01 08:30" in caught.value.right
