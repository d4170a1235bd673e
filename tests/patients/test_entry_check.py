"""The JSON answer about cells that are being typed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEvent
from patients.models import Draw, Patient, Result
from tests.cast import Cast, give_draw, make_patient

AT = "2026-03-09T08:15"


def ask(user: User | None, patient: int, cells: dict[str, dict[str, str]], **more: Any) -> Any:
    client = Client()
    if user is not None:
        client.force_login(user)
    body = {"patient": patient, "at": AT, "cells": cells, **more}
    return client.post(reverse("entry_check"), body, content_type="application/json")


def cell(value: str, unit: str = "ng/mL", confirm: str = "") -> dict[str, str]:
    return {"value": value, "unit": unit, "confirm": confirm}


@pytest.fixture
def patient(cast: Cast) -> Patient:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 1, 26), {"CEA": "3.4"})
    return patient


def test_a_cell_is_answered_with_all_that_stands_beside_it(cast: Cast, patient: Patient) -> None:
    response = ask(cast.nurse, patient.pk, {"0:CEA": cell("7.4")})
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json()["cells"] == {
        "0:CEA": {
            "state": "ok",
            "text": "",
            "urgent": [],
            "doubts": [],
            "flag": "H",
            "change": "+118 %",
            "days": 42,
            "absent": "",
            "reference": {
                "text": "0–4.85 ng/mL",
                "label": "catalogue, adult >=60 y, SW China, n=35635",
                "low": "0",
                "high": "4.85",
            },
            "canonical": "7.4",
            "previous": {"text": "3.4 ng/mL", "date": "26-Jan-2026"},
        }
    }


@pytest.mark.parametrize(
    ("value", "confirm", "state"),
    [
        ("", "", "empty"),
        ("3.5", "", "ok"),
        ("abc", "", "wrong"),
        ("3400", "", "confirm"),
        ("3400", "340", "confirm"),
        ("3400", "3400", "confirmed"),
    ],
)
def test_the_state_says_what_is_to_be_done(cast: Cast, patient: Patient, value: str, confirm: str, state: str) -> None:
    answered = ask(cast.nurse, patient.pk, {"CEA": cell(value, confirm=confirm)}).json()["cells"]["CEA"]
    assert answered["state"] == state
    assert bool(answered["text"]) == (state in {"wrong", "confirm", "confirmed"})


def test_what_is_urgent_is_said_of_measured_and_of_computed_values(cast: Cast, patient: Patient) -> None:
    cells = {"CA": cell("3.3", "mmol/L"), "ALB": cell("30", "g/L")}
    answered = ask(cast.nurse, patient.pk, cells).json()
    assert answered["cells"]["CA"]["urgent"][0].startswith("URGENT: Ca 3.3 mmol/L")
    assert answered["computed"]["CA_CORR"]["value"] == "3.5"
    assert answered["computed"]["CA_CORR"]["urgent"]


def test_asking_writes_nothing_and_is_no_event_of_its_own(client: Client, cast: Cast, patient: Patient) -> None:
    client.force_login(cast.nurse)
    client.get(reverse("draw_new", args=[patient.pk]))
    before = (Draw.objects.count(), Result.objects.count(), AuditEvent.objects.count())
    ask(cast.nurse, patient.pk, {"CEA": cell("7.4")})
    # Signing in is no event of the test client.
    assert (Draw.objects.count(), Result.objects.count(), AuditEvent.objects.count()) == before


def test_values_that_are_read_without_a_page_are_audited_once_an_hour_and_for_each_person(
    cast: Cast, patient: Patient
) -> None:
    events = AuditEvent.objects.filter(action="patient.read_along", patient_id=patient.pk)
    start = dt.datetime(2026, 3, 9, 10, tzinfo=dt.UTC)
    for minutes, person, told in (
        (0, cast.nurse, 1),
        (1, cast.nurse, 1),
        (2, cast.clinician, 2),
        (59, cast.nurse, 2),
        (61, cast.nurse, 3),
    ):
        with time_machine.travel(start + dt.timedelta(minutes=minutes), tick=False):
            assert ask(person, patient.pk, {"CEA": cell("7.4")}).status_code == 200
        assert events.count() == told
    assert list(events.order_by("pk").values_list("actor", flat=True)) == [
        one.audit_name for one in (cast.nurse, cast.clinician, cast.nurse)
    ]


def counts(**more: Any) -> dict[str, Any]:
    return {"cells": {"LYMPH": cell("2.0", "10*9/L")}, **more}


def test_cells_are_checked_beside_the_draw_they_belong_to(cast: Cast, patient: Patient) -> None:
    at = dt.datetime(2026, 3, 9, 8, 15, tzinfo=dt.UTC)
    draw = give_draw(patient, at, {"WBC": "5.0", "NEUT": "4.0"}).draw_id
    for beside, state in (
        ({}, "ok"),
        ({"draw": draw}, "confirm"),
        ({"draw": draw, "taken_back": ["WBC"]}, "ok"),
    ):
        answered = ask(cast.nurse, patient.pk, **counts(**beside)).json()
        assert answered["cells"]["LYMPH"]["state"] == state
        assert [one["code"] for one in answered["across"]] == (["counts_exceed_wbc"] if state == "confirm" else [])


def test_a_draw_of_another_patient_is_not_there(cast: Cast, patient: Patient) -> None:
    theirs = give_draw(make_patient(cast.other_team), dt.date(2026, 3, 9), {"WBC": "5.0", "NEUT": "4.0"}).draw_id
    for draw in (theirs, 987654):
        assert ask(cast.nurse, patient.pk, **counts(draw=draw)).status_code == 404
    for wrong in ({"draw": "7"}, {"draw": True}, {"draw": 0}, {"taken_back": "WBC"}, {"taken_back": [1]}):
        assert ask(cast.nurse, patient.pk, **counts(**wrong)).status_code == 400


def test_who_is_signed_out_is_told_so_and_not_sent_to_another_page(cast: Cast, patient: Patient) -> None:
    response = ask(None, patient.pk, {"CEA": cell("7.4")})
    assert (response.status_code, response.json()) == (401, {"signed_out": True})
    assert response["Cache-Control"] == "no-store"


def test_a_patient_of_another_team_is_not_there_and_the_refusal_is_audited(cast: Cast, patient: Patient) -> None:
    hidden = ask(cast.stranger, patient.pk, {"CEA": cell("7.4")})
    absent = ask(cast.stranger, 987654, {"CEA": cell("7.4")})
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    refused = AuditEvent.objects.filter(action="patient.refused").order_by("pk").values_list("actor", "object_id")
    assert list(refused) == [(cast.stranger.audit_name, str(patient.pk)), (cast.stranger.audit_name, "987654")]


def test_an_administrator_who_may_not_enter_may_not_ask(cast: Cast, patient: Patient) -> None:
    assert ask(cast.administrator, patient.pk, {"CEA": cell("7.4")}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        [],
        {"patient": "x", "cells": {}},
        {"patient": True, "cells": {}},
        {"patient": 1, "at": "yesterday", "cells": {}},
        {"patient": 1, "at": "2026-13-45", "cells": {}},
        {"patient": 1, "at": AT, "cells": {"NLR": {}}},
        {"patient": 1, "at": AT, "cells": {"NOPE": {}}},
        {"patient": 1, "at": AT, "cells": {"CEA": "3"}},
        {"patient": 1, "at": AT, "cells": {"CEA": {"value": 3}}},
        {"patient": 1, "at": AT, "cells": {"a:CEA": {}, "b:CEA": {}}},
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(cast: Cast, body: Any) -> None:
    client = Client()
    client.force_login(cast.nurse)
    response = client.post(reverse("entry_check"), body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"]


def test_the_number_of_queries_does_not_grow_with_the_cells(
    cast: Cast, patient: Patient, django_assert_num_queries: Any
) -> None:
    client = Client()
    client.force_login(cast.nurse)
    client.get(reverse("draw_new", args=[patient.pk]))
    every = ("CEA", "NSE", "SCC", "PROGRP", "CYFRA211")

    def post(codes: tuple[str, ...]) -> None:
        body = {"patient": patient.pk, "at": AT, "cells": {code: cell("3") for code in codes}}
        assert client.post(reverse("entry_check"), body, content_type="application/json").status_code == 200

    with django_assert_num_queries(4):
        post(every[:1])
    with django_assert_num_queries(4):
        post(every)


def test_what_does_not_fit_together_names_its_cells_and_each_of_them_asks(cast: Cast, patient: Patient) -> None:
    cells = {f"0:{code}": cell(text, "10*9/L") for code, text in {"NEUT": "4.2", "LYMPH": "3.4", "WBC": "6.5"}.items()}
    answered = ask(cast.nurse, patient.pk, cells | {"0:CEA": cell("3.5")}).json()
    (across,) = answered["across"]
    assert (across["code"], across["severity"]) == ("counts_exceed_wbc", "confirm")
    assert across["cells"] == ["0:NEUT", "0:LYMPH", "0:WBC"]
    assert "more than all white cells (6.5 ×10⁹/L)" in across["text"]
    states = {key: one["state"] for key, one in answered["cells"].items()}
    assert states == {"0:CEA": "ok", "0:NEUT": "confirm", "0:LYMPH": "confirm", "0:WBC": "confirm"}


def test_a_reason_for_no_value_is_an_answer_of_its_own(cast: Cast, patient: Patient) -> None:
    answered = ask(cast.nurse, patient.pk, {"CEA": cell("溶血")}).json()["cells"]["CEA"]
    assert (answered["state"], answered["absent"]) == ("absent", "haemolysed")
    assert answered["text"] == "No value: haemolysed."
    assert (answered["canonical"], answered["change"], answered["flag"]) == ("", "", "")


def test_the_impossible_is_refused_with_its_limit_and_how_far_that_can_be_trusted(cast: Cast, patient: Patient) -> None:
    answered = ask(cast.nurse, patient.pk, {"CEA": cell("100001")}).json()["cells"]["CEA"]
    assert answered["state"] == "wrong"
    assert answered["text"] == ("100001 ng/mL cannot be: CEA is never above 100000 (assumed). Check value and unit.")
