from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.monitoring.backtest.files import HEADER, read, results_of, written

GOOD = "P1,CEA,3.2,ng/mL,2024-03-01"


def test_results_stand_by_patient_time_and_marker_in_the_canonical_unit(tmp_path: Path) -> None:
    path = written(
        tmp_path / "draws.csv",
        HEADER,
        [
            "P2,癌胚抗原,4,ug/L,2024-03-01T08:30:00+08:00",
            "P1,6768-6,2,µkat/L,2024-04-01",
            "P1,cyfra 21-1,<0.5,ng/mL,2024-03-01 08:30",
            "P1,CEA,＞1000,ng/mL,2024-03-01 08:30",
        ],
    )
    assembled, rejected = read(path)
    assert rejected == []
    assert results_of(assembled) == [
        ("P1", "2024-03-01 08:30", "CEA", 1000.0, 1),
        ("P1", "2024-03-01 08:30", "CYFRA211", 0.5, -1),
        ("P1", "2024-04-01", "ALP", 120.0, 0),
        ("P2", "2024-03-01T08:30:00+08:00", "CEA", 4.0, 0),
    ]


@pytest.mark.parametrize(
    ("line", "column", "code", "right"),
    [
        (",CEA,3.2,ng/mL,2024-03-01", "patient_id", "cell_missing", "the identifier of the patient"),
        ("P1,,3.2,ng/mL,2024-03-01", "marker", "cell_missing", "a code such as CEA"),
        ("P1,CEA,,ng/mL,2024-03-01", "value", "cell_missing", "the number as the laboratory printed it"),
        ("P1,CEA,3.2,ng/mL,", "collected_at", "cell_missing", "2024-03-01 08:30 or a day number"),
        ("P1,BILI,3.2,mg/dL,2024-03-01", "marker", "marker_unknown", "a code such as CEA, a name or alias"),
        ("P1,CEA,3.2,,2024-03-01", "unit", "unit_missing", "one of: ng/mL, ug/L"),
        ("P1,CEA,3.2,furlong,2024-03-01", "unit", "unit_unknown", "one of: ng/mL, ug/L"),
        ("P1,CEA,high,ng/mL,2024-03-01", "value", "value_not_a_number", "such as 3.2, <0.5 or >1000"),
        ("P1,CEA,-3,ng/mL,2024-03-01", "value", "value_negative", "such as 3.2"),
        ("P1,CEA,1-2,ng/mL,2024-03-01", "value", "value_is_a_range", "such as 3.2"),
        ('P1,CEA,"3,2",ng/mL,2024-03-01', "value", "value_decimal_comma_ambiguous", "such as 3.2"),
        ("P1,CEA,9000000,ng/mL,2024-03-01", "value", "value_above_possible", "0 to 100000 ng/mL"),
        ("P1,CEA,3.2,ng/mL,01/03/2024", "collected_at", "date_not_understood", "2024-03-01 08:30"),
        ("P1,CEA,3.2,ng/mL,2024-03-01,x", "", "line_cells_too_many", "one cell a column"),
    ],
)
def test_a_wrong_line_is_rejected_with_number_column_and_what_would_be_right(
    tmp_path: Path, line: str, column: str, code: str, right: str
) -> None:
    assembled, rejected = read(written(tmp_path / "draws.csv", HEADER, [GOOD, line, "P3,CEA,1,ng/mL,2024-03-01"]))
    assert [(one.file, one.line, one.column, one.code) for one in rejected] == [("draws.csv", 3, column, code)]
    assert right in rejected[0].right
    assert rejected[0].wrong
    assert [patient for patient, *_ in results_of(assembled)] == ["P1", "P3"]


@pytest.mark.parametrize(("column", "word"), [("fasting", "perhaps"), ("haemolysis", "+/-"), ("biotin", "perhaps")])
def test_a_sample_state_that_is_not_understood_rejects_its_line(tmp_path: Path, column: str, word: str) -> None:
    path = written(tmp_path / "draws.csv", f"{HEADER},{column}", [f"{GOOD},{word}", f"{GOOD},"])
    assembled, rejected = read(path)
    assert [(one.line, one.column, one.code) for one in rejected] == [(2, column, "state_not_understood")]
    assert assembled.cohort.results.count == 1


