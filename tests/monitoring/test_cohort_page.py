from __future__ import annotations

import csv
import io

import numpy as np
from django.utils import translation

from monitoring.cohort import Readings, aggregate
from monitoring.cohort_choice import Choice, read_choice
from monitoring.cohort_material import Material
from monitoring.cohort_page import CohortPage, cohort_csv, cohort_page, read_cohort
from tests.cast import Cast, make_patient
from tests.monitoring.cohorts import scanned

BELOW = (("<0.5", -14), ("<0.5", 14))


def choice(**asked: str) -> Choice:
    found, ignored = read_choice({"marker": "CEA", **asked})
    assert ignored == []
    return found


def page(cast: Cast, **asked: str) -> CohortPage:
    return cohort_page(cast.clinician, choice(**asked))


def file(cast: Cast, **asked: str) -> list[dict[str, str]]:
    chosen = choice(**asked)
    text = "".join(cohort_csv(*read_cohort(cast.clinician, chosen), chosen))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def five(cast: Cast, *, histology: str = "adenocarcinoma") -> None:
    for at in range(5):
        scanned(cast.team, (("2.0", -14), (f"{2 + at}.0", 14)), histology=histology)


def test_table_and_file_say_the_same_numbers(cast: Cast) -> None:
    five(cast)
    (table,) = page(cast).tables
    assert (table.name, table.patients) == ("adenocarcinoma", "5 patients")
    lines = [(line.weeks, line.patients, line.median, line.low, line.high) for line in table.lines]
    assert lines == [("−4 to 0", "5", "2.00", "2.00", "2.00"), ("0 to 4", "5", "4.00", "2.40", "5.60")]
    told = [
        (
            row["after_week"],
            row["up_to_week"],
            row["patients"],
            row["median"],
            row["percentile_10"],
            row["percentile_90"],
        )
        for row in file(cast)
    ]
    assert told == [("-4", "0", "5", "2.00", "2.00", "2.00"), ("0", "4", "5", "4.00", "2.40", "5.60")]
    assert {row["group"] for row in file(cast)} == {"adenocarcinoma"}
    assert file(cast)[0]["unit"] == "ng/mL"
    assert (file(cast, values="ratio")[1]["median"], file(cast, values="ratio")[1]["unit"]) == ("2.00", "")


def test_a_group_of_four_is_named_and_its_figures_are_nowhere(cast: Cast) -> None:
    five(cast)
    for _ in range(4):
        scanned(cast.team, (("77.0", 14),), histology="small_cell")
    found = page(cast)
    assert found.too_few == ("small cell carcinoma",)
    assert [table.name for table in found.tables] == ["adenocarcinoma"]
    assert "77" not in str(found.chart)
    (row,) = [row for row in file(cast) if row["group"] == "small_cell"]
    assert (row["patients"], row["median"], row["percentile_10"], row["percentile_90"]) == ("<5", "", "", "")


def test_nobody_can_be_told_from_the_file(cast: Cast) -> None:
    five(cast)
    assert list(file(cast)[0]) == [
        *("marker", "unit", "values", "aligned_on", "grouped_by", "group", "after_week", "up_to_week"),
        *("patients", "median", "percentile_10", "percentile_90", "synthetic"),
    ]
    assert all("Zhuo" not in cell and "T-" not in cell for row in file(cast) for cell in row.values())


def test_without_patients_there_is_neither_chart_nor_table(cast: Cast) -> None:
    found = page(cast)
    assert (found.visible, found.chart, found.tables, found.left_out, found.too_few) == (0, None, (), (), ())
    assert file(cast) == []


def test_one_patient_is_too_few_for_anything(cast: Cast) -> None:
    scanned(cast.team)
    found = page(cast)
    assert (found.aligned, found.patients, found.chart, found.tables) == (1, 1, None, ())
    assert found.too_few == ("other histology",)


def test_a_cohort_of_limits_alone_says_at_most(cast: Cast) -> None:
    for _ in range(5):
        scanned(cast.team, BELOW)
    found = page(cast)
    assert {line.median for line in found.tables[0].lines} == {"≤ 0.500"}
    assert found.summary[-1] == "10 of 10 values are only a limit (< or >): they are replaced by no number."
    relative = page(cast, values="ratio")
    assert (relative.patients, relative.chart) == (0, None)
    assert relative.left_out == ("5 patients whose own level is only a limit (< or >)",)


def test_who_is_not_counted_is_said_by_reason(cast: Cast) -> None:
    five(cast)
    make_patient(cast.team)
    scanned(cast.team, ())
    scanned(cast.team, (("2.0", 14),))
    found = page(cast, values="ratio")
    assert found.summary[:3] == (
        "Your teams have 8 patients on record.",
        "7 have the day: first scan that showed bone metastasis.",
        "5 have CEA within a year of it and are counted here.",
    )
    assert found.left_out == (
        "1 patient without that day on record",
        "1 patient without a value of the marker within a year of it",
        "1 patient without a value before that day, so without an own level",
    )


def test_the_heading_has_marker_unit_and_scale(cast: Cast) -> None:
    assert page(cast).heading == "CEA, ng/mL"
    assert page(cast, values="ratio", scale="log").heading == "CEA, × own level · log (re-scaled)"
    assert page(cast, marker="NLR").heading == "NLR"


def test_the_file_is_the_same_in_every_language_also_where_nothing_is_known() -> None:
    five_values = np.arange(5)
    readings = Readings(
        patient=five_values,
        day=np.full(5, 14),
        value=np.zeros(5),
        censoring=np.ones(5, dtype=np.int64),  # above 0: that is anything
        segment=np.zeros(5, dtype=np.int64),
    )
    groups = ("adenocarcinoma",) * 5
    material = Material(readings=readings, groups=groups, visible=5, synthetic=False, spoilt=0)
    cohort = aggregate(readings, groups, relative=False)
    english = list(cohort_csv(material, cohort, choice()))
    assert ",5,unknown,unknown,unknown,no" in english[1]
    with translation.override("zh-hans"):
        assert list(cohort_csv(material, cohort, choice())) == english
