"""The entry grid as a nurse meets it: keys, barcode reader, spreadsheet, lost sessions and lost connections."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, EntryDraft, Patient, Result
from tests.browser.scanner import scan
from tests.browser.steps import accessibility_violations, sideways_scroll, sign_in, slowed
from tests.cast import PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser
KEPT = "Kept as a draft at"
HUMAN = 80
SETTLED = 800


@pytest.fixture
def patient(cast: Cast) -> Patient:
    patient = make_patient(cast.team, number="K-1")
    give_draw(patient, dt.date(2026, 1, 12), {"CEA": "3.4", "BCTX": "0.34"})
    return patient


@pytest.fixture
def grid(live_server: LiveServer, patient: Patient, page: Page) -> Iterator[Page]:
    """The nurse's grid with the day of the draw filled in and the cursor in the first value."""
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_new', args=[patient.pk])}")
    expect(page.locator("#value_CEA")).to_be_focused()
    page.fill("#id_collected_on", "2026-03-02")
    page.locator("#value_CEA").focus()
    yield page
    if not page.is_closed():
        page.wait_for_timeout(SETTLED)  # what the page still sends must find the test's database
        page.close()


def paste(page: Page, selector: str, block: str) -> bool:
    """Whether the page took it out of the browser's hands, which would have written it into the cell."""
    page.locator(selector).focus()
    taken: bool = page.evaluate(
        """([selector, block]) => {
          const data = new DataTransfer();
          data.setData("text/plain", block);
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
          return !document.querySelector(selector).dispatchEvent(event);
        }""",
        [selector, block],
    )
    return taken


def value(page: Page, code: str) -> str:
    return page.locator(f"#value_{code}").input_value()


def test_tab_and_the_arrows_pass_unit_and_assay_which_have_keys_of_their_own(grid: Page) -> None:
    grid.keyboard.press("Tab")
    expect(grid.locator("#value_CYFRA211")).to_be_focused()
    grid.keyboard.press("Shift+Tab")
    expect(grid.locator("#value_CEA")).to_be_focused()
    grid.keyboard.press("F4")
    expect(grid.locator("#assay_CEA")).to_be_focused()
    grid.keyboard.type("Elecsys", delay=HUMAN)
    grid.keyboard.press("Enter")
    expect(grid.locator("#value_CEA")).to_be_focused()
    assert grid.locator("#assay_CEA").input_value() == "Elecsys"
    grid.locator("#value_BCTX").focus()
    grid.keyboard.press("F2")
    expect(grid.locator("#unit_BCTX")).to_be_focused()
    grid.keyboard.press("ArrowDown")
    chosen = grid.locator("#unit_BCTX").input_value()
    assert chosen != "ng/mL"
    grid.keyboard.press("Enter")
    expect(grid.locator("#value_BCTX")).to_be_focused()
    grid.keyboard.press("F8")
    expect(grid.locator("#id_collected_on")).to_be_focused()


def test_enter_in_the_last_cell_stays_there_and_says_how_to_save(grid: Page) -> None:
    last = grid.locator("input.entry-value:visible").last
    last.focus()
    grid.keyboard.press("Enter")
    expect(last).to_be_focused()
    expect(grid.locator("#grid-said")).to_have_text("This is the last cell. Ctrl+Enter saves.")


@pytest.mark.parametrize("where", [".entry-save .btn-primary", ".entry-save a", "#id_laboratory", "#id_fasting"])
def test_a_barcode_reader_sends_nothing_and_leaves_the_page_wherever_the_cursor_is(grid: Page, where: str) -> None:
    grid.fill("#value_CEA", "3.1")
    expect(grid.locator("[data-kept]")).to_contain_text(KEPT)
    address = grid.url
    for _twice in range(2):
        grid.locator(where).focus()
        scan(grid, "4006381 333931")
    grid.wait_for_timeout(300)
    assert grid.url == address
    assert value(grid, "CEA") == "3.1"
    assert Draw.objects.count() == 1


def test_a_code_that_was_scanned_into_a_value_becomes_the_accession_number(grid: Page) -> None:
    grid.keyboard.type("3.1", delay=HUMAN)
    grid.wait_for_timeout(HUMAN)
    scan(grid, "4006381333931")
    assert value(grid, "CEA") == "3.1"
    assert grid.locator("#id_accession").input_value() == "4006381333931"
    expect(grid.locator("#grid-said")).to_contain_text("put down as the accession number")
    grid.wait_for_timeout(HUMAN)
    scan(grid, "7712345678")
    expect(grid.locator("#grid-said")).to_contain_text("but the accession number of this draw is 4006381333931")
    assert grid.locator("#id_accession").input_value() == "4006381333931"


