"""Every page, looked at by a machine as a person would: both widths, light and dark, both languages.

No accessibility violation, no complaint of the console (a blocked style, a missing file), no sideways scroll on phones.
With LEADTIME_SCREENSHOTS set, the pages are kept as pictures of the synthetic demo cohort.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from django.utils import translation
from playwright.sync_api import Browser, Page

from tests import servers
from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.story]
VIEWS = [("en-GB", 1440, False), ("en-GB", 390, True), ("zh-CN", 390, False), ("zh-CN", 1440, True)]
# Name -> address and heading (as the English text names it; a marker's begins with its own name).
# {patient} and {name} are of one with an alert whom the clinician may see.
PAGES = {
    "sign-in": ("/accounts/login/", "Sign in"),
    "worklist": ("/worklist/", "Worklist"),
    "cohort": ("/cohort/", "Cohort"),
    "scorecard": ("/scorecard/", "Scorecard"),
    "patient": ("/patients/{patient}/", "{name}"),
    "entry": ("/patients/{patient}/draws/new/", "Enter draw"),
    "patients": ("/patients/", "Patients"),
    "patient-new": ("/patients/new/", "New patient"),
    "patient-edit": ("/patients/{patient}/edit/", "Edit patient"),
    "enter": ("/enter/", "Enter results"),
    "treatment": ("/patients/{patient}/treatments/new/", "Record treatment"),
    "imaging": ("/patients/{patient}/imaging/new/", "Record imaging"),
    "skeletal-event": ("/patients/{patient}/skeletal-events/new/", "Record skeletal event"),
    "condition": ("/patients/{patient}/conditions/new/", "Record infection or other condition"),
    "plan": ("/patients/{patient}/plan/", "Follow-up plan"),
    "follow-up": ("/patients/{patient}/follow-up/", "Follow-up"),
    "numbers": ("/patients/{patient}/numbers/", "Hospital numbers"),
    "merge": ("/patients/{patient}/merge/", "Merge with another record"),
    "clinic": ("/enter/clinic/", "Enter a clinic"),
    "dates": ("/patients/{patient}/draws/dates/", "Enter several dates"),
    "correct": ("/patients/{patient}/draws/{draw}/correct/", "Correct the draw of %(when)s"),
    "history": ("/patients/{patient}/draws/{draw}/history/", "History of the draw of %(when)s"),
    "to-check": ("/to-check/", "To be checked"),
    "verify": ("/patients/{patient}/draws/{draw}/check/", "Check this draw"),
    "second-entry": ("/patients/{patient}/draws/{draw}/second-entry/", "Type it a second time"),
    "laboratories": ("/laboratories/", "Laboratories"),
    "laboratory": ("/laboratories/new/", "New laboratory"),
    "intervals": ("/laboratories/{laboratory}/intervals/", "Reference intervals"),
    "interval-new": ("/laboratories/{laboratory}/intervals/new/", "Add limits"),
    "interval-close": ("/laboratories/{laboratory}/intervals/{interval}/", "End or withdraw"),
    "markers": ("/markers/", "Markers"),
    "effects": ("/markers/effects/", "What events do to markers"),
    "marker": ("/markers/BCTX/", "β-CTx"),
    "imports": ("/imports/", "Imports"),
    "notes": ("/patients/{patient}/notes/", "Notes"),
    "note": ("/notes/{note}/", "Note"),
    "mentions": ("/mentions/", "Mentions"),
    "outbox": ("/outbox/", "Outbox"),
    "missing": ("/patients/999999/", "Not here"),
}
ROLE_OF = {
    "sign-in": "nobody",
    "imports": "nurse",
    "outbox": "administrator",
    "laboratories": "administrator",
    "laboratory": "administrator",
    "intervals": "administrator",
    "interval-new": "administrator",
    "interval-close": "administrator",
}
DJANGO_LANGUAGES = {"en-GB": "en", "zh-CN": "zh-hans"}


@dataclass(frozen=True, slots=True)
class Person:
    """A patient of the demo, as the banner names them."""

    pk: int
    name: str
    number: str
    draw: int  # the latest
    laboratory: int  # with a table of its own intervals
    interval: int
    note: int  # on the patient, which tells the clinician

    @property
    def places(self) -> dict[str, int]:
        """What the addresses of PAGES leave open."""
        return {
            "patient": self.pk,
            "draw": self.draw,
            "laboratory": self.laboratory,
            "interval": self.interval,
            "note": self.note,
        }


@pytest.fixture(scope="module")
def patient(demo: servers.App, logins: dict[str, dict[str, str]]) -> Person:
    """One of the clinician's own whose tumour and bone markers rise together: the page that has the most to show."""
    program = f"""
import json
from accounts.models import User
from monitoring.models import OPEN_STATES, Alert
from patients.access import visible_patients
from patients.banner import banner_of
mine = visible_patients(User.objects.get(username={logins["clinician"]["username"]!r}))
standing = Alert.objects.filter(patient__in=mine, state__in=OPEN_STATES).order_by("pk")
patient = max(standing, key=lambda alert: len(alert.markers)).patient
banner = banner_of(patient)
from tests.patients.tables import line
line("CEA", "", "<4.3", "ng/mL", of="Central laboratory", sex="female", age_from=18, source="Table of January, page 2")
last = line("ALP", "0.58", "1.74", "µkat/L", of="Central laboratory", assay="IFCC")
draw = patient.draws.latest("collected_at").pk
from tests.monitoring.notes import note_by
author = User.objects.filter(memberships__team=patient.care_team, role="nurse").order_by("pk").first()
clinician = User.objects.get(username={logins["clinician"]["username"]!r})
note = note_by(author, patient, "Called: comes on Friday.", tell=[clinician]).pk
print(json.dumps([banner.patient_id, banner.name, banner.number, draw, last.laboratory_id, last.pk, note]))
"""
    return Person(*json.loads(demo.manage("shell", "--no-imports", "-c", program)))


