"""The worklist by keys alone: review patient after patient, answer an alert, come back to the same row."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from monitoring.models import AlertState
from patients.models import Patient
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in
from tests.cast import PASSWORD, Cast
from tests.monitoring.scenes import CALM, RISING, patient_with, run, the_alert

pytestmark = pytest.mark.browser
VIEWS = [("en-GB", 1440, False), ("en-GB", 390, True), ("zh-CN", 390, False), ("zh-CN", 1440, True)]


@pytest.fixture
def patients(live_server: LiveServer, cast: Cast) -> list[Patient]:
    """Seven in the order of the list: an alert, then six who are calm."""
    alert = patient_with(cast.team, RISING, name="Aster Rising")
    calm = [patient_with(cast.team, CALM, name=f"Calm {at}") for at in range(6)]
    run(alert, *calm)
    return [alert, *calm]


def name_of(page: Page, at: int) -> Locator:
    return page.locator(".row-name").nth(at)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def leave(page: Page, key: str) -> None:
    """A key that opens another page, and wait until that one hears keys."""
    with page.expect_navigation():
        page.keyboard.press(key)
    expect(page.locator("[data-keys-open]").first).to_be_visible()


def test_five_patients_are_reviewed_with_a_key_each_and_the_list_is_entered_at_the_same_row(
    live_server: LiveServer, patients: list[Patient], page: Page
) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('worklist')}?level=calm")
    expect(page.locator("[data-keys-open]")).to_be_visible()
    press(page, "j", "ArrowDown", "k")
    expect(name_of(page, 0)).to_be_focused()
    leave(page, "Enter")
    seen = []
    for place in range(1, 6):
        expect(page.locator("#walk")).to_contain_text(f"{place} of 6")
        seen.append(page.locator(".banner-name").inner_text().split("\n")[0].strip())
        if place < 5:
            leave(page, "n")
    assert seen == [f"Calm {at}" for at in range(5)]
    leave(page, "p")
    expect(page.locator("#walk")).to_contain_text("4 of 6")
    assert "Calm" not in page.url
    leave(page, "b")
    assert page.url == f"{live_server.url}{reverse('worklist')}?level=calm&at={patients[4].pk}"
    expect(name_of(page, 3)).to_be_focused()
    expect(name_of(page, 3)).to_have_text("Calm 3")


def test_an_alert_is_answered_from_its_row_and_the_next_patient_is_a_key_away(
    live_server: LiveServer, patients: list[Patient], page: Page
) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    expect(page.locator("[data-keys-open]")).to_be_visible()
    press(page, "j")
    leave(page, "a")
    comment = page.get_by_role("textbox", name="Your comment")
    expect(comment).to_be_focused()
    page.keyboard.type("CT asked for, n p b ? a")
    expect(comment).to_have_value("CT asked for, n p b ? a")
    press(page, "Tab")
    leave(page, "Enter")
    expect(page.locator(".message-success")).to_be_visible()
    assert the_alert(patients[0]).state == AlertState.ACKNOWLEDGED
    expect(page.locator("#walk")).to_contain_text("1 of 7")
    leave(page, "n")
    expect(page.locator(".banner-name")).to_contain_text("Calm 0")
    press(page, "p")
    page.wait_for_url(f"**/patients/{patients[0].pk}/**")


def test_a_key_that_has_nothing_to_do_says_so(live_server: LiveServer, patients: list[Patient], page: Page) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    expect(page.locator("[data-keys-open]")).to_be_visible()
    said = page.locator("#worklist-said")
    press(page, "a")
    expect(said).to_have_text("Choose a row first: j or k.")
    press(page, "k", "a")
    expect(name_of(page, 6)).to_be_focused()
    expect(said).to_have_text("This patient has no alert that you can answer.")
    leave(page, "Enter")
    press(page, "n")
    expect(page.locator("#walk-said")).to_have_text("This is the last patient of the list.")


def test_no_key_acts_while_somebody_types_or_holds_a_modifier(
    live_server: LiveServer, patients: list[Patient], page: Page
) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    expect(page.locator("[data-keys-open]")).to_be_visible()
    press(page, "/")
    search = page.locator("#worklist-search")
    expect(search).to_be_focused()
    page.keyboard.type("jk?/a")
    expect(search).to_have_value("jk?/a")
    expect(page.locator("#keys")).to_be_hidden()
    page.locator("h1").evaluate("() => document.activeElement.blur()")
    press(page, "Control+j", "Alt+j", "Meta+j", "Alt+?")
    expect(page.locator("#keys")).to_be_hidden()
    assert page.evaluate("document.activeElement === document.body")
    press(page, "j")
    expect(name_of(page, 0)).to_be_focused()


def test_the_keys_are_listed_and_switched_off_for_one_person(
    live_server: LiveServer, patients: list[Patient], page: Page
) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    expect(page.locator("[data-keys-open]")).to_be_visible()
    press(page, "j", "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    press(page, "j")  # the list of keys is read, not the worklist
    switch = page.get_by_role("checkbox", name="Single keys act")
    expect(switch).to_be_checked()
    switch.focus()
    press(page, "Space", "Escape")
    expect(page.locator("#keys")).to_be_hidden()
    expect(name_of(page, 0)).to_be_focused()
    press(page, "j", "?", "ArrowDown", "a", "/")
    expect(name_of(page, 0)).to_be_focused()
    page.reload()
    expect(page.locator("[data-keys-open]")).to_be_visible()
    press(page, "j")
    assert page.evaluate("document.activeElement === document.body")
    assert page.evaluate("Object.values(localStorage)") == ["off"]
    page.context.clear_cookies()
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    expect(page.locator("[data-keys-open]")).to_be_visible()
    press(page, "j")
    expect(name_of(page, 0)).to_be_focused()


def test_filters_are_chosen_and_taken_off_by_keys(live_server: LiveServer, patients: list[Patient], page: Page) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    page.locator("#filters > summary").focus()
    press(page, "Enter")
    page.get_by_label("calm", exact=True).focus()
    press(page, "Space")
    with page.expect_navigation():
        press(page, "Enter")
    expect(page.locator(".narrowed")).to_contain_text("6 of 7 patients; filtered")
    expect(page.locator(".narrowed-hidden")).to_contain_text("1 alert that needs an answer is not shown here.")
    page.locator(".chip a").focus()
    with page.expect_navigation():
        press(page, "Enter")
    expect(page.locator(".row-patient")).to_have_count(7)


@pytest.mark.parametrize(("language", "width", "dark"), VIEWS)
def test_filters_keys_and_the_walk_are_fit_to_be_read_by_everybody(
    live_server: LiveServer, patients: list[Patient], browser: Browser, language: str, width: int, dark: bool
) -> None:
    watched = open_page(browser, language=language, width=width, dark=dark)
    page = watched.page
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    found: list[str] = []

    def look(name: str) -> None:
        keep_screenshot(page, f"{name}-{width}-{'dark' if dark else 'light'}-{language}")
        found.extend(f"{name}: {said}" for said in accessibility_violations(page))
        if (wide := sideways_scroll(page)) > 0:
            found.append(f"{name} scrolls sideways by {wide} px")

    page.goto(f"{live_server.url}{reverse('worklist')}?level=calm&level=watch&histology=other&draw=late")
    page.locator("#filters > summary").press("Enter")
    look("filtered")
    page.evaluate("document.getElementById('keys').showModal()")
    look("keys")
    page.goto(f"{live_server.url}{reverse('patient', args=[patients[2].pk])}?list=level%3Dcalm")
    page.locator(".main-svg").first.wait_for()
    look("walk")
    assert found + watched.complaints == []
