"""Patients by keyboard and by barcode reader: nothing is sent by the Enter that ends a scanned number."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Patient, PatientIdentifier, PatientMerge
from patients.services import add_number
from tests.browser.scanner import scan
from tests.browser.steps import accessibility_violations, follow, open_page, sideways_scroll, sign_in
from tests.cast import ACTOR, PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser


def signed_in(page: Page, live_server: LiveServer, who: str) -> Page:
    sign_in(page, live_server.url, username=who, password=PASSWORD)
    return page


def test_a_scanned_number_goes_into_its_field_and_the_form_is_saved_by_keys(
    live_server: LiveServer, cast: Cast, page: Page
) -> None:
    make_patient(cast.team, number="H-1")
    signed_in(page, live_server, "nurse")
    page.goto(f"{live_server.url}{reverse('patient_new')}")
    page.locator("#id_number").focus()
    scan(page, "H-00077")
    expect(page.locator("#id_name")).to_be_focused()
    page.keyboard.type("Zhuo Quibbles", delay=50)
    page.locator("[data-save]").focus()
    scan(page, "H-00077")  # a second scan, with the focus on the button
    expect(page.locator("#id_number")).to_have_value("H-00077")
    assert Patient.objects.count() == 1
    page.locator("#id_birth_date").fill("1958-04-17")
    page.locator("#id_birth_date").press("Control+Enter")
    expect(page.locator("#namesakes-title")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Zhuo Quibbles")
    assert Patient.objects.count() == 1
    page.locator("#id_another_person").press("Space")
    page.locator("#id_another_person").press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("The patient is on record.")
    assert PatientIdentifier.objects.filter(value="H-00077").count() == 1


def test_two_records_are_merged_and_parted_by_keys(live_server: LiveServer, cast: Cast, page: Page) -> None:
    kept = make_patient(cast.team, number="H-1")
    give_draw(make_patient(cast.team, name="Zhuo Quibbel", number="H-2"), dt.date(2026, 1, 5), {"CEA": "3"})
    signed_in(page, live_server, "clinician")
    page.goto(f"{live_server.url}{reverse('patient_merges', args=[kept.pk])}")
    expect(page.locator("#id_q")).to_be_focused()
    scan(page, "H-2")
    follow(page, page.get_by_role("link", name="Zhuo Quibbel"))
    page.locator("#id_reason").focus()
    page.keyboard.type("typed twice")
    page.keyboard.press("Enter")
    expect(page.locator("[data-save]")).to_be_focused()
    assert not PatientMerge.objects.exists()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("The two records are one now.")
    page.goto(f"{live_server.url}{reverse('patient_merges', args=[kept.pk])}")
    page.get_by_role("button", name="Undo this merge").press("Enter")
    expect(page.locator(".message-success")).to_contain_text("The merge is undone")
    assert not Patient.objects.filter(merged_into__isnull=False).exists()


def test_one_blood_is_answered_by_keys_and_a_refusal_keeps_the_answer(
    live_server: LiveServer, cast: Cast, page: Page
) -> None:
    kept, other = make_patient(cast.team, number="H-1"), make_patient(cast.team, number="H-2")
    mine = give_draw(kept, dt.date(2026, 1, 5), {"CEA": "2.0"}, laboratory="Central").draw_id
    theirs = give_draw(other, dt.date(2026, 1, 5), {"CEA": "2.0", "NSE": "9"}).draw_id
    signed_in(page, live_server, "clinician")
    page.goto(f"{live_server.url}{reverse('patient_merge', args=[kept.pk, other.pk])}")
    page.locator("#id_reason").focus()
    page.keyboard.type("typed twice")
    page.keyboard.press("Control+Enter")
    expect(page.locator("input:invalid").first).to_be_focused()  # the browser itself asks for an answer
    assert not PatientMerge.objects.exists()
    page.locator(f"#id_blood_{mine}_{theirs}_0").press("Space")
    page.locator("#id_reason").press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("The two records are one now.")
    assert [draw.results.count() for draw in kept.draws.all()] == [2]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_the_pages_of_numbers_and_merges_can_be_used_by_everyone(
    live_server: LiveServer, cast: Cast, browser: Browser, width: int, dark: bool
) -> None:
    kept, other, agreeing = (make_patient(cast.team, number=number) for number in ("H-1", "H-2", "H-3"))
    add_number(actor=ACTOR, patient_id=kept.pk, value="H-7", reason="new card")
    asked = make_patient(cast.team, number="H-4")
    for patient, value in ((kept, "2.0"), (other, "2.1"), (agreeing, "2.0")):
        give_draw(patient, dt.date(2026, 1, 5), {"CEA": value})
    give_draw(asked, dt.date(2026, 1, 5), {"CEA": "2.0", "NSE": "9"}, laboratory="Central")
    watched = open_page(browser, width=width, dark=dark)
    page = signed_in(watched.page, live_server, "clinician")
    found = []
    for address in (
        reverse("patient_numbers", args=[kept.pk]),
        reverse("patient_merges", args=[kept.pk]),
        reverse("patient_merge", args=[kept.pk, other.pk]),
        reverse("patient_merge", args=[kept.pk, agreeing.pk]),
        reverse("patient_merge", args=[kept.pk, asked.pk]),
    ):
        page.goto(f"{live_server.url}{address}")
        for summary in page.locator("main details > summary").all():
            summary.press("Enter")
        found += [f"{address}: {said}" for said in accessibility_violations(page)]
        if (wide := sideways_scroll(page)) > 0:
            found.append(f"{address}: scrolls sideways by {wide} px")
    assert [*found, *watched.complaints] == []
    page.context.close()
