from __future__ import annotations

import logging

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from patients.models import Patient
from patients.services import record_treatment
from tests.cast import ACTOR, Cast, make_patient
from tests.monitoring.cohorts import SCAN, scanned

PAGE = "/cohort/"


def html(client: Client, cast: Cast, query: str = "marker=CEA") -> str:
    client.force_login(cast.clinician)
    response = client.get(f"{PAGE}?{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_opening_the_page_is_one_line_in_the_log_with_the_count_and_no_patient(client: Client, cast: Cast) -> None:
    patients = [scanned(cast.team) for _ in range(3)]
    before = AuditEvent.objects.latest("pk").pk
    html(client, cast)
    (event,) = AuditEvent.objects.filter(pk__gt=before, object_type="cohort")
    assert (event.actor, event.action, event.object_id, event.patient_id, event.details) == (
        cast.clinician.audit_name,
        "cohort.viewed",
        "CEA",
        None,
        {"patients": 3},
    )
    assert not AuditEvent.objects.filter(pk__gt=before, patient_id__in=[one.pk for one in patients]).exists()


def test_taking_the_file_is_a_line_of_its_own(client: Client, cast: Cast) -> None:
    scanned(cast.team)
    client.force_login(cast.clinician)
    response = client.get(f"{reverse('cohort_file')}?marker=CEA&group=all")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="cohort-CEA-all-bone_metastasis-units.csv"'
    )
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    event = AuditEvent.objects.get(object_type="cohort")
    assert (event.action, event.object_id, event.details) == ("cohort.exported", "CEA", {"patients": 1})


def test_no_log_line_holds_a_patient(client: Client, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    patient = scanned(cast.team)
    with caplog.at_level(logging.DEBUG, logger="monitoring"):
        html(client, cast)
    assert patient.name not in caplog.text


def test_the_page_says_that_it_is_exploration_and_what_it_cannot_show(client: Client, cast: Cast) -> None:
    scanned(cast.team)
    shown = html(client, cast)
    for said in ("Exploration, no evidence.", "Selection:", "Missing draws:", "Too few: no group has 5 patients"):
        assert said in shown


@pytest.mark.parametrize("name", ["marker", "group", "align", "values", "scale"])
def test_an_unknown_word_in_the_address_is_ignored_aloud(client: Client, cast: Cast, name: str) -> None:
    shown = html(client, cast, f"{name}=%3Cscript%3E%00x")
    assert "&lt;script&gt;" in shown
    assert "<script>\x00" not in shown
    assert "it was ignored" in shown


def test_the_choice_stands_in_the_form_and_in_the_address_of_the_file(client: Client, cast: Cast) -> None:
    for _ in range(5):
        scanned(cast.team)
    shown = html(client, cast, "marker=CEA&group=all&align=ct&values=ratio&scale=log")
    assert shown.count(" selected") == 5
    assert "/cohort/values.csv?marker=CEA&amp;group=all&amp;align=ct&amp;values=ratio&amp;scale=log" in shown
    assert 'aria-current="page">Cohort</a>' in shown


def test_the_label_synthetic_stands_while_any_synthetic_patient_is_in(client: Client, cast: Cast) -> None:
    scanned(cast.team)
    assert "Synthetic data" not in html(client, cast)
    scanned(cast.team, synthetic=True)
    assert "Synthetic data" in html(client, cast)


def test_a_stranger_sees_none_of_it(client: Client, cast: Cast) -> None:
    for _ in range(5):
        scanned(cast.team)
    client.force_login(cast.stranger)
    assert "Your teams have no patients on record." in client.get(PAGE).content.decode()
    lines = b"".join(client.get(reverse("cohort_file")).streaming_content).decode()  # type: ignore[attr-defined]
    assert lines.count("\n") == 1


def test_fifty_patients_cost_as_many_queries_as_one(client: Client, cast: Cast) -> None:
    client.force_login(cast.clinician)
    counts = []
    for wanted in (1, 50):
        while Patient.objects.count() < wanted:
            scanned(cast.team)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{PAGE}?marker=CEA&group=treatment")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_without_a_day_in_the_address_the_page_takes_the_one_most_have_and_says_so(client: Client, cast: Cast) -> None:
    said = "No day was chosen: shown is the one that most of your patients have, first start of a systemic treatment."
    scanned(cast.team)
    for _ in range(2):
        patient = make_patient(cast.team)
        record_treatment(
            actor=ACTOR, patient_id=patient.pk, kind="chemotherapy", name="agent", started_on=SCAN, ended_on=None
        )
    shown = html(client, cast, "marker=CEA")
    assert said in shown
    assert '<option value="treatment" selected>' in shown
    asked = html(client, cast, "marker=CEA&align=bone_metastasis")
    assert "No day was chosen" not in asked
    assert "1 have the day: first scan that showed bone metastasis." in asked  # why there is no chart
    response = client.get(f"{reverse('cohort_file')}?marker=CEA")
    assert "-treatment-units.csv" in response.headers["Content-Disposition"]
