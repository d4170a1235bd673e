"""Marks that could be taken for another, and personal bands that would say more than is known."""

from __future__ import annotations

from monitoring.chart_panels import FAMILY_MARKS
from monitoring.point_words import hover_text
from tests.monitoring.figures import finding, panel, point, reading
from tests.monitoring.test_charts import chart, traces


def test_no_mark_means_two_things() -> None:
    """The shape alone tells: a value that was left out, one held back, one that is only a limit, and 0."""
    meanings = ["triangle-down-open", "triangle-up-open", "bowtie-open"]
    for _colour, symbol in set(FAMILY_MARKS.values()):
        meanings += [symbol, f"{symbol}-open", f"{symbol}-open-dot"]
    assert len(meanings) == len(set(meanings))
    shapes_of_limits = {"triangle-up", "triangle-down"}
    assert shapes_of_limits.isdisjoint(symbol for _colour, symbol in FAMILY_MARKS.values())


def test_the_personal_band_is_not_led_across_a_draw_without_one() -> None:
    found = finding([reading(1), reading(2), reading(3, band=None), reading(4), reading(5)])
    made = chart(panel([point("CEA", "2", draw=at) for at in range(1, 6)], found))
    (band,) = traces(made, "personal_band")
    assert [x and x[:10] for x in band["x"]] == [
        *("2026-01-05", "2026-02-16", "2026-02-16", "2026-01-05"),
        None,
        *("2026-05-11", "2026-06-22", "2026-06-22", "2026-05-11"),
    ]


def test_what_was_expected_of_the_old_assay_is_not_drawn_or_said_at_the_first_draw_of_the_new() -> None:
    found = finding([reading(at) for at in range(1, 6)])
    series = [point("CEA", "9", draw=at, assay="Roche" if at < 3 else "Abbott") for at in range(1, 6)]
    shown = panel(series, found)
    before, after = traces(chart(shown), "personal_band")
    assert [x[:10] for x in before["x"][:2]] == ["2026-01-05", "2026-02-16"]
    assert [x[:10] for x in after["x"][:2]] == ["2026-05-11", "2026-06-22"]
    assert "expected of this person" in hover_text(shown.marker, shown.views[1])
    assert "expected of this person" not in hover_text(shown.marker, shown.views[2])