def test_a_column_from_a_spreadsheet_fills_the_cells_below_and_the_rest_is_named(grid: Page) -> None:
    count = grid.locator("tr[data-marker] input[name^=value_]").count()
    grid.fill("#value_CYFRA211", "9.9")
    column = ["3.1", "2.2", "", "<0.5"] + [""] * (count - 4) + ["77.1", "88.2"]
    paste(grid, "#value_CEA", "\r\n".join(column) + "\r\n")
    assert [value(grid, code) for code in ("CEA", "CYFRA211", "NSE", "PROGRP")] == ["3.1", "2.2", "", "<0.5"]
    said = grid.locator("#grid-said")
    expect(said).to_contain_text("Pasted into 3 cells.")
    expect(said).to_contain_text("Replaced: CYFRA 21-1 9.9.")
    expect(said).to_contain_text("Did not fit and was left out: 77.1, 88.2.")
    said.get_by_role("button", name="Take the paste back").click()
    assert [value(grid, code) for code in ("CEA", "CYFRA211", "PROGRP")] == ["", "9.9", ""]


def test_markers_with_their_values_find_their_cells_by_name(grid: Page) -> None:
    block = 'Marker\tValue\tUnit\n癌胚抗原\t3.1\tng/mL\nbctx\t"340"\tpg/mL\nBILI\t12\tumol/L\nALP\t80\tfurlong\n'
    paste(grid, "#value_NSE", block)
    assert [value(grid, code) for code in ("CEA", "BCTX", "ALP", "NSE")] == ["3.1", "340", "", ""]
    assert grid.locator("#unit_BCTX").input_value() == "pg/mL"
    said = grid.locator("#grid-said")
    # A number whose unit the marker does not know is not written in another unit.
    expect(said).to_contain_text("left out: Marker Value Unit, BILI 12 umol/L, ALP 80 furlong.")


def test_a_row_fills_downwards_and_a_block_without_names_is_refused_aloud(grid: Page) -> None:
    paste(grid, "#value_CEA", "3.1\t2.2\t11")
    assert [value(grid, code) for code in ("CEA", "CYFRA211", "NSE")] == ["3.1", "2.2", "11"]
    paste(grid, "#value_PROGRP", "1\t2\n3\t4")
    expect(grid.locator("#grid-said")).to_contain_text("Nothing was pasted")
    assert value(grid, "PROGRP") == ""


def test_a_value_is_not_confirmed_by_pasting_it(grid: Page) -> None:
    grid.keyboard.type("250", delay=HUMAN)
    grid.keyboard.press("Enter")
    expect(grid.locator("#confirm_CEA")).to_be_visible()
    assert paste(grid, "#confirm_CEA", "250")
    assert not paste(grid, "#value_NSE", "11.0")  # one cell is the browser's own affair
    assert grid.locator("#confirm_CEA").input_value() == ""
    expect(grid.locator("#grid-said")).to_contain_text("Type it a second time")
    grid.locator("#confirm_CEA").focus()
    grid.keyboard.type("250", delay=HUMAN)
    grid.keyboard.press("Enter")
    expect(grid.locator("#note_CEA")).to_contain_text("Typed twice, the same.")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".message-success")).to_contain_text("1 result saved at")


def test_the_server_judges_each_cell_while_the_next_is_typed(grid: Page) -> None:
    grid.keyboard.type("5.2-5.6", delay=HUMAN)
    grid.keyboard.press("Enter")
    expect(grid.locator("#note_CEA")).to_contain_text("range")
    expect(grid.locator("#value_CEA")).to_have_attribute("aria-invalid", "true")
    grid.fill("#value_CEA", "7.4")
    expect(grid.locator("#value_CEA")).not_to_have_attribute("aria-invalid", "true")
    expect(grid.locator("tr[data-marker=CEA] [data-change]")).to_have_text("+118 %")
    expect(grid.locator("tr[data-marker=CEA] [data-previous]")).to_contain_text("12-Jan-2026 · 49 days before")
    for value, times in (("10.2", "×3.0"), ("33.9", "×10")):  # as the server says it
        grid.fill("#value_CEA", value)
        expect(grid.locator("tr[data-marker=CEA] [data-change]")).to_have_text(times)
    grid.fill("#value_CA", "3.6")
    expect(grid.locator("#note_CA")).to_contain_text("URGENT: Ca 3.6 mmol/L")


