from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Result
from tests.cast import PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser


@pytest.fixture
def grid(live_server: LiveServer, cast: Cast, page: Page) -> Page:
    """The nurse's grid for a patient with one earlier draw, reached by keys alone."""
    patient = make_patient(cast.team, number="K-1")
    give_draw(patient, dt.date(2026, 1, 12), {"CEA": "3.4", "BCTX": "0.34"})
    page.goto(f"{live_server.url}{reverse('account_login')}?next={reverse('enter_results')}")
    page.fill("#id_login", "nurse")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.type("k-1")
    page.keyboard.press("Enter")
    expect(page.locator("#value_CEA")).to_be_focused()
    page.fill("#id_collected_on", "2026-03-02")
    return page


def test_a_paper_is_typed_by_keys_and_saved_by_keys(grid: Page) -> None:
    grid.locator("#value_CEA").focus()
    grid.keyboard.type("7.4")
    grid.keyboard.press("Enter")
    expect(grid.locator("#value_CYFRA211")).to_be_focused()
    assert not Result.objects.filter(
        draw__collected_at__year=2026, value="7.4"
    ).exists()  # Enter moves, it does not send
    expect(grid.locator("tr[data-marker=CEA] [data-change]")).to_have_text("+118 %")
    expect(grid.locator("tr[data-marker=CEA] [data-flag]")).to_have_text("H")
    grid.keyboard.type("2.0")
    grid.keyboard.press("ArrowUp")
    expect(grid.locator("#value_CEA")).to_be_focused()
    grid.keyboard.type("99")
    grid.keyboard.press("Escape")
    expect(grid.locator("#value_CEA")).to_have_value("7.4")
    grid.keyboard.press("ArrowDown")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".message-success")).to_contain_text("2 results saved at")
    assert set(Result.objects.filter(version=1, recorded_by__username="nurse").values_list("value", flat=True)) == {
        "7.4",
        "2.0",
    }


def test_a_doubtful_value_is_asked_for_again_in_place(grid: Page) -> None:
    confirm = grid.locator("#confirm_CEA")
    expect(confirm).to_be_hidden()
    grid.locator("#value_CEA").focus()
    grid.keyboard.type("250")
    grid.keyboard.press("Enter")
    expect(confirm).to_be_visible()
    grid.locator("#value_CEA").fill("25.0")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".error-summary")).to_be_focused()
    expect(grid.locator(".entry-cell-note.doubt").first).to_contain_text(
        "25 ng/mL is unusually high for CEA (above 20)."
    )
    confirm.fill("25.0")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".message-success")).to_contain_text("1 result saved at")


def test_computed_markers_and_the_previous_value_follow_what_is_typed(grid: Page) -> None:
    for code, text in (("NEUT", "4.2"), ("LYMPH", "1.5"), ("PLT", "200")):
        grid.fill(f"#value_{code}", text)
    expect(grid.locator("tr[data-computed=NLR] output")).to_have_text("2.8")
    expect(grid.locator("tr[data-computed=SII] output")).to_have_text("560")
    grid.fill("#value_BCTX", "340")
    grid.select_option("#unit_BCTX", "pg/mL")
    expect(grid.locator("tr[data-marker=BCTX] [data-change]")).to_have_text("0 %")
    expect(grid.locator("tr[data-marker=CEA] [data-previous]")).to_contain_text("12-Jan-2026")
    grid.fill("#id_collected_on", "2026-01-05")
    expect(grid.locator("tr[data-marker=CEA] [data-previous]")).to_have_text("")


def test_nothing_on_the_page_breaks_the_content_policy(grid: Page) -> None:
    complaints: list[str] = []
    grid.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    grid.reload()
    expect(grid.locator("#value_CEA")).to_be_visible()
    assert complaints == []
