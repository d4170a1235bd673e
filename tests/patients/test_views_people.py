from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from patients.models import Patient, PatientIdentifier
from tests.cast import Cast, give_draw, make_patient


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


def search(client: Client, text: str, page: str = "patient_list") -> str:
    answer = client.post(reverse(page), {"q": text}, follow=True)
    assert answer.status_code == 200
    # What was searched for must not be in any address.
    assert all("?" not in address for address, _status in answer.redirect_chain)
    return answer.content.decode()


@pytest.mark.parametrize("name", ["patient_list", "patient_new", "enter_results", "marker_list"])
def test_who_is_not_signed_in_is_asked_to_sign_in(client: Client, db: None, name: str) -> None:
    answer: Any = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(
    "name",
    ["patient_edit", "draw_new", "treatment_new", "imaging_new", "skeletal_event_new", "condition_new", "plan_edit"],
)
def test_each_page_of_a_patient_opens_for_who_may_and_for_nobody_else(client: Client, cast: Cast, name: str) -> None:
    patient = make_patient(cast.team)
    expected = {cast.nurse: 200, cast.clinician: 200, cast.administrator: 403, cast.stranger: 404}
    for person, status in expected.items():
        client.force_login(person)
        answer = client.get(reverse(name, args=[patient.pk]))
        assert (person.username, answer.status_code) == (person.username, status)
        assert ("Zhuo Quibble" in answer.content.decode()) is (status == 200)
        assert client.get(reverse(name, args=[987654])).status_code == 404


def test_the_list_shows_the_patients_of_ones_teams_only(client: Client, cast: Cast) -> None:
    make_patient(cast.team, name="Ours Alpha", number="A-1")
    make_patient(cast.other_team, name="Theirs Beta", number="B-1")
    client.force_login(cast.nurse)
    page = client.get(reverse("patient_list")).content.decode()
    assert "Ours Alpha" in page
    assert "A-1" in page
    assert "Theirs" not in page
    client.force_login(cast.stranger)
    assert "Ours" not in client.get(reverse("patient_list")).content.decode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A-1", {"Ours Alpha", "Ours Alef"}),
        ("a-12", {"Ours Alef"}),
        ("alpha", {"Ours Alpha"}),
        ("alef ours", {"Ours Alef"}),
        ("1", set()),
        ("Theirs", set()),
        ("B-1", set()),
        ("%", set()),
        ("", {"Ours Alpha", "Ours Alef"}),
    ],
)
def test_patients_are_found_by_the_beginning_of_a_number_or_any_part_of_a_name(
    client: Client, cast: Cast, text: str, found: set[str]
) -> None:
    make_patient(cast.team, name="Ours Alpha", number="A-1")
    make_patient(cast.team, name="Ours Alef", number="A-12")
    make_patient(cast.other_team, name="Theirs Beta", number="B-1")
    client.force_login(cast.nurse)
    page = search(client, text)
    assert {name for name in ("Ours Alpha", "Ours Alef", "Theirs Beta") if name in page} == found


def test_a_search_that_cannot_be_read_is_said_and_breaks_nothing(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    assert "cannot be searched for" in search(client, "x\x00y")
    assert "cannot be searched for" in search(client, "x" * 101)


def test_fifty_patients_cost_as_many_queries_as_one(client: Client, cast: Cast) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(reverse("patient_list")).status_code == 200
        return len(captured)

    client.force_login(cast.nurse)
    give_draw(make_patient(cast.team), dt.date(2026, 1, 5), {"CEA": "3"})
    queries()  # the first request writes the session
    one = queries()
    for _number in range(49):
        give_draw(make_patient(cast.team), dt.date(2026, 1, 5), {"CEA": "3"})
    assert queries() == one


def test_the_list_comes_in_pages_and_a_page_that_is_not_there_is_the_last(client: Client, cast: Cast) -> None:
    for number in range(52):
        make_patient(cast.team, name=f"Person {number:03}")
    client.force_login(cast.nurse)
    first = client.get(reverse("patient_list")).content.decode()
    assert "Page 1 of 2" in first
    assert "Person 051" not in first
    assert "Person 051" in client.get(reverse("patient_list"), {"page": "99"}).content.decode()
    assert "Page 1 of 2" in client.get(reverse("patient_list"), {"page": "x"}).content.decode()


def test_a_new_patient_is_put_on_record_with_number_and_team(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    answer: Any = client.post(reverse("patient_new"), details(number=" N-7 ", care_team=str(cast.team.pk)))
    patient = Patient.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("patient", args=[patient.pk])
    assert PatientIdentifier.objects.get().value == "N-7"
    assert (patient.name, patient.care_team, patient.stage) == ("Zhuo Quibble", cast.team, "IVA")


def test_a_refused_patient_is_not_written_and_what_was_typed_stays(client: Client, cast: Cast) -> None:
    make_patient(cast.other_team, name="Hidden Person", number="X-1")
    client.force_login(cast.nurse)
    answer = client.post(reverse("patient_new"), details(number="X-1", care_team=str(cast.team.pk), name="Typed Name"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert Patient.objects.count() == 1
    assert "Typed Name" in page
    assert "1958-04-17" in page
    assert 'href="#id_number"' in page
    assert "Hidden" not in page


@pytest.mark.parametrize("who", ["administrator", "stranger"])
def test_who_may_not_changes_nothing(client: Client, cast: Cast, who: str) -> None:
    patient = make_patient(cast.team)
    client.force_login(getattr(cast, who))
    answer = client.post(reverse("patient_edit", args=[patient.pk]), details(name="Changed"))
    assert answer.status_code in {403, 404}
    assert Patient.objects.get().name == "Zhuo Quibble"
    if who == "administrator":
        answer = client.post(reverse("patient_new"), details(number="N-8", care_team=str(cast.team.pk)))
        assert answer.status_code == 403
        assert Patient.objects.count() == 1


def test_a_change_is_saved_and_the_number_stays_in_view(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, number="N-9")
    client.force_login(cast.clinician)
    assert "N-9" in client.get(reverse("patient_edit", args=[patient.pk])).content.decode()
    answer = client.post(reverse("patient_edit", args=[patient.pk]), details(name="Zhuo Renamed"))
    assert answer.status_code == 302
    assert Patient.objects.get().name == "Zhuo Renamed"


def test_a_refused_change_keeps_the_banner_as_it_is_on_record(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.clinician)
    answer = client.post(reverse("patient_edit", args=[patient.pk]), details(name="Zhuo Renamed", stage="V"))
    assert answer.status_code == 422
    assert answer.context["banner"].name == "Zhuo Quibble"
    assert Patient.objects.get().name == "Zhuo Quibble"


def test_a_synthetic_patient_is_called_so_and_every_page_says_what_leadtime_is_not(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    Patient.objects.update(is_synthetic=True)
    client.force_login(cast.nurse)
    for address in (
        reverse("patient_list"),
        reverse("draw_new", args=[patient.pk]),
        reverse("plan_edit", args=[patient.pk]),
    ):
        page = client.get(address).content.decode()
        assert "Synthetic data" in page
        assert "Decision support, not a diagnosis. No alert does not mean no progression." in page
