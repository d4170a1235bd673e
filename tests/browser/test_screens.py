"""Every page, looked at by a machine as a person would: both widths, light and dark, both languages.

No accessibility violation, no complaint of the console (a blocked style, a missing file), no sideways scroll on phones.
With LEADTIME_SCREENSHOTS set, the pages are kept as pictures of the synthetic demo cohort.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests import servers
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.story]
VIEWS = [("en-GB", 1440, False), ("en-GB", 390, True), ("zh-CN", 390, False), ("zh-CN", 1440, True)]
# What every role may open, by name; {patient} is one with an alert.
PAGES = {
    "worklist": "/worklist/",
    "patient": "/patients/{patient}/",
    "entry": "/patients/{patient}/draws/new/",
    "patients": "/patients/",
    "patient-new": "/patients/new/",
    "patient-edit": "/patients/{patient}/edit/",
    "enter": "/enter/",
    "treatment": "/patients/{patient}/treatments/new/",
    "imaging": "/patients/{patient}/imaging/new/",
    "skeletal-event": "/patients/{patient}/skeletal-events/new/",
    "condition": "/patients/{patient}/conditions/new/",
    "plan": "/patients/{patient}/plan/",
    "markers": "/markers/",
    "marker": "/markers/BCTX/",
    "imports": "/imports/",
    "missing": "/patients/999999/",
}
ROLE_OF = {"imports": "nurse", "outbox": "administrator"}


@pytest.fixture(scope="module")
def demo() -> Iterator[servers.App]:
    with servers.app_processes(demo=True) as app:
        yield app


@pytest.fixture(scope="module")
def logins(demo: servers.App) -> dict[str, dict[str, str]]:
    listed = json.loads((demo.data / "demo-logins.json").read_text(encoding="utf-8"))
    return {login["role"]: login for login in reversed(listed)}


@pytest.fixture(scope="module")
def patient(demo: servers.App) -> str:
    """One whose tumour and bone markers rise together: the page that has the most to show."""
    program = (
        "from monitoring.models import Alert; print(max(Alert.objects.all(), key=lambda a: len(a.markers)).patient_id)"
    )
    return demo.manage("shell", "--no-imports", "-c", program).strip()


def look(page: Page, *, name: str, width: int, dark: bool, language: str) -> list[str]:
    page.wait_for_load_state("networkidle")
    if page.locator("[data-chart], #chart").count():
        page.locator(".main-svg").first.wait_for()
    suffix = (
        ""
        if (width, dark, language) == (1440, False, "en-GB")
        else f"-{width}-{'dark' if dark else 'light'}-{language}"
    )
    keep_screenshot(page, f"{name}{suffix}")
    unfold(page)
    found = [
        f"{name} {width} {'dark' if dark else 'light'} {language}: {said}" for said in accessibility_violations(page)
    ]
    if (wide := sideways_scroll(page)) > 0:
        found.append(f"{name} {width} {language}: scrolls sideways by {wide} px")
    return found


def unfold(page: Page) -> None:
    """By keyboard, as a reader would: what folds out is looked at too."""
    for summary in page.locator("main details:not([open]) > summary").all():
        if summary.is_visible():
            summary.press("Enter")


@pytest.mark.parametrize(("language", "width", "dark"), VIEWS)
def test_every_page_can_be_used_by_everyone(
    browser: Browser,
    demo: servers.App,
    logins: dict[str, dict[str, str]],
    patient: str,
    language: str,
    width: int,
    dark: bool,
) -> None:
    found: list[str] = []
    for role, names in {
        "clinician": [name for name in PAGES if name not in ROLE_OF],
        "nurse": ["imports"],
        "administrator": ["outbox"],
    }.items():
        watched = open_page(browser, language=language, width=width, dark=dark)
        if role == "clinician":
            watched.page.goto(f"{demo.url}/accounts/login/")
            found += look(watched.page, name="sign-in", width=width, dark=dark, language=language)
        sign_in(watched.page, demo.url, username=logins[role]["username"], password=logins[role]["password"])
        for name in names:
            address = {**PAGES, "outbox": "/outbox/"}[name].format(patient=patient)
            watched.page.goto(f"{demo.url}{address}")
            found += look(watched.page, name=name, width=width, dark=dark, language=language)
        # The browser itself reports the 404 that the page "missing" is about.
        found += [said for said in watched.complaints if "404" not in said]
    assert found == []
