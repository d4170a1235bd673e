"""What each draw said and what was done with it, in words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from monitoring.draw_notes import SHOWN, care_texts, draw_notes, last_draws, reason_text
from monitoring.rules.wording import DRAW_CODES, EVENT_CODES
from monitoring.trends.types import DrawReading
from tests.monitoring.figures import finding, panel, point, reading


def views(*readings: DrawReading, marker: str = "CEA") -> list:  # type: ignore[type-arg]  # of one panel
    points = [point(marker, "2.0", draw=one.draw_id) for one in readings]
    return list(panel(points, finding(readings, marker=marker)).views)


@pytest.mark.parametrize(
    "code", [*DRAW_CODES, *EVENT_CODES, "limit_below_band", "first_in_segment", "no_variation_estimate"]
)
def test_each_code_has_words(code: str) -> None:
    assert "_" not in reason_text(code)


def test_a_code_without_words_is_shown_and_not_dropped() -> None:
    assert reason_text("something_new") == "something_new"


def test_how_the_evidence_of_a_draw_was_held_back_is_said_with_the_reason() -> None:
    held = reading(1, rebased="assay_change", uncertain="g_csf_window", watch_only="bone_flare_window")
    assert care_texts(held) == [
        "own level re-based: the assay changed",
        "counts for less: G-CSF raises this marker",
        "carries no alert: early in targeted therapy, when healing bone can raise this marker",
    ]
    assert care_texts(reading(1)) == []


def test_of_a_marker_that_is_not_judged_nothing_was_held_back() -> None:
    assert care_texts(reading(1, stance="not_used", reason="no_variation_estimate", rebased="surgery")) == []


def test_notes_name_each_draw_that_was_left_out_or_read_with_care_newest_first() -> None:
    shown = views(
        reading(1),
        reading(2, stance="not_used", reason="treatment_window", rebased="treatment_start"),
        reading(3, uncertain="infection_window"),
    )
    assert [(one.day, one.text) for one in draw_notes(shown)] == [
        ("30-Mar-2026", "counts for less: infection moves this marker"),
        ("16-Feb-2026", "not used: too soon after a treatment was started"),
        ("16-Feb-2026", "own level re-based: a treatment was started"),
    ]


def test_the_last_draws_say_value_expectation_distance_and_stance() -> None:
    shown = views(
        replace(reading(1, reason="first_in_segment", band=None)),
        replace(reading(2, stance="against"), z=-0.62),
        replace(reading(3, stance="supports"), z=2.34),
        reading(4, stance="not_used", reason="haemolysed"),
    )
    assert [(one.day, one.expected, one.z, one.says, one.notes) for one in last_draws(shown)] == [
        ("11-May-2026", "2.00", "", "not used", ("sample haemolysed",)),
        ("30-Mar-2026", "2.00", "+2.3", "supports", ()),
        ("16-Feb-2026", "2.00", "−0.6", "against", ()),
        ("05-Jan-2026", "", "", "neutral", ("first value, nothing of this person to compare it with",)),
    ]


def test_only_the_newest_draws_are_listed() -> None:
    rows = last_draws(views(*(reading(at) for at in range(1, SHOWN + 3))))
    assert len(rows) == SHOWN
    assert (rows[0].day, rows[-1].day) == ("18-Jan-2027", "30-Mar-2026")


def test_a_value_in_another_unit_stands_in_the_unit_of_what_was_expected() -> None:
    value = replace(point("ALB", "4.2"), unit="g/dL", canonical=Decimal(42), factor=Decimal(10))
    (row,) = last_draws(panel([value], finding([reading(1)], marker="ALB")).views)
    assert row.value == "42 g/L"