def test_a_word_for_a_missing_value_is_taken_and_counts_that_do_not_add_up_are_asked_about(grid: Page) -> None:
    grid.locator("#value_NSE").focus()
    grid.keyboard.type("溶血")
    expect(grid.locator("#note_NSE")).to_contain_text("No value: ")
    expect(grid.locator("#value_NSE")).not_to_have_attribute("aria-invalid", "true")
    with grid.expect_navigation():
        grid.locator("[name=show]").click()
    assert value(grid, "NSE") == "溶血"
    for code, typed in (("WBC", "5.0"), ("NEUT", "4.2"), ("LYMPH", "1.5")):
        grid.fill(f"#value_{code}", typed)
    expect(grid.locator("#grid-across li")).to_have_count(1)
    expect(grid.locator("#confirm_WBC")).to_be_visible()
    grid.fill("#value_WBC", "7.0")
    expect(grid.locator("#grid-across")).to_be_hidden()
    expect(grid.locator("#confirm_WBC")).to_be_hidden()
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".message-success")).to_contain_text("4 results saved at")


def test_the_persons_own_band_stands_beside_the_cell(page: Page, live_server: LiveServer, cast: Cast) -> None:
    followed = make_patient(cast.team, number="K-2")
    for draw in range(6):
        give_draw(followed, dt.date(2025, 6, 12) + dt.timedelta(days=42 * draw), {"CEA": f"3.{draw}"})
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_new', args=[followed.pk])}")
    band = page.locator("tr[data-marker=CEA] [data-band]")
    expect(band).to_contain_text(re.compile(r"^\d[.\d]*–\d[.\d]* RCV −\d+ % to \+\d+ %$"))
    expect(page.locator("tr[data-marker=NSE] [data-band]")).to_have_text("")
    page.fill("#id_collected_on", "2025-06-01")
    expect(band).to_have_text("")
    page.wait_for_timeout(SETTLED)


def test_a_closed_window_costs_nothing(grid: Page, live_server: LiveServer, patient: Patient) -> None:
    grid.fill("#id_laboratory", "Central")
    grid.locator("#value_CEA").focus()
    grid.keyboard.type("7.4", delay=HUMAN)
    grid.keyboard.press("Enter")
    expect(grid.locator("[data-kept]")).to_contain_text(KEPT)
    grid.keyboard.type("2.", delay=HUMAN)
    grid.wait_for_timeout(800)
    assert EntryDraft.objects.get().cells["CYFRA211"]["value"] == "2."  # kept before the window knows of its end
    context = grid.context
    grid.close()
    again = slowed(context.new_page())
    again.goto(f"{live_server.url}{reverse('enter_results')}")
    again.get_by_role("link", name="K-1").first.focus()
    again.keyboard.press("Enter")
    expect(again.locator(".grid-strip").first).to_contain_text("This is what you typed until")
    assert (value(again, "CEA"), value(again, "CYFRA211")) == ("7.4", "2.")
    assert again.locator("#id_laboratory").input_value() == "Central"
    assert again.locator("#id_collected_on").input_value() == "2026-03-02"
    again.fill("#value_CYFRA211", "2.0")
    again.keyboard.press("Control+Enter")
    expect(again.locator(".message-success")).to_contain_text("2 results saved at")
    assert not EntryDraft.objects.exists()


def test_a_lost_session_keeps_the_cells_and_goes_on_after_signing_in_elsewhere(
    grid: Page, live_server: LiveServer
) -> None:
    grid.fill("#value_CEA", "7.4")
    expect(grid.locator("[data-kept]")).to_contain_text(KEPT)
    Session.objects.all().delete()
    grid.fill("#value_CYFRA211", "2.0")
    strip = grid.locator("#grid-strip")
    expect(strip).to_contain_text("You were signed out.")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator("#grid-said")).to_contain_text("The draw is not saved yet.")
    assert (value(grid, "CEA"), value(grid, "CYFRA211")) == ("7.4", "2.0")
    with grid.context.expect_page() as opened:
        strip.get_by_role("link").click()
    other = opened.value
    other.locator("#id_login").fill("nurse")
    other.locator("#id_password").fill(PASSWORD)
    other.locator("#id_password").press("Enter")
    other.wait_for_url("**/worklist/**")
    grid.bring_to_front()
    expect(strip).to_be_hidden(timeout=15_000)
    grid.locator("#value_CYFRA211").focus()
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".message-success")).to_contain_text("2 results saved at")
    assert set(Result.objects.filter(recorded_by__username="nurse").values_list("as_typed", flat=True)) == {
        "7.4",
        "2.0",
    }


