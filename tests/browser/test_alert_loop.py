"""From the rise to what came of it, by keyboard alone; and the page as a machine looks at it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from monitoring.models import Alert, AlertEvent
from patients.models import ImagingStudy, Patient
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in
from tests.browser.test_follow_up import tab_to
from tests.cast import PASSWORD, Cast, give_draw, make_patient
from tests.monitoring.scenes import RISING, run

pytestmark = pytest.mark.browser
VIEWS = [("en-GB", 1440, False), ("en-GB", 390, True), ("zh-CN", 390, False), ("zh-CN", 1440, True)]


@pytest.fixture
def patient(live_server: LiveServer, cast: Cast) -> Patient:
    """Rising until last week."""
    patient = make_patient(cast.team, name="Quillon Ashgrove")
    last = timezone.localdate() - dt.timedelta(days=7)
    for at, value in enumerate(reversed(RISING)):
        give_draw(patient, last - at * dt.timedelta(days=42), {"CEA": value})
    run(patient, now=timezone.now())
    return patient


def unfold(page: Page, step: str) -> None:
    """By key; the first field of the step has the focus then."""
    tab_to(page, f".alert-step:has(form[action$='/{step}/']) summary")
    page.keyboard.press("Enter")
    expect(page.locator(f"form[action$='/{step}/'] :focus")).to_have_count(1)


def save(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_be_visible()


def ask_for_a_repeat_and_let_it_rest(page: Page) -> None:
    strip = page.locator(".alert-strip")
    unfold(page, "repeat")
    page.locator(":focus").fill((timezone.localdate() + dt.timedelta(days=14)).isoformat())  # a browser's own field
    save(page)
    expect(strip).to_contain_text("repeat draw due")
    unfold(page, "snooze")
    page.locator(":focus").fill((timezone.localdate() + dt.timedelta(days=10)).isoformat())
    tab_to(page, "form[action$='/snooze/'] textarea")
    page.keyboard.type("blood comes then")
    save(page)
    expect(strip).to_contain_text("blood comes then")


def test_the_whole_loop_is_walked_by_keyboard(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    address = live_server.url + reverse("patient", args=[patient.pk])
    page.goto(address)
    strip = page.locator(".alert-strip")
    tab_to(page, "form[action$='/acknowledge/'] textarea")  # stands open: no key is lost on unfolding it
    page.keyboard.type("rise plausible")
    save(page)
    expect(strip).to_contain_text("decide: repeat, imaging or close")
    page.goto(address)  # another day
    ask_for_a_repeat_and_let_it_rest(page)
    unfold(page, "hand-over")
    page.keyboard.type("nurse")
    tab_to(page, "form[action$='/hand-over/'] textarea")
    page.keyboard.type("please call her")
    save(page)
    expect(strip.locator(".alert-facts")).to_contain_text("nurse")
    unfold(page, "imaging")
    page.keyboard.type("MRI")
    save(page)
    expect(strip).to_contain_text("record the imaging")
    page.goto(live_server.url + reverse("imaging_new", args=[patient.pk]))
    page.locator("#id_performed_on").fill(timezone.localdate().isoformat())
    page.locator("#id_modality").select_option("mri")
    page.locator("#id_finding").select_option("bone_metastasis")
    page.locator("#id_performed_on").press("Enter")
    expect(strip).to_contain_text("close with what it showed")
    tab_to(page, "form[action$='/close/'] select[name=outcome]")
    save(page)  # what the imaging says stands chosen
    expect(strip).to_have_count(0)
    earlier = page.locator(".alerts-earlier")
    expect(earlier).to_contain_text("bone metastasis")
    expect(earlier).to_contain_text("The alert came on the day of the imaging that showed it.")
    alert = Alert.objects.get()
    assert (alert.state, alert.outcome, alert.imaging) == ("closed", "bone_metastasis", ImagingStudy.objects.get())
    assert list(AlertEvent.objects.values_list("new_state", "code")) == [
        ("open", ""),
        ("acknowledged", ""),
        ("repeat_requested", ""),
        ("repeat_requested", "snoozed"),
        ("repeat_requested", "handed_over"),
        ("imaging_requested", ""),
        ("closed", ""),
    ]


@pytest.mark.parametrize(("language", "width", "dark"), VIEWS)
def test_the_steps_are_readable_by_machines_and_fit_the_window(
    live_server: LiveServer, browser: Browser, patient: Patient, language: str, width: int, dark: bool
) -> None:
    watched = open_page(browser, language=language, width=width, dark=dark)
    page = watched.page
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    page.goto(live_server.url + reverse("patient", args=[patient.pk]))
    for at in range(page.locator(".alert-step").count()):
        step = page.locator(".alert-step").nth(at)
        if step.get_attribute("open") is None:
            step.locator("summary").press("Enter")
        expect(step.locator("button")).to_be_visible()
        assert accessibility_violations(page) == []
        assert sideways_scroll(page) <= 0
    keep_screenshot(page, f"alert-steps-{width}-{'dark' if dark else 'light'}-{language}")
    assert watched.complaints == []
    page.context.close()
