from __future__ import annotations

import datetime as dt
import gzip

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from config.middleware import ClinicTimeMiddleware, NoStoreMiddleware
from tests.cast import Cast, give_draw, make_patient

LATE = dt.datetime(2026, 3, 2, 18, 30, tzinfo=dt.UTC)  # 3 March, 02:30 in Shanghai


def test_days_are_those_of_the_clinic_within_a_request_and_of_utc_outside(settings: Settings) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"
    seen = []

    def page(_request: HttpRequest) -> HttpResponse:
        seen.append(timezone.localtime(LATE).isoformat())
        return HttpResponse()

    ClinicTimeMiddleware(page)(RequestFactory().get("/"))
    assert seen == ["2026-03-03T02:30:00+08:00"]
    assert timezone.localtime(LATE).isoformat() == "2026-03-02T18:30:00+00:00"


def test_a_request_that_breaks_leaves_no_zone_behind(settings: Settings) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"

    def page(_request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ClinicTimeMiddleware(page)(RequestFactory().get("/"))
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize("signed_in", [True, False])
def test_what_a_signed_in_person_sees_is_kept_by_nobody(cast: Cast, *, signed_in: bool) -> None:
    request = RequestFactory().get("/")
    request.user = cast.nurse if signed_in else AnonymousUser()
    kept = HttpResponse(headers={"Cache-Control": "max-age=3600"})
    response = NoStoreMiddleware(lambda _request: kept)(request)
    assert response["Cache-Control"] == ("no-store" if signed_in else "max-age=3600")


def test_the_patient_page_shows_the_clinics_day(client: Client, cast: Cast, settings: Settings) -> None:
    settings.CLINIC_TIME_ZONE = "Asia/Shanghai"
    patient = make_patient(cast.team)
    give_draw(patient, LATE, {"CEA": "3"})
    client.force_login(cast.nurse)
    page = client.get(reverse("patient", args=[patient.pk])).content.decode()
    assert "03-Mar-2026" in page
    assert "02-Mar-2026" not in page


def test_a_page_goes_over_the_wire_compressed_and_padded_by_a_random_length(client: Client, cast: Cast) -> None:
    client.force_login(cast.clinician)
    patient = make_patient(cast.team, name="Quillon Ashgrove")
    give_draw(patient, dt.date(2026, 1, 5), {"CEA": "2.0"})
    page = reverse("patient", args=[patient.pk])
    answers = [client.get(page, headers={"accept-encoding": "gzip"}) for _ in range(8)]
    assert {answer["Content-Encoding"] for answer in answers} == {"gzip"}
    assert all("Quillon Ashgrove" in gzip.decompress(answer.content).decode() for answer in answers)
    assert len({len(answer.content) for answer in answers}) > 1
    assert max(len(answer.content) for answer in answers) < len(client.get(page).content) / 2
