from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from patients.models import Draw, EntryDraft, Patient
from patients.services import merge_patients
from tests.cast import ACTOR, Cast, make_patient
from tests.patients.papers import known
from tests.patients.test_clinic import begin, save, sheet, words_of

GONE = "a patient you may no longer see"


@pytest.fixture
def nurse(client: Client, cast: Cast) -> Client:
    client.force_login(cast.nurse)
    return client


@pytest.fixture
def both(cast: Cast) -> list[Patient]:
    return [make_patient(cast.team, name="Ada Quibble", number="A-1"), make_patient(cast.team, name="Bo Quibble")]


def moves_away(patient: Patient, cast: Cast) -> None:
    Patient.objects.filter(pk=patient.pk).update(care_team=cast.other_team)


def fact(name: str) -> str:
    return str(EntryDraft.objects.get().context.get(name, ""))


def test_a_row_of_a_patient_who_left_is_said_in_words_with_what_was_typed(
    nurse: Client, cast: Cast, both: list[Patient]
) -> None:
    moves_away(both[1], cast)
    answer = save(nurse, both, {"0_NSE": "9", "1_CEA": "3.1", "1_NSE": "<0.5"})
    page = words_of(answer.content.decode())
    assert answer.status_code == 422
    assert f"{GONE}: CEA 3.1 ng/mL, NSE <0.5 ng/mL" in page
    assert "Bo Quibble" not in page
    assert f"number: {both[1].pk}" not in page
    assert list(Draw.objects.values_list("patient", flat=True)) == [both[0].pk]
    assert AuditEvent.objects.filter(action="patient.refused", object_id=str(both[1].pk)).exists()


def test_what_was_typed_stays_on_the_page_until_it_is_noted(nurse: Client, cast: Cast, both: list[Patient]) -> None:
    moves_away(both[1], cast)
    save(nurse, both, {"1_CEA": "3.1"})
    for _time in range(2):  # the page that is shown now sends no cells of that row any more
        page = words_of(nurse.get(reverse("clinic")).content.decode())
        assert f"{GONE}: CEA 3.1 ng/mL" in page
        save(nurse, both[:1], {"0_CEA": "2000000000"}, lost=fact("lost"), draft=known())
    sent = sheet(both[:1], {"0_NSE": "9"}, lost=fact("lost"), draft=known())
    nurse.post(reverse("clinic"), sent | {"drop_lost": "1"})
    page = nurse.get(reverse("clinic")).content.decode()
    assert GONE not in page
    assert 'value="9"' in page


def test_a_draft_that_is_opened_after_the_patient_left_says_it_and_keeps_what_was_typed(
    nurse: Client, cast: Cast, both: list[Patient]
) -> None:
    begin(nurse, "A-1")
    draft = EntryDraft.objects.get()
    draft.context["patients"] = f"{both[0].pk},{both[1].pk}"
    draft.cells = {f"{both[1].pk}:CEA": {"value": "3.1", "confirm": ""}}
    draft.save()
    moves_away(both[1], cast)
    page = nurse.get(reverse("clinic")).content.decode()
    assert f"{GONE}: CEA 3.1 ng/mL" in words_of(page)
    assert f'name="lost" value="{both[1].pk}=CEA 3.1 ng/mL"' in page
    assert EntryDraft.objects.get().cells == {f"{both[1].pk}:CEA": {"value": "3.1", "confirm": ""}}


def test_when_all_else_is_saved_noting_it_ends_the_clinic(nurse: Client, cast: Cast, both: list[Patient]) -> None:
    moves_away(both[1], cast)
    save(nurse, both, {"0_CEA": "3.0", "1_CEA": "3.1"})
    sent = sheet(both[:1], {"0_CEA": "3.0"}, lost=fact("lost"), saved=fact("saved"), draft=known())
    nurse.post(reverse("clinic"), sent | {"drop_lost": "1"})
    assert not EntryDraft.objects.exists()
    assert Draw.objects.count() == 1


def test_a_row_that_was_saved_before_the_patient_left_is_not_called_lost(
    nurse: Client, cast: Cast, both: list[Patient]
) -> None:
    save(nurse, both, {"0_CEA": "2000000000", "1_CEA": "3.1"})
    moves_away(both[1], cast)
    page = nurse.get(reverse("clinic")).content.decode()
    assert GONE not in page
    assert "Bo Quibble" not in page


def test_a_row_of_a_merged_record_leads_to_the_record_that_was_kept(nurse: Client, both: list[Patient]) -> None:
    merge_patients(actor=ACTOR, survivor_id=both[0].pk, retired_id=both[1].pk, reason="typed twice")
    page = save(nurse, both, {"1_CEA": "3.1"}).content.decode()
    assert "a record that was merged into that of Ada Quibble: CEA 3.1 ng/mL Enter it there" in words_of(page)
    assert f'href="{reverse("draw_new", args=[both[0].pk])}">Enter it there' in page
    assert not Draw.objects.exists()


@pytest.mark.parametrize("sent", ["x=CEA 1", "=", "１=CEA 1", "9" * 19 + "=CEA 1", "<b>"])
def test_what_a_browser_makes_up_is_not_taken(nurse: Client, both: list[Patient], sent: str) -> None:
    page = save(nurse, both, {"0_CEA": "2000000000"}, lost=sent).content.decode()
    assert "these rows left the grid" not in page
