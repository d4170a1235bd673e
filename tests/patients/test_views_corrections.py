from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEvent
from patients.models import Draw, DrawChange, Patient, Result
from patients.services import NewDraw, correct_result, record_draw
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.patients.papers import enter

AT = dt.datetime(2026, 3, 2, 8, 15, 30, tzinfo=dt.UTC)
WHY = "typed from the wrong line"


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


@pytest.fixture
def draw(patient: Patient) -> Draw:
    """CEA 3.10, ALP 80 and PLT 250 of one draw."""
    results = {"CEA": "3.10", "ALP": "80", "PLT": "250"}
    return Draw.objects.get(pk=give_draw(patient, AT, results, laboratory="Central", fasting="yes").draw_id)


@pytest.fixture
def nurse(client: Client, cast: Cast) -> Client:
    client.force_login(cast.nurse)
    return client


def address(draw: Draw, page: str = "draw_correct") -> str:
    return reverse(page, args=[draw.patient_id, draw.pk])


def opened(client: Client, draw: Draw) -> dict[str, str]:
    """The fields of the page's first form, as a browser would send them back untouched."""
    return fields(client.get(address(draw)).content.decode())


def fields(page: str) -> dict[str, str]:
    [form] = re.findall(r'<form method="post" id="correction".*?</form>', page, re.DOTALL)
    found: dict[str, str] = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    found.pop("csrfmiddlewaretoken")
    return found


def send(client: Client, draw: Draw, form: dict[str, str], **typed: str) -> Any:
    return client.post(address(draw), form | typed)


def on_record(draw: Draw) -> dict[str, tuple[str, str, int]]:
    rows = draw.results.current().values_list("marker_id", "as_typed", "status", "version")
    return {marker: (text, status, version) for marker, text, status, version in rows}


UNTOUCHED = {"CEA": ("3.10", "final", 1), "ALP": ("80", "final", 1), "PLT": ("250", "final", 1)}


def test_a_value_is_corrected_with_its_reason_and_nothing_else_is_written(
    nurse: Client, cast: Cast, draw: Draw
) -> None:
    answer = send(nurse, draw, opened(nurse, draw), value_CEA="3.40", reason=WHY)
    assert (answer.status_code, answer["Location"]) == (302, address(draw, "draw"))
    assert on_record(draw) == UNTOUCHED | {"CEA": ("3.40", "corrected", 2)}
    assert not DrawChange.objects.exists()
    new = Result.objects.get(version=2)
    assert (new.reason, new.recorded_by) == (WHY, cast.nurse)
    assert "1 correction saved." in nurse.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_value_is_taken_back_and_entered_again(nurse: Client, draw: Draw, status: str) -> None:
    send(nurse, draw, opened(nurse, draw), act_CEA=status, reason=WHY)
    assert on_record(draw) == UNTOUCHED | {"CEA": ("3.10", status, 2)}
    form = opened(nurse, draw)
    assert form["value_CEA"] == ""
    send(nurse, draw, form, value_CEA="3.10", reason="it was right")
    assert on_record(draw) == UNTOUCHED | {"CEA": ("3.10", "corrected", 3)}


def test_the_facts_of_the_draw_are_corrected(nurse: Client, cast: Cast, draw: Draw) -> None:
    form = opened(nurse, draw)
    assert (form["collected_on"], form["collected_time"], form["fasting"]) == ("2026-03-02", "08:15", "yes")
    send(nurse, draw, form, collected_on="2026-02-27", haemolysis="present", reason=WHY)
    draw.refresh_from_db()
    assert (draw.collected_at.date(), draw.haemolysis, draw.version) == (dt.date(2026, 2, 27), "present", 2)
    assert (draw.laboratory, draw.fasting) == ("Central", "yes")
    assert set(DrawChange.objects.values_list("field", "by__username")) == {
        ("collected", "nurse"),
        ("haemolysis", "nurse"),
    }
    assert on_record(draw) == UNTOUCHED


