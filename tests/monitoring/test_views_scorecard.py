from __future__ import annotations

import logging
import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, User
from audit.models import AuditEvent
from patients.models import Patient
from tests.cast import Cast, make_patient
from tests.monitoring.scorecards import DAY, NOW, closed, raised, watched

PAGE = "/scorecard/"


def html(client: Client, user: User, query: str = "period=all") -> str:
    client.force_login(user)
    with time_machine.travel(NOW, tick=False):
        response = client.get(f"{PAGE}?{query}")
    assert response.status_code == 200
    return response.content.decode()


def shown_by_a_scan(cast: Cast) -> Patient:
    patient = watched(cast.team)
    alert = raised(patient, NOW - 60 * DAY)
    closed(alert, cast.clinician, "bone_metastasis", at=NOW - DAY, scan=(NOW - 20 * DAY).date())
    return patient


def test_opening_the_page_is_one_line_in_the_log_with_the_count_and_no_patient(client: Client, cast: Cast) -> None:
    patients = [shown_by_a_scan(cast), watched(cast.team)]
    before = AuditEvent.objects.latest("pk").pk
    html(client, cast.clinician)
    (event,) = AuditEvent.objects.filter(pk__gt=before, object_type="scorecard")
    assert (event.actor, event.action, event.object_id, event.patient_id, event.details) == (
        cast.clinician.audit_name,
        "scorecard.viewed",
        "all",
        None,
        {"patients": 2},
    )
    assert not AuditEvent.objects.filter(pk__gt=before, patient_id__in=[one.pk for one in patients]).exists()


def test_taking_the_file_is_a_line_of_its_own(client: Client, cast: Cast) -> None:
    watched(cast.team)
    client.force_login(cast.clinician)
    response = client.get(f"{reverse('scorecard_file')}?period=6m&team={cast.team.pk}")
    assert response.headers["Content-Disposition"] == f'attachment; filename="scorecard-6m-{cast.team.pk}.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    event = AuditEvent.objects.get(object_type="scorecard")
    assert (event.action, event.object_id, event.details) == (
        "scorecard.exported",
        str(cast.team.pk),
        {"patients": 1},
    )


def test_no_name_and_no_number_of_a_patient_stands_on_the_page_in_the_file_or_in_a_log_line(
    client: Client, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    patient = shown_by_a_scan(cast)
    with caplog.at_level(logging.DEBUG, logger="monitoring"):
        page = html(client, cast.clinician)
        lines = client.get(f"{reverse('scorecard_file')}?period=all").content.decode()
    for text in (page, lines, caplog.text):
        assert patient.name not in text
        assert patient.identifiers.get().value not in text
    assert f'href="/patients/{patient.pk}/"' in page
    assert "/patients/" not in lines


def test_the_points_lead_only_to_patients_the_viewer_may_see(client: Client, cast: Cast) -> None:
    patient = shown_by_a_scan(cast)
    assert f"/patients/{patient.pk}/" in html(client, cast.nurse)
    shown = html(client, cast.stranger)
    assert "Your teams have no patients on record." in shown
    assert not re.search(r"/patients/\d", shown)


def test_an_administrator_of_no_team_sees_what_the_cohort_page_says(client: Client, cast: Cast) -> None:
    shown_by_a_scan(cast)
    Membership.objects.filter(user=cast.administrator).delete()
    shown = html(client, cast.administrator)
    assert "Your teams have no patients on record." in shown
    assert "figures.csv" not in shown


@pytest.mark.parametrize("name", ["period", "team"])
def test_an_unknown_word_in_the_address_is_ignored_aloud(client: Client, cast: Cast, name: str) -> None:
    shown = html(client, cast.clinician, f"{name}=%3Cscript%3E%00x")
    assert "&lt;script&gt;" in shown
    assert "<script>\x00" not in shown
    assert "it was ignored" in shown


def test_the_choice_stands_in_the_form_and_in_the_address_of_the_file(client: Client, cast: Cast) -> None:
    Membership.objects.create(team=cast.other_team, user=cast.clinician)
    watched(cast.team)
    shown = html(client, cast.clinician, f"period=2y&team={cast.team.pk}")
    assert '<option value="2y" selected>' in shown
    assert f'<option value="{cast.team.pk}" selected>' in shown
    assert f"/scorecard/figures.csv?period=2y&amp;team={cast.team.pk}" in shown
    assert 'aria-current="page">Scorecard</a>' in shown


def test_without_an_alert_the_page_says_so_and_draws_nothing(client: Client, cast: Cast) -> None:
    make_patient(cast.team)
    shown = html(client, cast.clinician)
    assert "No alert was raised in this period." in shown
    assert "too few to say" in shown
    assert "chart-data" not in shown
    assert "plotly" not in shown


def test_the_label_synthetic_stands_while_any_synthetic_patient_is_in(client: Client, cast: Cast) -> None:
    watched(cast.team)
    assert "Synthetic data" not in html(client, cast.clinician)
    watched(cast.team, synthetic=True)
    assert "Synthetic data" in html(client, cast.clinician)


def test_fifty_patients_cost_as_many_queries_as_one(client: Client, cast: Cast) -> None:
    client.force_login(cast.clinician)
    counts = []
    for wanted in (1, 50):
        while Patient.objects.count() < wanted:
            shown_by_a_scan(cast)
        with CaptureQueriesContext(connection) as queries, time_machine.travel(NOW, tick=False):
            client.get(f"{PAGE}?period=all")
        counts.append(len(queries))
    assert counts[0] == counts[1]
