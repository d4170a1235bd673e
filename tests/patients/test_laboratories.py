"""Profiles of laboratories: their pages, their service, and what the grid takes over from them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from patients.catalogue import catalogue
from patients.laboratory_profile import Profile, profile_of
from patients.models import Draw, Laboratory, Result
from patients.services import LaboratoryKnown, ReportLine, save_laboratory
from tests.cast import Cast, give_draw, make_patient
from tests.patients.papers import paper

pytestmark = pytest.mark.django_db
LINES = [ReportLine(marker="CYFRA211", assay="Elecsys"), ReportLine(marker="CEA", unit="µg/L")]


def described(name: str = "Hospital lab", *, is_active: bool = True) -> Laboratory:
    return save_laboratory(actor="admin", name=name, decimal_comma=True, is_active=is_active, lines=LINES)


def typed(**changes: str) -> dict[str, str]:
    return {"name": "Hospital lab", "is_active": "on", "place_CEA": "2", "unit_CEA": "µg/L", "place_ALP": "1"} | changes


def test_a_profile_gives_order_units_assays_and_decimal_sign_however_the_name_is_spaced() -> None:
    described()

    found = profile_of("  hospital   LAB ")

    assert found == Profile(
        order=("CYFRA211", "CEA"), units={"CEA": "µg/L"}, assays={"CYFRA211": "Elecsys"}, decimal_comma=True
    )


@pytest.mark.parametrize("name", ["", "Another lab"])
def test_a_laboratory_that_nobody_described_leaves_everything_as_it_is(name: str) -> None:
    described()

    assert profile_of(name) == Profile()
    assert Profile().in_order(catalogue().markers) == catalogue().markers


def test_a_laboratory_out_of_use_gives_nothing() -> None:
    described(is_active=False)

    assert profile_of("Hospital lab") == Profile()


def test_the_markers_of_the_report_come_first_in_its_order_and_the_others_keep_theirs() -> None:
    described()
    markers = [catalogue().marker(code) for code in ("CEA", "ALP", "BAP", "CYFRA211")]

    ordered = profile_of("Hospital lab").in_order(markers)

    assert [marker.code for marker in ordered] == ["CYFRA211", "CEA", "ALP", "BAP"]


def test_saving_again_replaces_the_report_and_leaves_one_audit_line_each() -> None:
    laboratory = described()
    save_laboratory(
        actor="admin",
        laboratory_id=laboratory.pk,
        name="Hospital Lab",
        decimal_comma=False,
        is_active=True,
        lines=[ReportLine(marker="ALP")],
    )

    assert [(line.marker_id, line.order) for line in laboratory.markers.all()] == [("ALP", 1)]
    assert profile_of("hospital lab").decimal_comma is False
    events = AuditEvent.objects.filter(action="laboratory.saved").order_by("pk")
    assert [event.details["markers"] for event in events] == [["CYFRA211", "CEA"], ["ALP"]]


def test_a_second_laboratory_of_one_name_is_refused_and_nothing_is_written() -> None:
    described()

    with pytest.raises(LaboratoryKnown):
        described("HOSPITAL  lab")

    assert Laboratory.objects.count() == 1
    assert AuditEvent.objects.filter(action="laboratory.saved").count() == 1


def test_a_laboratory_that_draws_know_by_its_name_keeps_that_name(client: Client, cast: Cast) -> None:
    laboratory = described()
    client.force_login(cast.administrator)
    page = reverse("laboratory_edit", args=[laboratory.pk])
    renamed = typed(name="Hospital Lab of the South", second_check="none")
    give_draw(make_patient(cast.team), dt.date(2026, 1, 5), {"CEA": "3"}, laboratory="hospital  lab")
    answer = client.post(page, renamed)
    assert answer.status_code == 200
    assert "know this laboratory by the name it has" in answer.content.decode()
    assert Laboratory.objects.get().name == "Hospital lab"
    assert client.post(page, renamed | {"name": "HOSPITAL LAB"}).status_code == 302
    assert Laboratory.objects.get().name == "HOSPITAL LAB"
    Draw.objects.update(laboratory="Elsewhere")
    assert client.post(page, renamed).status_code == 302
    assert Laboratory.objects.get().name == "Hospital Lab of the South"


def test_only_an_administrator_opens_or_changes_a_profile(client: Client, cast: Cast) -> None:
    laboratory = described()
    pages = [reverse("laboratory_list"), reverse("laboratory_new"), reverse("laboratory_edit", args=[laboratory.pk])]
    for person, status in {cast.nurse: 403, cast.clinician: 403, cast.administrator: 200}.items():
        client.force_login(person)
        assert [client.get(page).status_code for page in pages] == [status] * 3
    client.force_login(cast.nurse)
    assert client.post(pages[2], typed(name="Other")).status_code == 403
    laboratory.refresh_from_db()
    assert (laboratory.name, laboratory.markers.count()) == ("Hospital lab", 2)


def test_what_is_typed_is_saved_in_the_order_of_its_numbers(client: Client, cast: Cast) -> None:
    client.force_login(cast.administrator)

    answer = client.post(reverse("laboratory_new"), typed(), follow=True)

    assert "Saved. The next draw of Hospital lab is laid out so." in answer.content.decode()
    assert profile_of("Hospital lab") == Profile(order=("ALP", "CEA"), units={"CEA": "µg/L"})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"place_CEA": "two"}, "The place is a whole number from 1 to 200."),
        ({"place_CEA": "0"}, "The place is a whole number from 1 to 200."),
        ({"place_CEA": "1"}, "Place 1 is given twice."),
        ({"place_CEA": ""}, "Give it a place on the report, or empty its unit and assay."),
        ({"unit_CEA": "furlong"}, "furlong"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_slip_is_named_at_its_row_and_what_was_typed_is_kept(
    client: Client, cast: Cast, wrong: dict[str, str], said: str
) -> None:
    client.force_login(cast.administrator)

    answer = client.post(reverse("laboratory_new"), typed(assay_ALP="IFCC") | wrong)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert said in page
    assert 'value="IFCC"' in page
    assert not Laboratory.objects.exists()


def test_a_taken_name_is_said_at_the_name(client: Client, cast: Cast) -> None:
    described()
    client.force_login(cast.administrator)

    answer = client.post(reverse("laboratory_new"), typed(name="hospital lab"))

    assert "A laboratory of this name is described already." in answer.content.decode()
    assert Laboratory.objects.count() == 1


def test_the_list_asks_as_many_queries_for_fifty_laboratories_as_for_one(client: Client, cast: Cast) -> None:
    client.force_login(cast.administrator)
    described("Lab 0")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(reverse("laboratory_list")).status_code == 200
        return len(seen)

    queries()
    once = queries()
    for number in range(1, 50):
        described(f"Lab {number}")
    assert queries() == once


def test_the_grid_is_laid_out_as_the_report_of_the_laboratory_of_the_last_draw(client: Client, cast: Cast) -> None:
    described()
    patient = make_patient(cast.team)
    give_draw(patient, dt.date(2026, 3, 2), {"CEA": "3.1"}, laboratory="Hospital lab")
    client.force_login(cast.nurse)

    page = client.get(reverse("draw_new", args=[patient.pk])).content.decode()

    places = [page.index(f'name="value_{code}"') for code in ("CYFRA211", "CEA", "NSE", "ALP")]
    assert places == sorted(places)
    assert 'value="Elecsys"' in page


def test_a_decimal_comma_is_read_where_the_laboratory_writes_one_and_nowhere_else(client: Client, cast: Cast) -> None:
    described()
    patient = make_patient(cast.team)
    client.force_login(cast.nurse)

    def typed_as(laboratory: str) -> int:
        return client.post(
            reverse("draw_new", args=[patient.pk]), paper({"CEA": "4,7"}, laboratory=laboratory)
        ).status_code

    assert typed_as("Another lab") == 422
    assert not Result.objects.exists()
    assert typed_as("Hospital lab") == 302
    assert [(one.as_typed, one.canonical_value) for one in Result.objects.all()] == [("4,7", Decimal("4.7"))]
