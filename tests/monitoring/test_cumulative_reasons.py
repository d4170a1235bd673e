"""Cells in which the laboratory gave a reason instead of a value: words in the table, points nowhere."""

from __future__ import annotations

import datetime as dt

from django.test import Client
from django.urls import reverse

from monitoring.patient_page import patient_page
from patients.catalogue import catalogue
from patients.models import Patient
from patients.reading import read_cell
from patients.services import NewDraw, record_draw, result_of
from tests.cast import ACTOR, Cast, make_patient
from tests.monitoring.scenes import NOW, day, run


def drawn(patient: Patient, at: int, **texts: str) -> None:
    results = [
        result_of(read_cell(marker=catalogue().marker(code), text=text, unit=catalogue().marker(code).unit))
        for code, text in texts.items()
    ]
    moment = dt.datetime.combine(day(at), dt.time(8), tzinfo=dt.UTC)
    record_draw(actor=ACTOR, patient_id=patient.pk, draw=NewDraw(collected_at=moment), results=results)


def test_the_reason_stands_where_the_value_would_and_no_chart_knows_of_it(cast: Cast) -> None:
    patient = make_patient(cast.team)
    drawn(patient, 0, CEA="2.0", NSE="12")
    drawn(patient, 1, CEA="2.1", NSE="溶血")
    drawn(patient, 2, NSE="not done")
    drawn(patient, 3, CEA="2.2", PLT="clotted")
    run(patient)
    page = patient_page(patient, now=NOW)
    assert page.table is not None
    assert [column.day for column in page.table.columns] == ["06-Jan-2025", "17-Feb-2025", "31-Mar-2025", "12-May-2025"]
    assert {row.code: [cell and cell.value for cell in row.cells] for row in page.table.rows} == {
        "CEA": ["2.0", "2.1", None, "2.2"],
        "NSE": ["12", "haemolysed", "not done", None],
        "PLT": [None, None, None, "clotted"],
    }
    cell = page.table.rows[1].cells[1]
    assert cell is not None
    assert (cell.detail, cell.flag, cell.marks) == ("no value; the laboratory's word: 溶血", "", ())


def test_the_patients_page_shows_it(cast: Cast) -> None:
    patient = make_patient(cast.team)
    drawn(patient, 0, CEA="2.0", NSE="溶血")
    client = Client()
    client.force_login(cast.clinician)
    page = client.get(reverse("patient", args=[patient.pk])).content.decode()
    assert '<span class="cell-value">haemolysed</span>' in page