def test_seconds_the_page_does_not_show_are_not_lost(nurse: Client, draw: Draw) -> None:
    send(nurse, draw, opened(nurse, draw), fasting="no", reason=WHY)
    draw.refresh_from_db()
    assert (draw.collected_at, DrawChange.objects.get().field) == (AT, "fasting")


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_saved_and_everything_typed_stays(nurse: Client, draw: Draw, reason: str) -> None:
    answer = send(
        nurse, draw, opened(nurse, draw), value_CEA="3.40", act_PLT="cancelled", accession="S-7", reason=reason
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A correction needs its reason." in page
    assert 'href="#id_reason"' in page
    kept = fields(page)
    assert (kept["value_CEA"], kept["act_PLT"], kept["accession"]) == ("3.40", "cancelled", "S-7")
    assert on_record(draw) == UNTOUCHED
    assert not DrawChange.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"value_CEA": "3,4"}, "a comma may mean decimals or thousands"),
        ({"value_CEA": ""}, "CEA is empty. Type the right value"),
        ({"value_PLT": "99999999"}, "cannot be"),
        ({"unit_CEA": "mmol/L"}, "is not a unit of CEA"),
        ({"value_CEA": "4", "act_CEA": "cancelled"}, "CEA has a new value and is taken back as well."),
        ({"collected_on": "2999-01-01"}, "lies in the future"),
        ({"assay_CEA": "x" * 81, "value_CEA": "4"}, "longer than 80 signs"),
        ({}, "Nothing differs from what is on record."),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(nurse: Client, draw: Draw, typed: dict[str, str], said: str) -> None:
    answer = send(nurse, draw, opened(nurse, draw), **typed, reason=WHY)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    kept = fields(answer.content.decode())
    assert {name: kept[name] for name in typed} == typed
    assert kept["reason"] == WHY
    assert on_record(draw) == UNTOUCHED
    assert not DrawChange.objects.exists()


def test_an_odd_value_is_saved_only_when_typed_twice(nurse: Client, draw: Draw) -> None:
    form = opened(nurse, draw)
    first = send(nurse, draw, form, value_CEA="250", reason=WHY)
    assert first.status_code == 422
    assert 'href="#confirm_CEA"' in first.content.decode()
    assert send(nurse, draw, form, value_CEA="250", confirm_CEA="25", reason=WHY).status_code == 422
    assert on_record(draw) == UNTOUCHED
    assert send(nurse, draw, form, value_CEA="250", confirm_CEA="250", reason=WHY).status_code == 302
    assert Result.objects.get(version=2).confirmed


def test_a_unit_that_was_wrong_is_corrected_alone(nurse: Client, patient: Patient) -> None:
    row = Draw.objects.get(pk=give_draw(patient, AT, {"PHOS": "2.40"}).draw_id)
    answer = send(nurse, row, opened(nurse, row), unit_PHOS="mg/dL", reason=WHY, confirm_PHOS="2.40")
    new = row.results.current().get()
    assert (answer.status_code, new.as_typed, new.unit, new.version) == (302, "2.40", "mg/dL", 2)


def test_the_laboratorys_limits_stay_with_the_unit_and_its_flag_does_not(nurse: Client, patient: Patient) -> None:
    own = replace(reading("CEA", "7.0"), reference_low="0", reference_high="10", interpretation="H")
    made = record_draw(actor=ACTOR, patient_id=patient.pk, draw=NewDraw(collected_at=AT), results=[own])
    row = Draw.objects.get(pk=made.draw_id)
    send(nurse, row, opened(nurse, row), value_CEA="7.5", reason=WHY)
    new = row.results.current().get()
    assert (new.reference_low, new.reference_high, new.interpretation) == ("0", "10", "")


def test_a_draw_that_moves_onto_another_day_with_these_markers_is_asked_about(
    nurse: Client, patient: Patient, draw: Draw
) -> None:
    give_draw(patient, AT - dt.timedelta(days=3), {"CEA": "3"})
    form = opened(nurse, draw) | {"collected_on": "2026-02-27", "reason": WHY}
    asked = send(nurse, draw, form)
    assert asked.status_code == 422
    assert 'id="id_second_draw"' in asked.content.decode()
    assert not DrawChange.objects.exists()
    assert send(nurse, draw, form, second_draw="on").status_code == 302


# --- the whole draw -------------------------------------------------------------------------------------------------


