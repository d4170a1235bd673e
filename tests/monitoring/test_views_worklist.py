"""What the worklist says of its filters, and where its links lead."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from monitoring.services import restate_places
from monitoring.worklist import PAGE_SIZE
from patients.models import Patient
from tests.cast import Cast, make_patient
from tests.monitoring.scenes import CALM, RISING, patient_with, run, the_alert


def body(client: Client, query: str = "") -> str:
    page = client.get(f"{reverse('worklist')}{query}")
    assert page.status_code == 200
    return page.content.decode()


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def two(client: Client, cast: Cast) -> list[Patient]:
    """One whose CEA rises, of small cell histology; one who is calm, of another."""
    rising, calm = patient_with(cast.team, RISING, name="Rising One"), patient_with(cast.team, CALM, name="Calm One")
    Patient.objects.filter(pk=rising.pk).update(histology="small_cell")
    run(rising, calm)
    client.force_login(cast.clinician)
    return [rising, calm]


def test_without_a_filter_nothing_is_said_of_one(client: Client, two: list[Patient]) -> None:
    page = body(client)
    assert "filtered" not in page
    assert "not shown here" not in page
    assert 'class="chip"' not in page


def test_a_filter_is_said_with_how_many_it_leaves_and_which_alerts_it_hides(client: Client, two: list[Patient]) -> None:
    page = body(client, "?histology=other")
    assert "1 of 2 patients; filtered" in words(page)
    assert "1 alert that needs an answer is not shown here. Show all alerts that need an answer" in words(page)
    assert f'href="{reverse("worklist")}?level=open"' in page
    assert "<title>Worklist · 1 of 2 patients; filtered" in page
    assert "Rising One" in body(client, "?level=open")


def test_a_search_too_says_which_alerts_it_hides(client: Client, two: list[Patient]) -> None:
    page = client.post(reverse("worklist"), {"q": "calm"}).content.decode()
    assert "1 of 2 patients; filtered found by “calm”" in words(page)
    assert "1 alert that needs an answer is not shown here." in words(page)
    found = client.post(reverse("worklist"), {"q": "rising"}).content.decode()
    assert "not shown here" not in found


def test_each_chip_takes_one_filter_off_and_the_form_shows_what_is_on(client: Client, two: list[Patient]) -> None:
    page = body(client, "?histology=other&histology=small_cell&level=calm")
    chips = re.findall(r'<li class="chip">(.+?) <a href="([^"]+)"', page)
    assert chips == [
        ("Level: calm", "/worklist/?histology=small_cell&amp;histology=other"),
        ("Histology: small cell carcinoma", "/worklist/?level=calm&amp;histology=other"),
        ("Histology: other histology", "/worklist/?level=calm&amp;histology=small_cell"),
    ]
    on = re.findall(r'name="(\w+)" value="(\w+)" checked', page)
    assert on == [("level", "calm"), ("histology", "small_cell"), ("histology", "other")]
    last = body(client, "?level=calm")
    assert re.findall(r'<li class="chip">.+? <a href="([^"]+)"', last) == ["/worklist/"]


def test_what_was_not_understood_is_said_and_shortens_no_list(client: Client, two: list[Patient]) -> None:
    page = body(client, "?level=high&team=99&draw=<b>")
    assert "Not understood in the address, and left out: level=high , draw=&lt;b&gt; , team=99" in words(page)
    assert "Rising One" in page
    assert "Calm One" in page
    assert "filtered" not in page


@pytest.mark.parametrize(
    "query", ["?at=x", "?at=-1", "?at=987654", "?at=99999999999", "?level=%00", "?show=%ff&draw=a%0ab"]
)
def test_an_odd_address_still_shows_the_worklist(client: Client, two: list[Patient], query: str) -> None:
    assert "Rising One" in body(client, query)


def test_pages_keep_the_filters(client: Client, cast: Cast, two: list[Patient]) -> None:
    for at in range(51):
        make_patient(cast.team, name=f"Person {at:02}")
    page = body(client, "?level=unread&histology=other")
    assert 'rel="next" href="?page=2&amp;level=unread&amp;histology=other"' in page
    second = body(client, "?page=2&level=unread&histology=other")
    assert 'rel="prev" href="?page=1&amp;level=unread&amp;histology=other"' in second
    assert "Person 50" in second


def test_an_alert_is_answered_from_its_row_by_those_who_may(client: Client, cast: Cast, two: list[Patient]) -> None:
    hook = f'data-answer="{the_alert(two[0]).pk}"'
    assert body(client).count("data-answer") == 1
    assert hook in body(client)
    client.force_login(cast.nurse)
    assert "data-answer" not in body(client)


def test_no_key_and_no_button_acts_on_many_patients(client: Client, two: list[Patient]) -> None:
    """Nothing done to many at once could hide a rise: no row has a box, and all that is posted is the search."""
    page = body(client)
    rows = page[page.index('id="worklist"') : page.index("worklist-foot")]
    assert "<input" not in rows
    assert "<button" not in rows
    main = page[page.index("<main") : page.index("</main>")]
    assert re.findall(r'<form class="([\w-]+)" method="post"', main) == ["worklist-search"]


def test_an_empty_list_says_that_filters_make_it_so(client: Client, two: list[Patient]) -> None:
    page = words(body(client, "?level=open&histology=squamous"))
    assert "No patient answers to all of these filters." in page
    assert "1 alert that needs an answer is not shown here." in page


def test_the_next_page_begins_after_the_last_row_that_was_shown(client: Client, cast: Cast) -> None:
    patients = [make_patient(cast.team, name=f"Person {at:03}") for at in range(PAGE_SIZE + 3)]
    client.force_login(cast.clinician)
    assert f"Person {PAGE_SIZE - 1:03}" in body(client)
    leave = patients[0]
    Patient.objects.filter(pk=leave.pk).update(care_team=cast.other_team)
    restate_places([leave.pk])
    page = body(client, "?page=2")
    assert [f"Person {at:03}" in page for at in range(PAGE_SIZE - 1, PAGE_SIZE + 3)] == [False, True, True, True]
    kept = str(dict(client.session)["worklist_ends"])
    assert "Person" not in kept
    assert f"Person {PAGE_SIZE - 1:03}" not in body(client, "?page=2&histology=other")


def test_the_ends_of_pages_are_those_of_one_list(client: Client, cast: Cast) -> None:
    for at in range(PAGE_SIZE + 1):
        make_patient(cast.team, name=f"Person {at:03}")
    client.force_login(cast.clinician)
    body(client)
    assert list(client.session["worklist_ends"]["ends"]) == ["1"]
    body(client, "?histology=other")
    assert client.session["worklist_ends"]["list"] == "histology=other"
