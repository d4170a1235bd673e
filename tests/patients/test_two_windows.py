"""The same page open in two windows: what the other one kept is shown before anything is saved, and neither is lost."""

from __future__ import annotations

import json
from typing import Final

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEvent
from patients.models import Draw, EntryDraft, Patient, Result
from tests.cast import Cast, make_cast, make_patient
from tests.monitoring.services.test_rivals import at_once
from tests.patients.papers import paper

NEWER: Final = "Something else was typed in another window meanwhile"
LEFT: Final = "What was typed in the other window is kept as a draft"


@pytest.fixture
def nurse(client: Client, cast: Cast) -> Client:
    client.force_login(cast.nurse)
    return client


def put(client: Client, address: str, cells: dict[str, str], *, known: str = "0.0", **context: str) -> str:
    """What another window keeps; which state of the draft that makes."""
    draft_id, revision = map(int, known.split("."))
    kept = {name: {"value": text} for name, text in cells.items()}
    data = {"user": int(client.session["_auth_user_id"]), "id": draft_id, "revision": revision, "cells": kept}
    answer = client.put(address, json.dumps(data | {"context": context}), content_type="application/json")
    assert answer.status_code == 200, answer.content
    return f"{answer.json()['id']}.{answer.json()['revision']}"


def kept() -> dict[str, str]:
    return {name: cell["value"] for name, cell in EntryDraft.objects.get().cells.items()}


def stands() -> list[tuple[str, str]]:
    return list(Result.objects.order_by("pk").values_list("marker_id", "as_typed"))


# --- one draw -------------------------------------------------------------------------------------------------------


def draft_of(patient: Patient) -> str:
    return reverse("entry_draft", args=["draw", patient.pk])


