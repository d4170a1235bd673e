from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, User
from patients.models import Draw, EntryDraft, Patient, Result
from patients.services import save_draft
from tests.cast import PASSWORD, Cast, give_draw, make_patient
from tests.patients.papers import paper

NOW = dt.datetime(2026, 3, 9, 10, 42, 7, tzinfo=dt.UTC)


def address(patient: Patient) -> str:
    return reverse("entry_draft", args=["draw", patient.pk])


def body(user: User, cells: dict[str, Any], *, revision: int = 0, **context: str) -> dict[str, Any]:
    return {"user": user.pk, "revision": revision, "cells": cells, "context": context}


def put(client: Client, patient: Patient, data: object) -> Any:
    sent = data if isinstance(data, str | bytes) else json.dumps(data)
    return client.put(address(patient), sent, content_type="application/json")


@time_machine.travel(NOW, tick=False)
def test_a_cell_is_kept_exactly_as_typed_and_is_there_again(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    cells = {"CEA": {"value": " <0.5.", "unit": "ng/mL", "assay": "", "confirm": ""}}
    answer = put(client, patient, body(cast.nurse, cells, collected_on="2026-03-02", laboratory="Central"))
    assert answer.status_code == 200
    assert answer.json() == {"id": EntryDraft.objects.get().pk, "revision": 1, "saved_at": "10:42:07"}
    assert answer["Cache-Control"] == "no-store"
    kept = client.get(address(patient)).json()["draft"]
    assert (kept["cells"], kept["revision"]) == (cells, 1)
    page = client.get(reverse("draw_new", args=[patient.pk])).content.decode()
    assert 'value=" &lt;0.5."' in page
    assert 'value="2026-03-02"' in page
    assert 'value="Central"' in page
    assert 'data-revision="1"' in page
    assert "This is what you typed until 09-Mar-2026 10:42." in page
    assert not Draw.objects.exists()


def test_a_half_filled_draft_is_read_with_the_rule_of_saving(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 1, 12), {"CEA": "3.4"})
    client.force_login(cast.nurse)
    put(client, patient, body(cast.nurse, {"CEA": {"value": "250", "unit": "ng/mL"}}, collected_on="2026-01-10"))
    page = client.get(reverse("draw_new", args=[patient.pk])).content.decode()
    assert "250 ng/mL is unusually high for CEA" in page
    assert "12-Jan-2026" not in page.split('id="history"')[0]  # that draw came after the draft's day


