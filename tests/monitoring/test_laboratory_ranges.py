"""One line in a laboratory's table, and every place that shows or flags a value says the same."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from monitoring.models import Evaluation
from monitoring.patient_page import patient_page
from monitoring.services.marks import mark
from monitoring.worklist import worklist
from patients.models import Draw, EntryDraft, Patient, Result
from patients.saved_draw import saved_rows
from patients.services import NewDraw, record_draw
from tests.cast import ACTOR, Cast, give_draw, make_patient, reading
from tests.monitoring.scenes import RISING, patient_with, run
from tests.patients.papers import paper
from tests.patients.tables import FROM, line

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
BOTH = (FROM - DAY, FROM)
CATALOGUE = "catalogue, adult >=60 y, SW China, n=35635"
OWN = "laboratory Central, from 01-Jan-2026"


@pytest.fixture
def patient(cast: Cast) -> Patient:
    """CEA 4.5 the day before the table begins and on its first day; the catalogue's range is 0-4.85."""
    patient = make_patient(cast.team)
    for day in BOTH:
        give_draw(patient, day, {"CEA": "4.5"}, laboratory=" central")
    run(patient, now=NOW)
    return patient


def seen(client: Client, cast: Cast, patient: Patient) -> dict[str, Any]:
    """What each page makes of the two values, the older first."""
    page = patient_page(patient, now=NOW)
    assert page.table is not None
    assert page.chart is not None
    (row,) = page.table.rows
    (listed,) = worklist(cast.clinician, now=NOW).rows
    draws = Draw.objects.filter(patient=patient).order_by("collected_at")
    saved = [saved_rows(patient, draw)[0] for draw in draws]
    bands = [one for one in page.chart["scales"]["linear"]["shapes"] if one["name"] == "reference"]
    return {
        "chart": [one["y1"] for one in bands],
        "table": [cell.flag for cell in row.cells if cell],
        "table head": (row.limits, row.range_label),
        "worklist": [cell.flag for cell in listed.markers],
        "saved draw": [(one.flag, one.reference_text) for one in saved],
        "grid": [beside(client, cast, patient, day) for day in BOTH],
    }


def beside(client: Client, cast: Cast, patient: Patient, day: dt.date) -> tuple[str, str, str]:
    """Flag, limits and their label beside a 4.5 that is being typed, as the page and its script have them."""
    client.force_login(cast.nurse)
    form = paper({"CEA": "4.5"}, collected_on=day.isoformat(), laboratory="CENTRAL", show="all")
    page = client.post(reverse("draw_new", args=[patient.pk]), form).content.decode()
    row = re.search(r'<tr data-marker="CEA".*?</tr>', page, re.DOTALL)
    assert row is not None
    flag = re.search(r"data-flag>(.*?)<", row[0])
    limits = re.search(r'data-reference>(.*?) <span class="quiet">(.*?)</span>', row[0])
    assert flag is not None
    assert limits is not None
    cells = {"CEA": {"value": "4.5", "unit": "ng/mL", "confirm": ""}}
    body = {"patient": patient.pk, "at": day.isoformat(), "laboratory": "Central", "cells": cells}
    answer = client.post(reverse("entry_check"), body, content_type="application/json").json()["cells"]["CEA"]
    shown = (flag[1], html.unescape(limits[1]), html.unescape(limits[2]))
    assert (answer["flag"], answer["reference"]["text"], answer["reference"]["label"]) == shown
    return shown


def test_a_line_changes_the_flags_of_chart_table_worklist_grid_and_draw_alike(
    client: Client, cast: Cast, patient: Patient
) -> None:
    assert seen(client, cast, patient) == {
        "chart": [4.85],
        "table": ["", ""],
        "table head": ("0–4.85", CATALOGUE),
        "worklist": [""],
        "saved draw": [("", "0–4.85"), ("", "0–4.85")],
        "grid": [("", "0–4.85 ng/mL", CATALOGUE)] * 2,
    }

    line("CEA", "", "<4.3", "µg/L")

    assert seen(client, cast, patient) == {
        "chart": [4.85, 4.3],
        "table": ["", "H"],
        "table head": ("≤ 4.3", OWN),
        "worklist": ["H"],
        "saved draw": [("", "0–4.85"), ("H", "≤ 4.3")],
        "grid": [("", "0–4.85 ng/mL", CATALOGUE), ("H", "≤ 4.3 ng/mL", OWN)],
    }


def test_the_engine_reads_no_limits_so_its_evaluation_stays(cast: Cast) -> None:
    patient = patient_with(cast.team, RISING)
    Draw.objects.update(laboratory="Central")
    run(patient)
    line("CEA", "", "1.0", "ng/mL", valid_from=dt.date(2020, 1, 1))
    assert [one.flag for one in saved_rows(patient, Draw.objects.earliest("collected_at"))] == ["H"]
    mark([patient.pk], reason="asked again")
    run(patient)

    before, after = Evaluation.objects.order_by("pk").values("level", "pattern", "since", "input_results", "reason")
    assert after == before
    assert before["level"] == "alert"


