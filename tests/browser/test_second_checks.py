"""The second person by keyboard alone: comparing with the paper, and typing it again without seeing the first."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, Patient, Result, ResultCheck
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll
from tests.cast import PASSWORD, Cast, give_draw, make_patient
from tests.patients.holds import AT, ask, on_hold, type_draw

pytestmark = pytest.mark.browser
VALUES = {"CEA": "30.0", "ALP": "80", "CA": "3.60", "PLT": "250"}
BEFORE = AT.replace(year=2025)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    patient = make_patient(cast.team)
    give_draw(patient, BEFORE, {"CEA": "3.0", "ALP": "78"}, laboratory="Central")
    return patient


def typed(cast: Cast, patient: Patient, kind: str) -> Draw:
    ask(kind)
    return type_draw(patient, cast.nurse, VALUES)


def open_list(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}{reverse('account_login')}?next={reverse('to_check')}")
    expect(page.locator("#id_login")).to_be_focused()
    page.keyboard.type("clinician")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("To be checked")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def test_a_draw_is_compared_with_its_paper_by_keys(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    draw = typed(cast, patient, "verify")
    open_list(page, live_server)
    tab_to(page, "#waiting a")
    page.keyboard.press("Enter")
    keys = page.keyboard
    expect(page.locator("#agree_CEA")).to_be_focused()
    assert page.locator("input[name=agree]:checked").count() == 0
    keys.press("ArrowDown")
    expect(page.locator("#agree_ALP")).to_be_focused()
    keys.press("Space")
    expect(page.locator("#agree_ALP")).to_be_checked()
    keys.press("Space")
    expect(page.locator("#agree_ALP")).not_to_be_checked()
    keys.press("Enter")  # ticks and goes on
    expect(page.locator("#agree_ALP")).to_be_checked()
    expect(page.locator("#agree_CA")).to_be_focused()
    expect(page.locator("[data-count]")).to_have_text("1 of 4 agree")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    expect(page.locator("#agree_CEA")).to_be_focused()
    assert not ResultCheck.objects.exists()
    keys.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("1 value is checked and counts from now on.")
    assert on_hold(draw) == {"CEA": "verify", "CA": "verify", "PLT": "verify"}
    expect(page.locator("#agree_CEA")).to_be_focused()
    keys.press("a")
    expect(page.locator("[data-count]")).to_have_text("3 of 3 agree")
    keys.press("Control+Enter")
    expect(page.locator(".empty")).to_have_text("Nothing waits for you.")
    assert on_hold(draw) == {}


def test_a_draw_is_typed_a_second_time_by_keys_and_what_differs_is_shown(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    draw = typed(cast, patient, "blind")
    open_list(page, live_server)
    tab_to(page, "#waiting a")
    page.keyboard.press("Enter")
    keys = page.keyboard
    expect(page.locator("#value_CEA")).to_be_focused()
    keys.type("99")
    keys.press("Escape")
    expect(page.locator("#value_CEA")).to_have_value("")
    keys.type("30")
    keys.press("Enter")
    expect(page.locator("#value_ALP")).to_be_focused()
    keys.type("eighty")
    keys.press("ArrowDown")
    expect(page.locator("#value_CA")).to_be_focused()
    keys.press("F2")
    expect(page.locator("#unit_CA")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#value_CA")).to_be_focused()
    keys.press("F4")  # there is no assay to reach here
    keys.press("F8")  # nor facts of the draw
    expect(page.locator("#value_CA")).to_be_focused()
    expect(page.locator("[data-count]")).to_have_text("2 values typed")
    keys.press("Control+Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#value_CEA")).to_have_value("30")
    assert not ResultCheck.objects.exists()
    tab_to(page, ".error-summary a")
    keys.press("Enter")
    expect(page.locator("#value_ALP")).to_be_focused()
    keys.press("ControlOrMeta+a")
    keys.type("81")
    keys.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("1 value is checked and counts from now on.")
    row = page.locator("section[aria-labelledby=differing] tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator(".check-value")).to_have_text(["80", "81"])
    assert on_hold(draw) == {"ALP": "blind", "CA": "blind", "PLT": "blind"}
    assert Result.objects.for_trends().filter(draw=draw).get().as_typed == "30.0"


@pytest.mark.parametrize(("width", "dark", "language"), [(1440, False, "en-GB"), (390, True, "zh-CN")])
def test_the_pages_can_be_used_by_everyone(
    live_server: LiveServer, cast: Cast, patient: Patient, browser: Browser, width: int, dark: bool, language: str
) -> None:
    compared = typed(cast, patient, "verify")
    ask("blind", name="Other")
    again = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"}, laboratory="Other")
    watched = open_page(browser, width=width, dark=dark, language=language)
    page = watched.page
    page.goto(f"{live_server.url}{reverse('account_login')}")
    page.fill("#id_login", "clinician")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/worklist/**")

    def look(name: str, address: str) -> None:
        page.goto(f"{live_server.url}{address}")
        page.wait_for_load_state("networkidle")
        keep_screenshot(page, f"checks-{name}-{width}")
        assert (name, accessibility_violations(page)) == (name, [])
        assert (name, sideways_scroll(page) <= 0) == (name, True)

    second = reverse("draw_second_entry", args=[patient.pk, again.pk])
    look("list", reverse("to_check"))
    look("verify", reverse("draw_verify", args=[patient.pk, compared.pk]))
    look("second", second)
    page.fill("#value_CEA", "5.3")
    page.locator("#value_CEA").press("Control+Enter")
    page.locator("section[aria-labelledby=differing]").wait_for()
    look("differs", second)
    look("draw", reverse("draw", args=[patient.pk, compared.pk]))
    look("history", reverse("draw_history", args=[patient.pk, again.pk]))
    look("patient", reverse("patient", args=[patient.pk]))
    look("enter", reverse("enter_results"))
    assert watched.complaints == []
    page.context.close()