def test_the_same_value_twice_counts_once(tmp_path: Path) -> None:
    path = written(tmp_path / "draws.csv", HEADER, [GOOD, "P1,CEA,3.20,ug/L,2024-03-01 00:00"])
    assembled, rejected = read(path)
    assert results_of(assembled) == [("P1", "2024-03-01", "CEA", 3.2, 0)]
    assert (assembled.repeated, rejected) == (1, [])


def test_of_two_values_of_one_marker_and_draw_neither_is_used_and_each_names_the_other(tmp_path: Path) -> None:
    path = written(
        tmp_path / "draws.csv",
        HEADER,
        [GOOD, "P1,ALP,80,U/L,2024-03-01", "P1,CEA,3.3,ng/mL,2024-03-01", "P1,CEA,3.2,ng/mL,2024-04-01"],
    )
    assembled, rejected = read(path)
    assert [row[1:4] for row in results_of(assembled)] == [("2024-03-01", "ALP", 80.0), ("2024-04-01", "CEA", 3.2)]
    assert assembled.repeated == 0
    assert [(one.line, one.code, one.column, one.found) for one in rejected] == [
        (2, "value_differs", "value", "3.2 ng/mL"),
        (4, "value_differs", "value", "3.3 ng/mL"),
    ]
    assert [one.wrong for one in rejected] == [
        "line 4 has another value of CEA for the same patient and time; either may be wrong, so neither is used",
        "line 2 has another value of CEA for the same patient and time; either may be wrong, so neither is used",
    ]
    assert {one.right for one in rejected} == {"one value of a marker for a draw: take out the line that is wrong"}


def test_a_value_that_stands_twice_is_no_more_right_than_the_one_that_contradicts_it(tmp_path: Path) -> None:
    lines = [GOOD, "P1,CEA,3.20,ug/L,2024-03-01 00:00", "P1,CEA,3.3,ng/mL,2024-03-01", "P1,CEA,<3.2,ng/mL,2024-03-01"]
    assembled, rejected = read(written(tmp_path / "draws.csv", HEADER, lines))
    assert results_of(assembled) == []
    assert assembled.repeated == 0
    assert [(one.line, one.wrong.partition(" has")[0]) for one in rejected] == [
        (2, "line 4"),
        (3, "line 4"),
        (4, "line 2"),
        (5, "line 2"),
    ]


def test_a_value_that_is_contradicted_is_no_input_of_a_computed_one(tmp_path: Path) -> None:
    lines = [
        "P1,NEUT,6,10*9/L,0",
        "P1,NEUT,7,10*9/L,0",
        "P1,LYMPH,1.5,10*9/L,0",
        "P1,NLR,9,{ratio},0",
    ]
    assembled, _ = read(written(tmp_path / "draws.csv", HEADER, lines), panel=("NLR",))
    assert results_of(assembled) == [("P1", "0", "NLR", 9.0, 0)]
    assert assembled.computed == 0


def test_of_lines_with_the_same_value_the_one_that_names_laboratory_or_assay_tells_them(tmp_path: Path) -> None:
    lines = [f"{GOOD},,", f"{GOOD},north,Cobas", f"{GOOD},South,", f"{GOOD},North,Atellica"]
    for turn in range(4):
        path = written(tmp_path / f"{turn}.csv", f"{HEADER},laboratory,assay", [*lines[turn:], *lines[:turn]])
        cohort = read(path)[0].cohort
        told = cohort.names[int(cohort.results.laboratory[0])], cohort.names[int(cohort.results.assay[0])]
        assert told == ("North", "Atellica")


def test_day_numbers_and_dates_of_one_patient_cannot_be_put_on_one_axis(tmp_path: Path) -> None:
    lines = ["P1,CEA,3,ng/mL,30", GOOD, "P2,CEA,3,ng/mL,0", "P2,CEA,4,ng/mL,30.5"]
    assembled, rejected = read(written(tmp_path / "draws.csv", HEADER, lines))
    assert [(one.line, one.code, one.found) for one in rejected] == [(2, "day_beside_dates", "30")]
    assert [row[:2] for row in results_of(assembled)] == [("P1", "2024-03-01"), ("P2", "0"), ("P2", "30.5")]
    assert assembled.cohort.relative.tolist() == [False, True]


