"""The second person's pages: what waits for whom, comparing, typing again, and what other pages say of it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEvent
from patients.models import Draw, Laboratory, Patient, Result, ResultCheck
from patients.services import correct_result
from tests.cast import Cast, give_draw, make_patient, reading
from tests.patients.holds import AT, a_third, ask, on_hold, standing, type_draw
from tests.patients.papers import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(cast: Cast) -> Patient:
    return make_patient(cast.team)


def page(client: Client, person: User, name: str, *path: object, query: str = "") -> str:
    client.force_login(person)
    answer = client.get(reverse(name, args=path) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def of_draw(client: Client, person: User, name: str, draw: Draw) -> str:
    return page(client, person, name, draw.patient_id, draw.pk)


def check(client: Client, person: User, draw: Draw, *rows: Result, follow: bool = True) -> tuple[int, str]:
    client.force_login(person)
    address = reverse("draw_verify", args=[draw.patient_id, draw.pk])
    answer = client.post(address, {"agree": [row.pk for row in rows]}, follow=follow)
    return answer.status_code, " ".join(answer.content.decode().split())


def type_again(client: Client, person: User, draw: Draw, values: dict[str, str], **also: str) -> tuple[int, str]:
    client.force_login(person)
    form = {f"value_{code}": text for code, text in values.items()}
    form |= {f"seen_{row.marker_id}": str(row.pk) for row in Result.objects.current().filter(draw=draw)}
    form |= {f"unit_{row.marker_id}": row.unit for row in Result.objects.current().filter(draw=draw)}
    answer = client.post(reverse("draw_second_entry", args=[draw.patient_id, draw.pk]), form | also, follow=True)
    return answer.status_code, " ".join(answer.content.decode().split())


# --- the list -------------------------------------------------------------------------------------------------------


def listed(client: Client, person: User, query: str = "") -> list[str]:
    """The addresses of the list, in its order."""
    shown = page(client, person, "to_check", query=query).partition('id="waiting"')[2]
    return re.findall(r'<a href="(/patients/[^"]+)"', shown)


def test_what_waits_is_listed_for_everybody_else_than_who_typed_it_the_oldest_first(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("verify")
    ask("blind", name="Other")
    first = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"})
    second = type_draw(make_patient(cast.team), cast.nurse, {"CEA": "5.2"}, laboratory="Other")
    verify, blind = (
        reverse("draw_verify", args=[first.patient_id, first.pk]),
        reverse("draw_second_entry", args=[second.patient_id, second.pk]),
    )
    assert listed(client, cast.clinician) == [verify, blind]
    assert listed(client, cast.clinician, "?show=others") == []
    assert listed(client, cast.nurse) == []
    assert listed(client, cast.nurse, "?show=others") == [verify, blind]
    Result.objects.filter(draw=second).update(recorded_at=AT - dt.timedelta(days=9))
    assert listed(client, cast.clinician) == [blind, verify]


def test_the_list_holds_no_patient_of_another_team(client: Client, cast: Cast) -> None:
    ask("verify")
    foreign = type_draw(make_patient(cast.other_team, name="Foreign Person"), cast.stranger, {"CEA": "5.2"})
    assert listed(client, cast.clinician) == []
    assert "Foreign Person" not in page(client, cast.clinician, "to_check", query="?show=others")
    assert on_hold(foreign) == {"CEA": "verify"}


def test_a_draw_two_people_typed_waits_for_both_of_them(client: Client, cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    type_draw(patient, cast.clinician, {"ALP": "80"})
    address = [reverse("draw_verify", args=[patient.pk, draw.pk])]
    assert listed(client, cast.nurse) == listed(client, cast.clinician) == address
    assert "nurse, clinician" in page(client, cast.nurse, "to_check")


def test_two_entries_that_differ_are_said_and_wait_for_the_first_and_for_a_third(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    type_again(client, cast.clinician, draw, {"CEA": "5.3"})
    address = [reverse("draw_second_entry", args=[patient.pk, draw.pk])]
    assert listed(client, cast.clinician) == []
    assert listed(client, cast.nurse) == listed(client, a_third(cast)) == address
    assert "1 differs" in page(client, cast.nurse, "to_check")


def test_the_list_is_cut_into_pages_and_asks_as_many_queries_for_fifty_as_for_one(client: Client, cast: Cast) -> None:
    ask("verify")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(client, cast.clinician, "to_check")
        return len(seen)

    type_draw(make_patient(cast.team), cast.nurse, {"CEA": "5.2", "ALP": "80"})
    queries()
    once = queries()
    for _ in range(50):
        type_draw(make_patient(cast.team), cast.nurse, {"CEA": "5.2", "ALP": "80"})
    assert queries() == once
    assert len(listed(client, cast.clinician)) == 50
    assert len(listed(client, cast.clinician, "?page=2")) == 1
    assert "51 draws wait for you" in page(client, cast.clinician, "to_check")


def test_the_entry_page_says_how_many_draws_wait_and_nothing_where_none_does(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("verify")
    assert reverse("to_check") not in page(client, cast.clinician, "enter_results")
    type_draw(patient, cast.nurse, {"CEA": "5.2"})
    assert "1 draw waits for you" in page(client, cast.clinician, "enter_results")
    assert reverse("to_check") not in page(client, cast.nurse, "enter_results")


# --- comparing ------------------------------------------------------------------------------------------------------


def test_the_page_shows_value_unit_what_stood_before_and_what_is_odd_and_ticks_nothing(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("verify")
    give_draw(patient, AT - dt.timedelta(days=42), {"CEA": "3.0", "CA": "2.30"})
    draw = type_draw(patient, cast.nurse, {"CEA": "30.0", "CA": "3.60"})
    shown = of_draw(client, cast.clinician, "draw_verify", draw)
    assert ">30.0</td>" in shown
    assert "×10" in shown
    assert "3.0 ng/mL" in shown
    assert "30 after 3 ng/mL fits only ÷ 10" in shown
    assert "URGENT: Ca 3.6 mmol/L" in shown
    assert "checked" not in re.findall(r'<input type="checkbox"[^>]*>', shown)[0]
    assert AuditEvent.objects.filter(action="patient.opened_for_check", patient_id=patient.pk).count() == 1


def test_what_is_ticked_is_released_and_the_page_goes_on_with_the_rest_then_to_the_list(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"})
    status, shown = check(client, cast.clinician, draw, standing(draw))
    assert (status, on_hold(draw)) == (200, {"ALP": "verify"})
    assert "1 value is checked and counts from now on." in shown
    assert "Check this draw" in shown
    _status, shown = check(client, cast.clinician, draw, standing(draw, "ALP"))
    assert on_hold(draw) == {}
    assert "Nothing waits for you." in shown


def test_nothing_ticked_is_said_and_nothing_changes(client: Client, cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    status, shown = check(client, cast.clinician, draw)
    assert status == 422
    assert "Tick at least one that agrees with the paper." in shown
    assert on_hold(draw) == {"CEA": "verify"}


def test_who_typed_a_value_gets_no_box_for_it_and_is_refused_when_sending_one(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    shown = of_draw(client, cast.nurse, "draw_verify", draw)
    assert 'name="agree"' not in shown
    assert "You typed these yourself, so somebody else has to check them." in shown
    status, shown = check(client, cast.nurse, draw, standing(draw))
    assert status == 409
    assert "You entered CEA yourself. Another person has to check it." in shown
    assert (on_hold(draw), ResultCheck.objects.count()) == ({"CEA": "verify"}, 0)


def test_a_value_that_was_corrected_meanwhile_is_shown_anew_and_the_other_ticks_are_kept(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "52", "ALP": "80"})
    seen = [standing(draw), standing(draw, "ALP")]
    correct_result(
        actor=cast.nurse.audit_name,
        result_id=seen[0].pk,
        new=reading("CEA", "5.2"),
        status="corrected",
        reason="typed wrongly",
        recorded_by=cast.nurse,
    )
    status, shown = check(client, cast.clinician, draw, *seen)
    assert status == 409
    assert "Somebody corrected this result meanwhile." in shown
    boxes = dict(re.findall(r'<input type="checkbox"[^>]*id="agree_(\w+)"([^>]*)>', shown))
    assert {code: " checked" in rest for code, rest in boxes.items()} == {"CEA": False, "ALP": True}
    assert on_hold(draw) == {"CEA": "verify", "ALP": "verify"}


@pytest.mark.parametrize("sent", ["", "x", "-1", "9" * 30, "0"])
def test_what_is_no_result_of_this_draw_is_refused(client: Client, cast: Cast, patient: Patient, sent: str) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    client.force_login(cast.clinician)
    answer = client.post(reverse("draw_verify", args=[patient.pk, draw.pk]), {"agree": [sent]})
    assert answer.status_code == 409
    assert on_hold(draw) == {"CEA": "verify"}


# --- typing it again ------------------------------------------------------------------------------------------------


def test_the_blind_page_holds_nothing_of_the_first_entry(client: Client, cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"BCTX": "417.3"}, unit="pg/mL")
    shown = of_draw(client, cast.clinician, "draw_second_entry", draw)
    assert "417" not in shown
    assert 'id="value_BCTX" name="value_BCTX" value=""' in shown
    assert re.findall(r'<option value="([^"]+)"[^>]* selected>', shown) == ["ng/mL"]  # not that of the first entry


def test_equal_values_are_released_and_different_ones_are_shown_side_by_side(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80", "PLT": "250"})
    status, shown = type_again(client, cast.clinician, draw, {"CEA": "5.20", "ALP": "81", "PLT": ""})
    assert status == 200
    assert on_hold(draw) == {"ALP": "blind", "PLT": "blind"}
    assert "1 value is checked and counts from now on." in shown
    assert "1 value differs from the first entry." in shown
    assert '<span class="check-value">80</span>' in shown
    assert '<span class="check-value">81</span>' in shown
    assert 'name="value_PLT"' in shown
    assert 'name="value_ALP"' not in shown


def test_who_did_not_type_the_second_entry_sees_neither_value_on_the_page(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "51.7"})
    type_again(client, cast.clinician, draw, {"CEA": "57.1"})
    for person in (cast.nurse, a_third(cast)):
        shown = of_draw(client, person, "draw_second_entry", draw)
        assert 'name="value_CEA"' in shown
        assert "51.7" not in shown
        assert "57.1" not in shown


def test_a_cell_that_cannot_be_read_is_said_and_what_was_typed_is_kept(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"})
    status, shown = type_again(client, cast.clinician, draw, {"CEA": "5.2", "ALP": "eighty"})
    assert status == 422
    assert "“eighty” is not a number." in shown
    assert 'name="value_ALP" value="eighty"' in shown
    assert 'name="value_CEA" value="5.2"' in shown
    assert (ResultCheck.objects.count(), len(on_hold(draw))) == (0, 2)


def test_an_odd_value_is_not_asked_for_a_third_time(client: Client, cast: Cast, patient: Patient) -> None:
    ask("blind")
    give_draw(patient, AT - dt.timedelta(days=42), {"CEA": "3.0"})
    draw = type_draw(patient, cast.nurse, {"CEA": "30"})
    type_again(client, cast.clinician, draw, {"CEA": "30"})
    assert on_hold(draw) == {}


@pytest.mark.parametrize("asked", ["verify", "blind"])
def test_an_empty_second_entry_and_one_of_what_does_not_wait_are_refused(
    client: Client, cast: Cast, patient: Patient, asked: str
) -> None:
    ask(asked)
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    assert type_again(client, cast.clinician, draw, {"CEA": " "})[0] == 422
    status, shown = type_again(client, cast.clinician, draw, {"ALP": "80"})
    assert status == 409
    assert "ALP waits for you no more" in shown
    assert (on_hold(draw), ResultCheck.objects.count()) == ({"CEA": asked}, 0)


def test_who_typed_it_first_cannot_send_a_second_entry(client: Client, cast: Cast, patient: Patient) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    assert 'name="value_CEA"' not in of_draw(client, cast.nurse, "draw_second_entry", draw)
    assert type_again(client, cast.nurse, draw, {"CEA": "5.2"})[0] == 409
    assert (on_hold(draw), ResultCheck.objects.count()) == ({"CEA": "blind"}, 0)


def test_a_correction_while_the_second_types_is_told_and_the_next_try_counts(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "52"})
    old = standing(draw)
    correct_result(
        actor=cast.nurse.audit_name,
        result_id=old.pk,
        new=reading("CEA", "5.2"),
        status="corrected",
        reason="typed wrongly",
        recorded_by=cast.nurse,
    )
    status, shown = type_again(client, cast.clinician, draw, {"CEA": "5.2"}, seen_CEA=str(old.pk))
    assert status == 409
    assert 'name="value_CEA" value="5.2"' in shown
    assert ResultCheck.objects.count() == 0
    type_again(client, cast.clinician, draw, {"CEA": "5.2"})
    assert on_hold(draw) == {}


@pytest.mark.parametrize("name", ["draw_verify", "draw_second_entry"])
def test_a_draw_with_many_values_asks_as_many_queries_as_one_with_one(
    client: Client, cast: Cast, patient: Patient, name: str
) -> None:
    ask("verify" if name == "draw_verify" else "blind")
    many = {"CEA": "5.2", "ALP": "80", "PLT": "250", "NSE": "10", "LDH": "180", "CA": "2.3", "ALB": "40", "SCC": "1"}
    draws = [type_draw(make_patient(cast.team), cast.nurse, values) for values in ({"CEA": "5.2"}, many)]

    def queries(draw: Draw) -> int:
        with CaptureQueriesContext(connection) as seen:
            of_draw(client, cast.clinician, name, draw)
        return len(seen)

    queries(draws[0])
    assert queries(draws[0]) == queries(draws[1])


# --- what other pages say -------------------------------------------------------------------------------------------


def test_the_read_back_page_says_that_it_waits_and_of_whom(client: Client, cast: Cast, patient: Patient) -> None:
    ask("verify")
    saved = enter(client, cast.nurse, patient, {"CEA": "5.2", "CA": "3.60"}, confirm_CA="3.60")
    assert saved.status_code == 302
    draw = Draw.objects.get(patient=patient)
    shown = of_draw(client, cast.nurse, "draw", draw)
    assert "<b>2</b> values wait for a second person: somebody else than nurse, who typed them." in shown
    assert "URGENT" in shown
    assert shown.count("not checked yet") == 2
    assert reverse("draw_verify", args=[patient.pk, draw.pk]) in shown
    assert reverse("draw_verify", args=[patient.pk, draw.pk]) not in of_draw(client, cast.administrator, "draw", draw)


def test_a_draw_that_waits_for_nobody_says_nothing(client: Client, cast: Cast, patient: Patient) -> None:
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    shown = of_draw(client, cast.nurse, "draw", draw)
    assert "second person" not in shown
    assert "not checked yet" not in shown


def test_the_history_says_what_waits_who_looked_and_what_they_typed(
    client: Client, cast: Cast, patient: Patient
) -> None:
    ask("blind")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    type_again(client, cast.clinician, draw, {"CEA": "5.3"})
    shown = of_draw(client, cast.nurse, "draw_history", draw)
    assert "waits for a second person" in shown
    assert "5.3 ng/mL" in shown
    assert "not the same" in shown
    type_again(client, cast.nurse, draw, {"CEA": "5.2"})
    shown = of_draw(client, cast.nurse, "draw_history", draw)
    assert "waits for a second person" not in shown
    assert "typed again by who entered it" in shown


def test_the_clinic_and_the_dates_grid_say_that_values_wait(client: Client, cast: Cast, patient: Patient) -> None:
    ask("verify")
    client.force_login(cast.nurse)
    facts = {"laboratory": "Central", "markers": "CEA", "unit_CEA": "ng/mL", "save": "1"}
    clinic = {"patients": str(patient.pk), "day": "2026-03-02", f"value_{patient.pk}_CEA": "5.2"}
    dates = {"lines": "1", "day_1": "2026-04-02", "value_1_CEA": "5.3"}
    for address, typed in ((reverse("clinic"), clinic), (reverse("dates", args=[patient.pk]), dates)):
        answer = client.post(address, facts | typed)
        said = "1 value waits for a second person: somebody else than nurse."
        assert (answer.status_code, said in answer.content.decode()) == (200, True)
    assert Result.objects.on_hold().count() == 2


def test_the_profile_page_sets_the_second_check_and_says_what_it_holds_for(client: Client, cast: Cast) -> None:
    client.force_login(cast.administrator)
    typed = {"name": "Central", "is_active": "on", "second_check": "blind"}
    client.post(reverse("laboratory_new"), typed)
    laboratory = Laboratory.objects.get()
    assert laboratory.second_check == "blind"
    assert "typed twice" in page(client, cast.administrator, "laboratory_list")
    shown = page(client, cast.administrator, "laboratory_edit", laboratory.pk)
    assert '<option value="blind" selected>' in shown
    client.post(reverse("laboratory_edit", args=[laboratory.pk]), typed | {"second_check": "thrice"})
    laboratory.refresh_from_db()
    assert laboratory.second_check == "blind"
    assert AuditEvent.objects.get(action="laboratory.saved").details["second_check"] == "blind"


def test_a_role_that_enters_nothing_checks_nothing(client: Client, cast: Cast, patient: Patient) -> None:
    ask("verify")
    draw = type_draw(patient, cast.nurse, {"CEA": "5.2"})
    status, _shown = check(client, cast.administrator, draw, standing(draw))
    assert (status, on_hold(draw)) == (403, {"CEA": "verify"})
    status, _shown = check(client, cast.stranger, draw, standing(draw))
    assert (status, on_hold(draw)) == (404, {"CEA": "verify"})
