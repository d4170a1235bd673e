"""Drafts of the three grids in a real browser: two windows, a closed tab, no connection, no session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, EntryDraft, Patient, Result
from tests.browser.steps import accessibility_violations, follow, sideways_scroll, sign_in, slowed
from tests.cast import PASSWORD, Cast, make_patient

pytestmark = pytest.mark.browser
KEPT: Final = "Kept as a draft at"
BESIDE: Final = "Save this page; keep the other's as a draft"
SETTLED: Final = 800
PATIENCE: Final = 20_000  # a page of forty cells on a busy machine


@dataclass(frozen=True, slots=True)
class Grid:
    """One of the pages of entry: where it is, two of its cells, and how they are called where windows differ."""

    address: str
    cells: tuple[str, str]
    name: str
    key: Callable[[str], str]
    saved: str  # what the page says when all is saved

    def expect_kept(self, page: Page, cea: str, nse: str | None = None) -> None:
        """The server has exactly these values, as soon as it is done with what it was sent."""
        wanted = {self.key("CEA"): cea} | ({} if nse is None else {self.key("NSE"): nse})
        for _ in range(PATIENCE // 100):
            if self.kept() == wanted:
                break
            page.wait_for_timeout(100)
        assert self.kept() == wanted

    def kept(self) -> dict[str, str]:
        return {name: cell["value"] for name, cell in EntryDraft.objects.get().cells.items()}


def one_draw(_cast: Cast, patient: Patient) -> Grid:
    address = reverse("draw_new", args=[patient.pk])
    return Grid(address, ("#value_CEA", "#value_NSE"), "CEA", str, ".message-success")


def clinic(cast: Cast, patient: Patient) -> Grid:
    context = {"day": "2026-03-02", "laboratory": "Central", "markers": "CEA,NSE", "patients": str(patient.pk)}
    EntryDraft.objects.create(user=cast.nurse, scope="clinic", key="clinic", context=context, revision=1)
    cells = f"#value_{patient.pk}_CEA", f"#value_{patient.pk}_NSE"
    return Grid(reverse("clinic"), cells, f"{patient.name}, CEA", lambda code: f"{patient.pk}:{code}", ".matrix-done")


def dates(_cast: Cast, patient: Patient) -> Grid:
    cells = "#value_1_CEA", "#value_1_NSE"
    address = reverse("dates", args=[patient.pk])
    return Grid(address, cells, "column 1, CEA", lambda code: f"1:{code}", ".matrix-done")


@pytest.fixture(params=[one_draw, clinic, dates], ids=["draw", "clinic", "dates"])
def grid(request: pytest.FixtureRequest, cast: Cast) -> Grid:
    make: Callable[[Cast, Patient], Grid] = request.param
    return make(cast, make_patient(cast.team, name="Ada Quibble", number="K-1"))


@pytest.fixture
def page(live_server: LiveServer, grid: Grid, page: Page) -> Iterator[Page]:
    """The nurse's page with the day of the draw filled in and kept."""
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{grid.address}")
    day = page.locator("#id_collected_on, #id_day, #day_1").first
    day.fill("2026-03-02")
    day.dispatch_event("change")
    expect(page.locator("[data-kept]")).to_contain_text(KEPT)
    yield page
    if not page.is_closed():
        page.wait_for_timeout(SETTLED)  # what the page still sends must find the test's database
    for one in page.context.pages:
        one.close()


def open_again(page: Page) -> Page:
    second = slowed(page.context.new_page())
    second.goto(page.url)
    return second


def save(page: Page, cell: str) -> None:
    page.locator(cell).focus()
    page.keyboard.press("Control+Enter")


def test_an_untouched_window_shows_what_the_other_typed_before_it_saves(page: Page, grid: Grid) -> None:
    first, second = page, open_again(page)
    cea, nse = grid.cells
    first.fill(cea, "4.3")
    grid.expect_kept(first, "4.3")
    third = open_again(page)  # holds what the first kept, and is not touched again
    expect(third.locator(cea)).to_have_value("4.3")
    first.fill(cea, "3.4")
    first.fill(nse, "9")
    grid.expect_kept(first, "3.4", "9")
    save(third, cea)
    strip = third.locator("#grid-strip")
    expect(strip).to_contain_text(f"{grid.name}: There: 3.4. Here: 4.3.")
    expect(strip).to_contain_text("There: 9. Here: nothing typed.")
    expect(third.locator("#grid-said")).to_contain_text("not saved yet")
    assert accessibility_violations(third) == []
    assert not Draw.objects.exists()
    assert grid.kept() == {grid.key("CEA"): "3.4", grid.key("NSE"): "9"}
    strip.get_by_role("button", name=BESIDE).focus()
    third.keyboard.press("Enter")
    expect(third.locator(grid.saved)).to_be_visible(timeout=PATIENCE)
    expect(third.locator("body")).to_contain_text("kept as a draft. It is not saved yet.")
    assert list(Result.objects.values_list("as_typed", flat=True)) == ["4.3"]
    assert grid.kept() == {grid.key("CEA"): "3.4", grid.key("NSE"): "9"}
    second.close()


