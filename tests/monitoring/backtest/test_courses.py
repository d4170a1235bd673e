"""A line for every cycle is one course of treatment, in a file as on record."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import pytest

from monitoring.backtest.series import series_of
from monitoring.errors import RuleProblem
from monitoring.evaluation import Course, build_series, events_of_courses
from monitoring.events import ClinicalEvent, DrawMarks, DrawState, read_draws
from monitoring.rules import event_rules, read_continuations, read_events
from monitoring.trends.types import Series
from patients.selectors import SeriesPoint
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, read, written
from tests.monitoring.backtest.files import read_events as read_event_lines

DRAWN = tuple(range(0, 420, 21))
CHEMOTHERAPY = "chemotherapy"
BLANKED = tuple("treatment_window" if 1 <= day - 30 <= 42 else "" for day in DRAWN)
REBASED = tuple("treatment_start" if day == 42 else "" for day in DRAWN)


def in_a_file(tmp_path: Path, *events: str, marker: str = "CEA,3,ng/mL") -> Series:
    draws = written(tmp_path / "draws.csv", HEADER, [f"P1,{marker},{day}" for day in DRAWN])
    assembled, _ = read(draws)
    file, rejected = read_event_lines(written(tmp_path / "events.csv", EVENT_HEADER, events), assembled)
    assert rejected == []
    (series,) = series_of(assembled.cohort, file.histories, event_rules(), first=0, last=1)
    return series


def started(day: float, detail: str = CHEMOTHERAPY, ended: float | None = None) -> ClinicalEvent:
    return ClinicalEvent("treatment_start", day, ended, detail=detail)


def marks_of(*events: ClinicalEvent, marker: str = "CEA", family: str = "tumour") -> DrawMarks:
    return read_draws(marker, family, [DrawState(float(day)) for day in DRAWN], events, event_rules())


def rebased(*events: ClinicalEvent) -> list[int]:
    return [day for day, code in zip(DRAWN, marks_of(*events).rebase_codes, strict=True) if code]


def test_a_line_for_every_cycle_says_what_the_first_line_says_alone(tmp_path: Path) -> None:
    cycles = in_a_file(tmp_path, *(f"P1,treatment_start,{day},chemotherapy" for day in range(30, 420, 21)))
    assert (cycles.exclusions, cycles.rebase_codes) == (BLANKED, REBASED)
    alone = in_a_file(tmp_path, "P1,treatment_start,30,chemotherapy")
    assert (alone.exclusions, alone.rebase_codes) == (BLANKED, REBASED)


def test_the_cycles_on_record_are_one_course_too() -> None:
    first = dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC)
    points = [
        SeriesPoint(
            patient_id=1,
            marker="CEA",
            draw_id=day,
            collected_at=first + dt.timedelta(days=day),
            time_known=True,
            laboratory="",
            assay="",
            fasting="unknown",
            haemolysis="unknown",
            comparator="",
            value="3",
            unit="ng/mL",
            canonical=Decimal(3),
            factor=Decimal(1),
            reference_low="",
            reference_high="",
            version=1,
            result_ids=(day,),
        )
        for day in DRAWN
    ]
    cycles = [Course(CHEMOTHERAPY, (first + dt.timedelta(days=day)).date()) for day in range(30, 420, 21)]
    series = build_series(1, "CEA", points, events=events_of_courses(cycles))
    assert (series.exclusions, series.rebase_codes) == (BLANKED, REBASED)


@pytest.mark.parametrize(
    ("detail", "again", "starts"),
    [
        ("chemotherapy", "chemotherapy", [42]),
        ("chemotherapy", "targeted", [42, 105]),
        ("second line", "Second  Line ", [42]),
        ("second line", "third line", [42, 105]),
        ("", "", [42]),
        ("", "chemotherapy", [42, 105]),
        ("chemotherapy", "", [42, 105]),
    ],
)
def test_only_a_start_with_the_same_detail_goes_on_with_a_course(detail: str, again: str, starts: list[int]) -> None:
    assert rebased(started(30, detail), started(90, again)) == starts


@pytest.mark.parametrize(("days", "starts"), [(60, [42]), (61, [42, 105]), (300, [42, 336])])
def test_a_gap_of_more_than_sixty_days_begins_another_course(days: int, starts: list[int]) -> None:
    assert rebased(started(30), started(30 + days)) == starts


def test_each_cycle_is_counted_from_the_one_before_it() -> None:
    assert rebased(started(30), started(90), started(150), started(211)) == [42, 231]


def test_two_treatments_given_together_are_a_course_each() -> None:
    both = [started(day, of) for day in range(30, 300, 21) for of in (CHEMOTHERAPY, "immunotherapy")]
    assert rebased(*both) == [42]


def test_the_order_of_the_cycles_is_none_and_lines_of_one_day_are_one_start() -> None:
    cycles = [started(day, ended=ended) for day in range(30, 400, 40) for ended in (None, day + 3.0)]
    in_turn = marks_of(*cycles, marker="NLR", family="blood_count").watch_only
    for seed in range(5):
        random.Random(seed).shuffle(cycles)
        assert marks_of(*cycles, marker="NLR", family="blood_count").watch_only == in_turn
        assert rebased(*cycles) == [42]


def test_what_lasts_until_some_days_after_an_end_is_renewed_by_every_cycle() -> None:
    """Blood counts: the first cycle alone would leave the later ones unprotected."""
    cycles = [started(day, ended=day + 3.0) for day in range(30, 240, 21)]

    def watched(*events: ClinicalEvent) -> list[int]:
        marks = marks_of(*events, marker="NLR", family="blood_count")
        return [day for day, code in zip(DRAWN, marks.watch_only, strict=True) if code]

    assert watched(cycles[0]) == [42]
    assert watched(*cycles) == [day for day in DRAWN if 42 <= day <= 219 + 3 + 28]


def test_an_event_that_is_no_treatment_happens_every_time() -> None:
    doses = [ClinicalEvent("surgery", float(day)) for day in (30, 60, 90)]
    assert rebased(*doses) == [42, 63, 105]


# --- the figure -----------------------------------------------------------------------------------------------------
ENTRY = '[[continuation]]\nkinds = ["treatment_start"]\nwithin_days = 60\nsource = "somewhere"\ngrade = "A"\n'


def test_sixty_days_are_assumed_and_say_so() -> None:
    (one,) = event_rules().continuations
    assert (one.kinds, one.within_days, one.grade) == (("treatment_start",), 60, "A")
    assert one.source.startswith("assumed: a gap longer than two cycles of four weeks")


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('["treatment_start"]', '["hope"]', "rule_value_invalid", "kinds"),
        ("within_days = 60", "", "rule_key_missing", "within_days"),
        ("within_days = 60", "within_days = 0", "rule_value_invalid", "within_days"),
        ("within_days = 60", "within_days = 60.0", "rule_value_invalid", "within_days"),
        ("within_days = 60", "within_days = 60\nblank_to_day = 3", "rule_key_unknown", "blank_to_day"),
        ('source = "somewhere"', 'source = " "', "rule_value_invalid", "source"),
        ('grade = "A"', 'grade = "Q"', "rule_value_invalid", "grade"),
        ("[[continuation]]", "[[continuations]]", "rule_key_unknown", "continuations"),
    ],
)
def test_a_continuation_that_says_nonsense_is_refused(tmp_path: Path, old: str, new: str, code: str, key: str) -> None:
    file = tmp_path / "events.toml"
    file.write_text(ENTRY, encoding="utf-8")
    assert ([one.within_days for one in read_continuations(file)], read_events(file)) == ([60], ())
    file.write_text(ENTRY.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleProblem) as refused:
        read_continuations(file)
    assert (refused.value.code, refused.value.params["key"]) == (code, key)
