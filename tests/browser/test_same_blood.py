"""A second paper of one blood by keyboard alone: filled in, refused with both values, and the way out."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, DrawChange, Patient
from patients.services import NewDraw, record_draw
from tests.browser.steps import accessibility_violations, sideways_scroll, sign_in
from tests.cast import ACTOR, PASSWORD, Cast, make_patient, reading

pytestmark = pytest.mark.browser
DAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
HUMAN = 80


@pytest.fixture
def patient(cast: Cast) -> Patient:
    """A draw of which only the day is known and that the sample was clear: CEA 3.1 with WBC and NEUT."""
    patient = make_patient(cast.team)
    record_draw(
        actor=ACTOR,
        patient_id=patient.pk,
        draw=NewDraw(collected_at=DAY, time_known=False, haemolysis="none"),
        results=[reading("CEA", "3.1"), reading("WBC", "5.0"), reading("NEUT", "4.0")],
    )
    return patient


def choose(page: Page, field: str, answer: str) -> None:
    page.locator(f"#id_{field}").focus()
    page.keyboard.type(answer, delay=HUMAN)


def test_a_second_paper_is_added_with_what_it_knows_once_it_does_not_contradict(
    live_server: LiveServer, patient: Patient, page: Page
) -> None:
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_new', args=[patient.pk])}")
    keys = page.keyboard
    page.fill("#id_collected_on", "2026-03-02")
    page.fill("#id_collected_time", "08:15")
    choose(page, "haemolysis", "haem")
    choose(page, "biotin", "tak")
    page.locator("#value_CEA").focus()
    keys.type("3.1", delay=HUMAN)
    page.locator("#value_LYMPH").focus()
    keys.type("2.0", delay=HUMAN)
    keys.press("Control+Enter")
    expect(page.locator(".error-summary")).to_contain_text("is on record already. What is this paper?")
    page.locator("#id_same_day_0").focus()
    keys.press("1")
    # Beside what stands in that draw, the counts do not add up: said while the paper is typed.
    expect(page.locator("#grid-across")).to_contain_text("the parts add up to 6")
    page.locator("#confirm_LYMPH").focus()
    keys.type("2.0", delay=HUMAN)
    keys.press("Control+Enter")
    expect(page.locator(".error-summary")).to_contain_text("On record: not haemolysed. On this paper: haemolysed.")
    expect(page.locator("#value_LYMPH")).to_have_value("2.0")
    assert accessibility_violations(page) == []
    assert sideways_scroll(page) <= 0
    assert not DrawChange.objects.exists()
    choose(page, "haemolysis", "not")
    keys.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("Draw of")
    expect(page.locator("body")).to_contain_text(
        "What was not known of that draw before and is now: Collected, Biotin."
    )
    draw = Draw.objects.get()
    assert (draw.collected_at.hour, draw.time_known, draw.biotin, draw.haemolysis) == (8, True, "yes", "none")
    assert dict(draw.results.values_list("marker_id", "as_typed"))["LYMPH"] == "2.0"
