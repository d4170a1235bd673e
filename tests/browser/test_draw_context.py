"""What is asked at the draw, by keyboard alone, and what the reader of the chart and the table then sees of it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from monitoring.services import evaluate
from patients.models import Draw, Patient
from tests.browser.steps import accessibility_violations, sideways_scroll
from tests.cast import PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser
FIRST = dt.date(2025, 6, 2)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    one = make_patient(cast.team)
    for at, nse in enumerate(("11.0", "11.4", "10.8", "11.2", "11.1", "22")):
        give_draw(one, FIRST + dt.timedelta(weeks=6 * at), {"NSE": nse, "BCTX": "0.30"})
    return one


def fill_in(page: Page) -> None:
    """From the hour on by Tab; a list is answered by typing the beginning of the answer."""
    page.fill("#id_collected_on", "2026-02-09")
    page.fill("#id_collected_time", "11:20")
    for field, answer in {"fasting": "fasting", "haemolysis": "haem", "biotin": "tak", "g_csf": "not t"}.items():
        page.locator(f"#id_{field}").focus()
        page.keyboard.type(answer)
    page.keyboard.press("Tab")
    expect(page.locator("#id_steroid")).to_be_focused()
    page.locator("#value_NSE").focus()
    page.keyboard.type("24")
    page.locator("#value_BCTX").focus()
    page.keyboard.type("0.31")


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_asked_at_the_draw_stands_on_chart_and_table(
    live_server: LiveServer, patient: Patient, page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    where = reverse("draw_new", args=[patient.pk])
    page.goto(f"{live_server.url}{reverse('account_login')}?next={where}")
    page.fill("#id_login", "nurse")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#id_biotin")).to_have_value("unknown")
    fill_in(page)
    assert accessibility_violations(page) == []
    assert sideways_scroll(page) <= 0
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("2 results saved at")
    draw = Draw.objects.latest("collected_at")
    assert (draw.fasting, draw.haemolysis) == ("yes", "present")
    assert (draw.biotin, draw.g_csf, draw.steroid) == ("yes", "no", "unknown")

    evaluate(patient_ids=[patient.pk], now=dt.datetime(2026, 2, 10, 8, tzinfo=dt.UTC))
    page.goto(f"{live_server.url}{reverse('patient', args=[patient.pk])}")
    page.locator(".main-svg").first.wait_for()
    marks = {
        code: page.locator(f"tr:has(.head-name:text-is('{name}')) td").last.locator(".mark").all_text_contents()
        for code, name in {"NSE": "NSE", "BCTX": "β-CTx"}.items()
    }
    assert marks == {"NSE": ["h", "b"], "BCTX": ["h", "t", "b"]}
    cell = page.locator("tr:has(.head-name:text-is('NSE')) td").last
    expect(cell).to_have_attribute("title", re.compile("counts for less: biotin .* read low\ncarries no alert: sample"))
    page.locator("#chart").focus()
    page.keyboard.press("End")
    expect(page.locator("#chart-readout")).to_contain_text("carries no alert: sample haemolysed")
    expect(page.locator("#chart-readout")).to_contain_text("09-Feb-2026")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#chart-readout")).not_to_contain_text("carries no alert")
    assert accessibility_violations(page) == []