def test_the_whole_draw_is_taken_back_with_a_reason(nurse: Client, draw: Draw) -> None:
    seen = {name: value for name, value in opened(nurse, draw).items() if name.startswith("seen_")}
    refused = nurse.post(address(draw), seen | {"take_back": "1", "whole-reason": " "})
    assert refused.status_code == 422
    assert 'href="#id_whole-reason"' in refused.content.decode()
    assert on_record(draw) == UNTOUCHED
    answer = nurse.post(address(draw), seen | {"take_back": "1", "whole-reason": "another patient's blood"})
    assert {status for _text, status, _version in on_record(draw).values()} == {"entered-in-error"}
    assert set(Result.objects.filter(version=2).values_list("reason", flat=True)) == {"another patient's blood"}
    assert "3 values were taken back." in nurse.get(answer["Location"]).content.decode()


def test_after_that_the_same_blood_is_entered_at_its_right_time_without_a_question(
    nurse: Client, patient: Patient, draw: Draw
) -> None:
    form = opened(nurse, draw)
    nurse.post(address(draw), form | {"take_back": "1", "whole-reason": "wrong time"})
    assert enter(nurse, nurse_of(draw), patient, {"CEA": "3.10"}, collected_time="11:00").status_code == 302
    assert Result.objects.for_trends().get().draw.collected_at == AT.replace(hour=11, minute=0, second=0)


def nurse_of(draw: Draw) -> User:
    return User.objects.get(username="nurse", teams=draw.patient.care_team)


# --- two people -----------------------------------------------------------------------------------------------------


def correct(draw: Draw, marker: str, text: str, *, cast: Cast, reason: str = "seen first") -> None:
    result = draw.results.current().get(marker_id=marker)
    correct_result(
        actor=ACTOR,
        result_id=result.pk,
        new=reading(marker, text),
        status="corrected",
        reason=reason,
        recorded_by=cast.clinician,
    )


def test_the_second_of_two_people_sees_theirs_and_mine_and_can_go_on(nurse: Client, cast: Cast, draw: Draw) -> None:
    mine = opened(nurse, draw) | {"value_CEA": "3.40", "reason": WHY}
    correct(draw, "CEA", "3.90", cast=cast)
    correct(draw, "ALP", "88", cast=cast)
    answer = nurse.post(address(draw), mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert on_record(draw) == UNTOUCHED | {"CEA": ("3.90", "corrected", 2), "ALP": ("88", "corrected", 2)}
    table = [
        [" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>.*?</tr>", page[page.index("meanwhile") : page.index('id="correction"')], re.DOTALL)
    ][1:]
    assert {row[0]: row[1:4] for row in table} == {
        "CEA": ["3.10 ng/mL", "3.90 ng/mL", "3.40 ng/mL"],
        "ALP": ["80 U/L", "88 U/L", "nothing"],
    }
    assert all(row[4].startswith("clinician") and row[5] == "seen first" for row in table)
    again = fields(page)
    assert (again["value_CEA"], again["value_ALP"], again["reason"]) == ("3.40", "88", WHY)
    assert nurse.post(address(draw), again).status_code == 302
    assert on_record(draw) == UNTOUCHED | {"CEA": ("3.40", "corrected", 3), "ALP": ("88", "corrected", 2)}


def test_the_same_holds_for_what_the_draw_says_of_itself(nurse: Client, cast: Cast, draw: Draw) -> None:
    mine = opened(nurse, draw) | {"laboratory": "North", "fasting": "no", "reason": WHY}
    other = Client()
    other.force_login(cast.clinician)
    send(other, draw, opened(other, draw), fasting="unknown", haemolysis="present", reason="seen first")
    answer = nurse.post(address(draw), mine)
    assert answer.status_code == 409
    again = fields(answer.content.decode())
    assert (again["laboratory"], again["fasting"], again["haemolysis"]) == ("North", "no", "present")
    draw.refresh_from_db()
    assert (draw.laboratory, draw.fasting, draw.haemolysis) == ("Central", "unknown", "present")
    nurse.post(address(draw), again)
    draw.refresh_from_db()
    assert (draw.laboratory, draw.fasting, draw.haemolysis, draw.version) == ("North", "no", "present", 3)


def test_taking_back_a_draw_that_somebody_changed_is_held_up_too(nurse: Client, cast: Cast, draw: Draw) -> None:
    mine = opened(nurse, draw) | {"take_back": "1", "whole-reason": "another patient's"}
    give_draw(draw.patient, AT, {"NSE": "12"}, laboratory="Central")
    answer = nurse.post(address(draw), mine)
    assert answer.status_code == 409
    assert 'value="another patient&#x27;s"' in answer.content.decode()
    assert on_record(draw) == UNTOUCHED | {"NSE": ("12", "final", 1)}


@pytest.mark.parametrize("token", ["", "abc", "-1", "9" * 30, "²"])
def test_a_page_that_does_not_say_what_it_had_shown_saves_nothing(nurse: Client, draw: Draw, token: str) -> None:
    answer = send(nurse, draw, opened(nurse, draw), seen_CEA=token, value_CEA="3.40", reason=WHY)
    assert answer.status_code == 409
    assert on_record(draw) == UNTOUCHED


def test_a_result_of_another_patient_named_as_seen_is_not_shown(nurse: Client, cast: Cast, draw: Draw) -> None:
    give_draw(make_patient(cast.other_team), AT, {"CEA": "17.77"})
    foreign = Result.objects.get(as_typed="17.77").pk
    answer = send(nurse, draw, opened(nurse, draw), seen_CEA=str(foreign), reason=WHY)
    assert answer.status_code == 409
    assert "17.77" not in answer.content.decode()


# --- who, and what stood there before -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"), [("nurse", 302), ("clinician", 302), ("administrator", 403), ("stranger", 404)]
)
def test_who_may_enter_results_may_correct_them(client: Client, cast: Cast, draw: Draw, who: str, status: int) -> None:
    client.force_login(cast.nurse)
    form = opened(client, draw)
    client.force_login(getattr(cast, who))
    assert send(client, draw, form, value_CEA="3.40", fasting="no", reason=WHY).status_code == status
    draw.refresh_from_db()
    if status == 302:
        assert (on_record(draw)["CEA"][0], draw.fasting) == ("3.40", "no")
    else:
        assert (on_record(draw), draw.fasting, draw.version) == (UNTOUCHED, "yes", 1)
        assert not AuditEvent.objects.filter(action__in=["result.corrected", "draw.amended"]).exists()


