from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from monitoring.uncertainty import Interval, median_interval, rate_interval, share_interval, waiting

REFERENCE = Path(__file__).parent / "reference"
SETS = ("many", "ties", "all_ended", "few_ended")


def stored(name: str) -> list[dict[str, str]]:
    """Output of reference/scorecard.R."""
    with (REFERENCE / f"scorecard_{name}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def waits(name: str) -> tuple[list[float], list[bool]]:
    rows = [row for row in stored("waits") if row["set"] == name]
    return [float(row["time"]) for row in rows], [row["ended"] == "1" for row in rows]


def test_the_interval_of_a_rate_is_that_of_r() -> None:
    rows = stored("rates")
    assert len(rows) == 15
    for row in rows:
        found = rate_interval(int(row["count"]), float(row["years"]) / 100)
        assert (found.low, found.high) == pytest.approx((float(row["low"]), float(row["high"])), rel=1e-9)


def test_the_interval_of_a_share_is_that_of_r() -> None:
    rows = stored("shares")
    assert len(rows) == 7
    for row in rows:
        found = share_interval(int(row["count"]), int(row["of"]))
        assert (found.low, found.high) == pytest.approx((float(row["low"]), float(row["high"])), abs=1e-9)


def test_the_interval_of_a_median_lies_between_the_ranks_of_r() -> None:
    rows = stored("medians")
    assert len(rows) == 15
    for row in rows:
        n, low, high = int(row["n"]), int(row["low"]), int(row["high"])
        found = median_interval([float(value) for value in range(n, 0, -1)])  # the value is its rank
        assert found == (Interval(low, high) if low else None)


def test_no_value_has_no_interval_of_its_median() -> None:
    assert median_interval([]) is None


@pytest.mark.parametrize("name", SETS)
def test_the_curve_of_who_still_waits_is_that_of_r(name: str) -> None:
    found = waiting(*waits(name))
    rows = [row for row in stored("curve") if row["set"] == name]
    assert found.times.tolist() == [float(row["time"]) for row in rows]
    for column, numbers in (("share", found.share), ("low", found.low), ("high", found.high)):
        expected = [math.nan if row[column] == "NA" else float(row[column]) for row in rows]
        assert numbers.tolist() == pytest.approx(expected, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", SETS)
def test_the_median_wait_and_its_limits_are_those_of_r(name: str) -> None:
    found = waiting(*waits(name))
    (row,) = [row for row in stored("wait_medians") if row["set"] == name]
    limits = found.median_interval
    assert (found.median, limits.low, limits.high) == (float(row["median"]), float(row["low"]), float(row["high"]))


@pytest.mark.parametrize("name", SETS)
def test_the_curve_is_that_of_scipy(name: str) -> None:
    times, ended = waits(name)
    taken, over = np.array(times), np.array(ended)
    survival = stats.ecdf(stats.CensoredData(uncensored=taken[over], right=taken[~over])).sf
    found = waiting(times, ended)
    assert found.share.tolist() == pytest.approx(survival.evaluate(found.times).tolist(), abs=1e-12)


def test_before_the_first_end_all_wait() -> None:
    found = waiting([5.0, 8.0], [True, False])
    assert found.at(4.9) == (1.0, Interval(1.0, 1.0))
    share, _ = found.at(5.0) or (0.0, None)
    assert share == 0.5


@pytest.mark.parametrize(("time", "known"), [(8.0, True), (8.1, False)])
def test_nothing_is_said_of_a_time_to_which_nobody_was_followed(time: float, known: bool) -> None:
    found = waiting([5.0, 8.0], [True, False])
    assert (found.at(time) is not None) is known


def test_where_all_ended_nobody_waits_ever_after() -> None:
    found = waiting([1.0, 2.0, 3.0], [True, True, True])
    share, interval = found.at(1000.0) or (1.0, Interval(1.0, 1.0))
    assert (share, interval.low) == (0.0, 0.0)
    assert interval.high == pytest.approx(float(found.high[1]))


def test_without_an_end_the_median_is_not_reached() -> None:
    found = waiting([1.0, 2.0], [False, False])
    assert found.median == math.inf
    assert found.at(2.0) == (1.0, Interval(1.0, 1.0))
    assert found.at(2.1) is None
