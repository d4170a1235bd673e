"""From patient to patient of a list, and back to its row."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership
from monitoring import walk as walking
from patients.models import Patient
from tests.cast import Cast, make_patient
from tests.monitoring.alert_steps import seen_of
from tests.monitoring.scenes import CALM, NOW, RISING, patient_with, run, the_alert


def step(cast: Cast, session: dict[str, Any], patient: Patient, asked: str | None) -> tuple[int, int, Any, Any] | None:
    found = walking.walk(cast.clinician, session, patient_id=patient.pk, asked=asked, now=NOW)
    return (found.place, found.of, found.previous, found.next) if found else None


def test_each_patient_knows_its_place_and_its_neighbours(cast: Cast) -> None:
    one, two, three = (make_patient(cast.team, name=f"Person {at}") for at in range(3))
    session: dict[str, Any] = {}
    assert step(cast, session, one, "") == (1, 3, None, two.pk)
    assert step(cast, session, two, "") == (2, 3, one.pk, three.pk)
    assert step(cast, session, three, "") == (3, 3, two.pk, None)


def test_a_page_that_was_not_opened_from_a_list_has_no_neighbours(cast: Cast) -> None:
    one, two = (make_patient(cast.team, name=f"Person {at}") for at in range(2))
    session: dict[str, Any] = {}
    assert step(cast, session, one, None) is None
    step(cast, session, one, "")
    assert step(cast, session, two, None) is None
    assert step(cast, session, one, None) == (1, 2, None, two.pk)


def test_a_list_holds_those_of_its_filters_only(cast: Cast) -> None:
    calm, rising, other = (
        patient_with(cast.team, CALM),
        patient_with(cast.team, RISING),
        patient_with(cast.team, RISING),
    )
    run(calm, rising, other)
    session: dict[str, Any] = {}
    assert step(cast, session, rising, "level=open") == (1, 2, None, other.pk)
    assert step(cast, session, calm, "level=open") == (0, 2, None, None)
    assert step(cast, session, rising, "level=nonsense") == (1, 3, None, other.pk)


def test_who_has_left_the_viewers_teams_is_stepped_over(cast: Cast) -> None:
    one, two, three = (make_patient(cast.team, name=f"Person {at}") for at in range(3))
    session: dict[str, Any] = {}
    step(cast, session, one, "")
    Patient.objects.filter(pk=two.pk).update(care_team=cast.other_team)
    assert step(cast, session, one, "") == (1, 3, None, three.pk)
    assert step(cast, session, three, "") == (3, 3, one.pk, None)


def test_beyond_what_was_taken_down_the_list_is_read_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "BEFORE", 1)
    monkeypatch.setattr(walking, "AFTER", 2)
    people = [make_patient(cast.team, name=f"Person {at}") for at in range(6)]
    session: dict[str, Any] = {}
    ids = [None, *(one.pk for one in people), None]
    for order in (range(6), reversed(range(6))):
        for at in order:
            assert step(cast, session, people[at], "") == (at + 1, 6, ids[at], ids[at + 2])
            assert len(session[walking.KEPT]["ids"]) <= 3


def test_a_step_costs_as_many_queries_in_a_list_of_fifty_as_in_one_of_two(cast: Cast) -> None:
    def queries(patient: Patient) -> tuple[int, int]:
        session: dict[str, Any] = {}
        with CaptureQueriesContext(connection) as opened:
            step(cast, session, patient, "level=unread")
        with CaptureQueriesContext(connection) as next_one:
            step(cast, session, patient, "level=unread")
        return len(opened), len(next_one)

    first = make_patient(cast.team, name="Person 0")
    make_patient(cast.team)
    few = queries(first)
    for at in range(48):
        make_patient(cast.team, name=f"Person {at + 1}")
    assert queries(first) == few
    assert few[1] == 2


# --- on the pages -----------------------------------------------------------------------------------------------------
def opened(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200
    return page.content.decode()


def test_who_answers_an_alert_goes_on_with_the_list_as_it_was(client: Client, cast: Cast) -> None:
    """The answered one leaves the filter; the next is the one that followed, and the list is entered at its row."""
    first, second, third = (patient_with(cast.team, RISING, name=f"Person {at}") for at in range(3))
    run(first, second, third)
    client.force_login(cast.clinician)
    opened(client, f"{reverse('patient', args=[second.pk])}?list=level%3Dopen")
    said = {"seen": seen_of(the_alert(second)), "comment": "CT"}
    answer: Any = client.post(reverse("alert_acknowledge", args=[the_alert(second).pk]), said)
    page = opened(client, answer["Location"])
    assert "2 of 3" in page
    assert f'href="{reverse("patient", args=[third.pk])}?list=level%3Dopen" rel="next"' in page
    assert f'href="{reverse("patient", args=[first.pk])}?list=level%3Dopen" rel="prev"' in page
    back = f"{reverse('worklist')}?level=open&amp;at={second.pk}"
    assert back in page
    listing = opened(client, back.replace("&amp;", "&"))
    assert "The patient you came from is not on this list any more." in listing
    assert [row.split('"')[0] for row in listing.split('id="patient-')[1:]] == [str(first.pk), str(third.pk)]
    assert listing.count(" data-focus") == 1
    assert listing.index(" data-focus") > listing.index(f'id="patient-{third.pk}"')


def test_opening_the_worklist_forgets_the_order_that_was_taken_down(client: Client, cast: Cast) -> None:
    one = make_patient(cast.team, name="Person 1")
    client.force_login(cast.clinician)
    assert "1 of 1" in opened(client, f"{reverse('patient', args=[one.pk])}?list=")
    opened(client, reverse("worklist"))
    make_patient(cast.team, name="Person 0")
    assert "2 of 2" in opened(client, f"{reverse('patient', args=[one.pk])}?list=")


def test_neighbours_are_the_viewers_own_whatever_the_address_asks(client: Client, cast: Cast) -> None:
    mine, theirs = make_patient(cast.team), make_patient(cast.other_team)
    client.force_login(cast.clinician)
    page = opened(client, f"{reverse('patient', args=[mine.pk])}?list=team%3D{cast.other_team.pk}")
    assert "1 of 1" in page
    assert reverse("patient", args=[theirs.pk]) not in page
    assert Membership.objects.filter(user=cast.clinician).count() == 1
    assert client.get(f"{reverse('patient', args=[theirs.pk])}?list=").status_code == 404


@pytest.mark.parametrize("asked", ["%00", "level%3Dhigh", "a" * 5000, "%ff%fe", "team%3D%F0%9F%98%80", "%26%26%3D"])
def test_an_odd_list_is_the_whole_worklist(client: Client, cast: Cast, asked: str) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.clinician)
    page = opened(client, f"{reverse('patient', args=[patient.pk])}?list={asked}")
    assert "1 of 1" in page
    assert f'href="{reverse("worklist")}?at={patient.pk}"' in page


def test_no_name_and_no_number_stands_in_an_address(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, name="Zhuo Quibble", number="A-77")
    client.force_login(cast.clinician)
    page = client.post(reverse("worklist"), {"q": "zhuo"}).content.decode()
    assert f'href="{reverse("patient", args=[patient.pk])}"' in page
    listing = opened(client, f"{reverse('worklist')}?histology=other")
    assert f'href="{reverse("patient", args=[patient.pk])}?list=histology%3Dother"' in listing