def test_a_colleague_who_signs_in_meanwhile_does_not_inherit_the_cells(
    grid: Page, live_server: LiveServer, cast: Cast
) -> None:
    expect(grid.locator("[data-kept]")).to_contain_text(KEPT)
    other = slowed(grid.context.new_page())
    Session.objects.all().delete()
    sign_in(other, live_server.url, username="clinician", password=PASSWORD)
    grid.bring_to_front()
    grid.fill("#value_CEA", "7.4")
    expect(grid.locator("#grid-strip")).to_contain_text("Somebody else is signed in now.")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator("#grid-said")).to_contain_text("The draw is not saved yet.")
    assert value(grid, "CEA") == "7.4"
    assert [(draft.user, draft.cells) for draft in EntryDraft.objects.all()] in ([], [(cast.nurse, {})])
    assert Draw.objects.count() == 1


def test_without_a_connection_typing_goes_on_and_is_kept_when_it_is_back(grid: Page) -> None:
    grid.context.set_offline(True)
    grid.fill("#value_CEA", "7.4")
    strip = grid.locator("#grid-strip")
    expect(strip).to_contain_text("No connection.")
    expect(grid.locator("#note_CEA")).to_contain_text("Not checked yet")
    grid.keyboard.press("Control+Enter")
    expect(grid.locator("#grid-said")).to_contain_text("The draw is not saved yet.")
    grid.fill("#value_CYFRA211", "2.0")
    grid.context.set_offline(False)
    expect(strip).to_be_hidden(timeout=15_000)
    expect(grid.locator("[data-kept]")).to_contain_text(KEPT)
    assert {code: cell["value"] for code, cell in EntryDraft.objects.get().cells.items()} == {
        "CEA": "7.4",
        "CYFRA211": "2.0",
    }
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".message-success")).to_contain_text("2 results saved at")


def test_two_windows_of_one_draw_are_shown_side_by_side_and_neither_is_lost(
    grid: Page, live_server: LiveServer, patient: Patient
) -> None:
    second = slowed(grid.context.new_page())
    second.goto(grid.url)
    grid.fill("#value_CEA", "7.4")
    expect(grid.locator("[data-kept]")).to_contain_text(KEPT)
    second.fill("#value_CEA", "4.7")
    strip = second.locator("#grid-strip")
    expect(strip).to_contain_text("CEA: There: 7.4. Here: 4.7.")
    assert EntryDraft.objects.get().cells["CEA"]["value"] == "7.4"
    second.keyboard.press("Control+Enter")
    expect(second.locator("#grid-said")).to_contain_text("The draw is not saved yet.")
    strip.get_by_role("button", name="Keep what is here").focus()
    second.keyboard.press("Enter")
    expect(strip).to_be_hidden()
    assert EntryDraft.objects.get().cells["CEA"]["value"] == "4.7"
    grid.fill("#value_CYFRA211", "2.0")
    expect(grid.locator("#grid-strip")).to_contain_text("CEA: There: 4.7. Here: 7.4.")
    grid.locator("#grid-strip").get_by_role("button", name="Go on with the other window's").focus()
    grid.keyboard.press("Enter")
    expect(grid.locator("#value_CEA")).to_have_value("4.7")


def test_a_paper_of_a_day_that_is_on_record_is_told_apart_by_keys(grid: Page) -> None:
    grid.fill("#id_collected_on", "2026-01-12")
    grid.locator("#value_CEA").focus()
    grid.keyboard.type("3.4", delay=HUMAN)
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".error-summary")).to_contain_text("with some of these markers is on record already")
    grid.keyboard.press("Tab")
    grid.keyboard.press("Enter")
    expect(grid.locator("#id_same_day_0")).to_be_focused()
    grid.keyboard.press("2")
    expect(grid.locator("#id_same_day_1")).to_be_checked()
    grid.keyboard.press("Control+Enter")
    expect(grid.locator(".message-success")).to_contain_text("1 result saved at")
    assert Draw.objects.count() == 2


@pytest.mark.parametrize("width", [1440, 390])
def test_the_grid_with_everything_it_can_say_is_accessible_and_fits(grid: Page, width: int) -> None:
    grid.set_viewport_size({"width": width, "height": 900})
    paste(grid, "#value_CEA", "250\n5-6\n" + "\n" * 30 + "9\n")
    expect(grid.locator("#confirm_CEA")).to_be_visible()
    grid.context.set_offline(True)
    grid.fill("#value_ALP", "80")
    expect(grid.locator("#grid-strip")).to_be_visible()
    assert sideways_scroll(grid) == 0
    assert accessibility_violations(grid) == []
