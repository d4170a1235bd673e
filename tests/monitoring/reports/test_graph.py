"""The chart on paper: time in proportion, round figures, and no line over what is missing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import translation
from pypdf.generic import ContentStream

from monitoring.reports.graph import TimeFrame, dates, stretches, ticks
from patients.models import Assay, Result
from tests.cast import Cast
from tests.monitoring.reports.printed import Printed, print_sheet
from tests.monitoring.scenes import patient_with, run

YEAR = TimeFrame(left=100, width=365, start=dt.datetime(2025, 1, 1), end=dt.datetime(2026, 1, 1))  # noqa: DTZ001
TUMOUR = ("0.0431", "0.4", "0.6902")


def test_equal_times_are_equally_far_apart_whatever_was_drawn_between() -> None:
    assert [YEAR.at(day) for day in ("2025-01-01", "2025-01-02", "2025-07-02", "2026-01-01")] == [100, 101, 282, 465]
    assert YEAR.right == 465


def test_the_window_holds_its_first_and_its_last_moment_and_none_beside() -> None:
    asked = ("2024-12-31T23:59:59", "2025-01-01", "2026-01-01", "2026-01-01T00:00:01")
    assert [YEAR.holds(moment) for moment in asked] == [False, True, True, False]


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ([1, 2, 3], [[1, 2, 3]]),
        ([1, None, 3], [[1], [3]]),
        ([None, 2, None, None, 5], [[], [2], [], [5]]),
        ([0, 0.004], [[0, 0.004]]),
    ],
)
def test_a_missing_value_parts_the_line_and_a_zero_does_not(
    values: list[float | None], parts: list[list[float]]
) -> None:
    trace = {"x": [str(at) for at in range(len(values))], "y": values}
    assert [[y for _x, y in part] for part in stretches(trace)] == parts


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 5.4, [0, 2, 4]),
        (0, 0.7, [0, 0.2, 0.4, 0.6]),
        (48, 191, [50, 100, 150]),
        (0, 116, [0, 50, 100]),
    ],
)
def test_the_axis_is_ticked_with_round_figures(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_dates_stand_where_their_day_is_in_the_words_of_the_language() -> None:
    with translation.override("en"):
        assert dates(YEAR)[:2] == [(100, "Jan 2025"), (159, "Mar 2025")]
    with translation.override("zh-hans"):
        assert dates(YEAR)[:2] == [(100, "2025-01"), (159, "2025-03")]


def strokes(sheet: Printed, colour: tuple[str, ...]) -> list[int]:
    """How many points each line in that colour has, in the order of the page."""
    page = sheet.reader.pages[0]
    found: list[int] = []
    points = 0
    ink: tuple[str, ...] = ()
    for operands, operator in ContentStream(page["/Contents"].get_object(), sheet.reader).operations:
        if operator == b"RG":
            ink = tuple(str(round(float(one), 4)) for one in operands)
        elif operator == b"m":
            points = 1
        elif operator == b"l":
            points += 1
        elif operator == b"S" and ink == colour:
            found.append(points)
    return found


def test_the_line_of_a_marker_stops_at_a_change_of_assay_and_begins_anew(client: Client, cast: Cast) -> None:
    patient = patient_with(cast.team, ["2.0", "2.1", "1.9", "2.0", "2.1"])
    run(patient)
    assert strokes(print_sheet(client, cast.clinician, patient, "?months=all"), TUMOUR) == [5]
    drawn = Result.objects.filter(draw__patient=patient).order_by("draw__collected_at")
    first, second = (Assay.objects.create(marker_id="CEA", laboratory="Central", name=name) for name in ("One", "Two"))
    for at, result in enumerate(drawn):
        Result.objects.filter(pk=result.pk).update(assay=first if at < 3 else second)
    run(patient)
    assert strokes(print_sheet(client, cast.clinician, patient, "?months=all"), TUMOUR) == [3, 2]
