"""From the overdue row to the recorded call, by keys alone; and the page as a machine looks at it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import FollowUpCall, FollowUpPlan, Patient
from patients.services import record_call, set_plan
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in
from tests.cast import ACTOR, PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser
VIEWS = [("en-GB", 1440, False), ("en-GB", 390, True), ("zh-CN", 390, False), ("zh-CN", 1440, True)]


@pytest.fixture
def patient(live_server: LiveServer, cast: Cast) -> Patient:
    """Overdue since yesterday, because the last draw lacked NSE."""
    today = timezone.localdate()
    patient = make_patient(cast.team, name="Quillon Ashgrove")
    before, last = today - dt.timedelta(days=29), today - dt.timedelta(days=10)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=["CEA", "NSE"], every_weeks=4, starts_on=before)
    give_draw(patient, before, {"CEA": "3.0", "NSE": "10"})
    give_draw(patient, last, {"CEA": "3.1"})
    return patient


def tab_to(page: Page, selector: str) -> None:
    """Tab forward until that element has the focus; a reader of the page has no mouse either."""
    target = page.locator(selector)
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reached {selector}")


def test_an_overdue_row_leads_by_keys_to_the_call_and_the_call_stands_on_the_row(
    live_server: LiveServer, patient: Patient, page: Page
) -> None:
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('worklist')}?show=overdue")
    row = page.locator(".row-patient")
    expect(row).to_contain_text("overdue by 1 day")
    expect(row).to_contain_text("NSE")
    tab_to(page, ".row-due a:nth-of-type(2)")
    page.keyboard.press("Enter")
    expect(page.locator("#call")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.locator("#callform_outcome")).to_be_focused()
    page.keyboard.type("will")
    expect(page.locator("#callform_outcome")).to_have_value("will_come")
    page.keyboard.press("Tab")
    comes = timezone.localdate() + dt.timedelta(days=3)
    page.locator("#callform_comes_on").fill(comes.isoformat())  # how a date is typed is the browser's own
    page.locator("#callform_note").focus()
    page.keyboard.type("with her son")
    page.keyboard.press("Enter")
    expect(page.locator(".message-success")).to_have_text("The call is recorded.")
    call = FollowUpCall.objects.get()
    assert (call.outcome, call.comes_on, call.note) == ("will_come", comes, "with her son")
    page.goto(f"{live_server.url}{reverse('worklist')}?show=due")
    expect(page.locator(".row-patient")).to_contain_text("called today: comes")
    tab_to(page, ".row-due a:nth-of-type(1)")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}{reverse('draw_new', args=[patient.pk])}")


def test_an_error_has_the_focus_and_what_was_typed_stays(live_server: LiveServer, patient: Patient, page: Page) -> None:
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('follow_up', args=[patient.pk])}")
    page.select_option("#callform_outcome", "will_come")
    page.locator("#callform_note").focus()
    page.keyboard.type("with her son")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator(".error-summary")).to_contain_text("On which day does the patient come?")
    expect(page.locator("#callform_note")).to_have_value("with her son")
    assert not FollowUpCall.objects.exists()


@pytest.mark.parametrize(("language", "width", "dark"), VIEWS)
def test_the_page_is_fit_to_be_read_by_everybody(
    live_server: LiveServer, patient: Patient, browser: Browser, language: str, width: int, dark: bool
) -> None:
    record_call(actor=ACTOR, patient_id=patient.pk, outcome="no_answer", call_again_on=timezone.localdate())
    watched = open_page(browser, language=language, width=width, dark=dark)
    page = watched.page
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    found: list[str] = []
    for name, address in (
        ("follow-up", reverse("follow_up", args=[patient.pk])),
        ("overdue", f"{reverse('worklist')}?show=overdue"),
        ("enter", reverse("enter_results")),
    ):
        page.goto(f"{live_server.url}{address}")
        keep_screenshot(page, f"{name}-{width}-{'dark' if dark else 'light'}-{language}")
        found += [f"{name}: {said}" for said in accessibility_violations(page)]
        if (wide := sideways_scroll(page)) > 0:
            found.append(f"{name} scrolls sideways by {wide} px")
    assert found + watched.complaints == []
    assert FollowUpPlan.objects.get().is_active
