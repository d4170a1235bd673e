from __future__ import annotations

import datetime as dt
import html
import json
import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from patients.clinic_form import numbers_in
from patients.models import Draw, DrawChange, EntryDraft, Patient, Result
from patients.services import set_plan
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.patients.papers import known

NOW = dt.datetime(2026, 3, 9, 10, 42, 7, tzinfo=dt.UTC)
DAY = "2026-03-02"
UNKNOWN = "No patient of your teams has exactly this number: "


def begin(client: Client, numbers: str, /, **changes: Any) -> Any:
    form = {"day": DAY, "laboratory": "Central", "panel": "chosen", "markers": ["CEA", "NSE"], "numbers": numbers}
    return client.post(reverse("clinic"), form | changes)


def sheet(patients: list[Patient], values: dict[str, str], /, **changes: str) -> dict[str, str]:
    """The form of the grid: `<row>_<marker>` -> typed text, the row counted from 0."""
    form = {
        "day": DAY,
        "laboratory": "Central",
        "markers": "CEA,NSE",
        "patients": ",".join(str(patient.pk) for patient in patients),
        "unknown": "",
        "saved": "",
    }
    for cell, text in values.items():
        place, code = cell.split("_")
        form[f"value_{patients[int(place)].pk}_{code}"] = text
    return form | changes


def save(client: Client, patients: list[Patient], values: dict[str, str], /, **changes: str) -> Any:
    return client.post(reverse("clinic"), sheet(patients, values, **changes) | {"save": "1"})


@pytest.fixture
def nurse(client: Client, cast: Cast) -> Client:
    client.force_login(cast.nurse)
    return client


def words_of(page: str) -> str:
    """What a person reads: without tags, one space between words."""
    return re.sub(r"\s+([:,.])", r"\1", " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split()))


def stands() -> list[tuple[str, str]]:
    return list(Result.objects.order_by("pk").values_list("marker_id", "as_typed"))


def test_pasted_numbers_are_told_apart_whatever_sets_them_apart() -> None:
    assert numbers_in("A-1\r\nB 2;C3，C3\t D4 \n\n") == ["A-1", "B 2", "C3", "D4"]


def test_patients_are_found_by_pasted_numbers_and_unknown_ones_are_named_and_kept(nurse: Client, cast: Cast) -> None:
    make_patient(cast.team, name="Ada Quibble", number="A-1")
    make_patient(cast.team, name="Bo Quibble", number="B-2")
    make_patient(cast.other_team, name="Cy Foreign", number="C-3")
    answer = begin(nurse, "b-2\nA-1\nC-3\nX-9")
    assert answer["Location"] == reverse("clinic")
    page = nurse.get(answer["Location"]).content.decode()
    assert page.index("Bo Quibble") < page.index("Ada Quibble")
    assert UNKNOWN + "C-3, X-9." in page
    assert "Cy Foreign" not in page
    assert page.count('data-marker="CEA"') == 2
    assert UNKNOWN + "C-3, X-9." in nurse.get(reverse("clinic")).content.decode()


def test_numbers_that_lead_to_nobody_are_refused_in_the_same_words_and_nothing_begins(
    nurse: Client, cast: Cast
) -> None:
    make_patient(cast.other_team, number="C-3")
    for number in ("C-3", "X-9"):
        answer = begin(nurse, number)
        assert answer.status_code == 422
        assert f"{UNKNOWN}{number}." in answer.content.decode()
        assert f">\n{number}</textarea>" in answer.content.decode()
    assert not EntryDraft.objects.exists()


def test_who_is_due_by_the_plan_is_offered_and_the_plans_name_the_markers(nurse: Client, cast: Cast) -> None:
    due = make_patient(cast.team, name="Ada Quibble", number="A-1")
    later = make_patient(cast.team, name="Bo Quibble", number="B-2")
    set_plan(actor=ACTOR, patient_id=due.pk, markers=["ALP"], every_weeks=6, starts_on=dt.date(2026, 1, 1))
    set_plan(actor=ACTOR, patient_id=later.pk, markers=["CA"], every_weeks=6, starts_on=dt.date(2026, 4, 1))
    with time_machine.travel(NOW, tick=False):
        nurse.force_login(cast.nurse)
        page = nurse.get(reverse("clinic")).content.decode()
        assert "Ada Quibble A-1" in page
        assert "Bo Quibble" not in page
        assert begin(nurse, "", due=[due.pk], panel="plans", markers=[]).status_code == 302
        page = nurse.get(reverse("clinic")).content.decode()
    assert 'data-marker="ALP"' in page
    assert 'data-marker="CEA"' not in page


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"day": "2999-01-01"}, "lies in the future"),
        ({"day": "03/04/2026"}, "Write it like 2026-03-09"),
        ({"markers": []}, "Tick at least one marker"),
        ({"numbers": ""}, "Tick patients or type their numbers"),
        ({"numbers": "\n".join(f"N{place}" for place in range(201))}, "201 numbers are more than one page holds"),
    ],
)
def test_a_choice_that_cannot_be_says_what_would_be_right(
    nurse: Client, cast: Cast, changes: dict[str, Any], text: str
) -> None:
    make_patient(cast.team, number="A-1")
    answer = begin(nurse, "A-1", **changes)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not EntryDraft.objects.exists()


