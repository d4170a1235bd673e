"""The files of one chart: what they hold, what is never run by a spreadsheet, and what the log is told."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from monitoring.chart_export import chart_csv, chart_json, chart_rows, own_level
from patients.catalogue import catalogue
from patients.models import Patient
from tests.cast import Cast
from tests.monitoring.figures import finding, panel, point, reading
from tests.monitoring.scenes import RISING, patient_with, run

FILES = ("chart_csv", "chart_json", "chart_caption")


@pytest.fixture
def rising(cast: Cast) -> Patient:
    patient = patient_with(cast.team, RISING, name="Zhuo Quibble")
    run(patient)
    return patient


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_row_holds_the_value_as_reported_and_all_that_belongs_to_it() -> None:
    series = [
        point("CEA", "<0.50", draw=1, low="0", high="5", laboratory="Central", assay="Roche"),
        point("CEA", "6.10", draw=2, low="0", high="4", laboratory="Central", assay="Roche", haemolysis="present"),
    ]
    found = finding([reading(1), reading(2, uncertain="haemolysed")])
    first, second = lines(chart_csv(chart_rows(panel(series, found, note="drawn twice"), synthetic=True)))
    assert (first["comparator"], first["value"], first["unit"], first["flag"]) == ("<", "0.50", "ng/mL", "")
    assert (first["collected_at"], first["draw_note"]) == ("2026-01-05T08:00:00+00:00", "drawn twice")
    assert (first["ref_low"], first["ref_high"], first["times_uln"]) == ("0", "5", "0.1")
    assert (second["ref_high"], second["flag"], second["times_uln"]) == ("4", "H", "1.525")
    assert (second["laboratory"], second["assay"], second["haemolysis"]) == ("Central", "Roche", "present")
    assert (second["days_since_previous"], second["change_percent"]) == ("42", "")
    assert {first["synthetic"], second["synthetic"]} == {"yes"}
    assert second["read_as"] == "counts for less: sample haemolysed"
    assert (second["expected_low"], second["expected_high"], second["percent_of_own_level"]) == ("1.5", "2.6", "299.02")


def test_the_files_name_the_own_level_its_unit_its_draws_and_its_assay() -> None:
    """Nobody can check "150 %" without knowing of what."""
    own = finding([reading(at) for at in (1, 2, 3)])
    assert own.baseline is not None
    found = replace(own, baseline=replace(own.baseline, draw_ids=(2, 3)))
    series = [point("CEA", "2.04", draw=at, assay="Roche" if at < 2 else "Abbott") for at in (1, 2, 3)]
    shown = panel(series, found)
    rows = chart_rows(shown, synthetic=False)
    content = chart_json(catalogue().marker("CEA"), rows, own=own_level(shown), now=timezone.now())
    draws = ["2026-02-16T08:00:00+00:00", "2026-03-30T08:00:00+00:00"]
    assert content["own_level"] == {
        "value": 2.04,
        "low": 1.8,
        "high": 2.3,
        "unit": "ng/mL",
        "draws": draws,
        "assay": "Abbott",
        "laboratory": None,
        "segment_from": draws[0],
        "segment_to": draws[1],
    }
    other, held, _last = lines(chart_csv(rows))
    names = ("percent_of_own_level", "own_level", "own_level_unit", "own_level_draws", "own_level_assay")
    assert [other[name] for name in names] == ["", "", "", "", ""]
    assert [held[name] for name in names] == ["100.0", "2.04", "ng/mL", "; ".join(draws), "Abbott"]


def test_where_no_own_level_is_stated_the_files_name_none() -> None:
    shown = panel([point("CEA", "2")])
    assert own_level(shown) is None
    assert own_level(None) is None
    (line,) = lines(chart_csv(chart_rows(shown, synthetic=False)))
    assert (line["own_level"], line["own_level_unit"]) == ("", "")


def test_a_formula_in_a_text_is_harmless_in_the_csv_and_kept_in_the_rows() -> None:
    shown = panel([point("CEA", "2", laboratory="=cmd|' /C calc'!A0", assay="+1")], note="@SUM(A1)")
    (row,) = rows = chart_rows(shown, synthetic=False)
    assert row["synthetic"] == "no"
    assert (row["laboratory"], row["draw_note"]) == ("=cmd|' /C calc'!A0", "@SUM(A1)")
    (line,) = lines(chart_csv(rows))
    assert (line["laboratory"], line["draw_note"]) == ("'=cmd|' /C calc'!A0", "'@SUM(A1)")


def test_csv_and_json_hold_the_same_values_and_no_name_and_the_log_tells_of_both(
    client: Client, cast: Cast, rising: Patient
) -> None:
    client.force_login(cast.nurse)
    as_csv = client.get(reverse("chart_csv", args=[rising.pk, "CEA"]))
    as_json = client.get(reverse("chart_json", args=[rising.pk, "CEA"]))
    values = json.loads(as_json.content)["values"]
    assert [row["value"] for row in lines(as_csv.content.decode())] == [row["value"] for row in values] == list(RISING)
    for answer in (as_csv, as_json):
        assert "Quibble" not in answer.content.decode()
        assert "Quibble" not in answer["Content-Disposition"]
        assert answer["Cache-Control"] == "no-store"
    assert as_csv["Content-Disposition"] == f'attachment; filename="chart-CEA-{timezone.localdate():%Y-%m-%d}.csv"'
    told = AuditEvent.objects.filter(action="patient.exported", patient_id=rising.pk, actor=cast.nurse.audit_name)
    assert told.count() == 2


def test_the_caption_says_who_and_that_data_are_synthetic_and_the_log_tells_of_the_image(
    client: Client, cast: Cast, rising: Patient
) -> None:
    Patient.objects.filter(pk=rising.pk).update(is_synthetic=True)
    client.force_login(cast.clinician)
    caption = client.get(reverse("chart_caption", args=[rising.pk, "CEA"])).json()
    assert caption["made"].startswith("Made by clinician, ")
    assert caption["synthetic"] == "Synthetic data"
    assert "Quibble" not in json.dumps(caption)
    assert AuditEvent.objects.filter(action="patient.exported", patient_id=rising.pk).count() == 1


@pytest.mark.parametrize("name", FILES)
def test_a_marker_that_is_none_is_not_found_and_nothing_is_told_as_taken(
    client: Client, cast: Cast, rising: Patient, name: str
) -> None:
    client.force_login(cast.clinician)
    for code in ("NONE", "cea", "CEA;"):
        assert client.get(reverse(name, args=[rising.pk, code])).status_code == 404
    assert not AuditEvent.objects.filter(action="patient.exported").exists()


def test_a_marker_without_a_value_is_a_file_without_a_row(client: Client, cast: Cast, rising: Patient) -> None:
    client.force_login(cast.clinician)
    assert lines(client.get(reverse("chart_csv", args=[rising.pk, "SCC"])).content.decode()) == []
    assert client.get(reverse("chart_json", args=[rising.pk, "SCC"])).json()["values"] == []


@pytest.mark.parametrize("name", FILES)
def test_another_teams_chart_is_not_found(client: Client, cast: Cast, rising: Patient, name: str) -> None:
    client.force_login(cast.stranger)
    assert client.get(reverse(name, args=[rising.pk, "CEA"])).status_code == 404
    assert not AuditEvent.objects.filter(action="patient.exported").exists()
