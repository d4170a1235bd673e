"""The list for the clinic: whom it names, what it says of each, and that each printing of a name is on record."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from time_machine import travel

from audit.models import AuditEvent
from patients.services import record_imaging, set_plan
from tests.cast import ACTOR, Cast
from tests.monitoring.reports.printed import print_list
from tests.monitoring.scenes import CALM, NOW, RISING, day, patient_with, run
from tests.test_access_matrix import record_as_it_stands


def test_a_row_says_what_rose_since_when_the_last_values_and_the_last_scan(client: Client, cast: Cast) -> None:
    calm = patient_with(cast.team, CALM, name="王美丽")
    rising = patient_with(cast.team, RISING, name="Zhuo Quibble")
    record_imaging(actor=ACTOR, patient_id=rising.pk, performed_on=day(4), modality="ct", finding="none")
    run(calm, rising)
    with travel(NOW, tick=False):
        document = print_list(client, cast.clinician)
    words = document.words
    assert words.index("Zhuo Quibble") < words.index("王美丽")
    assert "CEA 6.0 ng/mL H, +199 % since 23-Jun-2025" in words
    assert "▲▲ alert needs an answer raised today" in words
    assert "CT 23-Jun-2025 no bone metastasis seen" in words
    assert "last draw 04-Aug-2025" in words
    assert "2 patients" in words
    assert "Printed by clinician, 01-Sep-2025" in words
    assert document.response["Content-Disposition"] == 'inline; filename="clinic-list-2025-09-01.pdf"'
    assert document.response["Cache-Control"] == "no-store"


def test_everybody_is_on_it_once_over_several_pages(client: Client, cast: Cast) -> None:
    for at in range(30):
        patient_with(cast.team, ["2.0"], name=f"Patient {at:03}")
    document = print_list(client, cast.nurse, language="zh-hans")
    assert len(document.pages) > 2
    assert [document.text.count(f"Patient {at:03}") for at in range(30)] == [1] * 30


def test_a_list_of_one_day_holds_those_waited_for_on_that_day(client: Client, cast: Cast) -> None:
    for name, starts_on in (("Today Person", "2025-09-01"), ("Later Person", "2025-09-02")):
        patient = patient_with(cast.team, [], name=name)
        set_plan(
            actor=ACTOR,
            patient_id=patient.pk,
            markers=["CEA"],
            every_weeks=6,
            starts_on=dt.date.fromisoformat(starts_on),
        )
    with travel(NOW, tick=False):
        words = print_list(client, cast.nurse, "?day=2025-09-01").words
    assert "waited for on 01-Sep-2025 · 1 patient" in words
    assert "Today Person" in words
    assert "Later Person" not in words


def test_a_list_of_one_team_holds_no_other(client: Client, cast: Cast) -> None:
    patient_with(cast.team, ["2.0"], name="Own Person")
    patient_with(cast.other_team, ["2.0"], name="Foreign Person")
    for query in ("", f"?team={cast.team.pk}"):
        words = print_list(client, cast.nurse, query).words
        assert "Own Person" in words
        assert "Foreign Person" not in words
    assert "Team A · 1 patient" in words


@pytest.mark.parametrize("query", ["?show=all", "?team=x", "?team=999999", "?day=2025-02-30", "?day=soon"])
def test_what_cannot_be_chosen_is_refused_and_nothing_is_written(client: Client, cast: Cast, query: str) -> None:
    patient_with(cast.team, ["2.0"])
    client.force_login(cast.nurse)
    before, written = record_as_it_stands(), AuditEvent.objects.count()
    answer = client.get(reverse("worklist_paper") + query)
    assert answer.status_code == 400
    assert query.partition("=")[0].strip("?") in answer.content.decode()
    assert (record_as_it_stands(), AuditEvent.objects.count()) == (before, written)


def test_the_team_of_others_cannot_be_asked_for(client: Client, cast: Cast) -> None:
    patient_with(cast.other_team, ["2.0"], name="Foreign Person")
    client.force_login(cast.nurse)
    answer = client.get(reverse("worklist_paper") + f"?team={cast.other_team.pk}")
    assert (answer.status_code, b"Foreign" in answer.content) == (400, False)
    assert not AuditEvent.objects.filter(action="patient.printed").exists()


def test_each_patient_on_it_is_audited_as_printed(client: Client, cast: Cast) -> None:
    patients = [patient_with(cast.team, ["2.0"]) for _ in range(3)]
    patient_with(cast.other_team, ["2.0"])
    print_list(client, cast.nurse)
    told = AuditEvent.objects.filter(action="patient.printed", actor=cast.nurse.audit_name)
    assert set(told.values_list("patient_id", flat=True)) == {patient.pk for patient in patients}
    assert told.count() == len(patients)


def test_a_list_asks_as_often_for_fifty_patients_as_for_one(client: Client, cast: Cast) -> None:
    asked = []
    patient_with(cast.team, ["2.0"])
    print_list(client, cast.nurse)
    for more in (0, 49):
        for _ in range(more):
            patient_with(cast.team, ["2.0"])
        with CaptureQueriesContext(connection) as queries:
            print_list(client, cast.nurse)
        asked.append(len(queries))
    assert asked[0] == asked[1]
