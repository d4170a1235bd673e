"""A second paper of blood that is on record, as the page takes it: facts, the question, and all values of the draw."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEvent
from patients.models import Draw, DrawChange, Patient, Result
from tests.cast import Cast, give_draw, make_patient
from tests.patients.papers import enter

AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
UNKNOWN = {"collected_time": "", "laboratory": "", "fasting": "unknown", "haemolysis": "unknown"}


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


def written() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Draw, Result, DrawChange))


def test_what_the_second_paper_knows_of_the_draw_is_filled_in_and_said(
    client: Client, cast: Cast, patient: Patient
) -> None:
    enter(client, cast.nurse, patient, {"CEA": "9.1"}, **UNKNOWN)
    told = {"same_day": "same", "haemolysis": "present", "fasting": "no", "biotin": "yes", "g_csf": "no"}
    answer = enter(client, cast.nurse, patient, {"ALP": "80", "CEA": "9.1"}, accession="S-7", steroid="yes", **told)
    assert answer.status_code == 302
    draw = Draw.objects.get()
    assert (draw.collected_at, draw.time_known, draw.laboratory, draw.accession) == (AT, True, "Central", "S-7")
    assert (draw.haemolysis, draw.fasting, draw.biotin, draw.g_csf, draw.steroid) == (
        "present",
        "no",
        "yes",
        "no",
        "yes",
    )
    assert draw.version == 2
    assert set(DrawChange.objects.values_list("by__username", flat=True)) == {"nurse"}
    page = client.get(answer["Location"]).content.decode()
    said = "Collected, Laboratory, Accession number, Fasting, Haemolysis, Biotin, G-CSF, Steroid"
    assert f"What was not known of that draw before and is now: {said}." in page
    history = client.get(f"{answer['Location']}history/").content.decode()
    assert "not known before; said by a later paper or file" in history


def test_a_contradiction_is_refused_at_its_field_with_both_values_and_all_typed_kept(
    client: Client, cast: Cast, patient: Patient
) -> None:
    enter(client, cast.nurse, patient, {"CEA": "9.1"})
    before = written()
    again: dict[str, str] = {"same_day": "same", "collected_time": "14:00", "haemolysis": "present", "accession": "S-7"}
    answer = enter(client, cast.nurse, patient, {"ALP": "80", "CEA": "9.1"}, **again)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_haemolysis"' in page
    assert "On record: not haemolysed. On this paper: haemolysed." in page
    assert "On record: 02-Mar-2026 08:15. On this paper: 02-Mar-2026 14:00." in page
    assert "If the record is wrong, choose the correction" in page
    for typed in ('value="80"', 'value="9.1"', 'value="S-7"', 'value="14:00"'):
        assert typed in page
    assert 'id="id_same_day_2"' in page
    assert written() == before
    assert not AuditEvent.objects.filter(action="draw.amended").exists()
    ways = {"second": 302, "correct": 302}
    for choice, status in ways.items():
        taken = enter(client, cast.nurse, patient, {"ALP": "80", "CEA": "9.1"}, **{**again, "same_day": choice})
        assert taken.status_code == status
    assert Draw.objects.count() == 2


def test_the_number_of_a_draw_known_by_its_day_alone_leads_to_it_and_brings_the_time(
    client: Client, cast: Cast, patient: Patient
) -> None:
    enter(client, cast.nurse, patient, {"CEA": "9.1"}, accession="S-7", collected_time="")
    assert enter(client, cast.nurse, patient, {"ALP": "80"}, accession="S-7").status_code == 302
    draw = Draw.objects.get()
    assert (draw.collected_at, draw.time_known, draw.results.count()) == (AT, True, 2)


def test_the_answer_is_about_the_draw_that_was_shown_even_where_an_earlier_one_came_in(
    client: Client, cast: Cast, patient: Patient
) -> None:
    shown = give_draw(patient, AT.replace(hour=14), {"CEA": "9.1"}).draw_id
    again = {"collected_time": "", "laboratory": ""}
    asked = enter(client, cast.nurse, patient, {"CEA": "9.1", "ALP": "80"}, **again)
    assert f'name="same_draw" id="id_same_draw" value="{shown}"' in asked.content.decode()
    give_draw(patient, AT.replace(hour=6), {"CEA": "8.8"})
    answer: Any = enter(
        client, cast.nurse, patient, {"CEA": "9.1", "ALP": "80"}, same_day="same", same_draw=str(shown), **again
    )
    assert answer.status_code == 302
    assert Draw.objects.get(pk=shown).results.filter(marker_id="ALP").exists()
    assert Draw.objects.count() == 2


def test_an_answer_given_before_the_day_was_changed_is_asked_for_again(
    client: Client, cast: Cast, patient: Patient
) -> None:
    shown = give_draw(patient, AT, {"CEA": "9.1"}).draw_id
    give_draw(patient, AT - dt.timedelta(hours=25), {"CEA": "9.0"})
    before = written()
    again = {"collected_on": "2026-03-01", "laboratory": "", "same_day": "same", "same_draw": str(shown)}
    answer = enter(client, cast.nurse, patient, {"CEA": "9.1"}, **again)
    assert answer.status_code == 422
    assert "A draw of 01-Mar-2026 07:15 with some of these markers is on record already." in answer.content.decode()
    assert written() == before


@pytest.mark.parametrize("shown", ["abc", "9" * 18, "²"])
def test_an_answer_about_a_draw_that_is_none_of_the_patients_adds_to_none(
    client: Client, cast: Cast, patient: Patient, shown: str
) -> None:
    give_draw(make_patient(cast.team), AT, {"CEA": "7"})
    before = written()
    enter(client, cast.nurse, patient, {"CEA": "9.1"}, same_day="same", same_draw=shown)
    assert Draw.objects.exclude(patient=patient).get().results.count() == 1
    assert written()[2] == before[2]


# --- all values of the draw together -------------------------------------------------------------------------------


def test_counts_are_checked_beside_what_stands_in_the_draw_already(
    client: Client, cast: Cast, patient: Patient
) -> None:
    """4.0 + 2.0 exceed the 5.0 on record; neither paper shows it alone."""
    enter(client, cast.nurse, patient, {"WBC": "5.0", "NEUT": "4.0"})
    for typed, how in (({}, {}), ({"NEUT": "4.0"}, {"same_day": "same", "collected_time": ""})):
        answer = enter(client, cast.nurse, patient, {"LYMPH": "2.0", **typed}, **how)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'href="#confirm_LYMPH"' in page
        assert "the parts add up to 6" in page
    assert Result.objects.count() == 2
    assert enter(client, cast.nurse, patient, {"LYMPH": "0.9"}).status_code == 302
    assert Draw.objects.get().results.count() == 3


def test_a_value_that_was_taken_back_is_not_counted(client: Client, cast: Cast, patient: Patient) -> None:
    enter(client, cast.nurse, patient, {"WBC": "5.0", "NEUT": "4.0"})
    Result.objects.filter(marker_id="WBC").update(status="entered-in-error")
    assert enter(client, cast.nurse, patient, {"LYMPH": "2.0"}).status_code == 302
