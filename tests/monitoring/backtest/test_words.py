from __future__ import annotations

import math

import pytest

from monitoring.backtest.comparison import ENGINE, Estimate
from monitoring.backtest.scopes import Scope
from monitoring.backtest.words import (
    NONE,
    days,
    difference,
    label_of,
    listed,
    median_days,
    number,
    percents,
    plural,
    rates,
    scope_name,
)
from monitoring.trends.classical.statistics import RULES


def test_a_tenth_of_a_percent_is_written_only_where_enough_patients_stand_behind_it() -> None:
    share = Estimate(0.5234, 0.4611, 0.5849)
    assert percents(share, of=199) == "52 % (46–58)"
    assert percents(share, of=200) == "52.3 % (46.1–58.5)"


def test_a_difference_has_its_sign_and_nothing_has_none() -> None:
    assert difference(Estimate(0.114, -0.02, 0.19), of=300) == "+11.4 (−2.0 to +19.0)"
    assert difference(Estimate(-0.05, -0.1, 0.0001), of=100) == "−5 (−10 to 0)"


@pytest.mark.parametrize("write", [rates, days])
def test_what_is_not_known_is_a_dash_without_an_interval(write: object) -> None:
    assert callable(write)
    assert write(Estimate(math.nan, 1.0, 2.0)) == NONE
    assert write(Estimate(5.0)) == ("5.0" if write is rates else "5 d")


def test_medians_counts_and_lists_read_as_people_write_them() -> None:
    assert (median_days([90, 30]), median_days([30, 31]), median_days([])) == ("60 d", "30 d", NONE)
    assert (number(12345), number(16.2), number(778.2)) == ("12,345", "16.2", "778")
    assert (plural(1, "draw"), plural(2, "draw")) == ("1 draw", "2 draws")
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_every_rule_and_scope_has_a_name_of_its_own() -> None:
    names = [label_of(rule) for rule in (ENGINE, *RULES)]
    assert len(set(names)) == len(names)
    assert not any("_" in name for name in names)
    assert scope_name(Scope("panel", "panel", ("CEA", "ALP"))) == "All markers together"
    assert scope_name(Scope("bone_turnover", "family", ("ALP", "BAP"))) == "Bone turnover markers"
    assert scope_name(Scope("CYFRA211", "marker", ("CYFRA211",)), by_watch=True) == "CYFRA 21-1 (WATCH)"
