from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients.models import Draw, EntryDraft, Patient, Result
from tests.cast import Cast, give_draw, make_patient


@pytest.fixture
def nurse(client: Client, cast: Cast) -> Client:
    client.force_login(cast.nurse)
    return client


def save(client: Client, patient: Patient, days: list[str], values: dict[str, str], /, **changes: str) -> Any:
    """Days from column 1 on; values as `<column>_<marker>` -> typed text."""
    form = {"save": "1", "laboratory": "Central", "markers": "CEA,NSE", "lines": "4", "saved": ""}
    form |= {f"day_{place}": day for place, day in enumerate(days, start=1)}
    form |= {f"value_{cell}": text for cell, text in values.items()}
    return client.post(reverse("dates", args=[patient.pk]), form | changes)


def stands() -> list[tuple[str, str, str]]:
    rows = Result.objects.order_by("draw__collected_at", "marker_id").select_related("draw")
    return [(timezone.localdate(row.draw.collected_at).isoformat(), row.marker_id, row.as_typed) for row in rows]


def test_each_date_becomes_a_draw_of_its_own(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    values = {"1_CEA": "3.4", "1_NSE": "9.0", "2_CEA": "3.10", "3_NSE": ""}
    answer = save(nurse, patient, ["2025-11-03", "12-Jan-2026", "2026-02-01"], values)
    assert answer.status_code == 200
    assert stands() == [
        ("2025-11-03", "CEA", "3.4"),
        ("2025-11-03", "NSE", "9.0"),
        ("2026-01-12", "CEA", "3.10"),
    ]
    assert {(draw.laboratory, draw.time_known) for draw in Draw.objects.all()} == {("Central", False)}
    assert "2 draws are saved." in answer.content.decode()
    assert not EntryDraft.objects.exists()


def test_one_refused_date_does_not_hold_up_the_others_and_keeps_what_was_typed(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    values = {"1_CEA": "3.4", "2_CEA": "3.5", "3_CEA": "1-2", "4_CEA": "250"}
    days = ["2025-11-03", "2999-01-01", "2025-12-03", "2025-12-20"]
    answer = save(nurse, patient, days, values)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert stands() == [("2025-11-03", "CEA", "3.4")]
    assert "lies in the future" in page
    assert "is a range" in page
    assert 'href="#confirm_4_CEA"' in page
    for typed in ('value="2999-01-01"', 'value="3.5"', 'value="1-2"', 'value="250"'):
        assert typed in page
    assert page.count("matrix-saved") == 1


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (["", ""], "This field is required"),
        (["3.4.2025", ""], "Write it like 2026-03-09"),
        (["1950-01-01", ""], "before the date of birth"),
    ],
)
def test_a_date_that_cannot_be_is_named_and_nothing_of_its_column_is_saved(
    nurse: Client, cast: Cast, days: list[str], text: str
) -> None:
    answer = save(nurse, make_patient(cast.team), days, {"1_CEA": "3.4"})
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not Draw.objects.exists()


def test_one_date_over_two_columns_is_refused_in_both(nurse: Client, cast: Cast) -> None:
    answer = save(nurse, make_patient(cast.team), ["2025-11-03", "03-Nov-2025"], {"1_CEA": "3.4", "2_NSE": "9"})
    assert answer.status_code == 422
    assert answer.content.decode().count("This date stands over two columns") == 4  # in the list and in the heading
    assert not Draw.objects.exists()


def test_a_column_is_compared_with_the_one_before_it_on_the_same_paper(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    days = ["10-Dec-2025", "2025-12-03"]
    answer = save(nurse, patient, days, {"1_CEA": "0.30", "2_CEA": "3.0"})
    assert answer.status_code == 422
    assert stands() == [("2025-12-03", "CEA", "3.0")]
    assert 'href="#confirm_1_CEA"' in answer.content.decode()


def test_more_dates_and_all_markers_keep_what_was_typed_and_save_nothing(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    more = save(nurse, patient, ["2025-11-03"], {"1_CEA": "3.4"}, more="1")
    page = nurse.get(more["Location"]).content.decode()
    assert 'name="day_8"' in page
    assert 'value="3.4"' in page
    assert 'id="value_1_PLT"' not in page
    every = save(nurse, patient, ["2025-11-03"], {"1_CEA": "3.4"}, all="1")
    assert 'id="value_1_PLT"' in nurse.get(every["Location"]).content.decode()
    assert not Draw.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("administrator", 403), ("stranger", 404), (None, 302)])
def test_nobody_else_reads_or_writes_anything(client: Client, cast: Cast, who: str | None, status: int) -> None:
    patient = make_patient(cast.team)
    if who:
        client.force_login(getattr(cast, who))
    assert save(client, patient, ["2025-11-03"], {"1_CEA": "3.4"}).status_code == status
    where = reverse("dates_draft", args=[patient.pk])
    body = json.dumps({"user": 1, "revision": 0, "context": {}, "cells": {}})
    assert client.put(where, body, content_type="application/json").status_code == (status if who else 401)
    assert not Draw.objects.exists()
    assert not EntryDraft.objects.exists()


def test_the_draft_of_one_draw_and_that_of_several_dates_do_not_mix(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    body = json.dumps({"user": cast.nurse.pk, "revision": 0, "context": {}, "cells": {"1:CEA": {"value": "3"}}})
    where = reverse("dates_draft", args=[patient.pk])
    assert nurse.put(where, body, content_type="application/json").status_code == 200
    other = reverse("entry_draft", args=["dates", patient.pk])
    assert nurse.put(other, body, content_type="application/json").status_code == 404
    assert 'value="3"' in nurse.get(reverse("dates", args=[patient.pk])).content.decode()
    assert 'value="3"' not in nurse.get(reverse("draw_new", args=[patient.pk])).content.decode()


def test_the_page_costs_the_same_queries_for_one_draw_on_record_and_for_fifty(nurse: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    counts = []
    for draws in (range(1), range(1, 50)):
        for place in draws:
            give_draw(patient, dt.date(2024, 1, 1) + dt.timedelta(days=7 * place), {"CEA": "3.4"})
        with CaptureQueriesContext(connection) as queries:
            assert nurse.get(reverse("dates", args=[patient.pk])).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