def test_only_its_author_sees_a_draft(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    put(client, patient, body(cast.nurse, {"CEA": {"value": "73.219"}}))
    client.force_login(cast.clinician)
    assert client.get(address(patient)).json() == {"draft": None}
    assert "73.219" not in client.get(reverse("draw_new", args=[patient.pk])).content.decode()
    assert "Go on where you stopped" not in client.get(reverse("enter_results")).content.decode()


def test_saving_the_draw_drops_the_draft_and_a_refusal_keeps_it(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    where = reverse("draw_new", args=[patient.pk])
    put(client, patient, body(cast.nurse, {"CEA": {"value": "3.1"}}))
    assert client.post(where, paper({"CEA": "5.2-5.6"})).status_code == 422
    assert EntryDraft.objects.get().cells == {"CEA": {"value": "3.1"}}
    assert client.post(where, paper({"CEA": "3.1"})).status_code == 302
    assert not EntryDraft.objects.exists()
    assert Result.objects.get().as_typed == "3.1"


def test_a_draft_is_thrown_away_when_asked_for(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    where = reverse("draw_new", args=[patient.pk])
    put(client, patient, body(cast.nurse, {"CEA": {"value": "3.1"}}))
    assert client.post(where, {"discard": "1"})["Location"] == where
    assert not EntryDraft.objects.exists()
    assert not Draw.objects.exists()


def test_a_second_window_is_told_and_given_the_newer_draft(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    put(client, patient, body(cast.nurse, {"CEA": {"value": "3.1"}}))
    answer = put(client, patient, body(cast.nurse, {"CEA": {"value": "9"}}))
    assert answer.status_code == 409
    assert answer.json()["draft"]["cells"] == {"CEA": {"value": "3.1"}}
    assert "in another window" in answer.json()["text"]
    client.post(reverse("draw_new", args=[patient.pk]), {"discard": "1"})
    gone = put(client, patient, body(cast.nurse, {"CEA": {"value": "9"}}, revision=1))
    assert (gone.status_code, gone.json()["draft"]) == (409, None)
    assert not EntryDraft.objects.exists()


def test_who_is_signed_out_is_told_so_and_nothing_is_written(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    answer = put(client, patient, body(cast.nurse, {"CEA": {"value": "3.1"}}))
    assert (answer.status_code, answer.json()) == (401, {"signed_out": True})
    assert client.get(reverse("entry_token")).status_code == 401
    assert not EntryDraft.objects.exists()


def test_what_one_person_typed_is_not_kept_under_the_name_of_another(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.clinician)
    answer = put(client, patient, body(cast.nurse, {"CEA": {"value": "3.1"}}))
    assert (answer.status_code, answer.json()) == (401, {"signed_out": True, "other": True})
    assert not EntryDraft.objects.exists()


def test_the_token_of_a_new_sign_in_is_handed_to_the_open_page(cast: Cast) -> None:
    patient = make_patient(cast.team)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.nurse)
    data = json.dumps(body(cast.nurse, {"CEA": {"value": "3.1"}}))
    assert client.put(address(patient), data, content_type="application/json").status_code == 403
    answer = client.get(reverse("entry_token")).json()
    assert answer["user"] == cast.nurse.pk
    sent = client.put(address(patient), data, content_type="application/json", headers={"X-CSRFToken": answer["token"]})
    assert sent.status_code == 200
    assert EntryDraft.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "status"), [("administrator", 403), ("stranger", 404), ("nurse", 200), ("clinician", 200)]
)
def test_only_who_may_enter_results_keeps_a_draft(client: Client, cast: Cast, who: str, status: int) -> None:
    person = getattr(cast, who)
    client.force_login(person)
    assert put(client, make_patient(cast.team), body(person, {"CEA": {"value": "3"}})).status_code == status
    assert EntryDraft.objects.count() == (1 if status == 200 else 0)


@pytest.mark.parametrize("where", ["clinic/1", "draw/one", "draw/1x", "draw/" + "9" * 30])
def test_a_page_that_does_not_exist_has_no_draft(client: Client, cast: Cast, where: str) -> None:
    client.force_login(cast.nurse)
    assert client.get(f"/entry/drafts/{where}/").status_code == 404


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{", "not JSON"),
        ("[]", "an object with revision"),
        ({"revision": -1, "cells": {}, "context": {}}, "“revision” is a whole number"),
        ({"revision": True, "cells": {}, "context": {}}, "“revision” is a whole number"),
        ({"revision": 0, "cells": [], "context": {}}, "“cells” is an object"),
        ({"revision": 0, "cells": {"NLR": {}}, "context": {}}, "“NLR” is no marker"),
        ({"revision": 0, "cells": {"CEA": {"value": 3}}, "context": {}}, "“value” is a text"),
        ({"revision": 0, "cells": {"CEA": {"value": "a\x00"}}, "context": {}}, "“value” is a text"),
        ({"revision": 0, "cells": {"CEA": {"value": "\ud800"}}, "context": {}}, "“value” is a text"),
        ({"revision": 0, "cells": {"CEA": {"valu": "3"}}, "context": {}}, "“valu” is not known"),
        ({"revision": 0, "cells": {}, "context": {"colour": "red"}}, "“colour” is not known"),
        ({"revision": 0, "cells": {}, "context": {"laboratory": "x" * 201}}, "“laboratory” is a text"),
        (b" " * 100_001, "more than one page"),
    ],
)
def test_a_body_that_is_no_draft_is_refused_with_the_reason(
    client: Client, cast: Cast, data: object, said: str
) -> None:
    client.force_login(cast.nurse)
    answer = put(client, make_patient(cast.team), data)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert not EntryDraft.objects.exists()


def begin(user: User, patient: Patient, cells: dict[str, dict[str, str]]) -> None:
    save_draft(user=user, scope="draw", key=str(patient.pk), patient_id=patient.pk, cells=cells, context={}, revision=0)


@time_machine.travel(NOW, tick=False)
def test_what_was_begun_is_offered_to_go_on_with(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, name="Begun Quibble", number="B-1")
    begin(cast.nurse, patient, {"CEA": {"value": "3"}, "ALP": {"value": "80"}, "PLT": {"value": " "}})
    client.force_login(cast.nurse)
    page = " ".join(client.get(reverse("enter_results")).content.decode().split())
    assert "Go on where you stopped" in page
    assert "2 cells typed, 09-Mar-2026 10:42" in page
    assert reverse("draw_new", args=[patient.pk]) in page


def listed(client: Client) -> str:
    """The list of drafts as a person reads it."""
    page = client.get(reverse("enter_results")).content.decode()
    section = page.partition("Go on where you stopped")[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", section).split())


def begin_sheet(user: User, scope: str, patient: Patient | None, cells: dict[str, str], **context: str) -> EntryDraft:
    return save_draft(
        user=user,
        scope=scope,
        key=str(patient.pk) if patient else "clinic",
        patient_id=patient.pk if patient else None,
        cells={name: {"value": text} for name, text in cells.items()},
        context=context,
        revision=0,
    )


@time_machine.travel(NOW, tick=False)
def test_drafts_of_the_three_grids_are_listed_with_day_laboratory_and_values(client: Client, cast: Cast) -> None:
    ada, bo = make_patient(cast.team, name="Ada Quibble", number="A-1"), make_patient(cast.team, name="Bo Quibble")
    begin_sheet(cast.nurse, "draw", ada, {"CEA": "3"}, collected_on="2026-03-02", laboratory="North")
    facts = {"laboratory": "Central", "saved": "2=10:41:07=5"}
    days = {"day_1": "2025-11-03", "day_2": "2025-12-03", "day_3": "12.1.26", "day_4": "2026-02-01", "day_5": ""}
    begin_sheet(cast.nurse, "dates", ada, {"1:CEA": "3", "2:CEA": "4", "3:CEA": "5"}, **facts, **days)
    cells = {f"{ada.pk}:CEA": "3", f"{ada.pk}:NSE": "8", f"{bo.pk}:CEA": " "}
    begin_sheet(cast.nurse, "clinic", None, cells, day="2026-03-09", patients=f"{ada.pk},{bo.pk}")
    client.force_login(cast.nurse)
    assert listed(client).count("Discard Throw away what was typed here") == 3
    for line in (
        "Ada Quibble A-1 02-Mar-2026 North 1 cell typed, 09-Mar-2026 10:42",
        "Ada Quibble A-1 (several dates) 03-Nov-2025, 03-Dec-2025, 12.1.26 and 1 more day Central 2 cells typed",
        "Clinic of 2 patients 09-Mar-2026 2 cells typed, 09-Mar-2026 10:42",
    ):
        assert line in listed(client)
    page = client.get(reverse("enter_results")).content.decode()
    for address in (reverse("draw_new", args=[ada.pk]), reverse("dates", args=[ada.pk]), reverse("clinic")):
        assert f'<a href="{address}">' in page


def test_of_a_clinic_only_the_rows_that_are_still_mine_are_counted(client: Client, cast: Cast) -> None:
    mine, foreign = make_patient(cast.team), make_patient(cast.other_team)
    cells = {f"{mine.pk}:CEA": "3", f"{foreign.pk}:CEA": "4", f"{foreign.pk}:NSE": "9"}
    begin_sheet(cast.nurse, "clinic", None, cells, patients=f"{mine.pk},{foreign.pk},x")
    client.force_login(cast.nurse)
    assert "Clinic of 1 patient 1 cell typed" in listed(client)
    Membership.objects.filter(user=cast.nurse).delete()
    assert listed(client) == ""


def test_dates_of_a_patient_who_is_no_longer_mine_are_not_offered(client: Client, cast: Cast) -> None:
    begin_sheet(cast.nurse, "dates", make_patient(cast.other_team, name="Cy Foreign"), {"1:CEA": "3"})
    client.force_login(cast.nurse)
    assert "Cy Foreign" not in client.get(reverse("enter_results")).content.decode()


def discard(client: Client, draft: EntryDraft, **changes: int) -> str:
    state = {"id": draft.pk, "revision": draft.revision} | changes
    sent = {"discard": "{id}.{revision}".format(**state)}
    return str(client.post(reverse("enter_results"), sent, follow=True).content.decode())


@pytest.mark.parametrize("scope", ["draw", "dates", "clinic"])
def test_a_draft_is_thrown_away_from_the_list(client: Client, cast: Cast, scope: str) -> None:
    patient = make_patient(cast.team)
    draft = begin_sheet(cast.nurse, scope, None if scope == "clinic" else patient, {}, patients=str(patient.pk))
    other = begin_sheet(cast.clinician, scope, None if scope == "clinic" else patient, {}, patients=str(patient.pk))
    client.force_login(cast.nurse)
    for wrong in (discard(client, draft, revision=2), discard(client, other), discard(client, draft, id=0)):
        assert "This draft was saved, thrown away or typed on meanwhile." in wrong
        assert EntryDraft.objects.count() == 2
    assert "What was typed there is thrown away." in discard(client, draft)
    assert list(EntryDraft.objects.all()) == [other]


def test_a_draft_of_a_patient_who_is_no_longer_mine_is_not_thrown_away_from_the_list(
    client: Client, cast: Cast
) -> None:
    draft = begin_sheet(cast.nurse, "draw", make_patient(cast.other_team), {"CEA": "3"})
    client.force_login(cast.nurse)
    assert "meanwhile" in discard(client, draft)
    assert EntryDraft.objects.count() == 1


def test_a_draft_of_a_patient_who_is_no_longer_mine_is_not_offered(client: Client, cast: Cast) -> None:
    begin(cast.nurse, make_patient(cast.team, name="Begun Quibble"), {"CEA": {"value": "3"}})
    Membership.objects.filter(user=cast.nurse).delete()
    client.force_login(cast.nurse)
    assert "Begun Quibble" not in client.get(reverse("enter_results")).content.decode()


def test_a_draft_is_no_longer_offered_after_seven_days(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team, name="Begun Quibble")
    with time_machine.travel(NOW, tick=False):
        begin(cast.nurse, patient, {"CEA": {"value": "73.219"}})
    with time_machine.travel(NOW + dt.timedelta(days=7, seconds=1), tick=False):
        client.force_login(cast.nurse)
        assert "Begun Quibble" not in client.get(reverse("enter_results")).content.decode()
        assert "73.219" not in client.get(reverse("draw_new", args=[patient.pk])).content.decode()


def test_the_list_of_drafts_asks_the_same_number_of_queries_at_any_length(client: Client, cast: Cast) -> None:
    client.force_login(cast.nurse)
    counts = []
    for wanted in (1, 20):
        while EntryDraft.objects.count() < wanted:
            begin(cast.nurse, make_patient(cast.team), {"CEA": {"value": "3"}})
            begin_sheet(cast.nurse, "dates", make_patient(cast.team), {"1:CEA": "3"})
        ids = Patient.objects.order_by("pk").values_list("pk", flat=True)
        EntryDraft.objects.update_or_create(
            user=cast.nurse,
            scope="clinic",
            key="clinic",
            defaults={"context": {"patients": ",".join(str(pk) for pk in ids)}, "revision": 1},
        )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(reverse("enter_results")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_signing_in_again_finds_everything_typed(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    put(client, patient, body(cast.nurse, {"CEA": {"value": "73.219"}}))
    client.logout()
    client.post(reverse("account_login"), {"login": "nurse", "password": PASSWORD})
    assert 'value="73.219"' in client.get(reverse("draw_new", args=[patient.pk])).content.decode()