def test_what_is_kept_while_the_page_is_on_its_way_is_shown_by_the_server(page: Page, grid: Grid) -> None:
    """Between the script's question and the form itself another window may keep something."""
    cea, _nse = grid.cells
    page.fill(cea, "4.3")
    grid.expect_kept(page, "4.3")

    def meanwhile(route: Route) -> None:
        if route.request.method == "POST":
            draft = EntryDraft.objects.get()
            draft.cells = {grid.key("CEA"): {"value": "3.4"}}
            draft.revision += 1
            draft.save()
        route.continue_()

    page.route(f"**{grid.address}", meanwhile)
    save(page, cea)
    newer = page.locator(".newer-draft")
    expect(newer).to_be_focused(timeout=PATIENCE)
    expect(newer.locator("tr", has_text=grid.name)).to_contain_text("3.4")
    expect(page.locator(cea)).to_have_value("4.3")
    assert accessibility_violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert sideways_scroll(page) == 0
    assert not Draw.objects.exists()
    page.unroute(f"**{grid.address}")
    newer.get_by_role("button", name=BESIDE).focus()
    page.keyboard.press("Enter")
    expect(page.locator(grid.saved)).to_be_visible(timeout=PATIENCE)
    assert list(Result.objects.values_list("as_typed", flat=True)) == ["4.3"]
    assert grid.kept() == {grid.key("CEA"): "3.4"}


def test_a_closed_tab_costs_nothing_and_its_draft_is_offered(page: Page, grid: Grid, live_server: LiveServer) -> None:
    cea, nse = grid.cells
    page.fill(cea, "4.3")
    page.fill(nse, "9.")
    grid.expect_kept(page, "4.3", "9.")
    context = page.context
    page.close()
    again = slowed(context.new_page())
    again.goto(f"{live_server.url}{reverse('enter_results')}")
    follow(again, again.locator(f".draft-list a[href='{grid.address}']"))
    expect(again.locator(".grid-strip").first).to_contain_text("This is what you typed until")
    expect(again.locator(cea)).to_have_value("4.3")
    expect(again.locator(nse)).to_have_value("9.")
    again.fill(nse, "9.0")
    save(again, nse)
    expect(again.locator(grid.saved)).to_be_visible(timeout=PATIENCE)
    assert sorted(Result.objects.values_list("as_typed", flat=True)) == ["4.3", "9.0"]
    assert not EntryDraft.objects.exists()


def test_without_a_connection_typing_goes_on_and_is_sent_when_it_is_back(page: Page, grid: Grid) -> None:
    cea, nse = grid.cells
    page.context.set_offline(True)
    page.fill(cea, "4.3")
    strip = page.locator("#grid-strip")
    expect(strip).to_contain_text("No connection.")
    save(page, cea)
    expect(page.locator("#grid-said")).to_contain_text("not saved yet")
    page.fill(nse, "9")
    page.context.set_offline(False)
    expect(strip).to_be_hidden(timeout=PATIENCE)
    grid.expect_kept(page, "4.3", "9")
    assert not Draw.objects.exists()
    save(page, cea)
    expect(page.locator(grid.saved)).to_be_visible(timeout=PATIENCE)
    assert sorted(Result.objects.values_list("as_typed", flat=True)) == ["4.3", "9"]


def test_what_was_taken_but_never_answered_is_known_again_as_ones_own(page: Page, grid: Grid) -> None:
    cea, nse = grid.cells

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "PUT":
            route.fetch()  # the server keeps it
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/draft*/**", lose_the_answer)
    page.fill(cea, "4.3")
    expect(page.locator("#grid-strip")).to_contain_text("No connection.")
    page.unroute("**/draft*/**")
    page.fill(nse, "9")
    expect(page.locator("#grid-strip")).to_be_hidden(timeout=PATIENCE)
    grid.expect_kept(page, "4.3", "9")


def test_a_lost_session_keeps_the_cells_and_goes_on_after_signing_in_elsewhere(
    page: Page, grid: Grid, live_server: LiveServer
) -> None:
    cea, nse = grid.cells
    page.fill(cea, "4.3")
    grid.expect_kept(page, "4.3")
    Session.objects.all().delete()
    page.fill(nse, "9")
    strip = page.locator("#grid-strip")
    expect(strip).to_contain_text("You were signed out.")
    save(page, nse)
    expect(page.locator("#grid-said")).to_contain_text("not saved yet")
    assert grid.kept() == {grid.key("CEA"): "4.3"}
    other = slowed(page.context.new_page())
    sign_in(other, live_server.url, username="nurse", password=PASSWORD)
    page.bring_to_front()
    expect(strip).to_be_hidden(timeout=PATIENCE)
    grid.expect_kept(page, "4.3", "9")
    save(page, nse)
    expect(page.locator(grid.saved)).to_be_visible(timeout=PATIENCE)
    assert set(Result.objects.values_list("as_typed", "recorded_by__username")) == {("4.3", "nurse"), ("9", "nurse")}
