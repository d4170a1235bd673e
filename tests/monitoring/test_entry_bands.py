"""The band of the next draw: from the draws before it, whatever it will bring."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEvent
from monitoring.detection import detection_parameters
from monitoring.entry_bands import bands
from monitoring.evaluation import load_material
from monitoring.parameters import marker_parameters
from monitoring.trends import engine
from patients.models import Patient
from tests.cast import Cast, give_draw, make_patient
from tests.monitoring.scenes import CALM, FIRST_DRAW, day, patient_with

AT = dt.datetime.combine(day(len(CALM)), dt.time(8), tzinfo=dt.UTC)


def ask(user: User | None, **asked: str) -> Any:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(reverse("entry_bands"), asked)


@pytest.mark.parametrize("value", ["2.0", "0.2", "40"])
def test_the_band_is_the_one_the_draw_is_read_against_once_it_is_on_record(cast: Cast, value: str) -> None:
    patient = patient_with(cast.team, CALM)
    before = bands([patient.pk], at=AT)[patient.pk]["CEA"]
    give_draw(patient, AT, {"CEA": value})
    (finding,) = engine.evaluate(load_material([patient.pk]).series, marker_parameters(), detection_parameters())
    reading = finding.markers[0].readings[-1]
    assert (before.expected, before.low, before.high) == (reading.expected, reading.band_low, reading.band_high)
    assert before.draws == len(CALM) == reading.baseline_draws
    assert before.low < 2.0 < before.high


def test_a_draw_at_that_time_or_later_plays_no_part(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    before = bands([patient.pk], at=AT)
    give_draw(patient, AT, {"CEA": "40"})
    give_draw(patient, AT + dt.timedelta(days=1), {"CEA": "80"})
    assert bands([patient.pk], at=AT) == before


def test_the_reference_changes_are_those_of_the_marker(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    band = bands([patient.pk], at=AT)[patient.pk]["CEA"]
    (finding,) = engine.evaluate(load_material([patient.pk]).series, marker_parameters(), detection_parameters())
    assert band.rcv_up_percent == finding.markers[0].rcv_up_percent
    assert (round(band.rcv_up_percent), round(band.rcv_down_percent)) == (55, -35)


def test_where_the_engine_has_no_figure_nothing_is_said(cast: Cast) -> None:
    empty, first = make_patient(cast.team), make_patient(cast.team)
    give_draw(first, FIRST_DRAW, {"CEA": "2", "WBC": "6.5", "SCC": "1"})
    found = bands([empty.pk, first.pk], at=AT)
    assert found[empty.pk] == {}
    assert sorted(found[first.pk]) == ["CEA"]
    assert bands([first.pk], at=dt.datetime.combine(FIRST_DRAW, dt.time(), tzinfo=dt.UTC)) == {first.pk: {}}


def test_the_answer_is_rounded_and_kept_by_nobody(cast: Cast) -> None:
    patient = patient_with(cast.team, CALM)
    response = ask(cast.nurse, patients=str(patient.pk), at="2025-08-04T08:00")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    cea = response.json()[str(patient.pk)]["CEA"]
    assert list(cea) == ["expected", "low", "high", "rcv_up", "rcv_down", "draws"]
    assert (cea["expected"], cea["rcv_up"], cea["rcv_down"], cea["draws"]) == (2.05, 55, -35, 5)
    assert cea["low"] < cea["expected"] < cea["high"]


def test_who_is_signed_out_is_told_so(cast: Cast) -> None:
    response = ask(None, patients="1", at="2025-08-04")
    assert (response.status_code, response.json()) == (401, {"signed_out": True})


def test_one_patient_of_another_team_and_nothing_is_answered(cast: Cast) -> None:
    mine, theirs = patient_with(cast.team, CALM), patient_with(cast.other_team, CALM)
    response = ask(cast.nurse, patients=f"{mine.pk},{theirs.pk}", at="2025-08-04")
    assert (response.status_code, list(response.json())) == (404, ["error"])
    refused = AuditEvent.objects.filter(action="patient.refused").values_list("actor", "object_id")
    assert list(refused) == [(cast.nurse.audit_name, str(theirs.pk))]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"patients": "1"},
        {"patients": "", "at": "2025-08-04"},
        {"patients": "x", "at": "2025-08-04"},
        {"patients": "1,", "at": "2025-08-04"},
        {"patients": "9" * 19, "at": "2025-08-04"},
        {"patients": ",".join(["1"] * 61), "at": "2025-08-04"},
        {"patients": "1", "at": "today"},
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(cast: Cast, asked: dict[str, str]) -> None:
    response = ask(cast.nurse, **asked)
    assert response.status_code == 400
    assert response.json()["error"]


def test_many_patients_take_no_more_queries_than_one(cast: Cast) -> None:
    patients = [patient_with(cast.team, CALM[:2]) for _ in range(10)]

    def queries(of: list[Patient]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as counted:
            assert len(bands([patient.pk for patient in of], at=AT)) == len(of)
        return len(counted)

    assert queries(patients) == queries(patients[:1])
