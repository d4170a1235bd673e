"""A result that says why there is no value: on record and on the pages, and a number to nobody."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from patients.catalogue import catalogue
from patients.entry import Typed, panel_of, read_entry
from patients.models import Draw, Result
from patients.reading import read_cell
from patients.saved_draw import saved_rows, urgent_of
from patients.selectors import series_points
from patients.services import DrawOutcome, NewDraw, NewResult, ResultExists, correct_result, record_draw, result_of
from tests.cast import ACTOR, Cast, make_patient, reading
from tests.patients.papers import paper

AT = dt.datetime(2026, 3, 9, 8, 15, tzinfo=dt.UTC)


def said(marker: str, text: str) -> NewResult:
    definition = catalogue().marker(marker)
    return result_of(read_cell(marker=definition, text=text, unit=definition.unit))


def save(patient: int, *results: NewResult) -> DrawOutcome:
    return record_draw(actor=ACTOR, patient_id=patient, draw=NewDraw(collected_at=AT), results=results)


def test_it_is_kept_as_typed_and_enters_no_series(cast: Cast) -> None:
    patient = make_patient(cast.team)
    save(patient.pk, said("NSE", "溶血"), said("CEA", "3.2"), said("NEUT", "未做"), said("LYMPH", "1.9"))
    kept = Result.objects.get(marker_id="NSE")
    assert (kept.as_typed, kept.reported, kept.absent) == ("溶血", "溶血", "haemolysed")
    assert (kept.value, kept.comparator, kept.canonical_value, kept.factor) == ("", "", None, None)
    assert set(series_points([patient.pk])[patient.pk]) == {"CEA", "LYMPH"}


def test_the_same_reason_in_another_word_is_a_repeat_and_a_value_is_not(cast: Cast) -> None:
    patient = make_patient(cast.team)
    save(patient.pk, said("NSE", "溶血"))
    assert save(patient.pk, said("NSE", "haemolysed")).repeated == 1
    for other in (said("NSE", "12.1"), said("NSE", "clotted")):
        with pytest.raises(ResultExists) as refused:
            save(patient.pk, other)
        assert refused.value.params["value"] == "溶血"
    assert Result.objects.count() == 1


def test_the_value_that_comes_later_is_a_correction_and_back(cast: Cast) -> None:
    patient = make_patient(cast.team)
    (first,) = save(patient.pk, said("NSE", "haemolysed")).created
    later = correct_result(
        actor=ACTOR, result_id=first, new=reading("NSE", "12.1"), status="corrected", reason="measured anew"
    )
    assert [point.value for point in series_points([patient.pk])[patient.pk]["NSE"]] == ["12.1"]
    correct_result(
        actor=ACTOR, result_id=later.pk, new=said("NSE", "haemolysed"), status="corrected", reason="it was haemolysed"
    )
    assert series_points([patient.pk])[patient.pk] == {}
    assert list(Result.objects.order_by("version").values_list("as_typed", flat=True)) == [
        "haemolysed",
        "12.1",
        "haemolysed",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"absent": "", "value": ""},
        {"absent": "haemolysed"},
        {"absent": "haemolysed", "value": "", "comparator": ""},
        {"absent": "nobody_knows", "value": "", "canonical_value": None, "factor": None},
        {"canonical_value": None},
        {"factor": None},
        {"unit": ""},
    ],
)
def test_the_database_holds_either_a_value_or_a_reason(cast: Cast, wrong: dict[str, object]) -> None:
    patient = make_patient(cast.team)
    value = dataclasses.replace(reading("CEA", "3.2"), **wrong)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError), transaction.atomic():
        save(patient.pk, value)
    assert Result.objects.count() == 0


def test_the_grid_takes_it_beside_values_and_shows_it_when_the_draw_is_read_back(cast: Cast) -> None:
    patient = make_patient(cast.team)
    client = Client()
    client.force_login(cast.nurse)
    form = paper({"CEA": "3.2", "NSE": "溶血"})
    response = client.post(reverse("draw_new", args=[patient.pk]), form, follow=True)
    assert list(Result.objects.order_by("marker__order").values_list("marker_id", "as_typed", "absent")) == [
        ("CEA", "3.2", ""),
        ("NSE", "溶血", "haemolysed"),
    ]
    page = response.content.decode()
    assert "溶血" in page
    assert "no value: haemolysed" in page


def test_a_reason_is_neither_an_error_nor_a_doubt(cast: Cast) -> None:
    patient = make_patient(cast.team)
    typed = {"NEUT": Typed(value="not done", unit="10*9/L"), "LYMPH": Typed(value="1.9", unit="10*9/L")}
    entry = read_entry(patient=patient, markers=panel_of(patient), typed=typed, collected_at=AT)
    (row,) = [row for row in entry.rows if row.marker.code == "NEUT"]
    assert (row.error, row.doubts, row.blocks, row.absent_text) == ("", (), False, "No value: not done.")
    assert [row.value for row in entry.computed if row.marker.code == "NLR"] == [""]
    assert entry.readable


def test_a_draw_read_back_gives_it_no_flag_and_nothing_is_computed_from_it(cast: Cast) -> None:
    patient = make_patient(cast.team)
    outcome = save(patient.pk, said("CA", "insufficient"), said("ALB", "30"))
    rows = saved_rows(patient, Draw.objects.get(pk=outcome.draw_id))
    with translation.override("en"):
        assert [(row.marker.code, row.flag, row.urgent, row.absent) for row in rows] == [
            ("CA", "", (), "not enough sample"),
            ("ALB", "L", (), ""),
        ]
    assert urgent_of(rows) == []