def test_a_stale_window_shows_what_the_other_typed_and_saves_nothing_yet(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    stale = put(nurse, draft_of(patient), {"CEA": "4.3"})
    newest = put(nurse, draft_of(patient), {"CEA": "3.4", "NSE": "<0.5"}, known=stale, laboratory="North")
    written = AuditEvent.objects.exclude(action__startswith="patient.opened").count()
    answer = nurse.post(reverse("draw_new", args=[patient.pk]), paper({"CEA": "4.3"}, draft=stale))
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 409
    assert NEWER in page
    assert '<th scope="row">Laboratory</th> <td class="num">North</td> <td class="num">Central</td>' in page
    assert '<th scope="row">CEA</th> <td class="num">3.4</td> <td class="num">4.3</td>' in page
    assert '<th scope="row">NSE</th> <td class="num">&lt;0.5</td>' in page
    assert f'name="save_beside" value="{newest}"' in page
    assert f'name="draft" value="{stale}"' in page  # what it keeps from now on does not pass for the other's
    assert 'id="value_CEA" name="value_CEA" value="4.3"' in page
    assert kept() == {"CEA": "3.4", "NSE": "<0.5"}
    assert not Draw.objects.exists()
    assert AuditEvent.objects.exclude(action__startswith="patient.opened").count() == written


def test_a_window_that_was_refused_does_not_overwrite_the_others_draft_either(nurse: Client, cast: Cast) -> None:
    """A cell that does not read is answered before the draft is: that answer must not hand over the newer state."""
    patient = make_patient(cast.team)
    stale = put(nurse, draft_of(patient), {"CEA": "4.3"})
    put(nurse, draft_of(patient), {"CEA": "3.4"}, known=stale)
    answer = nurse.post(reverse("draw_new", args=[patient.pk]), paper({"CEA": "1-2"}, draft=stale))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'name="draft" value="{stale}"' in page
    assert f'data-revision="{stale.split(".")[1]}"' in page
    assert NEWER in page


def test_a_page_is_saved_beside_the_others_draft_once_that_was_seen(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    seen = put(nurse, draft_of(patient), {"CEA": "3.4", "NSE": "9"})
    where = reverse("draw_new", args=[patient.pk])
    answer = nurse.post(where, paper({"CEA": "4.3"}, save_beside=seen), follow=True)
    assert answer.redirect_chain[0][0] == reverse("draw", args=[patient.pk, Draw.objects.get().pk])
    assert LEFT in answer.content.decode()
    assert stands() == [("CEA", "4.3")]
    assert kept() == {"CEA": "3.4", "NSE": "9"}
    assert 'value="3.4"' in nurse.get(where).content.decode()


def test_what_was_typed_on_after_it_was_seen_is_shown_again(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    seen = put(nurse, draft_of(patient), {"CEA": "3.4"})
    put(nurse, draft_of(patient), {"CEA": "3.5"}, known=seen)
    answer = nurse.post(reverse("draw_new", args=[patient.pk]), paper({"CEA": "4.3"}, save_beside=seen))
    assert answer.status_code == 409
    assert kept() == {"CEA": "3.5"}
    assert not Draw.objects.exists()


def test_saving_drops_the_draft_the_page_goes_on_with_and_says_nothing_of_windows(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    known = put(nurse, draft_of(patient), {"CEA": "4.3", "NSE": "9"})
    page = nurse.get(reverse("draw_new", args=[patient.pk])).content.decode()
    assert f'name="draft" value="{known}"' in page
    answer = nurse.post(reverse("draw_new", args=[patient.pk]), paper({"CEA": "3.4"}, draft=known), follow=True)
    assert LEFT not in answer.content.decode()
    assert stands() == [("CEA", "3.4")]
    assert not EntryDraft.objects.exists()


def test_the_answer_to_a_stale_draft_says_where_the_two_differ(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    put(nurse, draft_of(patient), {"CEA": "3.4"}, haemolysis="present", collected_on="2026-03-02")
    mine = {"cells": {"CEA": {"value": "4.3"}}, "context": {"haemolysis": "none", "collected_on": "2026-03-02"}}
    data = json.dumps({"user": cast.nurse.pk, "id": 0, "revision": 0, **mine})
    answer = nurse.put(draft_of(patient), data, content_type="application/json")
    assert answer.status_code == 409
    assert answer.json()["draft"]["id"] == EntryDraft.objects.get().pk
    assert answer.json()["differences"] == [
        {"what": "Haemolysis", "there": "haemolysed", "here": "not haemolysed"},
        {"what": "CEA", "there": "3.4", "here": "4.3"},
    ]


@pytest.mark.parametrize("draft_id", ["1", -1, True, 2**63, 1.5])
def test_an_id_that_is_none_is_refused(nurse: Client, cast: Cast, draft_id: object) -> None:
    patient = make_patient(cast.team)
    data = json.dumps({"user": cast.nurse.pk, "id": draft_id, "revision": 0, "cells": {}, "context": {}})
    for address in (draft_of(patient), reverse("dates_draft", args=[patient.pk])):
        answer = nurse.put(address, data, content_type="application/json")
        assert (answer.status_code, answer.json()) == (400, {"error": "“id” is the number of a draft."})
    assert not EntryDraft.objects.exists()


# --- a clinic -------------------------------------------------------------------------------------------------------


def clinic_facts(patients: list[Patient], **changes: str) -> dict[str, str]:
    ids = ",".join(str(patient.pk) for patient in patients)
    facts = {"day": "2026-03-02", "laboratory": "Central", "markers": "CEA,NSE", "patients": ids, "unknown": ""}
    return facts | {"saved": ""} | changes


def clinic_page(patients: list[Patient], cells: dict[str, str], **changes: str) -> dict[str, str]:
    return clinic_facts(patients) | {f"value_{name.replace(':', '_')}": text for name, text in cells.items()} | changes


def test_a_stale_clinic_shows_what_the_other_window_typed_and_saves_no_row(nurse: Client, cast: Cast) -> None:
    ada, bo = make_patient(cast.team, name="Ada Quibble"), make_patient(cast.team, name="Bo Quibble")
    stale = put(nurse, reverse("clinic_draft"), {f"{ada.pk}:CEA": "4.3"}, **clinic_facts([ada]))
    newest = {f"{ada.pk}:CEA": "3.4", f"{bo.pk}:NSE": "9"}
    put(nurse, reverse("clinic_draft"), newest, known=stale, **clinic_facts([ada, bo]))
    sent = clinic_page([ada], {f"{ada.pk}:CEA": "4.3"}, draft=stale)
    for button in ({"save": "1"}, {"add": "1", "numbers": "X-9"}):
        answer = nurse.post(reverse("clinic"), sent | button)
        page = " ".join(answer.content.decode().split())
        assert answer.status_code == 409
        assert '<th scope="row">Patients</th> <td class="num">Ada Quibble, Bo Quibble</td>' in page
        assert '<th scope="row">Ada Quibble, CEA</th> <td class="num">3.4</td> <td class="num">4.3</td>' in page
        assert '<th scope="row">Bo Quibble, NSE</th> <td class="num">9</td>' in page
        assert f'name="value_{ada.pk}_CEA" value="4.3"' in page
        assert f'name="draft" value="{stale}"' in page
        assert kept() == newest
        assert not Draw.objects.exists()


def test_the_difference_names_no_patient_who_is_not_this_persons(nurse: Client, cast: Cast) -> None:
    ada, foreign = make_patient(cast.team), make_patient(cast.other_team, name="Cy Foreign")
    put(nurse, reverse("clinic_draft"), {f"{foreign.pk}:CEA": "3"}, **clinic_facts([ada, foreign]))
    answer = nurse.post(reverse("clinic"), clinic_page([ada], {f"{ada.pk}:CEA": "4.3"}, save="1"))
    assert answer.status_code == 409
    assert "Cy Foreign" not in answer.content.decode()


def test_a_clinic_is_saved_beside_the_others_draft_which_can_be_gone_on_with(nurse: Client, cast: Cast) -> None:
    ada = make_patient(cast.team)
    seen = put(nurse, reverse("clinic_draft"), {f"{ada.pk}:NSE": "9"}, **clinic_facts([ada]))
    answer = nurse.post(reverse("clinic"), clinic_page([ada], {f"{ada.pk}:CEA": "3.4"}, save_beside=seen))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert LEFT in page
    assert NEWER not in page
    assert stands() == [("CEA", "3.4")]
    assert kept() == {f"{ada.pk}:NSE": "9"}


def test_a_clinic_that_was_partly_saved_goes_on_with_its_own_draft(nurse: Client, cast: Cast) -> None:
    ada, bo = make_patient(cast.team), make_patient(cast.team)
    cells = {f"{ada.pk}:CEA": "3.4", f"{bo.pk}:CEA": "1-2"}
    known = put(nurse, reverse("clinic_draft"), cells, **clinic_facts([ada, bo]))
    answer = nurse.post(reverse("clinic"), clinic_page([ada, bo], cells, draft=known, save="1"))
    draft = EntryDraft.objects.get()
    assert answer.status_code == 422
    assert f'name="draft" value="{draft.pk}.2"' in answer.content.decode()
    assert NEWER not in answer.content.decode()
    assert draft.revision == 2
    assert stands() == [("CEA", "3.4")]


# --- several dates --------------------------------------------------------------------------------------------------

DATES: Final = {"markers": "CEA,NSE", "lines": "4", "saved": "", "laboratory": "", "day_1": "2025-11-03"}


@pytest.mark.parametrize("button", ["save", "more", "all"])
def test_stale_dates_show_what_the_other_window_typed_and_save_nothing(nurse: Client, cast: Cast, button: str) -> None:
    patient = make_patient(cast.team)
    address = reverse("dates_draft", args=[patient.pk])
    stale = put(nurse, address, {"1:CEA": "4.3"}, **DATES)
    put(nurse, address, {"1:CEA": "3.4"}, known=stale, **DATES | {"day_1": "2025-11-04"})
    answer = nurse.post(
        reverse("dates", args=[patient.pk]), DATES | {"value_1_CEA": "4.3", "draft": stale, button: "1"}
    )
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 409
    assert '<th scope="row">column 1, CEA</th> <td class="num">3.4</td> <td class="num">4.3</td>' in page
    assert '<td class="num">2025-11-04</td> <td class="num">2025-11-03</td>' in page
    assert 'name="value_1_CEA" value="4.3"' in page
    assert kept() == {"1:CEA": "3.4"}
    assert not Draw.objects.exists()


def test_dates_are_saved_beside_the_others_draft(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    seen = put(nurse, reverse("dates_draft", args=[patient.pk]), {"1:CEA": "3.4"}, **DATES)
    answer = nurse.post(reverse("dates", args=[patient.pk]), DATES | {"value_1_NSE": "9", "save_beside": seen})
    assert answer.status_code == 200
    assert LEFT in answer.content.decode()
    assert stands() == [("NSE", "9")]
    assert kept() == {"1:CEA": "3.4"}


# --- at the same moment ---------------------------------------------------------------------------------------------


def at_the_same_moment(nurse: User, patient: Patient) -> tuple[int, int]:
    """One window saves the draw, another keeps something else: how each is answered."""
    saving, keeping = Client(), Client()
    saving.force_login(nurse)
    keeping.force_login(nurse)
    known = put(saving, draft_of(patient), {"CEA": "3.4"})
    draft_id, revision = map(int, known.split("."))
    cells = {"CEA": {"value": "9"}}
    newer = json.dumps({"user": nurse.pk, "id": draft_id, "revision": revision, "cells": cells, "context": {}})

    def save() -> tuple[str, int]:
        answer = saving.post(reverse("draw_new", args=[patient.pk]), paper({"CEA": "3.4"}, draft=known))
        return "save", answer.status_code

    def keep() -> tuple[str, int]:
        return "keep", keeping.put(draft_of(patient), newer, content_type="application/json").status_code

    answers = dict(at_once(save, keep))
    return answers["save"], answers["keep"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_windows_at_the_same_moment_one_is_told_and_no_value_is_lost() -> None:
    cast = make_cast()
    for _round in range(12):
        patient = make_patient(cast.team)
        answers = at_the_same_moment(cast.nurse, patient)
        recorded = list(Result.objects.filter(draw__patient=patient).values_list("as_typed", flat=True))
        drafts = [draft.cells["CEA"]["value"] for draft in EntryDraft.objects.filter(patient=patient)]
        # Saved first: the other window is told that its draft is gone. Kept first: the saving window is shown it.
        assert (answers, recorded, drafts) in [((302, 409), ["3.4"], []), ((409, 200), [], ["9"])]