def test_each_point_says_whose_range_it_is_and_the_band_steps_at_the_draw(cast: Cast, patient: Patient) -> None:
    line("CEA", "", "4.3", "ng/mL")

    chart = patient_page(patient, now=NOW).chart
    assert chart is not None
    bands = [one for one in chart["scales"]["linear"]["shapes"] if one["name"] == "reference"]
    (used,) = [one for one in chart["data"] if one["meta"].get("role") == "used"]
    assert (bands[0]["x1"], bands[1]["x0"]) == (used["x"][1], used["x"][1])
    said = [[part for part in text.split("<br>") if part.startswith("reference")] for text in used["hovertext"]]
    assert said == [[f"reference 0–4.85 ({html.escape(CATALOGUE)})"], [f"reference ≤ 4.3 ({OWN})"]]
    (remark,) = [one["text"] for one in chart["scales"]["linear"]["annotations"] if one["text"].startswith("reference")]
    assert remark == f"reference ≤ 4.3 · {OWN}"


def test_what_was_reported_with_the_value_still_goes_first_on_the_page(cast: Cast) -> None:
    line("CEA", "", "4.3", "ng/mL")
    patient = make_patient(cast.team)
    own = reading("CEA", "4.5")
    record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=NOW, laboratory="Central"),
        results=[own],
    )
    Result.objects.update(reference_high="5")

    table = patient_page(patient, now=NOW).table
    assert table is not None
    assert [(row.limits, row.range_label, [cell.flag for cell in row.cells if cell]) for row in table.rows] == [
        ("≤ 5", "reported with the value", [""])
    ]


def test_the_row_head_has_the_laboratorys_limits_in_the_unit_of_the_values(cast: Cast) -> None:
    line("ALP", "0.58", "1.74", "µkat/L")
    patient = make_patient(cast.team)
    give_draw(patient, FROM, {"ALP": "104.5"}, laboratory="Central")

    table = patient_page(patient, now=NOW).table
    assert table is not None
    assert [(row.limits, row.unit, [cell.flag for cell in row.cells if cell]) for row in table.rows] == [
        ("34.8–104.4", "U/L", ["H"])
    ]


def test_any_number_of_rows_draws_and_laboratories_costs_one_query_for_their_tables(client: Client, cast: Cast) -> None:
    for number in range(3):
        line("CEA", "", "4.3", "ng/mL", of=f"Lab {number}")
    client.force_login(cast.nurse)

    def asked() -> list[int]:
        counts = []
        patients = list(Patient.objects.order_by("pk"))
        context = {"day": "2026-03-02", "laboratory": "Lab 0", "markers": "CEA", "patients": _ids(patients)}
        EntryDraft.objects.all().delete()
        EntryDraft.objects.create(user=cast.nurse, scope="clinic", key="clinic", context=context)
        for ask in (
            lambda: worklist(cast.clinician, now=NOW),
            lambda: patient_page(patients[-1], now=NOW),
            lambda: client.get(reverse("clinic")),
            lambda: client.get(reverse("dates", args=[patients[-1].pk])),
        ):
            with CaptureQueriesContext(connection) as queries:
                ask()
            counts.append(sum('FROM "patients_laboratoryinterval"' in one["sql"] for one in queries))
        return counts

    def drawn(number: int) -> None:
        patient = make_patient(cast.team)
        for at in range(number % 5 + 1):
            give_draw(patient, FROM + at * DAY, {"CEA": "4.5"}, laboratory=f"Lab {at % 3}")
        run(patient, now=NOW)

    drawn(0)
    assert asked() == [1, 1, 1, 1]
    for number in range(1, 50):
        drawn(number)
    assert asked() == [1, 1, 1, 1]


def _ids(patients: list[Patient]) -> str:
    return ",".join(str(one.pk) for one in patients)


def test_the_dates_grid_flags_each_column_by_its_own_day(client: Client, cast: Cast) -> None:
    line("CEA", "", "4.3", "ng/mL")
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)
    form = {"laboratory": "Central", "markers": "CEA", "lines": "2", "unit_CEA": "ng/mL", "saved": ""}
    form |= {f"day_{at}": day.isoformat() for at, day in enumerate(BOTH, start=1)}
    form |= {f"value_{at}_CEA": "4.5" for at in (1, 2)}

    page = client.post(reverse("dates", args=[patient.pk]), form).content.decode()

    assert re.findall(r"data-flag>(.*?)<", page) == ["", "H"]