def test_the_draw_page_leads_from_each_corrected_cell_to_what_stood_there(nurse: Client, draw: Draw) -> None:
    send(nurse, draw, opened(nurse, draw), value_CEA="3.40", fasting="no", reason=WHY)
    page = nurse.get(address(draw, "draw")).content.decode()
    history = address(draw, "draw_history")
    assert f'href="{history}#CEA"' in page
    assert f'href="{history}#ALP"' not in page
    assert f'href="{history}#draw"' in page
    shown = " ".join(re.sub("<[^>]+>", " ", nurse.get(history).content.decode()).split())
    assert re.search(r"Fasting fasting not fasting \d\d-\w+-\d{4} \d\d:\d\d nurse typed from the wrong line", shown)
    assert re.search(r"CEA 3\.40 ng/mL corrected \d\d-\w+-\d{4} \d\d:\d\d nurse typed from the wrong line", shown)
    assert re.search(r"CEA before 3\.10 ng/mL final", shown)


def test_the_history_of_one_correction_and_of_fifty_take_the_same_number_of_queries(nurse: Client, draw: Draw) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert nurse.get(address(draw, "draw_history")).status_code == 200
        return len(captured)

    send(nurse, draw, opened(nurse, draw), value_CEA="3.40", fasting="no", reason=WHY)
    one = queries()
    for turn in range(25):
        send(nurse, draw, opened(nurse, draw), value_CEA=f"3.{turn:02}1", fasting=("yes", "no")[turn % 2], reason=WHY)
    assert DrawChange.objects.count() + Result.objects.filter(version__gt=1).count() == 52
    assert queries() == one


def test_a_draw_is_not_corrected_under_another_patient(nurse: Client, cast: Cast, draw: Draw) -> None:
    other = make_patient(cast.team)
    for page in ("draw_correct", "draw_history"):
        assert nurse.get(reverse(page, args=[other.pk, draw.pk])).status_code == 404


def test_a_value_that_was_no_value_is_corrected_to_the_reason_why_there_is_none(nurse: Client, draw: Draw) -> None:
    form = opened(nurse, draw)

    answer = send(nurse, draw, form, value_CEA="haemolysed", reason="the laboratory withdrew it")

    assert answer.status_code == 302
    (standing,) = Result.objects.current().filter(draw=draw, marker="CEA")
    assert (standing.as_typed, standing.absent, standing.canonical_value) == ("haemolysed", "haemolysed", None)
    assert not Result.objects.for_trends().filter(draw=draw, marker="CEA").exists()
