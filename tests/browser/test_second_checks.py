"""The second person by keyboard alone: comparing with the paper, and typing it again without seeing the first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, Request, Route, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, EntryDraft, Patient, Result, ResultCheck
from tests.browser.steps import (
    accessibility_violations,
    follow,
    keep_screenshot,
    open_page,
    sideways_scroll,
    sign_in,
    slowed,
)
from tests.cast import PASSWORD, Cast, give_draw, make_patient
from tests.patients.holds import AT, a_third, ask, on_hold, type_draw

pytestmark = pytest.mark.browser
VALUES = {"CEA": "30.0", "ALP": "80", "CA": "3.60", "PLT": "250"}
BEFORE = AT.replace(year=2025)
SETTLED = 800
PATIENCE = 20_000
BESIDE = "Save this page; keep the other's as a draft"


@pytest.fixture
def patient(cast: Cast) -> Patient:
    patient = make_patient(cast.team)
    give_draw(patient, BEFORE, {"CEA": "3.0", "ALP": "78"}, laboratory="Central")
    return patient


def typed(cast: Cast, patient: Patient, kind: str) -> Draw:
    ask(kind)
    return type_draw(patient, cast.nurse, VALUES)


def open_list(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}{reverse('account_login')}?next={reverse('to_check')}")
    expect(page.locator("#id_login")).to_be_focused()
    page.keyboard.type("clinician")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("To be checked")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def test_a_draw_is_compared_with_its_paper_by_keys(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    draw = typed(cast, patient, "verify")
    open_list(page, live_server)
    tab_to(page, "#waiting a")
    page.keyboard.press("Enter")
    keys = page.keyboard
    expect(page.locator("#agree_CEA")).to_be_focused()
    assert page.locator("input[name=agree]:checked").count() == 0
    keys.press("ArrowDown")
    expect(page.locator("#agree_ALP")).to_be_focused()
    keys.press("Space")
    expect(page.locator("#agree_ALP")).to_be_checked()
    keys.press("Space")
    expect(page.locator("#agree_ALP")).not_to_be_checked()
    keys.press("Enter")  # ticks and goes on
    expect(page.locator("#agree_ALP")).to_be_checked()
    expect(page.locator("#agree_CA")).to_be_focused()
    expect(page.locator("[data-count]")).to_have_text("1 of 4 agree")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    expect(page.locator("#agree_CEA")).to_be_focused()
    assert not ResultCheck.objects.exists()
    keys.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("1 value is checked and counts from now on.")
    assert on_hold(draw) == {"CEA": "verify", "CA": "verify", "PLT": "verify"}
    expect(page.locator("#agree_CEA")).to_be_focused()
    keys.press("a")
    expect(page.locator("[data-count]")).to_have_text("3 of 3 agree")
    keys.press("Control+Enter")
    expect(page.locator(".empty")).to_have_text("Nothing waits for you.")
    assert on_hold(draw) == {}


def test_a_draw_is_typed_a_second_time_by_keys_and_what_differs_is_shown(
    live_server: LiveServer, cast: Cast, patient: Patient, page: Page
) -> None:
    draw = typed(cast, patient, "blind")
    open_list(page, live_server)
    tab_to(page, "#waiting a")
    page.keyboard.press("Enter")
    keys = page.keyboard
    expect(page.locator("#value_CEA")).to_be_focused()
    keys.type("99")
    keys.press("Escape")
    expect(page.locator("#value_CEA")).to_have_value("")
    keys.type("30")
    keys.press("Enter")
    expect(page.locator("#value_ALP")).to_be_focused()
    keys.type("eighty")
    keys.press("ArrowDown")
    expect(page.locator("#value_CA")).to_be_focused()
    keys.press("F2")
    expect(page.locator("#unit_CA")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#value_CA")).to_be_focused()
    keys.press("F4")  # there is no assay to reach here
    keys.press("F8")  # nor facts of the draw
    expect(page.locator("#value_CA")).to_be_focused()
    expect(page.locator("[data-count]")).to_have_text("Values typed: 2")
    keys.press("Control+Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#value_CEA")).to_have_value("30")
    assert not ResultCheck.objects.exists()
    tab_to(page, ".error-summary a")
    keys.press("Enter")
    expect(page.locator("#value_ALP")).to_be_focused()
    keys.press("ControlOrMeta+a")
    keys.type("81")
    keys.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("1 value is checked and counts from now on.")
    row = page.locator("section[aria-labelledby=differing] tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator(".check-value")).to_have_text(["80", "81"])
    assert on_hold(draw) == {"ALP": "blind", "CA": "blind", "PLT": "blind"}
    assert Result.objects.for_trends().filter(draw=draw).get().as_typed == "30.0"


# --- what is typed a second time is kept ------------------------------------------------------------------------------


@pytest.fixture
def again(live_server: LiveServer, cast: Cast, patient: Patient, page: Page) -> Iterator[Page]:
    """The second person's page, empty."""
    draw = typed(cast, patient, "blind")
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_second_entry', args=[patient.pk, draw.pk])}")
    expect(page.locator("#value_CEA")).to_be_focused()
    yield page
    for one in page.context.pages:
        one.wait_for_timeout(SETTLED)  # what the page still sends must find the test's database
        one.close()