def test_a_draw_without_a_time_counts_as_taken_with_the_first_timed_one_of_its_day(tmp_path: Path) -> None:
    lines = [
        "P1,CEA,3,ng/mL,2024-03-01",
        "P1,ALP,80,U/L,2024-03-01 08:30",
        "P1,ALP,81,U/L,2024-03-01 16:00",
        "P1,CEA,3,ng/mL,2024-03-02",
    ]
    draws = read(written(tmp_path / "draws.csv", HEADER, lines))[0].cohort.draws
    assert draws.count == 4
    since = [round(24 * (day - draws.day[1]), 3) for day in draws.day]
    assert since == [0.0, 0.0, 7.5, 15.5]
    assert (draws.date - draws.date[0]).tolist() == [0, 0, 0, 1]


def test_what_any_line_says_of_a_sample_holds_for_the_draw_and_doubt_goes_first(tmp_path: Path) -> None:
    path = written(
        tmp_path / "draws.csv",
        f"{HEADER},fasting,hemolysis",
        ["P1,CEA,3,ng/mL,2024-03-01,yes,no", "P1,NSE,9,ng/mL,2024-03-01,,溶血", "P1,ALP,80,U/L,2024-03-01,No,"],
    )
    draws = read(path)[0].cohort.draws
    assert (draws.fasting.tolist(), draws.haemolysis.tolist()) == ([2], [2])


def test_derived_markers_are_computed_from_their_draw_and_go_before_a_value_of_the_file(tmp_path: Path) -> None:
    lines = [
        "P1,NEUT,6,10*9/L,2024-03-01",
        "P1,LYMPH,1.5,10*9/L,2024-03-01",
        "P1,NLR,9,{ratio},2024-03-01",
        "P1,NLR,2.5,{ratio},2024-04-01",
        "P1,NEUT,6,10*9/L,2024-05-01",
        "P1,LYMPH,<0.1,10*9/L,2024-05-01",
        "P1,CA,2.30,mmol/L,2024-06-01",
        "P1,ALB,35,g/L,2024-06-01",
    ]
    assembled, rejected = read(written(tmp_path / "draws.csv", HEADER, lines), panel=("NLR", "CA_CORR"))
    assert rejected == []
    assert results_of(assembled) == [
        ("P1", "2024-03-01", "NLR", 4.0, 0),
        ("P1", "2024-04-01", "NLR", 2.5, 0),
        ("P1", "2024-06-01", "CA_CORR", 2.4, 0),
    ]
    assert assembled.computed == 2
    assert assembled.cohort.draws.count == 3


def test_markers_outside_the_panel_are_left_out_and_counted_not_rejected(tmp_path: Path) -> None:
    path = written(tmp_path / "draws.csv", HEADER, [GOOD, "P1,ALP,80,furlong,2024-03-01", "P2,ALP,80,U/L,2024-03-01"])
    assembled, rejected = read(path, panel=("CEA",))
    assert rejected == []
    assert assembled.cohort.patients == ("P1",)
    assert results_of(assembled) == [("P1", "2024-03-01", "CEA", 3.2, 0)]


def test_the_order_of_the_lines_changes_nothing(tmp_path: Path) -> None:
    lines = [
        f"{patient},{marker},{day + number}.5,{unit},2024-0{1 + day}-0{1 + number} 0{number}:00,{lab},"
        for patient in ("P10", "P9", "a")
        for day in range(4)
        for number, (marker, unit) in enumerate((("CEA", "ng/mL"), ("NEUT", "10*9/L"), ("LYMPH", "10*9/L")))
        for lab in (f"L{day}",)
    ]
    lines += ["P9,CEA,7,ng/mL,2024-08-01T00:00+08:00,,", "P9,ALP,70,U/L,2024-08-01 00:00,,"]
    first, _ = read(written(tmp_path / "a.csv", f"{HEADER},laboratory,assay", lines))
    random.Random(7).shuffle(lines)
    second, _ = read(written(tmp_path / "b.csv", f"{HEADER},laboratory,assay", lines))
    assert results_of(first) == results_of(second)
    assert first.cohort.patients == ("P10", "P9", "a")
    names = [[one.cohort.names[at] for at in one.cohort.results.laboratory.tolist()] for one in (first, second)]
    assert names[0] == names[1]
