"""A laboratory's limits, copied from its paper by keyboard alone, and seen beside the cell they belong to."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import LaboratoryInterval
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in
from tests.browser.test_corrections import tab_to
from tests.cast import PASSWORD, Cast, give_draw, make_patient
from tests.patients.tables import FROM, laboratory, line

pytestmark = pytest.mark.browser
DAY = dt.timedelta(days=1)


def test_limits_are_added_and_agreed_to_by_keys(live_server: LiveServer, cast: Cast, page: Page) -> None:
    sign_in(page, live_server.url, username="administrator", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('laboratory_edit', args=[laboratory().pk])}")
    keys = page.keyboard
    tab_to(page, "a[href$='/intervals/']")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Reference intervals")
    tab_to(page, "a[href$='/new/'].btn")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Add limits")
    tab_to(page, "#id_valid_from")
    keys.type("01012026")
    tab_to(page, "#id_sex")
    keys.type("women")
    tab_to(page, "#id_age_from")
    keys.type("18")
    tab_to(page, "#high_CEA")
    keys.type("<43")
    keys.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#doubt_CEA")).to_contain_text("about the catalogue's × 8.6")
    assert not LaboratoryInterval.objects.exists()
    keys.press("Tab")
    keys.press("Enter")  # from the summary to the question
    tab_to(page, "#agreed_CEA")
    keys.press("Space")
    keys.press("Enter")
    expect(page.locator(".message-success")).to_contain_text("1 line added.")
    expect(page.locator("tbody tr")).to_contain_text("<43 ng/mL")


def test_a_line_that_was_typed_wrongly_is_withdrawn_and_typed_right_by_keys(
    live_server: LiveServer, cast: Cast, page: Page
) -> None:
    wrong = line("CEA", "", "<43", "ng/mL", sex="female", age_from=18)
    sign_in(page, live_server.url, username="administrator", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('interval_list', args=[wrong.laboratory_id])}")
    keys = page.keyboard
    tab_to(page, "tbody a")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("End or withdraw")
    tab_to(page, "#id_reason")
    keys.type("point forgotten")
    keys.press("Enter")
    expect(page.locator("#high_CEA")).to_have_value("<43")
    expect(page.locator("#id_age_from")).to_have_value("18")
    tab_to(page, "#high_CEA")
    keys.type("<4.3")  # what has the focus by Tab is selected
    keys.press("Enter")
    expect(page.locator(".message-success")).to_contain_text("1 line added.")
    stands = LaboratoryInterval.objects.filter(withdrawn_at__isnull=True)
    assert [(one.high, one.sex, one.age_from) for one in stands] == [("<4.3", "female", 18)]
    assert {one.valid_from for one in stands} == {FROM}


def test_the_limits_beside_a_cell_follow_laboratory_day_and_assay(
    live_server: LiveServer, cast: Cast, page: Page
) -> None:
    line("CEA", "", "4.3", "ng/mL")
    line("CEA", "", "3.8", "ng/mL", assay="Elecsys")
    patient = make_patient(cast.team)
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_new', args=[patient.pk])}")
    row = page.locator("tr[data-marker=CEA]")
    limits, flag = row.locator("[data-reference]"), row.locator("[data-flag]")
    keys = page.keyboard
    tab_to(page, "#value_CEA")
    keys.type("4.5")
    expect(limits).to_contain_text("catalogue, ")
    expect(flag).to_have_text("")
    page.fill("#id_collected_on", FROM.isoformat())
    page.fill("#id_laboratory", "central")
    keys.press("Tab")
    expect(limits).to_have_text("≤ 4.3 ng/mL laboratory Central, from 01-Jan-2026")
    expect(flag).to_have_text("H")
    page.fill("#value_CEA", "4.0")
    expect(flag).to_have_text("")
    page.fill("#assay_CEA", "elecsys")
    expect(limits).to_have_text("≤ 3.8 ng/mL laboratory Central, from 01-Jan-2026, Elecsys")
    expect(flag).to_have_text("H")
    page.fill("#id_collected_on", (FROM - DAY).isoformat())
    keys.press("Tab")
    expect(limits).to_contain_text("catalogue, ")
    expect(flag).to_have_text("")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, False), (1440, True), (390, True)])
def test_the_pages_can_be_used_by_everyone(
    live_server: LiveServer, cast: Cast, browser: Browser, width: int, dark: bool
) -> None:
    """With an error, a question, an ended and a withdrawn line; then the patient whose values are held against them."""
    for number in range(2):
        line("CEA", "", f"{5 - number}", "ng/mL", valid_from=FROM - (1 - number) * 700 * DAY, sex="female", age_from=18)
    alp = line("ALP", "0.58", "1.74", "µkat/L", assay="IFCC", source="Table of January 2026, page 2")
    patient = make_patient(cast.team)
    for at in range(-2, 3):
        give_draw(patient, FROM + at * 30 * DAY, {"CEA": "4.5", "ALP": "120"}, laboratory="Central")
    address = reverse("interval_list", args=[alp.laboratory_id])
    watched = open_page(browser, width=width, dark=dark)
    page, suffix = watched.page, f"{width}-{'dark' if dark else 'light'}"
    found = []

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        keep_screenshot(page, f"{name}-{suffix}")
        found.extend(accessibility_violations(page))
        found.extend([f"{name} scrolls sideways"] if sideways_scroll(page) > 0 else [])

    sign_in(page, live_server.url, username="administrator", password=PASSWORD)
    page.goto(f"{live_server.url}{address}")
    page.locator("summary", has_text="no longer").press("Enter")
    look("interval-list")
    page.goto(f"{live_server.url}{address}new/")
    page.fill("#id_valid_from", "2026-03-01")
    page.fill("#low_CEA", "0-5")
    page.fill("#high_NSE", "163")
    page.locator("#high_NSE").press("Enter")
    look("interval-new")
    page.goto(f"{live_server.url}{address}{alp.pk}/")
    look("interval-close")
    page.context.clear_cookies()
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_new', args=[patient.pk])}")
    look("interval-entry")
    page.goto(f"{live_server.url}{reverse('patient', args=[patient.pk])}")
    page.locator(".main-svg").first.wait_for()
    look("interval-patient")
    draw = patient.draws.latest("collected_at")
    page.goto(f"{live_server.url}{reverse('draw', args=[patient.pk, draw.pk])}")
    look("interval-draw")
    assert [*found, *(one for one in watched.complaints if "422" not in one)] == []
