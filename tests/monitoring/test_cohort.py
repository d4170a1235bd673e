from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.cohort import FEWEST, WINDOWS, Cohort, Figure, GroupCourse, Readings, Window, aggregate, joined

REFERENCE = Path(__file__).parent / "reference"


def about(number: float) -> Any:
    return pytest.approx(number)


def readings(values: Iterable[Sequence[float]]) -> Readings:
    columns = list(zip(*((*one, *(0, 0)[len(one) - 3 :]) for one in values), strict=True)) or [()] * 5
    patient, day, value, censoring, segment = columns
    return Readings(
        patient=np.array(patient, dtype=np.int64),
        day=np.array(day, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
        censoring=np.array(censoring, dtype=np.int64),
        segment=np.array(segment, dtype=np.int64),
    )


def cohort_of(values: Iterable[Sequence[float]], *, patients: int, relative: bool = False) -> Cohort:
    return aggregate(readings(values), ["a"] * patients, relative=relative)


def window(cohort: Cohort, first: int, *, group: int = 0) -> Window:
    (found,) = [one for one in cohort.groups[group].windows if one.first == first]
    return found


def figures(one: Window) -> tuple[Figure | None, Figure | None, Figure | None]:
    return one.low, one.median, one.high


def test_five_patients_in_a_window_have_a_median_and_percentiles_between_their_values() -> None:
    found = window(cohort_of([(at, 10, value) for at, value in enumerate((5, 1, 3, 2, 4))], patients=5), 0)
    assert (found.first, found.last, found.middle, found.patients) == (0, 4, 2, 5)
    assert figures(found) == (Figure(1.4, 1.4), Figure(3.0, 3.0), Figure(4.6, 4.6))


def test_of_four_patients_there_is_their_number_and_no_figure() -> None:
    cohort = cohort_of([(at, 10, 2.0) for at in range(FEWEST - 1)], patients=FEWEST - 1)
    assert window(cohort, 0).patients == 4
    assert figures(window(cohort, 0)) == (None, None, None)
    assert cohort.groups[0].too_few
    assert cohort.groups[0].patients == 4


def test_a_group_of_many_with_nowhere_five_at_once_is_too_few() -> None:
    cohort = cohort_of([(at, 28 * (at // 4) + 5, 2.0) for at in range(8)], patients=8)
    assert [one.patients for one in cohort.groups[0].windows if one.patients] == [4, 4]
    assert (cohort.groups[0].patients, cohort.groups[0].too_few) == (8, True)


@pytest.mark.parametrize(
    ("day", "first"), [(-363, -52), (-28, -8), (-27, -4), (0, -4), (1, 0), (28, 0), (29, 4), (337, 48), (364, 48)]
)
def test_the_day_itself_belongs_to_the_window_before_it(day: int, first: int) -> None:
    cohort = cohort_of([(at, day, 2.0) for at in range(5)], patients=5)
    assert [one.first for one in cohort.groups[0].windows if one.patients] == [first]


@pytest.mark.parametrize("day", [-364, 365])
def test_what_lies_more_than_a_year_away_is_not_in(day: int) -> None:
    cohort = cohort_of([(at, day, 2.0) for at in range(5)], patients=5)
    assert (cohort.groups[0].patients, cohort.counted.values, cohort.counted.without_values) == (0, 0, 5)


def test_who_is_drawn_often_counts_once_with_the_median_of_their_own_values() -> None:
    often = [(0, day, value) for day, value in ((1, 90.0), (2, 100.0), (3, 110.0), (4, 80.0))]
    found = window(cohort_of([*often, *((at, 5, float(at)) for at in range(1, 5))], patients=5), 0)
    assert found.patients == 5
    assert figures(found) == (Figure(1.4, 1.4), Figure(3.0, 3.0), Figure(about(58.6), about(58.6)))


def test_nothing_is_carried_into_a_window_without_a_draw() -> None:
    cohort = cohort_of([(at, day, 2.0) for at in range(5) for day in (-40, 40)], patients=5)
    assert [one.first for one in cohort.groups[0].windows if one.patients] == [-8, 4]
    assert [[one.first for one in run] for run in joined(cohort.groups[0].windows)] == [[-8], [4]]


def test_windows_without_a_gap_are_one_run() -> None:
    cohort = cohort_of([(at, day, 2.0) for at in range(5) for day in (-40, -10, 10, 70)], patients=5)
    assert [[one.first for one in run] for run in joined(cohort.groups[0].windows)] == [[-8, -4, 0], [8]]


def test_a_figure_away_from_the_limits_is_exact_and_one_among_them_is_bounded() -> None:
    values = [(0, 10, 0.5, -1), (1, 10, 0.5, -1), (2, 10, 3.0), (3, 10, 4.0), (4, 10, 9.0, 1)]
    cohort = cohort_of(values, patients=5)
    low, median, high = figures(window(cohort, 0))
    assert median == Figure(3.0, 3.0)
    assert median.exact
    assert low == Figure(0.0, 0.5)
    assert not low.exact
    assert high == Figure(about(7.0), math.inf)
    assert cohort.counted.limits == 3


def test_of_limits_alone_only_bounds_are_known() -> None:
    below = window(cohort_of([(at, 10, 0.5, -1) for at in range(6)], patients=6), 0)
    above = window(cohort_of([(at, 10, 1000.0, 1) for at in range(6)], patients=6), 0)
    assert figures(below) == (Figure(0.0, 0.5),) * 3
    assert figures(above) == (Figure(1000.0, math.inf),) * 3


def test_a_multiple_is_of_the_median_up_to_the_day_at_most_a_year_back() -> None:
    own = [(0, -400, 900.0), (0, -300, 1.0), (0, -100, 2.0), (0, 0, 4.0), (0, 10, 8.0)]
    same = [(at, day, 1.0) for at in range(1, 5) for day in (0, 10)]
    cohort = cohort_of([*own, *same], patients=5, relative=True)
    assert figures(window(cohort, 0)) == (
        Figure(1.0, 1.0),
        Figure(1.0, 1.0),
        Figure(about(2.8), about(2.8)),  # 1 and, of the first, 8 of a level of 2
    )
    assert cohort.counted.patients == 5


def test_who_has_no_level_of_their_own_has_no_multiples_and_is_counted_by_reason() -> None:
    values = [
        *((0, 10, 2.0),),  # nothing before the day
        *((1, -5, 0.5, -1), (1, 10, 2.0)),  # only a limit before it
        *((2, -5, 0.0), (2, 10, 2.0)),
        *((3, -5, 2.0), (3, 10, 2.0)),
    ]
    cohort = cohort_of(values, patients=5, relative=True)
    counted = cohort.counted
    assert (counted.without_values, counted.without_level, counted.level_is_bounds, counted.level_is_zero) == (1,) * 4
    assert counted.patients == cohort.groups[0].patients == 1


def test_a_level_with_limits_on_both_sides_of_its_middle_is_known() -> None:
    values = [(0, -20, 0.5, -1), (0, -10, 2.0), (0, -5, 9.0, 1), (0, 10, 3.0)]
    cohort = cohort_of([*values, *((at, day, 1.0) for at in range(1, 5) for day in (0, 10))], patients=5, relative=True)
    assert window(cohort, 0).high == Figure(about(1.3), about(1.3))  # 1.5 and 1 above it


def test_what_lies_beyond_a_change_of_assay_is_left_out_and_counted() -> None:
    changed = [(0, -60, 50.0, 0, 0), (0, -30, 2.0, 0, 1), (0, 10, 2.0, 0, 1), (0, 70, 90.0, 0, 2)]
    same = [(at, day, 2.0) for at in range(1, 5) for day in (-60, -30, 10, 70)]
    for relative in (False, True):
        cohort = cohort_of([*changed, *same], patients=5, relative=relative)
        assert [one.patients for one in cohort.groups[0].windows if one.patients] == [4, 5, 5, 4]
        assert cohort.counted.beyond_change == 2
    assert window(cohort, 0).high == Figure(1.0, 1.0)


def test_without_a_value_before_the_day_the_first_after_it_says_how_it_is_measured() -> None:
    changed = [(0, 10, 2.0, 0, 0), (0, 70, 90.0, 0, 1)]
    cohort = cohort_of(changed, patients=1)
    assert [one.first for one in cohort.groups[0].windows if one.patients] == [0]
    assert cohort.counted.beyond_change == 1


def test_groups_stand_in_the_order_of_their_codes_and_do_not_mix() -> None:
    cohort = aggregate(readings([(at, 10, float(at)) for at in range(10)]), ["b", "a"] * 5, relative=False)
    assert [(one.code, one.patients) for one in cohort.groups] == [("a", 5), ("b", 5)]
    assert (window(cohort, 0, group=0).median, window(cohort, 0, group=1).median) == (Figure(5, 5), Figure(4, 4))


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("patients", [0, 3])
def test_an_empty_cohort_is_a_result(relative: bool, patients: int) -> None:
    cohort = cohort_of([], patients=patients, relative=relative)
    assert cohort.counted.without_values == patients
    assert cohort.counted.patients == 0
    assert all(course.too_few for course in cohort.groups)


def test_one_patient_is_too_few() -> None:
    cohort = cohort_of([(0, day, 2.0) for day in (-10, 10)], patients=1)
    assert (cohort.groups[0].patients, cohort.groups[0].too_few) == (1, True)


def test_the_order_of_the_values_changes_nothing() -> None:
    values = [
        (at % 7, 13 * at % 600 - 300, float(at % 11), -(at % 5 == 0), at % 7 == 3 and at > 20) for at in range(80)
    ]
    shuffled = np.random.default_rng(3).permutation(len(values))
    for relative in (False, True):
        assert cohort_of(values, patients=7, relative=relative) == cohort_of(
            [values[at] for at in shuffled], patients=7, relative=relative
        )


def test_medians_and_percentiles_agree_with_r() -> None:
    """The stored output of reference/cohort.R: each cell with five patients or more, and the numbers of all."""
    values, groups = _stored_values()
    with (REFERENCE / "cohort_courses.csv").open(newline="", encoding="utf-8") as stream:
        stored = list(csv.DictReader(stream))
    compared = 0
    for kind in ("units", "ratio"):
        cohort = aggregate(values, groups, relative=kind == "ratio")
        expected = {(row["group"], int(row["first"])): row for row in stored if row["kind"] == kind}
        found = {(course.code, one.first): one for course in cohort.groups for one in course.windows if one.patients}
        assert found.keys() == expected.keys()
        for cell, one in found.items():
            row = expected[cell]
            assert one.patients == int(row["patients"])
            if one.patients < FEWEST:
                assert one.median is None
                continue
            compared += 1
            for name, figure in (("p10", one.low), ("median", one.median), ("p90", one.high)):
                assert figure is not None
                stored_ends = [float(row[f"{name}_{end}"]) for end in ("low", "high")]
                assert [figure.low, figure.high] == pytest.approx(stored_ends, rel=1e-12)
    assert (len(stored), compared) == (156, 151)


def _stored_values() -> tuple[Readings, list[str]]:
    with (REFERENCE / "cohort_values.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    columns = ("patient", "day", "value", "censoring", "segment")
    groups = {int(row["patient"]): row["group"] for row in rows}
    return readings([[float(row[name]) for name in columns] for row in rows]), [groups[at] for at in sorted(groups)]


def test_every_group_has_every_window() -> None:
    course: GroupCourse = cohort_of([(0, 10, 2.0)], patients=1).groups[0]
    assert [one.first for one in course.windows] == list(range(-52, 52, 4))
    assert len(course.windows) == WINDOWS == 26
