"""The usability figure: how many keys a draw of twelve markers costs a nurse who never touches the mouse."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Result
from patients.services import set_plan
from tests.browser.steps import sign_in
from tests.cast import ACTOR, PASSWORD, Cast, make_patient

pytestmark = pytest.mark.browser
VALUES = {
    "CEA": "3.4", "CYFRA211": "2.1", "NSE": "11.0", "PROGRP": "38", "SCC": "0.9", "BAP": "12.1", "BCTX": "<0.20",
    "P1NP": "45", "ALP": "71", "CA": "2.35", "ALB": "41", "PLT": "240",
}  # fmt: skip
START = dt.date(2026, 1, 1)
HUMAN = 60  # ms between keys of a quick typist
COUNT = "window.keys = 0; document.addEventListener('keydown', () => { window.keys += 1; }, { capture: true });"


def test_a_draw_of_twelve_markers_costs_its_characters_one_key_a_cell_and_at_most_three_more(
    live_server: LiveServer, cast: Cast, page: Page
) -> None:
    patient = make_patient(cast.team)
    set_plan(actor=ACTOR, patient_id=patient.pk, markers=list(VALUES), every_weeks=6, starts_on=START)
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_new', args=[patient.pk])}")
    expect(page.locator("#value_CEA")).to_be_focused()
    page.evaluate(COUNT)
    for value in VALUES.values():
        page.keyboard.type(value, delay=HUMAN)
        page.keyboard.press("Enter")
    keys_before_saving = page.evaluate("window.keys")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("12 results saved at")
    saved = dict(Result.objects.values_list("marker_id", "as_typed"))
    assert saved == VALUES
    # Ctrl and Enter are two keys; the page that counted is gone by then.
    assert keys_before_saving + 2 <= sum(map(len, VALUES.values())) + len(VALUES) + 3
