"""The clinic grid and the dates grid, worked by keys alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, EntryDraft, Patient, Result
from tests.browser.scanner import scan
from tests.browser.steps import accessibility_violations, keep_screenshot, sideways_scroll, sign_in
from tests.cast import PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser
HUMAN = 70


def paste(page: Page, selector: str, block: str) -> None:
    page.locator(selector).focus()
    page.evaluate(
        """([selector, block]) => {
          const data = new DataTransfer();
          data.setData("text/plain", block);
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
          document.querySelector(selector).dispatchEvent(event);
        }""",
        [selector, block],
    )


def begin(page: Page, address: str, patients: list[Patient]) -> None:
    """The clinic grid of CEA, CYFRA and NSE."""
    ids = ",".join(str(patient.pk) for patient in patients)
    context = {"day": "2026-03-02", "laboratory": "Central", "markers": "CEA,CYFRA211,NSE", "patients": ids}
    nurse = patients[0].care_team.memberships.get(user__username="nurse").user
    EntryDraft.objects.create(user=nurse, scope="clinic", key="clinic", context=context, revision=1)
    page.goto(f"{address}{reverse('clinic')}")


@pytest.fixture
def signed_in(live_server: LiveServer, cast: Cast, page: Page) -> Page:
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    return page


def test_a_clinic_is_chosen_typed_and_saved_by_keys_alone(signed_in: Page, live_server: LiveServer, cast: Cast) -> None:
    page = signed_in
    make_patient(cast.team, name="Ada Quibble", number="A-1000")
    make_patient(cast.team, name="Bo Quibble", number="B-2000")
    page.goto(f"{live_server.url}{reverse('clinic')}")
    page.locator("#id_numbers").focus()
    for number in ("A-1000", "B-2000", "X-9"):
        page.keyboard.type(number)
        page.keyboard.press("Enter")
    assert accessibility_violations(page) == []
    page.locator("#id_numbers").press("Tab")
    page.get_by_role("button", name="Begin").focus()
    page.keyboard.press("Enter")
    expect(page.locator("input[data-row='0'][data-col='0']")).to_be_focused()
    expect(page.locator("main")).to_contain_text("exactly this number: X-9.")
    page.keyboard.type("3.1", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator("input[data-row='0'][data-col='1']")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("F7")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("1-2", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator("input[data-row='0'][data-col='1']")).to_be_focused()
    expect(page.locator("td[data-cell$=':CEA']").nth(1)).to_contain_text("is a range")
    assert accessibility_violations(page) == []
    keep_screenshot(page, "clinic")
    page.keyboard.press("Control+Enter")
    expect(page.locator("main")).to_contain_text("Not everything was saved")
    expect(page.locator("tr.saved")).to_contain_text("Ada Quibble")
    assert [result.as_typed for result in Result.objects.all()] == ["3.1"]
    wrong = page.locator("input[data-row='1'][data-col='0']")
    expect(wrong).to_have_value("1-2")
    wrong.focus()
    wrong.press("Control+a")
    page.keyboard.type("4.2", delay=HUMAN)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".matrix-done")).to_contain_text("2 draws are saved.")
    assert sorted(Result.objects.values_list("as_typed", flat=True)) == ["3.1", "4.2"]
    assert accessibility_violations(page) == []


def test_a_block_spreads_over_the_grid_and_a_scanned_number_leads_to_its_row(
    signed_in: Page, live_server: LiveServer, cast: Cast
) -> None:
    page = signed_in
    patients = [make_patient(cast.team, number=f"44100{place}") for place in range(2)]
    give_draw(patients[1], dt.date(2026, 1, 12), {"CEA": "3.4"})
    begin(page, live_server.url, patients)
    paste(page, "input[data-row='0'][data-col='1']", "2.1\t9.5\t77\n2.2\t\n5\t6\n")
    first, second = (
        [page.locator(f"input[data-row='{row}'][data-col='{col}']").input_value() for col in range(3)]
        for row in range(2)
    )
    assert (first, second) == (["", "2.1", "9.5"], ["", "2.2", ""])
    expect(page.locator("#grid-said")).to_contain_text("Pasted into 3 cells.")
    expect(page.locator("#grid-said")).to_contain_text("left out: 77, 5, 6.")
    expect(page.locator("[data-kept]")).to_contain_text("Kept as a draft at")
    page.locator("input[data-row='0'][data-col='2']").focus()
    page.wait_for_timeout(HUMAN)
    scan(page, "441001")
    expect(page.locator("input[data-row='1'][data-col='0']")).to_be_focused()
    assert page.locator("input[data-row='0'][data-col='2']").input_value() == "9.5"
    page.reload()
    assert page.locator("input[data-row='1'][data-col='1']").input_value() == "2.2"
    page.set_viewport_size({"width": 390, "height": 800})
    assert sideways_scroll(page) == 0
    assert Draw.objects.count() == 1


def test_an_old_paper_of_two_dates_is_typed_and_saved_by_keys_alone(
    signed_in: Page, live_server: LiveServer, cast: Cast
) -> None:
    page = signed_in
    patient = make_patient(cast.team)
    page.goto(f"{live_server.url}{reverse('dates', args=[patient.pk])}")
    expect(page.locator("#day_1")).to_be_focused()
    page.keyboard.type("2025-11-03", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator("#day_2")).to_be_focused()
    page.keyboard.type("2025-12-03", delay=HUMAN)
    page.locator("#value_1_CEA").focus()
    page.keyboard.type("3.4", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator("#value_1_CYFRA211")).to_be_focused()
    page.keyboard.type("2.0", delay=HUMAN)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#value_2_CEA")).to_be_focused()
    page.keyboard.type("250", delay=HUMAN)
    expect(page.locator("#confirm_2_CEA")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("250", delay=HUMAN)
    expect(page.locator("#note_2_CEA")).to_contain_text("Typed twice, the same.")
    assert accessibility_violations(page) == []
    keep_screenshot(page, "dates")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".matrix-done")).to_contain_text("2 draws are saved.")
    days = [timezone.localdate(draw.collected_at).isoformat() for draw in Draw.objects.order_by("collected_at")]
    assert days == ["2025-11-03", "2025-12-03"]
    assert sorted(Result.objects.values_list("as_typed", flat=True)) == ["2.0", "250", "3.4"]
    page.set_viewport_size({"width": 390, "height": 800})
    assert sideways_scroll(page) == 0
