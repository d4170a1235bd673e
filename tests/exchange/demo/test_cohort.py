"""The generator alone: the same cohort every time, made of the stories it says, readable by the rules of the record."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections import Counter

import pytest

from exchange.demo.cohort import COHORT_SIZE, STORY_COUNTS, make_cohort, story_order
from exchange.demo.types import DemoPatient, Story
from patients.catalogue import catalogue
from patients.reading import read_result

ANCHOR = dt.date(2026, 3, 2)
HASH = "e66dde6605d774d262089452fda33c5412c603cfffa321408e532d4ca7a6db42"


@pytest.fixture(scope="module")
def cohort() -> tuple[DemoPatient, ...]:
    return make_cohort(anchor=ANCHOR)


def of_story(cohort: tuple[DemoPatient, ...], story: Story) -> list[DemoPatient]:
    return [patient for patient in cohort if patient.story is story]


def test_the_same_anchor_gives_the_same_cohort_to_the_last_digit(cohort: tuple[DemoPatient, ...]) -> None:
    assert hashlib.sha256(repr(cohort).encode()).hexdigest() == HASH
    assert make_cohort(anchor=ANCHOR) == cohort


def test_a_smaller_cohort_is_the_beginning_of_the_whole_one(cohort: tuple[DemoPatient, ...]) -> None:
    assert make_cohort(anchor=ANCHOR, size=30) == cohort[:30]


@pytest.mark.parametrize("size", [0, COHORT_SIZE + 1])
def test_no_other_sizes_are_made(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 200"):
        make_cohort(anchor=ANCHOR, size=size)


def test_each_story_has_its_stated_number_of_patients(cohort: tuple[DemoPatient, ...]) -> None:
    assert Counter(patient.story for patient in cohort) == dict(STORY_COUNTS)
    assert sum(STORY_COUNTS.values()) == COHORT_SIZE == 200
    assert set(story_order()[: len(Story)]) == set(Story)


def test_three_quarters_belong_to_the_first_team(cohort: tuple[DemoPatient, ...]) -> None:
    assert Counter(patient.team for patient in cohort) == {0: 150, 1: 50}


def test_numbers_and_names_are_unique_and_plainly_synthetic(cohort: tuple[DemoPatient, ...]) -> None:
    assert [patient.person.number for patient in cohort] == [f"SYN-{place:04d}" for place in range(1, 201)]
    assert len({patient.person.name for patient in cohort}) == COHORT_SIZE
    assert sum(any("一" <= sign <= "鿿" for sign in patient.person.name) for patient in cohort) == 100


def test_every_value_is_read_by_the_rules_of_the_record(cohort: tuple[DemoPatient, ...]) -> None:
    for patient in cohort:
        for draw in patient.draws:
            for result in draw.results:
                for text in filter(None, (result.text, result.first_reported)):
                    reading = read_result(marker=catalogue().marker(result.marker), text=text, unit=result.unit)
                    assert not any(concern.severity == "refuse" for concern in reading.concerns)


def test_nothing_lies_in_the_future(cohort: tuple[DemoPatient, ...]) -> None:
    for patient in cohort:
        assert all(draw.day < ANCHOR for draw in patient.draws)
        assert all(study.performed_on < ANCHOR for study in patient.imaging)
        assert all(event.occurred_on < ANCHOR for event in patient.skeletal_events)
        for treatment in patient.treatments:
            assert treatment.started_on < ANCHOR
            assert treatment.ended_on is None or treatment.started_on <= treatment.ended_on < ANCHOR
        assert patient.person.birth_date < patient.person.diagnosis_date < ANCHOR


def test_draws_ascend_and_each_has_its_own_accession_number(cohort: tuple[DemoPatient, ...]) -> None:
    for patient in cohort:
        assert all(earlier.day < later.day for earlier, later in itertools.pairwise(patient.draws))
        assert len({draw.accession for draw in patient.draws}) == len(patient.draws)


def test_sex_and_menopause_go_together(cohort: tuple[DemoPatient, ...]) -> None:
    found = {(patient.person.sex, patient.person.menopausal_status) for patient in cohort}
    assert found == {("male", "not_applicable"), ("female", "pre"), ("female", "post")}


def test_most_patients_have_ten_to_sixteen_draws_over_one_to_three_years(cohort: tuple[DemoPatient, ...]) -> None:
    usual = [patient for patient in cohort if 8 <= len(patient.draws) <= 17]
    assert len(usual) >= 190
    spans = [(patient.draws[-1].day - patient.draws[0].day).days for patient in usual]
    assert min(spans) > 300
    assert max(spans) < 3.8 * 365


def test_rising_patients_have_not_been_scanned_since_the_rise_showed(cohort: tuple[DemoPatient, ...]) -> None:
    for patient in of_story(cohort, Story.CEA_RISES) + of_story(cohort, Story.CEA_AND_BONE_RISE):
        assert patient.imaging[-1].performed_on < patient.draws[-2].day
        assert all(study.finding != "bone_metastasis" for study in patient.imaging)


def test_a_rise_before_imaging_is_followed_by_the_scan_that_found_it(cohort: tuple[DemoPatient, ...]) -> None:
    for patient in of_story(cohort, Story.RISE_THEN_IMAGED):
        found = [study for study in patient.imaging if study.finding == "bone_metastasis"]
        assert len(found) == 1
        cea = [float(result.text) for draw in patient.draws for result in draw.results if result.marker == "CEA"]
        days = [draw.day for draw in patient.draws]
        at_scan = sum(day <= found[0].performed_on for day in days) - 1
        assert cea[at_scan] > 2 * cea[at_scan - 4]
        assert cea[-1] < cea[at_scan] / 2


def test_the_overdue_are_overdue_and_nobody_else_is(cohort: tuple[DemoPatient, ...]) -> None:
    for patient in cohort:
        if patient.draws:
            since = (ANCHOR - patient.draws[-1].day).days
            assert (since > patient.plan.every_weeks * 7) == (patient.story is Story.OVERDUE)


def test_the_oddities_are_there(cohort: tuple[DemoPatient, ...]) -> None:
    def texts(story: Story) -> set[str]:
        return {one.text for patient in of_story(cohort, story) for draw in patient.draws for one in draw.results}

    def units(story: Story) -> set[str]:
        return {one.unit for patient in of_story(cohort, story) for draw in patient.draws for one in draw.results}

    assert {"<0.20", "<0.5"} <= texts(Story.BELOW_LIMIT)
    assert "0.00" in texts(Story.ZERO)
    assert {"pg/mL", "10*3/uL", "mg/dL", "g/dL"} <= units(Story.OTHER_UNITS)
    assert all(patient.draws[-1].haemolysis == "present" for patient in of_story(cohort, Story.HAEMOLYSED))
    assert any(draw.fasting == "no" for patient in of_story(cohort, Story.NOT_FASTING) for draw in patient.draws)
    assert all(len({draw.laboratory for draw in one.draws}) == 2 for one in of_story(cohort, Story.ASSAY_CHANGE))
    assert [len(patient.draws) for patient in of_story(cohort, Story.ONE_DRAW)] == [1]
    assert [len(patient.draws) for patient in of_story(cohort, Story.NO_DRAW)] == [0]
    corrected = [one for patient in of_story(cohort, Story.CORRECTED) for draw in patient.draws for one in draw.results]
    assert sum(bool(one.first_reported) for one in corrected) == 2
    assert any(draw.time is None for patient in cohort for draw in patient.draws)
