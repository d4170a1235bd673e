from __future__ import annotations

import datetime as dt

import time_machine
from pytest_django import DjangoAssertNumQueries

from patients.banner import banner_of
from patients.models import Patient
from tests.cast import Cast, make_patient


@time_machine.travel(dt.datetime(2026, 4, 16, 12, tzinfo=dt.UTC), tick=False)
def test_the_banner_says_who_it_is_in_the_words_of_the_record(cast: Cast) -> None:
    patient = make_patient(cast.team, name="Zhuo Quibble", number="A-77")
    banner = banner_of(patient)
    assert (banner.name, banner.number, banner.birth_date, banner.age) == (
        "Zhuo Quibble",
        "A-77",
        dt.date(1958, 4, 17),
        67,  # the birthday is tomorrow
    )
    assert (banner.sex_label, banner.bone_status_label, banner.team_name, banner.is_synthetic) == (
        "female",
        "bone status not known",
        "Team A",
        False,
    )


def test_the_banner_costs_one_query(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    patient = Patient.objects.select_related("care_team").get(pk=make_patient(cast.team).pk)
    with django_assert_num_queries(1):
        banner_of(patient)


def test_an_unknown_birth_date_leaves_the_age_open(cast: Cast) -> None:
    patient = make_patient(cast.team)
    patient.birth_date = None
    assert banner_of(patient).age is None