def test_each_row_is_saved_as_a_draw_of_its_own_patient_and_turns_read_only(nurse: Client, cast: Cast) -> None:
    patients = [make_patient(cast.team), make_patient(cast.team)]
    with time_machine.travel(NOW, tick=False):
        nurse.force_login(cast.nurse)
        page = save(nurse, patients, {"0_CEA": "3.10", "1_CEA": "<0.5", "1_NSE": "9"}).content.decode()
    assert stands() == [("CEA", "3.10"), ("CEA", "<0.5"), ("NSE", "9")]
    draws = list(Draw.objects.order_by("pk"))
    assert [draw.patient_id for draw in draws] == [patient.pk for patient in patients]
    assert {(draw.laboratory, draw.time_known, draw.recorded_by) for draw in draws} == {("Central", False, cast.nurse)}
    assert page.count("saved 10:42:07") == 2
    assert page.count(" readonly") == 4
    assert "2 draws are saved." in page
    assert AuditEvent.objects.filter(action="draw.recorded").count() == 2


def test_one_refused_row_does_not_hold_up_the_others_and_keeps_what_was_typed(nurse: Client, cast: Cast) -> None:
    patients = [make_patient(cast.team, name=f"Row {place}") for place in range(4)]
    values = {"0_CEA": "3.1", "1_CEA": "1-2", "1_NSE": "8", "2_CEA": "250", "3_CEA": "4.1"}
    give_draw(patients[3], dt.datetime(2026, 3, 2, tzinfo=dt.UTC), {"CEA": "5"}, laboratory="Central")
    answer = save(nurse, patients, values)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert stands() == [("CEA", "5"), ("CEA", "3.1")]
    assert "Not everything was saved" in page
    assert "Row 1, CEA: " in page
    assert "is a range" in page
    assert "Row 2, CEA: type the value again to confirm it" in page
    assert "has CEA 5 ng/mL on record already" in page
    for typed in ('value="1-2"', 'value="8"', 'value="250"', 'value="4.1"'):
        assert typed in page
    draft = EntryDraft.objects.get()
    assert draft.cells[f"{patients[1].pk}:CEA"] == {"value": "1-2"}
    assert draft.context["saved"].startswith(f"{patients[0].pk}=")


def test_what_was_refused_is_saved_once_it_is_right_and_nothing_is_saved_twice(nurse: Client, cast: Cast) -> None:
    patients = [make_patient(cast.team), make_patient(cast.team)]
    values = {"0_CEA": "3.1", "1_CEA": "250"}
    save(nurse, patients, values)
    saved = EntryDraft.objects.get().context["saved"]
    confirm = {f"confirm_{patients[1].pk}_CEA": "250"}
    assert save(nurse, patients, values, saved=saved, **confirm).status_code == 200
    assert stands() == [("CEA", "3.1"), ("CEA", "250")]
    assert not EntryDraft.objects.exists()
    assert save(nurse, patients, values, **confirm).status_code == 200
    assert Result.objects.count() == 2


