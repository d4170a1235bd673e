"""Worked answers of others, read in place."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitoring.trends.classical.factors import TWO_SIDED_95
from monitoring.trends.classical.ranks import kendall
from monitoring.trends.classical.readings import ClassicalReadings
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import ONE_SIDED_95
from monitoring.trends.variation import log_sd_of_total
from tests.monitoring.trends.classical.builders import panel, read

MONTH = 365.0 / 12.0


@pytest.fixture(scope="module")
def examples(shared_data: Path) -> dict[str, dict[str, Any]]:
    text = (shared_data / "05_reference" / "worked_examples_give.json").read_text(encoding="utf-8")
    return {example["id"]: example for example in json.loads(text)["examples"]}


def _doubling_months(found: ClassicalReadings) -> float:
    assert found.log_slope.per_day is not None
    return math.log(2.0) / found.log_slope.per_day / MONTH


def test_published_log_normal_limits_come_out(examples: dict[str, dict[str, Any]]) -> None:
    ten = examples["rcv-lognormal-formula-10"]
    change = read([5.0, 5.1], sigma=log_sd_of_total(ten["input"]["total_cv_percent"])).rcv_previous
    assert change.two_sided_high_percent == pytest.approx(ten["expected"]["rcv_up_percent"], abs=ten["tolerance"])
    assert change.two_sided_low_percent == pytest.approx(ten["expected"]["rcv_down_percent"], abs=ten["tolerance"])

    bnp = examples["rcv-lognormal-bnp"]
    sigma = math.log1p(bnp["input"]["rcv_up_percent"] / 100.0) / (TWO_SIDED_95 * math.sqrt(2.0))
    change = read([5.0, 5.1], sigma=sigma).rcv_previous
    assert change.two_sided_low_percent == pytest.approx(bnp["expected"]["rcv_down_percent"], abs=bnp["tolerance"])


def test_the_quantiles_are_those_that_are_printed_for_reference_change_values(
    examples: dict[str, dict[str, Any]],
) -> None:
    printed = examples["rcv-z-values"]["expected"]

    assert printed["two_sided_95"] == TWO_SIDED_95
    assert round(ONE_SIDED_95 + 1e-9, 2) == printed["one_sided_95"]


def test_published_mann_kendall_and_peb_come_out(examples: dict[str, dict[str, Any]]) -> None:
    epa = examples["mk-epa-g9s"]
    found = kendall(panel(epa["input"]["values"]).logs)
    assert found.s.tolist() == [epa["expected"]["S"]]
    assert found.variance.tolist() == pytest.approx([epa["expected"]["var_S"]], abs=epa["tolerance"])
    assert found.z.tolist() == pytest.approx([epa["expected"]["Z"]], abs=epa["tolerance"])

    zpeb = examples["peb-z"]
    given = zpeb["input"]
    one = panel(
        [math.exp(x) for x in given["x"]],
        sigma=math.sqrt(given["sigma2"]),
        set_point=(given["mu"], math.sqrt(given["tau2"])),
    )
    assert RULES["peb"].statistic(one)[0].tolist() == pytest.approx(zpeb["expected"]["z"], rel=1e-10)


@pytest.mark.parametrize("name", ["psadt-kinetics-1", "psadt-kinetics-5"])
def test_published_doubling_times_follow_from_the_log_slope(examples: dict[str, dict[str, Any]], name: str) -> None:
    example = examples[name]
    days = [month * 30.0 for month in example["input"]["months"]]
    # Months of 30 days and at most a year of draws: the longer series is taken at a third of its pace.
    pace = 1.0 if days[-1] <= 360.0 else 1.0 / 3.0
    found = read(example["input"]["values"], days=[day * pace for day in days])

    months = _doubling_months(found) * MONTH / 30.0 / pace
    assert months == pytest.approx(example["expected"]["log_linear_exact"], abs=example["tolerance"])


def test_a_flat_series_has_no_doubling_time(examples: dict[str, dict[str, Any]]) -> None:
    given = examples["psadt-flat"]["input"]
    found = read(given["values"], days=[month * 20.0 for month in given["months"]])

    assert (found.log_slope.per_day, found.theil_sen.per_day, found.ols_slope.per_year) == (0.0, 0.0, 0.0)


def test_the_last_year_of_a_longer_published_series_is_what_the_slope_uses(examples: dict[str, dict[str, Any]]) -> None:
    given = examples["psadt-vickers-2"]["input"]
    days = [date.fromisoformat(text).toordinal() for text in given["dates"]]
    found = read(given["psa"], days=days)

    assert found.log_slope.draws == 2
    assert _doubling_months(found) == pytest.approx(12.0 * math.log(2.0) / math.log(2.1 / 1.7), rel=1e-12)