def expect_kept(page: Page, **values: str) -> None:
    """The server has exactly these values, as soon as it is done with what it was sent."""
    for _ in range(PATIENCE // SETTLED):
        page.wait_for_timeout(SETTLED)  # not while it is being written
        if kept() == values:
            break
    assert kept() == values


def kept() -> dict[str, str]:
    draft = EntryDraft.objects.first()
    return {code: cell["value"] for code, cell in draft.cells.items()} if draft else {}


def waiting() -> set[str]:
    return set(Result.objects.on_hold().values_list("marker_id", flat=True))


def test_a_closed_tab_costs_nothing_and_the_draft_is_found_and_saved_by_keys(
    again: Page, live_server: LiveServer
) -> None:
    again.keyboard.type("30")
    again.keyboard.press("Enter")
    again.keyboard.type("8")
    expect(again.locator("[data-kept]")).to_contain_text("Kept as a draft at")
    expect_kept(again, CEA="30", ALP="8")
    assert EntryDraft.objects.get().cells["CEA"] == {"value": "30", "unit": "ng/mL"}
    assert "30.0" not in again.content()
    context = again.context
    page = slowed(context.new_page())
    again.close()
    page.goto(f"{live_server.url}{reverse('enter_results')}")
    tab_to(page, ".draft-list a")
    follow(page, page.locator(".draft-list a"))
    expect(page.locator(".grid-strip").first).to_contain_text("This is what you typed until")
    expect(page.locator("#value_CEA")).to_be_focused()
    expect(page.locator("#value_CEA")).to_have_value("30")
    expect(page.locator("[data-count]")).to_have_text("Values typed: 2")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#value_ALP")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("0")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_have_text("2 values are checked and count from now on.")
    assert waiting() == {"CA", "PLT"}
    assert not EntryDraft.objects.exists()


def test_an_ended_session_keeps_the_cells_and_the_page_is_saved_after_signing_in_elsewhere(
    again: Page, live_server: LiveServer
) -> None:
    again.keyboard.type("30")
    expect_kept(again, CEA="30")
    Session.objects.all().delete()
    again.keyboard.press("Enter")
    again.keyboard.type("80")
    strip = again.locator("#grid-strip")
    expect(strip).to_contain_text("You were signed out.")
    again.keyboard.press("Control+Enter")
    expect(again.locator("#grid-said")).to_contain_text("not saved yet")
    assert (kept(), ResultCheck.objects.count()) == ({"CEA": "30"}, 0)
    other = slowed(again.context.new_page())
    sign_in(other, live_server.url, username="clinician", password=PASSWORD)
    again.bring_to_front()
    expect(strip).to_be_hidden(timeout=PATIENCE)
    expect_kept(again, CEA="30", ALP="80")
    again.keyboard.press("Control+Enter")
    expect(again.locator(".message-success")).to_have_text("2 values are checked and count from now on.")
    assert set(ResultCheck.objects.values_list("result__marker_id", "by__username")) == {
        ("CEA", "clinician"),
        ("ALP", "clinician"),
    }


def test_without_a_connection_typing_goes_on_and_is_sent_when_it_is_back(again: Page) -> None:
    again.context.set_offline(True)
    again.keyboard.type("30")
    strip = again.locator("#grid-strip")
    expect(strip).to_contain_text("No connection.")
    again.keyboard.press("Control+Enter")
    expect(again.locator("#grid-said")).to_contain_text("not saved yet")
    again.keyboard.type("1")
    again.context.set_offline(False)
    expect(strip).to_be_hidden(timeout=PATIENCE)
    expect_kept(again, CEA="301")
    assert not ResultCheck.objects.exists()


def test_two_windows_are_told_of_each_other_and_neither_is_lost(again: Page) -> None:
    """The other window was open before anything was typed, and holds something else."""
    other = slowed(again.context.new_page())
    other.goto(again.url)
    expect(other.locator("#value_CEA")).to_be_focused()
    again.bring_to_front()
    again.keyboard.type("30")
    expect_kept(again, CEA="30")
    other.bring_to_front()
    other.keyboard.type("31")
    strip = other.locator("#grid-strip")
    expect(strip).to_contain_text("CEA: There: 30. Here: 31.")
    assert accessibility_violations(other) == []
    other.keyboard.press("Control+Enter")
    expect(other.locator("#grid-said")).to_contain_text("not saved yet")
    assert (kept(), ResultCheck.objects.count()) == ({"CEA": "30"}, 0)
    strip.get_by_role("button", name=BESIDE).focus()
    other.keyboard.press("Enter")
    expect(other.locator("p.message-warning")).to_contain_text("1 value differs from the first entry.")
    expect(other.locator("body")).to_contain_text("kept as a draft. It is not saved yet.")
    assert list(ResultCheck.objects.values_list("as_typed", flat=True)) == ["31"]
    assert kept() == {"CEA": "30"}
    expect(other.locator("[data-gone=CEA]")).to_have_text("CEA 30 ng/mL")
    expect(other.locator("#value_ALP")).to_be_visible()


def test_what_is_checked_meanwhile_stays_visible_and_kept_while_the_rest_is_typed(
    again: Page, cast: Cast, client: Client
) -> None:
    again.keyboard.type("31")
    expect_kept(again, CEA="31")
    row = Result.objects.on_hold().get(marker_id="CEA")
    client.force_login(a_third(cast))
    client.post(
        reverse("draw_second_entry", args=[row.draw.patient_id, row.draw_id]),
        {"value_CEA": "30", "unit_CEA": "ng/mL", "seen_CEA": str(row.pk)},
    )
    assert waiting() == {"ALP", "CA", "PLT"}
    again.reload()
    expect(again.locator("[data-gone=CEA]")).to_have_text("CEA 31 ng/mL")
    expect(again.locator("#value_ALP")).to_be_focused()
    for width in (390, 1440):
        again.set_viewport_size({"width": width, "height": 900})
        keep_screenshot(again, f"checks-restored-{width}")
        assert accessibility_violations(again) == []
        assert sideways_scroll(again) <= 0
    again.keyboard.type("80")
    expect_kept(again, CEA="31", ALP="80")
    again.keyboard.press("Control+Enter")
    expect(again.locator(".message-success")).to_have_text("1 value is checked and counts from now on.")
    assert waiting() == {"CA", "PLT"}
    assert not EntryDraft.objects.exists()


def test_an_impatient_person_and_a_lost_answer_check_nothing_twice(again: Page) -> None:
    """The form goes out once, however often save is pressed; sent again after the answer was lost, it says so."""
    sent: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch(max_redirects=0)  # the server saves it
            route.abort("connectionreset")
        else:
            route.continue_()

    def count(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.post_data or "")

    again.on("request", count)
    again.keyboard.type("30")
    expect_kept(again, CEA="30")
    address = again.url
    again.route(address, lose_the_answer)
    with again.expect_event("requestfailed"):
        for _thrice in range(3):
            again.keyboard.press("Control+Enter")
    again.wait_for_timeout(SETTLED)
    assert len(sent) == 1
    assert waiting() == {"ALP", "CA", "PLT"}
    again.unroute(address)
    again.reload()  # sends the form again
    expect(again.locator(".message-info")).to_have_text("1 value was saved before and is not checked twice.")
    assert len(sent) == 2
    assert ResultCheck.objects.count() == 1
    assert not EntryDraft.objects.exists()


@pytest.mark.parametrize(("width", "dark", "language"), [(1440, False, "en-GB"), (390, True, "zh-CN")])
def test_the_pages_can_be_used_by_everyone(
    live_server: LiveServer, cast: Cast, patient: Patient, browser: Browser, width: int, dark: bool, language: str
) -> None:
    compared = typed(cast, patient, "verify")
    ask("blind", name="Other")
    again = type_draw(patient, cast.nurse, {"CEA": "5.2", "ALP": "80"}, laboratory="Other")
    watched = open_page(browser, width=width, dark=dark, language=language)
    page = watched.page
    page.goto(f"{live_server.url}{reverse('account_login')}")
    page.fill("#id_login", "clinician")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/worklist/**")

    def look(name: str, address: str) -> None:
        page.goto(f"{live_server.url}{address}")
        page.wait_for_load_state("networkidle")
        keep_screenshot(page, f"checks-{name}-{width}")
        assert (name, accessibility_violations(page)) == (name, [])
        assert (name, sideways_scroll(page) <= 0) == (name, True)

    second = reverse("draw_second_entry", args=[patient.pk, again.pk])
    look("list", reverse("to_check"))
    look("verify", reverse("draw_verify", args=[patient.pk, compared.pk]))
    look("second", second)
    page.fill("#value_CEA", "5.3")
    page.locator("#value_CEA").press("Control+Enter")
    page.locator("section[aria-labelledby=differing]").wait_for()
    look("differs", second)
    look("draw", reverse("draw", args=[patient.pk, compared.pk]))
    look("history", reverse("draw_history", args=[patient.pk, again.pk]))
    look("patient", reverse("patient", args=[patient.pk]))
    look("enter", reverse("enter_results"))
    assert watched.complaints == []
    page.context.close()