def test_a_second_paper_of_the_same_day_asks_what_it_is(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC), {"CEA": "3.1"})
    answer = save(nurse, [patient], {"0_CEA": "3.1", "0_NSE": "9"})
    assert answer.status_code == 422
    assert "What is this paper?" in answer.content.decode()
    assert Draw.objects.count() == 1
    same = save(nurse, [patient], {"0_CEA": "3.1", "0_NSE": "9"}, **{f"same_day_{patient.pk}": "same"})
    assert same.status_code == 200
    assert Draw.objects.count() == 1
    assert stands() == [("CEA", "3.1"), ("NSE", "9")]
    assert (Draw.objects.get().laboratory, Draw.objects.get().version) == ("Central", 2)


def test_a_row_of_another_laboratory_than_the_draw_on_record_is_refused_with_both_names(
    nurse: Client, cast: Cast
) -> None:
    patients = [make_patient(cast.team), make_patient(cast.team)]
    give_draw(patients[0], dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC), {"CEA": "3.1"}, laboratory="Other")
    row = {f"same_day_{patients[0].pk}": "same"}
    answer = save(nurse, patients, {"0_CEA": "3.1", "0_NSE": "9", "1_CEA": "2.2"}, **row)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Laboratory: Other on record, Central on this paper" in page
    assert 'value="9"' in page
    assert reverse("draw", args=[patients[0].pk, Draw.objects.get(patient=patients[0]).pk]) in page
    assert stands() == [("CEA", "3.1"), ("CEA", "2.2")]
    assert not DrawChange.objects.exists()
    row[f"same_day_{patients[0].pk}"] = "second"
    saved = EntryDraft.objects.get().context["saved"]
    assert save(nurse, patients, {"0_CEA": "3.1", "0_NSE": "9"}, saved=saved, draft=known(), **row).status_code == 200
    assert Draw.objects.filter(patient=patients[0]).count() == 2


def test_the_unit_of_a_column_counts_for_all_its_cells(nurse: Client, cast: Cast) -> None:
    patients = [make_patient(cast.team), make_patient(cast.team)]
    form = {"markers": "BCTX", "unit_BCTX": "pg/mL"}
    assert save(nurse, patients, {"0_BCTX": "340", "1_BCTX": "280"}, **form).status_code == 200
    rows = Result.objects.order_by("pk").values_list("unit", "canonical_value")
    assert list(rows) == [("pg/mL", Decimal("0.34")), ("pg/mL", Decimal("0.28"))]


def test_counts_that_do_not_add_up_ask_in_their_row_and_a_word_says_why_there_is_no_value(
    nurse: Client, cast: Cast
) -> None:
    patients = [make_patient(cast.team), make_patient(cast.team)]
    values = {"0_NEUT": "6", "0_LYMPH": "3", "0_WBC": "7", "1_NEUT": "haemolysed", "1_LYMPH": "2"}
    answer = save(nurse, patients, values, markers="NEUT,LYMPH,WBC")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#confirm_{patients[0].pk}_NEUT"' in page
    assert not re.search(rf'id="confirm_{patients[0].pk}_NEUT"[^>]* disabled', page)
    assert "No value: haemolysed." in page
    assert stands() == [("NEUT", "haemolysed"), ("LYMPH", "2")]


