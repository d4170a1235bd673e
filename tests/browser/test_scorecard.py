"""The scorecard of a clinic with alerts at every stage, as a machine looks at it, and by keyboard alone."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from monitoring.models import Alert
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in
from tests.browser.test_follow_up import tab_to
from tests.browser.test_screens import unfold
from tests.cast import PASSWORD, Cast
from tests.monitoring.scorecards import busy_clinic

pytestmark = pytest.mark.browser
VIEWS = [("en-GB", 1440, False), ("en-GB", 390, True), ("zh-CN", 390, False), ("zh-CN", 1440, True)]
CHARTS = ("rate", "share", "lead", "answer")


@pytest.fixture
def alerts(live_server: LiveServer, cast: Cast) -> list[Alert]:
    return busy_clinic(cast.team, cast.clinician, now=timezone.now())


def opened(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    page.goto(live_server.url + reverse("scorecard"))
    for chart in CHARTS:
        page.locator(f"[data-chart={chart}] .main-svg").first.wait_for()


def test_it_looks_right_at_every_width_in_both_languages_and_themes(
    browser: Browser, live_server: LiveServer, alerts: list[Alert]
) -> None:
    found = []
    for language, width, dark in VIEWS:
        watched = open_page(browser, language=language, width=width, dark=dark)
        opened(watched.page, live_server)
        unfold(watched.page)
        unfold(watched.page)  # what was behind the first
        name = f"{width} {'dark' if dark else 'light'} {language}"
        found += [f"{name}: {said}" for said in accessibility_violations(watched.page) + watched.complaints]
        if (wide := sideways_scroll(watched.page)) > 0:
            found.append(f"{name}: scrolls sideways by {wide} px")
        height = watched.page.evaluate("document.documentElement.scrollHeight")
        watched.page.set_viewport_size({"width": width, "height": height})
        keep_screenshot(watched.page, f"scorecard-busy-{width}-{'dark' if dark else 'light'}-{language}")
    assert found == []


def test_by_keyboard_a_period_is_chosen_and_an_alert_leads_to_its_patient(
    live_server: LiveServer, alerts: list[Alert], page: Page
) -> None:
    opened(page, live_server)
    tab_to(page, "#scorecard-period")
    page.keyboard.type("all time")
    tab_to(page, ".cohort-form button[type=submit]")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "period=all" in page.url
    expect(page.locator("#scorecard-period")).to_have_value("all")
    tab_to(page, ".score-points summary")
    page.keyboard.press("Enter")
    tab_to(page, ".score-points li:first-child a")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.removeprefix(live_server.url) in {reverse("patient", args=[one.patient_id]) for one in alerts}


def test_a_point_leads_to_its_patient(live_server: LiveServer, alerts: list[Alert], page: Page) -> None:
    opened(page, live_server)
    with page.expect_navigation(url="**/patients/*/"):
        page.locator("[data-chart=lead] .point").first.click(force=True)  # the chart takes the mouse above its points
    assert page.url.removeprefix(live_server.url) == reverse("patient", args=[alerts[0].patient_id])