def go(page: Page, site: str, *, name: str, patient: Person, language: str) -> list[str]:
    """Opens the page; what it shows instead, where that is not the page meant: refused, not found, another patient."""
    address, english = PAGES[name]
    answer = page.goto(f"{site}{address.format(**patient.places)}")
    assert answer is not None
    with translation.override(DJANGO_LANGUAGES[language]):
        heading = translation.gettext(english).format(name=patient.name)
    meant = re.compile(".+".join(map(re.escape, heading.split("%(when)s"))))
    shown = [" ".join(text.split()) for text in page.locator("h1").all_text_contents()]
    if name == "marker":
        shown = [text.partition(" ")[0] for text in shown]
    status = 404 if name == "missing" else 200
    wrong = answer.status != status or len(shown) != 1 or not meant.fullmatch(shown[0])
    if "{patient}" in address:
        wrong = wrong or page.locator(".banner dd").get_by_text(patient.number, exact=True).count() != 1
    return [f"{name} {language}: not the page meant but {answer.status} {shown} at {page.url}"] if wrong else []


def look(page: Page, *, name: str, width: int, dark: bool, language: str) -> list[str]:
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
    patient: Person,
    language: str,
    width: int,
    dark: bool,
) -> None:
    found: list[str] = []
    for role in ("nobody", "clinician", "nurse", "administrator"):
        watched = open_page(browser, language=language, width=width, dark=dark)
        if role != "nobody":
            sign_in(watched.page, demo.url, username=logins[role]["username"], password=logins[role]["password"])
        for name in (name for name in PAGES if ROLE_OF.get(name, "clinician") == role):
            found += go(watched.page, demo.url, name=name, patient=patient, language=language)
            found += look(watched.page, name=name, width=width, dark=dark, language=language)
        # The browser itself reports the 404 that the page "missing" is about; any other is a missing page or file.
        missing = f"{demo.url}{PAGES['missing'][0]}: "
        found += [said for said in watched.complaints if not (said.startswith(missing) and "404" in said)]
    assert found == []