def test_a_row_of_somebody_elses_patient_is_not_found_and_changes_nothing(nurse: Client, cast: Cast) -> None:
    mine, foreign = make_patient(cast.team), make_patient(cast.other_team, name="Cy Foreign")
    answer = save(nurse, [mine, foreign], {"1_CEA": "3.1"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "a patient you may no longer see: CEA 3.1 ng/mL" in words_of(page)
    assert "Cy Foreign" not in page
    absent = save(nurse, [mine], {}, patients="987654").content.decode()
    assert "a patient you may no longer see: nothing was typed" in words_of(absent)
    assert not Draw.objects.exists()
    refusals = AuditEvent.objects.filter(action="patient.refused").values_list("object_id", flat=True)
    assert set(refusals) == {str(foreign.pk), "987654"}


@pytest.mark.parametrize("who", ["administrator", "stranger", None])
def test_nobody_else_writes_anything(client: Client, cast: Cast, who: str | None) -> None:
    patient = make_patient(cast.team)
    if who:
        client.force_login(getattr(cast, who))
    answer = save(client, [patient], {"0_CEA": "3.1"})
    assert answer.status_code == {"administrator": 403, "stranger": 422, None: 302}[who]
    assert not Draw.objects.exists()
    assert not Result.objects.exists()


def test_patients_are_added_to_a_clinic_that_has_begun_and_the_cells_stay(nurse: Client, cast: Cast) -> None:
    first = make_patient(cast.team)
    make_patient(cast.team, name="Late Comer", number="L-1")
    added = sheet([first], {"0_CEA": "3.1"}) | {"add": "1", "numbers": "L-1, Z-9"}
    page = nurse.post(reverse("clinic"), added, follow=True).content.decode()
    assert "Late Comer" in page
    assert 'value="3.1"' in page
    assert f"{UNKNOWN}Z-9." in page
    assert not Draw.objects.exists()


def test_a_clinic_is_thrown_away_only_when_asked(nurse: Client, cast: Cast) -> None:
    make_patient(cast.team, number="A-1")
    begin(nurse, "A-1")
    assert "still open" in begin(nurse, "A-1").wsgi_request._messages._queued_messages[0].message
    assert EntryDraft.objects.count() == 1
    nurse.post(reverse("clinic"), {"discard": "1"})
    assert not EntryDraft.objects.exists()
    assert "Hospital numbers" in nurse.get(reverse("clinic")).content.decode()


def test_the_page_costs_the_same_queries_for_one_patient_and_for_fifty(nurse: Client, cast: Cast) -> None:
    counts = []
    for number in (1, 49):
        for _each in range(number):
            give_draw(make_patient(cast.team), dt.date(2026, 1, 12), {"CEA": "3.4", "NSE": "9"})
        ids = ",".join(str(pk) for pk in Patient.objects.values_list("pk", flat=True))
        EntryDraft.objects.all().delete()
        context = {"day": DAY, "laboratory": "", "markers": "CEA,NSE", "patients": ids}
        EntryDraft.objects.create(user=cast.nurse, scope="clinic", key="clinic", context=context)
        with CaptureQueriesContext(connection) as queries:
            page = nurse.get(reverse("clinic")).content.decode()
        assert page.count("data-line-row") == len(ids.split(","))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def put(client: Client, person: int, **changes: Any) -> Any:
    body = {"user": person, "revision": 0, "context": {"day": DAY}, "cells": {"12:CEA": {"value": "3."}}} | changes
    return client.put(reverse("clinic_draft"), json.dumps(body), content_type="application/json")


def test_a_half_typed_clinic_is_kept_for_its_author_alone(nurse: Client, cast: Cast) -> None:
    assert put(nurse, cast.nurse.pk).json()["revision"] == 1
    assert nurse.get(reverse("clinic_draft")).json()["draft"]["cells"] == {"12:CEA": {"value": "3."}}
    assert put(nurse, cast.nurse.pk).status_code == 409
    assert put(nurse, cast.clinician.pk, revision=1).status_code == 401
    nurse.force_login(cast.clinician)
    assert nurse.get(reverse("clinic_draft")).json()["draft"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"cells": {"12:NLR": {"value": "3"}}},
        {"cells": {"CEA": {"value": "3"}}},
        {"cells": {"12:CEA": {"value": "\0"}}},
        {"cells": {"12:CEA": {"note": "3"}}},
        {"cells": []},
        {"context": {"name": "x"}},
        {"context": {"day": "x" * 20_001}},
        {"revision": -1},
    ],
)
def test_what_is_no_page_of_this_kind_is_refused_and_not_kept(
    nurse: Client, cast: Cast, changes: dict[str, Any]
) -> None:
    answer = put(nurse, cast.nurse.pk, **changes)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert not EntryDraft.objects.exists()
