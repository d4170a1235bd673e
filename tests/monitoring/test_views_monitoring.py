"""Who may open what, what is changed by whom, and what the pages say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit.models import AuditEvent
from monitoring.models import AlertState, Notification
from patients.models import Patient
from tests.cast import Cast, give_draw, make_patient
from tests.monitoring.alert_steps import seen_of
from tests.monitoring.scenes import CALM, RISING, day, patient_with, run, the_alert
from tests.monitoring.test_outbox import write


@pytest.fixture
def rising(cast: Cast) -> Patient:
    patient = patient_with(cast.team, RISING)
    run(patient)
    return patient


def answer(client: Client, patient: Patient, comment: str = "CT asked for") -> Any:
    alert = the_alert(patient)
    return client.post(reverse("alert_acknowledge", args=[alert.pk]), {"seen": seen_of(alert), "comment": comment})


def body(client: Client, name: str, *args: object) -> str:
    page = client.get(reverse(name, args=args))
    assert page.status_code == 200
    return page.content.decode()


# --- who may --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "args"), [("worklist", []), ("patient", [1]), ("alert", [1]), ("outbox", [])])
def test_who_is_not_signed_in_is_asked_to_sign_in(client: Client, db: None, name: str, args: list[int]) -> None:
    page: Any = client.get(reverse(name, args=args))
    assert page.status_code == 302
    assert page["Location"].startswith(reverse("account_login"))


def test_a_patient_page_opens_for_the_team_and_for_nobody_else(client: Client, cast: Cast, rising: Patient) -> None:
    expected = {cast.nurse: 200, cast.clinician: 200, cast.administrator: 200, cast.stranger: 404}
    for person, status in expected.items():
        client.force_login(person)
        page = client.get(reverse("patient", args=[rising.pk]))
        assert (person.username, page.status_code) == (person.username, status)
        assert ("Zhuo Quibble" in page.content.decode()) is (status == 200)
    assert AuditEvent.objects.filter(action="patient.viewed", patient_id=rising.pk).count() == 3


def test_the_worklist_shows_the_viewers_teams_only(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.stranger)
    page = body(client, "worklist")
    assert "Zhuo Quibble" not in page
    assert "Your teams have no patients on record yet." in page


def test_the_link_of_a_mail_leads_to_the_reasons_for_those_who_may(client: Client, cast: Cast, rising: Patient) -> None:
    address = reverse("alert", args=[the_alert(rising).pk])
    client.force_login(cast.clinician)
    page: Any = client.get(address)
    assert (page.status_code, page["Location"]) == (302, f"{reverse('patient', args=[rising.pk])}#why")
    client.force_login(cast.stranger)
    assert client.get(address).status_code == 404
    assert client.get(reverse("alert", args=[987654])).status_code == 404


# --- acknowledging --------------------------------------------------------------------------------------------------
def test_a_clinician_acknowledges_with_a_comment(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    page = answer(client, rising)
    assert (page.status_code, page["Location"]) == (302, f"{reverse('patient', args=[rising.pk])}#why")
    assert the_alert(rising).state == AlertState.ACKNOWLEDGED
    assert "CT asked for" in body(client, "patient", rising.pk)


def test_nobody_else_acknowledges_and_nothing_is_changed(client: Client, cast: Cast, rising: Patient) -> None:
    for person, status in {cast.nurse: 403, cast.administrator: 403, cast.stranger: 404}.items():
        client.force_login(person)
        assert answer(client, rising).status_code == status
    client.logout()
    assert answer(client, rising).status_code == 302
    assert the_alert(rising).state == AlertState.OPEN
    assert the_alert(rising).events.count() == 1


def test_an_empty_comment_is_refused_in_words_and_changes_nothing(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    page = answer(client, rising, "   ")
    assert page.status_code == 422
    assert "The comment is empty." in page.content.decode()
    assert the_alert(rising).state == AlertState.OPEN


def test_a_comment_that_is_too_long_is_kept_in_the_form(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    page = answer(client, rising, "x" * 2001)
    assert page.status_code == 422
    assert "at most 2000 characters" in page.content.decode()
    assert "x" * 2001 in page.content.decode()


def test_the_second_of_two_answers_is_told_of_the_first(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    answer(client, rising)
    page = answer(client, rising, "second")
    assert page.status_code == 409
    assert "answered meanwhile" in page.content.decode()


def test_acknowledging_is_never_a_link(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    assert client.get(reverse("alert_acknowledge", args=[the_alert(rising).pk])).status_code == 405


# --- what the pages say ---------------------------------------------------------------------------------------------
def test_the_patient_page_says_why_and_never_what_it_is_due_to(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    page = body(client, "patient", rising.pk)
    why = page[page.index('id="why"') : page.index('id="charts-title"')]
    for said in ("sustained rise", "supported by", "23-Jun-2025", "would lower it", "Engine"):
        assert said in why
    assert "metastas" not in why.lower()
    assert "Decision support, not a diagnosis." in page


def test_draws_and_classical_readings_fold_out_as_tables_with_heads(
    client: Client, cast: Cast, rising: Patient
) -> None:
    client.force_login(cast.clinician)
    page = body(client, "patient", rising.pk)
    why = page[page.index('id="why"') : page.index('id="charts-title"')]
    for said in (
        "The last draws",
        "Classical readings",
        "What was weighed",
        "Watch index",
        "own level",
        "inferred start",
    ):
        assert said in why
    assert why.count("<details") == why.count("<summary")
    assert why.count('<th scope="col"') + why.count('<th scope="row"') == why.count("<th ")
    assert "doi:10.1093/clinchem/hvaa233" in why


def test_the_chart_goes_to_the_page_as_data_and_nothing_is_inline(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    for page in (body(client, "patient", rising.pk), body(client, "worklist")):
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<style" not in page
    assert '<script id="chart-data" type="application/json">' in body(client, "patient", rising.pk)


def test_actions_are_those_of_the_role(client: Client, cast: Cast, rising: Patient) -> None:
    acknowledge = f'action="{reverse("alert_acknowledge", args=[the_alert(rising).pk])}"'
    enter = f'href="{reverse("draw_new", args=[rising.pk])}"'
    seen = {}
    for person in (cast.nurse, cast.clinician, cast.administrator):
        client.force_login(person)
        page = body(client, "patient", rising.pk)
        seen[person.username] = (enter in page, acknowledge in page)
    assert seen == {"nurse": (True, False), "clinician": (True, True), "administrator": (False, False)}


def test_who_is_being_evaluated_is_said_so_on_both_pages(client: Client, cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    run(patient)
    give_draw(patient, day(6), {"CEA": "9.9"})
    client.force_login(cast.nurse)
    assert "being evaluated since" in body(client, "worklist")
    assert "being evaluated since" in body(client, "patient", patient.pk)
    assert "badge-calm" not in body(client, "worklist")


def test_an_empty_record_says_what_to_do_next(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    page = body(client, "patient", patient.pk)
    assert "No results yet." in page
    assert "No follow-up plan" in page
    assert "chart-data" not in page


def test_the_worklist_search_puts_no_name_in_an_address_and_is_not_remembered(client: Client, cast: Cast) -> None:
    make_patient(cast.team, name="Wang Meili")
    make_patient(cast.team, name="Zhuo Quibble")
    client.force_login(cast.nurse)
    found = client.post(reverse("worklist"), {"q": "wang"}).content.decode()
    assert "Wang Meili" in found
    assert "Zhuo Quibble" not in found
    assert "Zhuo Quibble" in body(client, "worklist")


@pytest.mark.parametrize("query", ["?show=nonsense", "?page=-1", "?page=x", "?page=999999", "?page=99999999999"])
def test_an_odd_address_shows_the_worklist(client: Client, cast: Cast, query: str) -> None:
    make_patient(cast.team)
    client.force_login(cast.nurse)
    page = client.get(reverse("worklist") + query)
    assert page.status_code == 200
    assert "Zhuo Quibble" in page.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_open_in_both_languages(client: Client, cast: Cast, rising: Patient, language: str) -> None:
    client.force_login(cast.clinician)
    for name, args in (("worklist", []), ("patient", [rising.pk])):
        page = client.get(reverse(name, args=args), headers={"accept-language": language})
        assert page.status_code == 200
        assert f'lang="{language}"' in page.content.decode()


# --- outbox ---------------------------------------------------------------------------------------------------------
def test_the_outbox_is_the_administrators(client: Client, cast: Cast, rising: Patient) -> None:
    for person, status in {cast.nurse: 403, cast.clinician: 403, cast.administrator: 200}.items():
        client.force_login(person)
        assert client.get(reverse("outbox")).status_code == status
        assert client.get(reverse("outbox_message", args=["a.log"])).status_code == (404 if status == 200 else 403)


def test_the_outbox_lists_who_was_told_and_the_mails(
    client: Client, cast: Cast, rising: Patient, tmp_path: Path, settings: Settings
) -> None:
    settings.OUTBOX_DIR = tmp_path
    write(tmp_path, "20260301-1.log", subject="Leadtime: an alert")
    client.force_login(cast.administrator)
    page = body(client, "outbox")
    assert Notification.objects.exists()
    assert "waiting" in page
    assert "Leadtime: an alert" in page
    assert "Zhuo Quibble" not in page
    mail = body(client, "outbox_message", "20260301-1.log")
    assert "Somebody&#x27;s markers rose." in mail
    assert "<b>markers</b>" not in mail


def test_with_a_mail_server_no_folder_is_read(client: Client, cast: Cast, tmp_path: Path, settings: Settings) -> None:
    settings.OUTBOX_DIR, settings.EMAIL_URL = tmp_path, "smtp://localhost"
    write(tmp_path, "20260301-1.log")
    client.force_login(cast.administrator)
    assert "20260301-1.log" not in body(client, "outbox")
    assert client.get(reverse("outbox_message", args=["20260301-1.log"])).status_code == 404
