"""Correcting by keyboard alone: a value, taking it back, what two people do to one draw, and the history."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, Result
from patients.services import correct_result
from tests.browser.steps import accessibility_violations, open_page, sideways_scroll
from tests.cast import ACTOR, PASSWORD, Cast, give_draw, make_patient, reading

pytestmark = pytest.mark.browser
AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
HUMAN = 80  # ms between keys


@pytest.fixture
def draw(cast: Cast) -> Draw:
    """CEA 31.0 (a slip of ten), ALP 80 and PLT 250."""
    made = give_draw(make_patient(cast.team), AT, {"CEA": "31.0", "ALP": "80", "PLT": "250"}, laboratory="Central")
    return Draw.objects.get(pk=made.draw_id)


def open_draw(page: Page, live_server: LiveServer, draw: Draw) -> None:
    page.goto(f"{live_server.url}{reverse('account_login')}?next={reverse('draw', args=[draw.patient_id, draw.pk])}")
    expect(page.locator("#id_login")).to_be_focused()
    page.keyboard.type("nurse")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Draw of")


def tab_to(page: Page, selector: str, *, by: str = "Tab") -> None:
    """Press Tab (or Shift+Tab) until this has the focus."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press(by)
    raise AssertionError(f"{selector} is not reached by Tab")


def open_correction(page: Page, live_server: LiveServer, draw: Draw) -> None:
    open_draw(page, live_server, draw)
    tab_to(page, "a[href$='/correct/']")
    page.keyboard.press("Enter")
    expect(page.locator("#value_CEA")).to_be_focused()


def on_record(draw: Draw) -> dict[str, tuple[str, str]]:
    return {row.marker_id: (row.as_typed, row.status) for row in draw.results.current()}


def test_a_value_is_corrected_and_its_old_one_read_by_keys(live_server: LiveServer, draw: Draw, page: Page) -> None:
    open_correction(page, live_server, draw)
    keys = page.keyboard
    keys.press("ControlOrMeta+a")
    keys.type("99")
    keys.press("Escape")
    expect(page.locator("#value_CEA")).to_have_value("31.0")
    keys.press("ControlOrMeta+a")
    keys.type("3.10")
    expect(page.locator("tr[data-marker=CEA] [data-mark]")).to_have_text("changed")
    expect(page.locator("[data-count]")).to_have_text("1 changed")
    tab_to(page, "#id_fasting", by="Shift+Tab")
    keys.press("ArrowUp")
    expect(page.locator("[data-count]")).to_have_text("2 changed")
    keys.press("ArrowDown")
    expect(page.locator("[data-count]")).to_have_text("1 changed")
    tab_to(page, "#value_CEA")
    keys.press("ArrowDown")
    expect(page.locator("#value_ALP")).to_be_focused()
    for _ in range(2):
        keys.press("Enter")  # past the last value to the reason; nothing is sent
    expect(page.locator("#id_reason")).to_be_focused()
    assert Result.objects.count() == 3
    keys.press("Control+Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#value_CEA")).to_have_value("3.10")
    tab_to(page, ".error-summary a")
    keys.press("Enter")
    expect(page.locator("#id_reason")).to_be_focused()
    keys.type("decimal point forgotten")
    keys.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("1 correction saved.")
    assert on_record(draw) == {"CEA": ("3.10", "corrected"), "ALP": ("80", "final"), "PLT": ("250", "final")}
    tab_to(page, "a.flag")
    keys.press("Enter")
    row = page.locator("tbody#CEA tr")
    expect(row.nth(0)).to_contain_text("decimal point forgotten")
    expect(row.nth(1)).to_contain_text("31.0 ng/mL")


