"""Defects that other programs have and Leadtime must not: see docs/peers-defects.md."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitoring.charts import Events, patient_chart
from monitoring.patient_page import patient_page
from monitoring.trends.slope import slope_of
from patients.catalogue import catalogue
from patients.models import Draw
from patients.plausibility import check_value
from patients.reading import read_result
from patients.selectors import series_points
from patients.services import NewDraw, record_draw, result_of
from tests.cast import ACTOR, Cast, give_draw, make_patient
from tests.monitoring.figures import panel, point
from tests.patients.test_views_corrections import on_record, opened, send

PROJECT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")
AT = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


def test_every_test_that_the_list_names_is_there() -> None:
    named = NAMED.findall((PROJECT / "docs" / "peers-defects.md").read_text(encoding="utf-8"))
    assert len(named) > 15
    assert [one for one in named if f"def {one[1]}(" not in (PROJECT / one[0]).read_text(encoding="utf-8")] == []


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["0", "0.004", "0.50", "<0.5"])
def test_0_and_small_values_stand_in_the_table_and_on_the_chart_as_typed(cast: Cast, typed: str) -> None:
    patient = make_patient(cast.team)
    give_draw(patient, AT, {"CEA": typed})
    page = patient_page(patient, now=AT)
    assert page.table is not None
    assert [cell.value for cell in page.table.rows[0].cells if cell] == [typed]
    assert [view.reported for view in page.panels[0].views] == [typed]


@pytest.mark.django_db
def test_a_0_survives_the_correction_of_another_value(client: Client, cast: Cast) -> None:
    patient = make_patient(cast.team)
    draw = Draw.objects.get(pk=give_draw(patient, AT, {"CEA": "0", "ALP": "80"}).draw_id)
    client.force_login(cast.nurse)
    form = opened(client, draw)
    assert form["value_CEA"] == "0"
    send(client, draw, form, value_ALP="90", reason="typed wrongly")
    assert {marker: text for marker, (text, _status, _version) in on_record(draw).items()} == {"CEA": "0", "ALP": "90"}


def test_the_slope_is_per_day_and_not_per_draw() -> None:
    import numpy as np

    logs = np.log(np.array([2.0, 2.4, 4.0]))
    even, uneven = np.array([0.0, 50.0, 100.0]), np.array([0.0, 10.0, 100.0])
    slopes = [slope_of(days, logs, method="rise") for days in (even, uneven)]
    expected = [float(np.polyfit(days, logs, 1)[0]) for days in (even, uneven)]
    assert [one.per_day for one in slopes if one] == pytest.approx(expected)
    assert expected[0] != pytest.approx(expected[1])


def test_two_draws_of_one_day_are_two_points() -> None:
    shown = panel([point("CEA", "2.0", draw=1, hour=8), point("CEA", "4.0", draw=1, hour=15)])
    made = patient_chart([shown], events=Events(), today=dt.date(2026, 9, 1))
    assert made is not None
    (used,) = [one for one in made["data"] if one.get("meta", {}).get("role") == "used"]
    assert (used["y"], len(set(used["x"]))) == ([2.0, 4.0], 2)


@pytest.mark.django_db
def test_three_units_of_one_marker_are_one_course_in_its_own_unit(cast: Cast) -> None:
    """0.5 ng/mL, 0.5 µg/L and 500 pg/mL are one amount."""
    patient = make_patient(cast.team)
    marker = catalogue().marker("BCTX")
    for days, (value, unit) in enumerate((("0.5", "ng/mL"), ("0.5", "ug/L"), ("500", "pg/mL"), ("500", "ng/L"))):
        new = NewDraw(collected_at=AT + dt.timedelta(days=days))
        record_draw(
            actor=ACTOR,
            patient_id=patient.pk,
            draw=new,
            results=[result_of(read_result(marker=marker, text=value, unit=unit))],
        )
    points = series_points([patient.pk])[patient.pk]["BCTX"]
    assert [one.canonical for one in points] == [Decimal("0.5")] * 4
    page = patient_page(patient, now=AT + dt.timedelta(days=9))
    assert [(view.reported, view.y) for view in page.panels[0].views] == [
        ("0.5", 0.5),
        ("0.5", 0.5),
        ("500", 0.5),
        ("500", 0.5),
    ]


@pytest.mark.django_db
def test_above_the_range_and_urgent_are_told_apart(client: Client, cast: Cast) -> None:
    limit = catalogue().marker("CA").urgent_high
    assert limit is not None
    above, urgent = make_patient(cast.team), make_patient(cast.team)
    give_draw(above, AT, {"CA": "2.60"})
    give_draw(urgent, AT, {"CA": str(limit.value)})
    client.force_login(cast.clinician)
    pages = [client.get(reverse("patient", args=[one.pk])).content.decode() for one in (above, urgent)]
    assert ['class="flag flag-H"' in page for page in pages] == [True, True]
    assert ["Urgent value" in page for page in pages] == [False, True]


@pytest.mark.parametrize("marker", [one for one in catalogue().markers if one.urgent_low or one.urgent_high])
def test_urgent_is_at_or_beyond_a_limit_and_never_between(marker: Any) -> None:
    step = Decimal("0.001")

    def urgent(value: Decimal) -> bool:
        return any(one.severity == "urgent" for one in check_value(marker, value, ""))

    if marker.urgent_high:
        high = marker.urgent_high.value
        assert [urgent(value) for value in (high - step, high, high + step)] == [False, True, True]
    if marker.urgent_low:
        low = marker.urgent_low.value
        assert [urgent(value) for value in (low - step, low, low + step)] == [True, True, False]
    if marker.urgent_low and marker.urgent_high:
        assert not urgent((marker.urgent_low.value + marker.urgent_high.value) / 2)
