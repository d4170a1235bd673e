from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from patients.forms import (
    ConditionForm,
    DrawForm,
    ImagingForm,
    SkeletalEventForm,
    TreatmentForm,
)
from patients.forms_people import NewPatientForm, PatientForm
from patients.forms_plan import PlanForm
from patients.models import Patient, Sex
from tests.cast import Cast, give_draw, make_patient

NOW = dt.datetime(2026, 3, 9, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _at_ten_on_the_ninth_of_march(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def details(**changes: str) -> dict[str, str]:
    return {
        "name": "Zhuo Quibble",
        "birth_date": "1958-04-17",
        "sex": "female",
        "menopausal_status": "post",
        "smoking": "never",
        "histology": "adenocarcinoma",
        "stage": "IVA",
        "diagnosis_date": "2025-11-03",
        "baseline_bone_status": "none_known",
    } | changes


def test_what_was_typed_reaches_the_service_as_it_stands() -> None:
    form = PatientForm(details())
    assert form.is_valid(), form.errors
    assert form.details().birth_date == dt.date(1958, 4, 17)
    assert form.details().stage == "IVA"


@pytest.mark.parametrize(
    ("changes", "field", "part"),
    [
        ({"name": "  "}, "name", "required"),
        ({"birth_date": "2026-03-10"}, "birth_date", "10-Mar-2026 lies in the future. Today is 09-Mar-2026"),
        ({"birth_date": "1858-01-01"}, "birth_date", "Check the year"),
        ({"birth_date": "17/04/1958"}, "birth_date", "Write it like 2026-03-09"),
        ({"diagnosis_date": "1950-01-01"}, "diagnosis_date", "cannot be before the date of birth, 17-Apr-1958"),
        ({"diagnosis_date": "2026-03-10"}, "diagnosis_date", "lies in the future"),
        ({"sex": "male"}, "menopausal_status", "not applicable"),
        ({"stage": "V"}, "stage", "V"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(changes: dict[str, str], field: str, part: str) -> None:
    form = PatientForm(details(**changes))
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert part in form.errors[field][0]


def test_a_number_that_is_taken_names_the_patient_only_to_who_may_see_that_patient(cast: Cast) -> None:
    make_patient(cast.other_team, name="Hidden Person", number="X-1")
    make_patient(cast.team, name="Known Person", number="X-2")
    mine = Patient.objects.filter(care_team=cast.team)
    for number, seen in (("X-1", False), ("X-2", True)):
        form = NewPatientForm(
            details(number=number, care_team=str(cast.team.pk)), teams=cast.nurse.teams.all(), mine=mine
        )
        assert not form.is_valid()
        assert number in form.errors["number"][0]
        assert ("Known Person" in form.errors["number"][0]) is seen
        assert "Hidden" not in str(form.errors)


def test_a_patient_can_only_be_given_to_a_team_of_ones_own(cast: Cast) -> None:
    form = NewPatientForm(
        details(number="X-3", care_team=str(cast.other_team.pk)),
        teams=cast.nurse.teams.all(),
        mine=Patient.objects.none(),
    )
    assert "care_team" in form.errors


def draw_form(patient: Patient, **changes: str) -> DrawForm:
    data = {"collected_on": "2026-03-09", "collected_time": "08:15", "fasting": "yes", "haemolysis": "none"}
    return DrawForm(data | changes, patient=patient)


def test_the_time_of_collection_is_read_in_the_clinics_zone(cast: Cast) -> None:
    form = draw_form(make_patient(cast.team))
    with timezone.override("Asia/Shanghai"):
        assert form.is_valid(), form.errors
        assert form.collected_at == dt.datetime(2026, 3, 9, 0, 15, tzinfo=dt.UTC)
        assert form.time_known


def test_only_the_day_may_be_known(cast: Cast) -> None:
    form = draw_form(make_patient(cast.team), collected_time="")
    assert form.is_valid(), form.errors
    assert (form.time_known, form.collected_at) == (False, dt.datetime(2026, 3, 9, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("said", "kept"), [({}, "unknown"), ({"": ""}, "unknown"), ({"": "yes"}, "yes"), ({"": "no"}, "no")]
)
def test_what_was_taken_before_the_draw_is_not_known_until_somebody_says_it(
    cast: Cast, said: dict[str, str], kept: str
) -> None:
    fields = ("biotin", "g_csf", "steroid")
    form = draw_form(make_patient(cast.team), **{field: answer for field in fields for answer in said.values()})
    assert form.is_valid(), form.errors
    assert [form.cleaned_data[field] for field in fields] == [kept] * 3
    assert [form[field].initial for field in fields] == ["unknown"] * 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"collected_on": "2026-03-10"}, "collected_on"),
        ({"collected_time": "10:01"}, "collected_time"),
        ({"collected_on": "1958-04-16"}, "collected_on"),
        ({"collected_on": ""}, "collected_on"),
        ({"collected_on": "2026-02-30"}, "collected_on"),
        ({"collected_time": "25:00"}, "collected_time"),
        ({"fasting": "perhaps"}, "fasting"),
        ({"biotin": "perhaps"}, "biotin"),
        ({"g_csf": "present"}, "g_csf"),
        ({"steroid": "5 mg"}, "steroid"),
    ],
)
def test_a_draw_is_neither_in_the_future_nor_before_birth_nor_nonsense(
    cast: Cast, changes: dict[str, str], field: str
) -> None:
    assert list(draw_form(make_patient(cast.team), **changes).errors) == [field]


def test_an_accession_number_of_another_draw_is_refused_and_that_draw_named(cast: Cast) -> None:
    patient = make_patient(cast.team)
    outcome = give_draw(patient, dt.date(2026, 3, 2), {"CEA": "3"}, laboratory="Central")
    patient.draws.filter(pk=outcome.draw_id).update(accession="S-9")
    form = draw_form(patient, laboratory="Central", accession="S-9")
    assert "02-Mar-2026 08:00" in form.errors["accession"][0]
    same = draw_form(patient, laboratory="Central", accession="S-9", collected_on="2026-03-02", collected_time="08:00")
    assert same.is_valid(), same.errors


def test_an_event_cannot_end_before_it_starts_or_be_before_birth_or_ahead(cast: Cast) -> None:
    patient = make_patient(cast.team, sex=Sex.MALE)
    treatment = {"kind": "chemotherapy", "name": "cisplatin", "started_on": "2026-02-01", "ended_on": "2026-01-31"}
    assert "01-Feb-2026" in TreatmentForm(treatment, patient=patient).errors["ended_on"][0]
    event = SkeletalEventForm({"kind": "fracture", "occurred_on": "1950-01-01"}, patient=patient)
    assert "17-Apr-1958" in event.errors["occurred_on"][0]
    condition = {"kind": "infection", "occurred_on": "2026-02-01", "ended_on": "2026-01-31"}
    assert "01-Feb-2026" in ConditionForm(condition, patient=patient).errors["ended_on"][0]
    imaging = ImagingForm({"performed_on": "2026-03-10", "modality": "ct", "finding": "none"}, patient=patient)
    assert "future" in imaging.errors["performed_on"][0]


def test_no_lesion_is_described_where_none_was_seen(cast: Cast) -> None:
    data = {"performed_on": "2026-03-01", "modality": "ct", "finding": "none", "lesion_type": "lytic", "sites": "L3"}
    assert set(ImagingForm(data, patient=make_patient(cast.team)).errors) == {"lesion_type", "sites"}


def test_a_plan_needs_a_marker_and_a_sane_interval(cast: Cast) -> None:
    form = PlanForm({"every_weeks": "0", "starts_on": "2026-03-01"}, patient=make_patient(cast.team))
    assert set(form.errors) == {"markers", "every_weeks"}
    derived = PlanForm(
        {"markers": ["NLR"], "every_weeks": "6", "starts_on": "2026-03-01"}, patient=make_patient(cast.team)
    )
    assert set(derived.errors) == {"markers"}
