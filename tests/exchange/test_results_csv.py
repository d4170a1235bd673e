"""The results of a patient leave as a file that reads back to the same record."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from exchange.csv.own_columns import EXPORTED
from exchange.results_csv import COLUMNS, results_csv
from patients.catalogue import catalogue
from patients.models import Draw, Patient, Result
from patients.reading import read_cell
from patients.services import NewDraw, correct_result, record_draw, result_of
from tests.cast import Cast, give_draw, make_patient, reading
from tests.exchange.files import take_in

FACTS = ("collected_at", "time_known", "laboratory", "accession", "fasting", "haemolysis")
TOLD = ("biotin", "g_csf", "steroid", "note")
SAID = ("marker_id", "comparator", "value", "unit", "absent", "status", "assay__name")
LIMITS = ("reference_low", "reference_high", "interpretation", "canonical_value", "canonical_unit")


def record_of(patient: Patient) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    draws = Draw.objects.filter(patient=patient).order_by("collected_at", "accession")
    results = Result.objects.current().filter(draw__patient=patient).order_by("draw__collected_at", "marker_id")
    return list(draws.values_list(*FACTS, *TOLD)), list(results.values_list(*SAID, *LIMITS))


@pytest.fixture
def patient(cast: Cast) -> Patient:
    patient = make_patient(cast.team, number="=1+1")
    at = dt.datetime(2024, 3, 12, 8, 3, tzinfo=dt.UTC)
    haemolysed = result_of(read_cell(marker=catalogue().marker("NSE"), text="溶血", unit=""))
    limited = replace(
        reading("CYFRA211", "0.0"),
        reference_low="0",
        reference_high="3.30",
        interpretation="-",
        assay="Cobas, e801",
    )
    record_draw(
        actor="test",
        patient_id=patient.pk,
        draw=NewDraw(
            collected_at=at,
            laboratory="City, hospital",
            accession="-A;7",
            fasting="no",
            haemolysis="present",
            biotin="yes",
            g_csf="no",
            steroid="yes",
            note='@said "so";\nsecond tube, =cold',
        ),
        results=[reading("CEA", "<0.50"), reading("ALP", "90.0"), limited, haemolysed],
    )
    record_draw(
        actor="test",
        patient_id=patient.pk,
        draw=NewDraw(collected_at=dt.datetime(2024, 4, 1, tzinfo=dt.UTC), time_known=False, haemolysis="none"),
        results=[reading("CEA", ">=1500", "ug/L")],
    )
    wrong = Result.objects.get(marker_id="ALP")
    correct_result(actor="test", result_id=wrong.pk, new=reading("ALP", "91"), status="corrected", reason="misread")
    return patient


def test_what_leaves_comes_back_exactly(cast: Cast, patient: Patient) -> None:
    file = "".join(results_csv(patient))
    assert len(list(csv.reader(io.StringIO(file)))) == 1 + 5
    here = take_in(file)
    assert (here.counts.results_repeated, here.counts.results_new, here.counts.lines_rejected) == (5, 0, 0)

    # The same number in another record: what is read there must be what is on record here.
    identifier = patient.identifiers.get()
    identifier.value = "moved"
    identifier.save()
    other = make_patient(cast.team, number="=1+1")
    there = take_in(file)
    assert (there.counts.results_new, there.counts.results_corrected, there.counts.lines_rejected) == (5, 0, 0)
    assert record_of(other) == record_of(patient)
    identifier.delete()
    assert "".join(results_csv(other)) == file


def test_the_columns_are_named_and_hold_what_was_reported(cast: Cast, patient: Patient) -> None:
    file = "".join(results_csv(patient))
    rows = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"))))
    assert tuple(rows[0]) == COLUMNS
    first = {row["marker"]: row for row in rows if row["collected_at"] == "2024-03-12T08:03:00+00:00"}
    assert (first["CEA"]["value"], first["ALP"]["value"], first["CYFRA211"]["value"]) == ("<0.50", "91", "0.0")
    assert (first["NSE"]["value"], first["ALP"]["status"]) == ("溶血", "corrected")
    told = ("fasting", "haemolysis", "biotin", "g_csf", "steroid", EXPORTED)
    assert [first["CEA"][name] for name in told] == ["no", "yes", "yes", "no", "yes", "1"]
    assert first["CEA"]["patient_id"] == "'=1+1"
    last = rows[-1]
    assert [last[name] for name in told] == ["", "no", "", "", "", "1"]
    assert (last["collected_at"], last["value"], last["unit"]) == ("2024-04-01", ">=1500", "ug/L")


def test_the_file_is_for_who_may_see_the_patient_and_its_download_is_on_record(cast: Cast, patient: Patient) -> None:
    client = Client()
    client.force_login(cast.clinician)
    response = client.get(reverse("patient_results", args=[patient.pk]))
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert text == "".join(results_csv(patient))
    assert response.headers["Content-Disposition"] == f'attachment; filename="results-{patient.pk}.csv"'
    event = AuditEvent.objects.get(action="patient.exported")
    assert (event.actor, event.patient_id) == (cast.clinician.audit_name, patient.pk)
    assert (
        reverse("patient_results", args=[patient.pk])
        in client.get(reverse("patient", args=[patient.pk])).content.decode()
    )

    client.force_login(cast.stranger)
    assert client.get(reverse("patient_results", args=[patient.pk])).status_code == 404
    assert AuditEvent.objects.filter(action="patient.exported").count() == 1


def test_many_results_cost_the_queries_of_one(cast: Cast) -> None:
    asked = []
    for length in (1, 50):
        patient = make_patient(cast.team)
        for day in range(length):
            give_draw(patient, dt.date(2020, 1, 1) + dt.timedelta(days=day), {"CEA": "3.2"})
        with CaptureQueriesContext(connection) as queries:
            assert len(list(results_csv(patient))) == length + 1
        asked.append(len(queries))
    assert asked[0] == asked[1] == 2
