"""Defects that others who show results have had: each of these fails if we had it too (docs/peers-defects.md).

What a test of its own part holds already is not repeated here; the table in the document names it, and every test it
names is there.
"""

from __future__ import annotations

import ast
import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitoring.chart_export import chart_rows
from monitoring.chart_panels import last_value_text
from monitoring.cumulative import cumulative_table
from monitoring.point_words import hover_text
from patients.models import Draw, Patient, Result
from patients.reference import flag
from patients.silence import silent_patients
from tests.cast import Cast, give_draw, make_patient
from tests.monitoring.figures import panel, point
from tests.monitoring.test_charts import chart, notes, shapes, traces

PROJECT = Path(__file__).resolve().parents[2]
TABLE = PROJECT / "docs" / "peers-defects.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


# --- 0 and small numbers ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["0", "0.0", "0.004", "0.50", "4.345"])
def test_a_value_stands_as_typed_wherever_it_is_shown(typed: str) -> None:
    shown = panel([point("CEA", typed)])
    (cell,) = cumulative_table([shown]).rows[0].cells
    assert cell is not None
    assert cell.value == typed
    assert last_value_text(shown) == f"{typed} ng/mL"
    assert hover_text(shown.marker, shown.views[0]).startswith(f"CEA {typed} ng/mL")
    assert chart(shown)["draws"][0]["items"] == [f"CEA {typed} ng/mL"]
    assert chart_rows(shown, synthetic=False)[0]["value"] == typed


def test_a_zero_that_is_on_record_stands_in_the_form_that_corrects_it(client: Client, cast: Cast) -> None:
    outcome = give_draw(make_patient(cast.team), dt.date(2026, 3, 2), {"CEA": "0", "ALP": "80"})
    draw = Draw.objects.get(pk=outcome.draw_id)
    client.force_login(cast.nurse)
    page = client.get(reverse("draw_correct", args=[draw.patient_id, draw.pk])).content.decode()
    assert dict(re.findall(r'name="value_(\w+)"[^>]* value="([^"]*)"', page))["CEA"] == "0"
    assert Result.objects.get(draw=draw, marker_id="CEA").canonical_value == 0


# --- limits -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("low", "high", "flags"),
    [
        ("", "5", ["", "", "H"]),
        ("", "< 5", ["", "", "H"]),
        ("0", "5", ["", "", "H"]),
        ("1", "", ["L", "", ""]),
        (">1", "", ["L", "", ""]),
    ],
)
def test_a_range_of_one_side_is_drawn_and_flags_in_chart_and_table(low: str, high: str, flags: list[str]) -> None:
    shown = panel([point("CEA", value, draw=at, low=low, high=high) for at, value in enumerate(("0", "5", "6"), 1)])
    assert len(shapes(chart(shown), "reference")) == 1
    assert [view.flag for view in shown.views] == flags
    assert [cell.flag if cell else None for cell in cumulative_table([shown]).rows[0].cells] == flags


def test_a_limit_that_is_absent_is_not_zero() -> None:
    """Stored as 0, an absent upper limit makes every value high."""
    shown = panel([point("CEA", "3", low="1")])
    (view,) = shown.views
    assert view.within is not None
    assert (view.within.low, view.within.high, view.flag) == (Decimal(1), None, "")
    assert chart_rows(shown, synthetic=False)[0]["ref_high"] is None


def test_no_range_is_no_flag_and_no_band_and_not_called_normal() -> None:
    shown = panel([point("SCC", "99")])
    shown = replace(shown, views=[replace(view, within=None, flag="") for view in shown.views])
    assert shapes(chart(shown), "reference") == []
    assert notes(chart(shown), "remark") == [""]
    assert "normal" not in hover_text(shown.marker, shown.views[0])


def test_each_value_is_told_with_the_range_of_its_own_draw() -> None:
    """Not with the first of the series, nor with the latest for all years."""
    shown = panel([point("CEA", "4.5", draw=1, low="0", high="5"), point("CEA", "4.5", draw=2, low="0", high="4")])
    assert [view.flag for view in shown.views] == ["", "H"]
    told = [hover_text(shown.marker, view) for view in shown.views]
    assert ["reference 0–5 " in text for text in told] == [True, False]
    assert ["reference 0–4 " in text for text in told] == [False, True]
    cells = cumulative_table([shown]).rows[0].cells
    assert ["reference 0–4 " in cell.detail for cell in cells if cell] == [False, True]


def test_every_flag_there_is_has_a_letter_of_its_own_and_its_style() -> None:
    """There are two: what lies outside, and on which side. None of them is made to look like "critical"."""
    within = panel([point("CEA", "3", low="1", high="5")]).views[0].within
    sides = {
        flag(Decimal(value), comparator, within) for value in ("0", "1", "3", "5", "6") for comparator in ("", "<", ">")
    }
    assert sides == {"", "H", "L"}
    style = (PROJECT / "static" / "css" / "app.css").read_text(encoding="utf-8")
    assert set(re.findall(r"\.flag-(\w+)", style)) == {"H", "L"}


# --- series -----------------------------------------------------------------------------------------------------------
def test_three_units_in_one_series_are_drawn_in_one_and_stand_as_reported() -> None:
    units = (("g/L", "34", "1"), ("g/dL", "3.4", "10"), ("mg/dL", "3400", "0.01"))
    series = [
        replace(point("ALB", text, draw=at), unit=unit, canonical=Decimal(34), factor=Decimal(factor))
        for at, (unit, text, factor) in enumerate(units, start=1)
    ]
    shown = panel(series)
    made = chart(shown)
    (used,) = traces(made, "used", "ALB")
    assert used["y"] == [34.0, 34.0, 34.0]
    assert [title.rpartition(" ")[2] for title in notes(made, "title")] == ["g/L"]
    assert [cell.value if cell else None for cell in cumulative_table([shown]).rows[0].cells] == ["34", "3.4", "3400"]
    assert ["drawn as 34 g/L" in text for text in used["hovertext"]] == [False, True, True]


def test_two_values_of_one_day_are_both_in_the_table_and_neither_is_their_mean() -> None:
    twice = [
        point("CEA", "2.0", draw=1),
        replace(point("CEA", "4.0", draw=2), collected_at=point("CEA", "1").collected_at),
    ]
    shown = panel(twice)
    (used,) = traces(chart(shown), "used")
    assert used["y"] == [2.0, 4.0]
    assert [cell.value if cell else None for cell in cumulative_table([shown]).rows[0].cells] == ["2.0", "4.0"]


def test_a_patient_whose_old_results_are_loaded_today_is_silent_all_the_same(cast: Cast) -> None:
    """What counts is when the blood was drawn, not when the row was made."""
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2024, 1, 15), {"CEA": "2.0"})
    today = dt.date(2025, 9, 1)
    Draw.objects.filter(patient=patient).update(recorded_at=dt.datetime(2025, 9, 1, 9, tzinfo=dt.UTC))
    assert silent_patients(Patient.objects.all(), today=today, tz=dt.UTC) == {patient.pk}


# --- the table of the document ----------------------------------------------------------------------------------------
def table_rows() -> list[str]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(("| Peer", "| Convention"))]


def named_in(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    found: list[Any] = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {one.name for one in found if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


def test_every_row_of_the_table_names_a_test_that_is_there() -> None:
    rows = table_rows()
    assert len(rows) >= 16
    assert [row for row in rows if not NAMED.search(row)] == []
    named = NAMED.findall("\n".join(rows))
    assert [(path, name) for path, name in named if name not in named_in(PROJECT / path)] == []
