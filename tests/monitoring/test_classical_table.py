"""The published rules as lines of a table."""

from __future__ import annotations

import numpy as np

from monitoring.classical_table import ClassicalRow, classical_rows
from monitoring.trends.classical.readings import ClassicalReadings, classical_readings
from monitoring.trends.types import Direction
from monitoring.trends.variation import log_sd_of_total

RISING = (2.0, 2.1, 1.9, 2.0, 4.5, 6.0)


def readings(values: tuple[float, ...], *, direction: Direction = "up", censored: bool = False) -> ClassicalReadings:
    draws = len(values)
    censoring = np.zeros(draws, dtype=np.int8)
    censoring[-1] = -1 if censored else 0
    return classical_readings(
        days=np.array([42.0 * at for at in range(draws)]),
        values=np.array(values),
        censoring=censoring,
        usable=np.ones(draws, dtype=np.bool_),
        rebase=np.zeros(draws, dtype=np.bool_),
        sigma=log_sd_of_total(19.0),
        set_point_log_mean=float(np.log(2.2)),
        set_point_log_sd=0.7,
        direction=direction,
    )


def table(
    values: tuple[float, ...] = RISING, *, direction: Direction = "up", censored: bool = False
) -> dict[str, ClassicalRow]:
    found = readings(values, direction=direction, censored=censored)
    return {row.rule: row for row in classical_rows(found, unit="ng/mL", direction=direction)}


def test_every_rule_has_a_line_with_its_source() -> None:
    rows = table()
    assert len(rows) == 12
    assert all(row.source for row in rows.values())
    assert rows["empirical Bayes"].source == "McIntosh and Urban 2003, doi:10.1093/biostatistics/4.1.27"


def test_a_change_stands_beside_its_limit() -> None:
    rows = table()
    before = rows["change from the draw before, one-sided"]
    assert (before.value, before.limit, before.beyond) == ("+33\xa0%", "+55\xa0%", "no")
    both = rows["change from the draw before, two-sided"]
    assert (both.limit, both.beyond) == ("−41\xa0% to +69\xa0%", "no")
    first = rows["change from the first of 6 draws"]
    assert (first.value, first.beyond) == ("×3.0", "yes")
    mean = rows["above the mean of the earlier draws, twice"]
    assert (mean.limit, mean.beyond) == ("+30\xa0%", "yes")
    assert rows["above the lowest earlier draw, twice"].limit == "+100\xa0%"


def test_statistics_have_their_sign_and_tendencies_their_interval() -> None:
    rows = table()
    assert rows["empirical Bayes"].limit == "z\xa0+1.65"
    assert rows["empirical Bayes"].value.startswith("z\xa0+")
    assert rows["Mann–Kendall, the last 6 draws"].value.startswith("z\xa0+")
    sen = rows["Theil–Sen slope over a year"]
    assert " in 30 days (" in sen.value
    assert rows["interval of this person’s earlier draws"].value == "above it"
    assert rows["slope of the value since the series began"].value.endswith(" a year (ng/mL)")
    assert rows["slope of the value since the series began"].beyond == ""


def test_a_rule_that_cannot_speak_says_why() -> None:
    rows = table((2.0, 4.0))
    sen, rank = rows["Theil–Sen slope over a year"], rows["Mann–Kendall, the last 2 draws"]
    assert (rank.value, rank.beyond, rank.remark) == ("", "", "too few draws")
    assert (sen.beyond, sen.remark) == ("", "too few draws")
    limited = table(censored=True)["empirical Bayes"]
    assert (limited.value, limited.beyond, limited.remark) == ("", "no", "the latest value is only a limit")


def test_where_a_fall_matters_a_fall_is_beyond() -> None:
    falling = (44.0, 43.0, 44.0, 43.5, 30.0, 24.0)
    rows = table(falling, direction="down")
    rank = rows["Mann–Kendall, the last 6 draws"]
    assert rank.limit == "z\xa0−1.65"
    assert rows["interval of this person’s earlier draws"].value == "below it"
    assert rows["change from the first of 6 draws"].beyond == "yes"
    assert rows["Theil–Sen slope over a year"].value.startswith("−")


def test_a_marker_that_was_not_read_so_has_no_table() -> None:
    assert classical_rows(None, unit="ng/mL", direction="up") == ()
