from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from patients.models import Draw, Patient, Result
from patients.services import (
    NewDraw,
    NewResult,
    PatientDetails,
    correct_result,
    create_patient,
    record_draw,
    set_plan,
)
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.patients.papers import enter, paper

NOW = dt.datetime(2026, 3, 9, 10, 42, 7, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["0", "<0.5", "0.004", "0.50", "≥ 100", "7.4"])
def test_a_value_goes_through_the_page_exactly_as_typed(client: Client, cast: Cast, text: str) -> None:
    patient = make_patient(cast.team)
    answer = enter(client, cast.nurse, patient, {"CEA": text}, confirm_CEA=text)
    draw = Draw.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("draw", args=[patient.pk, draw.pk])
    result = Result.objects.get()
    assert (result.as_typed, result.recorded_by) == (text, cast.nurse)
    assert draw.collected_at == dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
    assert (draw.time_known, draw.laboratory, draw.fasting, draw.haemolysis) == (True, "Central", "yes", "none")
    page = client.get(answer["Location"]).content.decode()
    assert result.reported.replace("<", "&lt;").replace(">", "&gt;") in page


def test_what_is_asked_at_the_draw_is_saved_and_read_back(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    answer = enter(client, cast.nurse, patient, {"CEA": "3"}, biotin="yes", g_csf="no", steroid="unknown")
    draw = Draw.objects.get()
    assert (draw.biotin, draw.g_csf, draw.steroid) == ("yes", "no", "unknown")
    page = " ".join(client.get(answer["Location"]).content.decode().split())
    for label, said in (("Biotin", "taken"), ("G-CSF", "not taken"), ("Steroid", "not known")):
        assert f"<dt>{label}</dt><dd>{said}</dd>" in page


def test_what_was_said_of_the_draw_is_kept_when_a_value_is_asked_again(client: Client, cast: Cast) -> None:
    answer = enter(client, cast.nurse, make_patient(cast.team), {"CEA": "abc"}, biotin="yes", steroid="no")
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert page.count('<option value="yes" selected>taken</option>') == 1
    assert page.count('<option value="no" selected>not taken</option>') == 1
    assert not Draw.objects.exists()


def test_a_whole_panel_is_saved_at_once_and_said_in_words(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    values = {"CEA": "3.1", "CYFRA211": "2.0", "ALP": "81", "BCTX": "", "PLT": " "}
    with time_machine.travel(NOW, tick=False):
        answer = enter(client, cast.nurse, patient, values)
        page = client.get(answer["Location"]).content.decode()
    assert Result.objects.count() == 3
    assert "3 results saved at 10:42:07" in page
    assert reverse("patient", args=[patient.pk]) in page
    assert reverse("draw_new", args=[patient.pk]) in page


@pytest.mark.parametrize(
    ("who", "status"), [("administrator", 403), ("stranger", 404), ("nurse", 302), ("clinician", 302)]
)
def test_only_who_may_enter_results_of_this_patient_writes_any(
    client: Client, cast: Cast, who: str, status: int
) -> None:
    answer = enter(client, getattr(cast, who), make_patient(cast.team), {"CEA": "3"})
    assert answer.status_code == status
    assert Result.objects.count() == (1 if status == 302 else 0)


def test_nobody_signed_in_writes_nothing(client: Client, cast: Cast) -> None:
    where = reverse("draw_new", args=[make_patient(cast.team).pk])
    answer = client.post(where, paper({"CEA": "3"}))
    assert answer.status_code == 302
    assert not Result.objects.exists()
    assert "What you sent was not saved" in client.get(answer["Location"]).content.decode()
    assert "What you sent was not saved" not in client.get(client.get(where)["Location"]).content.decode()


def test_one_bad_cell_saves_nothing_and_keeps_everything_typed(client: Client, cast: Cast) -> None:
    answer = enter(
        client, cast.nurse, make_patient(cast.team), {"CEA": "3.10", "ALP": "1-2", "PLT": "250"}, accession="S-77"
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not Draw.objects.exists()
    for typed in ('value="3.10"', 'value="1-2"', 'value="250"', 'value="S-77"', 'value="08:15"', 'value="2026-03-02"'):
        assert typed in page
    assert "is a range" in page
    assert 'href="#value_ALP"' in page
    assert re.search(r'id="value_ALP"[^>]*aria-invalid="true"', page)
    assert not re.search(r'id="value_CEA"[^>]*aria-invalid="true"', page)


def test_an_unusual_value_is_saved_only_when_typed_twice_the_same(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    first = enter(client, cast.nurse, patient, {"CEA": "250"})
    page = first.content.decode()
    assert first.status_code == 422
    assert 'href="#confirm_CEA"' in page
    assert "unusually high" in page
    assert enter(client, cast.nurse, patient, {"CEA": "250"}, confirm_CEA="25").status_code == 422
    assert enter(client, cast.nurse, patient, {"CEA": "250"}, confirm_CEA="nonsense").status_code == 422
    assert not Result.objects.exists()
    assert enter(client, cast.nurse, patient, {"CEA": "250"}, confirm_CEA="250").status_code == 302
    assert Result.objects.get().confirmed


def test_an_urgent_calcium_is_saved_and_announced(client: Client, cast: Cast) -> None:
    answer = enter(client, cast.nurse, make_patient(cast.team), {"CA": "3.6"}, confirm_CA="3.6")
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "URGENT: Ca 3.6 mmol/L" in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"collected_on": "2999-01-01"}, "collected_on"),
        ({"collected_on": "1950-01-01"}, "collected_on"),
        ({"collected_on": ""}, "collected_on"),
        ({"collected_time": "99:99"}, "collected_time"),
        ({"laboratory": "x" * 81}, "laboratory"),
        ({"fasting": "sometimes"}, "fasting"),
        ({"biotin": "sometimes"}, "biotin"),
        ({"accession": "a\x00b"}, "accession"),
    ],
)
def test_a_draw_that_cannot_be_is_refused_at_its_field(
    client: Client, cast: Cast, changes: dict[str, str], field: str
) -> None:
    answer = enter(client, cast.nurse, make_patient(cast.team), {"CEA": "3.10"}, **changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in page
    assert 'value="3.10"' in page
    assert not Draw.objects.exists()


def test_an_empty_grid_is_not_a_draw(client: Client, cast: Cast) -> None:
    answer = enter(client, cast.nurse, make_patient(cast.team), {"CEA": " "})
    assert answer.status_code == 422
    assert "Type at least one" in answer.content.decode()
    assert not Draw.objects.exists()


def test_a_second_click_saves_nothing_twice(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    enter(client, cast.nurse, patient, {"CEA": "3.1"})
    again = enter(client, cast.nurse, patient, {"CEA": "3.1"})
    assert Result.objects.count() == 1
    assert "not saved twice" in client.get(again["Location"]).content.decode()


def test_another_value_for_the_same_draw_is_refused_with_the_one_on_record(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    enter(client, cast.nurse, patient, {"CEA": "3.1"})
    answer = enter(client, cast.nurse, patient, {"CEA": "4.1", "ALP": "80"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "has CEA 3.1 ng/mL on record already" in page
    assert 'value="4.1"' in page
    assert Result.objects.count() == 1


def test_a_marker_that_is_computed_cannot_be_slipped_in(client: Client, cast: Cast) -> None:
    enter(client, cast.nurse, make_patient(cast.team), {"CEA": "3.1", "NLR": "2"})
    assert [result.marker_id for result in Result.objects.all()] == ["CEA"]


def test_showing_all_markers_keeps_what_was_typed_and_saves_nothing(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=dt.date(2026, 1, 1))
    client.force_login(cast.nurse)
    address = reverse("draw_new", args=[patient.pk])
    assert 'id="value_PLT"' not in client.get(address).content.decode()
    page = client.post(address, paper({"CEA": "3.1"}, show="all")).content.decode()
    assert 'id="value_PLT"' in page
    assert 'value="3.1"' in page
    assert 'value="Central"' in page
    assert not Draw.objects.exists()
    saved = client.post(address, paper({"CEA": "3.1", "PLT": "250"}, panel="all"))
    assert saved.status_code == 302
    assert Result.objects.count() == 2


def test_the_previous_value_stands_beside_the_cell_with_its_day(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 1, 12), {"CEA": "<0.50"})
    client.force_login(cast.nurse)
    page = client.get(reverse("draw_new", args=[patient.pk])).content.decode()
    assert "&lt;0.50 ng/mL" in page
    assert "12-Jan-2026" in page


def test_values_reach_the_page_as_text_never_as_markup(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, name="<b>Zhuo</b>")
    hostile = "</script><script>alert(1)</script>"
    give_draw(patient, dt.date(2026, 1, 12), {"CEA": "3"}, laboratory=hostile)
    answer = enter(client, cast.nurse, patient, {"CEA": hostile[:60]}, laboratory=hostile, assay_CEA=hostile)
    page = answer.content.decode()
    assert "<script>alert" not in page
    assert "<b>Zhuo" not in page


def test_the_full_number_leads_straight_to_the_grid(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, name="Zhuo Quibble", number="A-1")
    make_patient(cast.team, name="Zhuo Other", number="A-12")
    client.force_login(cast.nurse)
    address = reverse("enter_results")
    assert client.post(address, {"q": "a-1"})["Location"] == reverse("draw_new", args=[patient.pk])
    assert client.post(address, {"q": "quib"})["Location"] == reverse("draw_new", args=[patient.pk])
    both = client.post(address, {"q": "Zhuo"}, follow=True).content.decode()
    assert "Zhuo Quibble" in both
    assert "Zhuo Other" in both
    assert "No patient of your teams" in client.post(address, {"q": "B-1"}, follow=True).content.decode()


def test_a_patient_of_another_team_is_not_found_for_entry(client: Client, cast: Cast) -> None:
    make_patient(cast.other_team, name="Hidden Person", number="X-1")
    client.force_login(cast.nurse)
    page = client.post(reverse("enter_results"), {"q": "X-1"}, follow=True).content.decode()
    assert "Hidden" not in page
    assert "No patient of your teams" in page


def test_who_may_not_enter_results_does_not_get_the_page(client: Client, cast: Cast) -> None:
    client.force_login(cast.administrator)
    assert client.get(reverse("enter_results")).status_code == 403


@time_machine.travel(NOW, tick=False)
def test_patients_whose_draw_is_late_are_offered_the_latest_first(client: Client, cast: Cast) -> None:
    for name, last in (("Late Person", dt.date(2026, 1, 1)), ("Later Person", dt.date(2025, 11, 1))):
        patient = make_patient(cast.team, name=name)
        give_draw(patient, last, {"CEA": "3"})
        set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA"], every_weeks=6, starts_on=last)
    client.force_login(cast.nurse)
    page = client.get(reverse("enter_results")).content.decode()
    assert page.index("Later Person") < page.index("Late Person")


def test_a_draw_is_read_back_by_the_team_and_by_nobody_else(client: Client, cast: Cast) -> None:
    patient, other = make_patient(cast.team), make_patient(cast.team)
    draw = give_draw(patient, dt.date(2026, 1, 12), {"CEA": "31", "ALP": "80"}).draw_id
    for person, status in ((cast.nurse, 200), (cast.administrator, 200), (cast.stranger, 404)):
        client.force_login(person)
        assert client.get(reverse("draw", args=[patient.pk, draw])).status_code == status
        assert client.get(reverse("draw", args=[other.pk, draw])).status_code == 404


def draw_page(client: Client, cast: Cast, patient: Patient, results: list[NewResult]) -> str:
    made = record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)),
        results=results,
    )
    client.force_login(cast.nurse)
    return client.get(reverse("draw", args=[patient.pk, made.draw_id])).content.decode()


def row_of(page: str, short_name: str) -> str:
    [row] = [one for one in re.findall("<tr>.*?</tr>", page, re.DOTALL) if f">{short_name} <" in one]
    return " ".join(re.sub("<[^>]+>", " ", row).split())


def test_calcium_that_is_urgent_only_once_corrected_for_albumin_is_announced(client: Client, cast: Cast) -> None:
    """3.10 mmol/L with 30 g/L of albumin is 3.10 + 0.02 x (40 - 30) = 3.30, beyond the 3.25 that must be told."""
    patient = make_patient(cast.team)
    page = draw_page(client, cast, patient, [reading("CA", "3.10"), reading("ALB", "30")])
    assert "URGENT: Ca corr. 3.3 mmol/L is at or above 3.25." in page
    assert "URGENT" not in draw_page(
        client, cast, make_patient(cast.team), [reading("CA", "3.10"), reading("ALB", "40")]
    )


def test_the_laboratorys_own_limits_go_before_the_catalogues(client: Client, cast: Cast) -> None:
    own = replace(reading("CEA", "7.0"), reference_low="0", reference_high="10")
    assert row_of(draw_page(client, cast, make_patient(cast.team), [own]), "CEA").endswith(
        "7.0 ng/mL 0–10 ng/mL reported with the value"
    )
    ours = draw_page(client, cast, make_patient(cast.team), [reading("CEA", "7.0")])
    assert "7.0 ng/mL H" in row_of(ours, "CEA")


def test_a_value_that_was_taken_back_is_said_so_and_neither_flagged_nor_urgent(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    page = draw_page(client, cast, patient, [reading("CA", "3.40")])
    assert "URGENT" in page
    result = Result.objects.get()
    correct_result(actor=ACTOR, result_id=result.pk, new=None, status="entered-in-error", reason="other patient")
    page = client.get(reverse("draw", args=[patient.pk, result.draw_id])).content.decode()
    assert "URGENT" not in page
    assert "entered in error 3.40 mmol/L * " in row_of(page, "Ca")


@pytest.mark.parametrize(
    "again", [{"collected_time": ""}, {"laboratory": ""}, {"accession": "S-77"}, {"collected_time": "14:00"}]
)
def test_the_same_blood_is_not_recorded_twice_without_asking(client: Client, cast: Cast, again: dict[str, str]) -> None:
    """Two draws confirm a rise, so one draw entered twice would confirm itself."""
    patient = make_patient(cast.team)
    enter(client, cast.nurse, patient, {"CEA": "9.1"})
    asked = enter(client, cast.nurse, patient, {"CEA": "9.1", "ALP": "80"}, **again)
    assert asked.status_code == 422
    assert "A draw of 02-Mar-2026 08:15 with some of these markers is on record already." in asked.content.decode()
    assert 'href="#id_same_day_0"' in asked.content.decode()
    assert Draw.objects.count() == 1
    assert enter(client, cast.nurse, patient, {"CEA": "9.1"}, **again, same_day="second").status_code == 302
    assert Draw.objects.count() == 2


def test_the_same_blood_is_added_to_the_draw_that_is_on_record(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    enter(client, cast.nurse, patient, {"CEA": "9.1"})
    answer = enter(
        client, cast.nurse, patient, {"CEA": "9.1", "ALP": "80"}, collected_time="", laboratory="", same_day="same"
    )
    assert answer.status_code == 302
    draw = Draw.objects.get()
    assert (draw.laboratory, draw.time_known) == ("Central", True)
    assert set(draw.results.values_list("marker_id", "as_typed")) == {("CEA", "9.1"), ("ALP", "80")}


def test_the_same_blood_with_another_value_is_refused_and_can_be_called_a_correction(
    client: Client, cast: Cast
) -> None:
    patient = make_patient(cast.team)
    enter(client, cast.nurse, patient, {"CEA": "9.1"})
    draw = Draw.objects.get()
    answer = enter(client, cast.nurse, patient, {"CEA": "1.9"}, collected_time="", same_day="same")
    assert answer.status_code == 422
    assert 'id="id_same_day_2"' in answer.content.decode()
    for changes in ({}, {"collected_time": ""}):
        answer = enter(client, cast.nurse, patient, {"CEA": "1.9"}, same_day="correct", **changes)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("draw", args=[patient.pk, draw.pk]))
    assert list(Result.objects.values_list("as_typed", flat=True)) == ["9.1"]


def test_an_answer_that_is_none_of_the_three_is_refused(client: Client, cast: Cast) -> None:
    answer = enter(client, cast.nurse, make_patient(cast.team), {"CEA": "9.1"}, same_day="maybe")
    assert answer.status_code == 422
    assert 'id="id_same_day_0"' in answer.content.decode()
    assert not Draw.objects.exists()


def test_other_markers_or_another_day_are_not_asked_about(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    enter(client, cast.nurse, patient, {"CEA": "2.1"})
    assert enter(client, cast.nurse, patient, {"ALP": "80"}, collected_time="").status_code == 302
    assert enter(client, cast.nurse, patient, {"CEA": "2.1"}, collected_on="2026-03-01").status_code == 302
    assert enter(client, cast.nurse, patient, {"CEA": "2.1"}, collected_on="2026-03-03").status_code == 302
    assert Draw.objects.count() == 4


def test_a_slip_of_the_year_is_refused_and_what_was_typed_is_kept(client: Client, cast: Cast) -> None:
    details = PatientDetails(name="Zhuo Quibble")  # whose date of birth nobody knows
    patient = create_patient(actor="t", details=details, care_team=cast.team, number="H-1")
    answer = enter(client, cast.nurse, patient, {"CEA": "3.2"}, collected_on="0206-03-02", collected_time="")
    assert answer.status_code == 422
    assert "more than 130 years ago. Check the year." in answer.content.decode()
    assert 'value="3.2"' in answer.content.decode()
    assert not Draw.objects.exists()
