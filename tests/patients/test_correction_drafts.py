"""What is typed on the correction page is kept, found again, and told of what somebody else changed meanwhile."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from patients.models import Draw, DrawChange, EntryDraft, Laboratory, Patient, Result
from patients.services import correct_result
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.patients.papers import known

AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


@pytest.fixture
def draw(patient: Patient) -> Draw:
    made = give_draw(patient, AT, {"CEA": "3.10", "ALP": "80", "WBC": "5.0", "NEUT": "4.0", "LYMPH": "0.8"})
    return Draw.objects.get(pk=made.draw_id)


@pytest.fixture
def nurse(client: Client, cast: Cast) -> Client:
    client.force_login(cast.nurse)
    return client


def page(draw: Draw) -> str:
    return reverse("draw_correct", args=[draw.patient_id, draw.pk])


def kept(draw: Draw | int) -> str:
    return reverse("entry_draft", args=["correction", draw if isinstance(draw, int) else draw.pk])


def seen(draw: Draw) -> dict[str, str]:
    rows = draw.results.current().values_list("marker_id", "pk")
    return {"seen_version": str(draw.version)} | {f"seen_{code}": str(pk) for code, pk in rows}


def put(client: Client, cast: Cast, draw: Draw, **changes: Any) -> Any:
    body = {
        "user": cast.nurse.pk,
        "revision": 0,
        "cells": {"CEA": {"value": "31.0", "unit": "ng/mL", "assay": "", "confirm": "", "act": ""}},
        "context": {"reason": "decimal point " + "x" * 250, "whole-reason": "another's", "fasting": "no", **seen(draw)},
    }
    return client.put(kept(draw), json.dumps(body | changes), content_type="application/json")


def test_a_correction_that_was_not_saved_is_there_again_for_its_author_alone(
    nurse: Client, cast: Cast, draw: Draw
) -> None:
    assert put(nurse, cast, draw).status_code == 200
    shown = nurse.get(page(draw)).content.decode()
    for typed in ('value="31.0"', "decimal point x", "another&#x27;s", '<option value="no" selected>not fasting'):
        assert typed in shown
    assert "This is what you typed until" in shown
    assert 'data-revision="1"' in shown
    assert page(draw) in nurse.get(reverse("enter_results")).content.decode()
    assert not DrawChange.objects.exists()
    other = Client()
    other.force_login(cast.clinician)
    assert "31.0" not in other.get(page(draw)).content.decode()
    assert other.get(kept(draw)).json() == {"draft": None}


def test_saving_and_taking_back_drop_the_draft_and_a_refusal_keeps_it(nurse: Client, cast: Cast, draw: Draw) -> None:
    put(nurse, cast, draw)
    assert nurse.post(page(draw), seen(draw) | {"value_CEA": "31.0", "reason": ""}).status_code == 422
    assert EntryDraft.objects.get().cells["CEA"]["value"] == "31.0"
    form = seen(draw) | {"collected_on": "2026-03-02", "collected_time": "08:15", "reason": "slip"}
    form |= {"fasting": "unknown", "haemolysis": "unknown"}
    assert (
        nurse.post(page(draw), form | {"value_CEA": "31.0", "confirm_CEA": "31.0", "draft": known()}).status_code == 302
    )
    assert not EntryDraft.objects.exists()
    put(nurse, cast, draw)
    assert nurse.post(page(draw), seen(draw) | {"take_back": "1", "whole-reason": "another's"}).status_code == 302
    assert not EntryDraft.objects.exists()


def test_it_is_thrown_away_by_its_author(nurse: Client, cast: Cast, draw: Draw) -> None:
    put(nurse, cast, draw)
    assert nurse.post(page(draw), {"discard": "1"})["Location"] == page(draw)
    assert not EntryDraft.objects.exists()
    assert "31.0" not in nurse.get(page(draw)).content.decode()
    assert draw.results.current().get(marker_id="CEA").as_typed == "3.10"


def test_who_goes_on_later_is_told_what_somebody_else_changed(nurse: Client, cast: Cast, draw: Draw) -> None:
    put(nurse, cast, draw)
    for code, text in (("CEA", "3.9"), ("ALP", "88")):
        row = draw.results.get(marker_id=code)
        new = reading(code, text)
        correct_result(
            actor=ACTOR, result_id=row.pk, new=new, status="corrected", reason="seen first", recorded_by=cast.clinician
        )
    answer = nurse.get(page(draw))
    shown = answer.content.decode()
    assert answer.status_code == 200
    start = shown.index('id="meanwhile"')
    meanwhile = " ".join(shown[start : shown.index("</section>", start)].split())
    for text in ("3.10 ng/mL", "3.9 ng/mL", "31.0 ng/mL", "88 U/L", "seen first"):
        assert text in meanwhile
    assert meanwhile.count('<td class="num" data-label="Typed by you">nothing</td>') == 1
    assert 'name="value_CEA" value="31.0"' in shown
    assert 'name="value_ALP" value="88"' in shown


def test_nobody_keeps_a_draft_of_a_draw_that_is_not_theirs(client: Client, cast: Cast, draw: Draw) -> None:
    for person, status in ((cast.stranger, 404), (cast.administrator, 403)):
        client.force_login(person)
        assert put(client, cast, draw, user=person.pk).status_code == status
        assert client.get(kept(draw)).status_code == status
    assert client.get(kept(987654)).status_code == 404
    assert not EntryDraft.objects.exists()
    refused = AuditEvent.objects.filter(action__in=["patient.refused", "draw.refused"])
    assert refused.count() == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"cells": {"CEA": {"status": "final"}}},
        {"cells": {"NLR": {"value": "1"}}},
        {"context": {"seen_NOPE": "1"}},
        {"context": {"reason": "x" * 301}},
    ],
)
def test_what_no_correction_holds_is_refused_aloud(nurse: Client, cast: Cast, draw: Draw, changes: Any) -> None:
    answer = put(nurse, cast, draw, **changes)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert not EntryDraft.objects.exists()


# --- the whole draw as it would stand ------------------------------------------------------------------------------


def send(client: Client, draw: Draw, **typed: str) -> Any:
    facts = {"collected_on": "2026-03-02", "collected_time": "08:15", "fasting": "unknown", "haemolysis": "unknown"}
    return client.post(page(draw), seen(draw) | facts | {"reason": "slip"} | typed)


def test_a_corrected_count_is_checked_beside_those_that_stay(nurse: Client, draw: Draw) -> None:
    """4.0 + 1.8 exceed 5.0; only the changed cell is asked for again, and with the whole corrected too, none is."""
    asked = send(nurse, draw, value_LYMPH="1.8")
    text = asked.content.decode()
    assert asked.status_code == 422
    assert 'href="#confirm_LYMPH"' in text
    assert "the parts add up to 5.8" in text
    assert 'href="#confirm_NEUT"' not in text
    assert draw.results.current().get(marker_id="LYMPH").as_typed == "0.8"
    assert send(nurse, draw, value_LYMPH="1.8", value_WBC="6.0").status_code == 302


@pytest.mark.parametrize("how", [{"act_WBC": "cancelled"}, {"confirm_LYMPH": "1.8"}])
def test_a_count_whose_whole_is_taken_back_or_that_is_typed_twice_is_saved(
    nurse: Client, draw: Draw, how: dict[str, str]
) -> None:
    assert send(nurse, draw, value_LYMPH="1.8", **how).status_code == 302


def test_a_marker_beside_counts_that_never_went_together_is_not_asked_about(nurse: Client, draw: Draw) -> None:
    Result.objects.filter(marker_id="LYMPH").update(canonical_value=3, value="3.0", as_typed="3.0")
    assert send(nurse, draw, value_CEA="3.3").status_code == 302


def test_the_decimal_comma_of_the_laboratory_is_read_as_on_the_entry_page(nurse: Client, draw: Draw) -> None:
    Laboratory.objects.create(name="Nord", key="nord", decimal_comma=True)
    assert send(nurse, draw, value_CEA="3,4").status_code == 422
    assert send(nurse, draw, value_CEA="3,4", laboratory="Nord").status_code == 302
    new = draw.results.current().get(marker_id="CEA")
    assert (new.as_typed, new.canonical_value) == ("3,4", reading("CEA", "3.4").canonical_value)