def test_a_value_and_then_the_whole_draw_are_taken_back_by_keys(
    live_server: LiveServer, draw: Draw, page: Page
) -> None:
    open_correction(page, live_server, draw)
    tab_to(page, "#act_CEA")
    page.keyboard.type("entered")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-marker=CEA] [data-mark]")).to_have_text("changed")
    tab_to(page, "#id_reason")
    page.keyboard.type("wrong line")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("1 correction saved.")
    assert on_record(draw)["CEA"] == ("31.0", "entered-in-error")
    tab_to(page, "a[href$='/correct/']")
    page.keyboard.press("Enter")
    expect(page.locator("#value_CEA")).to_be_focused()
    tab_to(page, "#id_whole-reason")
    page.keyboard.type("another patient's blood", delay=HUMAN)  # as fast as a script, it would be a barcode reader
    page.wait_for_timeout(HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator("button[name=take_back]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".message-success")).to_contain_text("2 values were taken back.")
    assert {status for _text, status in on_record(draw).values()} == {"entered-in-error"}


def test_who_comes_second_is_shown_the_difference_and_goes_on_by_keys(
    live_server: LiveServer, cast: Cast, draw: Draw, page: Page
) -> None:
    open_correction(page, live_server, draw)
    correct_result(
        actor=ACTOR,
        result_id=draw.results.get(marker_id="CEA").pk,
        new=reading("CEA", "3.2"),
        status="corrected",
        reason="seen first",
        recorded_by=cast.clinician,
    )
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("3.10")
    tab_to(page, "#id_reason")
    page.keyboard.type("decimal point forgotten")
    page.keyboard.press("Control+Enter")
    shown = page.locator(".meanwhile")
    expect(shown).to_be_focused()
    for text in ("31.0 ng/mL", "3.2 ng/mL", "3.10 ng/mL", "clinician", "seen first"):
        expect(shown).to_contain_text(text)
    assert on_record(draw)["CEA"] == ("3.2", "corrected")
    expect(page.locator("#value_CEA")).to_have_value("3.10")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("1 correction saved.")
    assert on_record(draw)["CEA"] == ("3.10", "corrected")
    assert draw.results.filter(marker_id="CEA").count() == 3


@pytest.mark.parametrize(("width", "dark", "language"), [(1440, False, "en-GB"), (390, True, "zh-CN")])
def test_the_pages_have_no_violation_no_complaint_and_no_sideways_scroll(
    live_server: LiveServer, cast: Cast, draw: Draw, browser: Browser, width: int, dark: bool, language: str
) -> None:
    watched = open_page(browser, width=width, dark=dark, language=language)
    page = watched.page
    sign_in_here(page, live_server)
    correction = f"{live_server.url}{reverse('draw_correct', args=[draw.patient_id, draw.pk])}"
    page.goto(correction)
    check(page)
    correct_result(
        actor=ACTOR,
        result_id=draw.results.get(marker_id="CEA").pk,
        new=reading("CEA", "3.2"),
        status="corrected",
        reason="seen first",
        recorded_by=cast.clinician,
    )
    page.fill("#value_CEA", "250")
    page.fill("#id_reason", "why")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".meanwhile")).to_be_focused()
    check(page)
    with page.expect_navigation():  # the live check shows the field already, before the server's answer does
        page.locator("#id_reason").press("Control+Enter")
    expect(page.locator("#confirm_CEA")).to_be_visible()
    check(page)
    page.fill("#confirm_CEA", "250")
    with page.expect_navigation():
        page.locator("#confirm_CEA").press("Control+Enter")
    expect(page.locator(".message-success")).to_be_visible()
    check(page)
    page.goto(f"{live_server.url}{reverse('draw_history', args=[draw.patient_id, draw.pk])}")
    check(page)
    # A page that is answered with 409 or 422 is written to the console by Chromium itself.
    assert [one for one in watched.complaints if "status of 409" not in one and "status of 422" not in one] == []
    page.context.close()


def sign_in_here(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}{reverse('account_login')}")
    page.fill("#id_login", "nurse")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/worklist/**")


def check(page: Page) -> None:
    assert accessibility_violations(page) == []
    assert sideways_scroll(page) <= 0
