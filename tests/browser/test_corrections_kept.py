"""The correction page by keyboard alone: live checks, what is kept, and a barcode reader that saves nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, EntryDraft, Laboratory, Result
from tests.browser.scanner import scan
from tests.browser.steps import accessibility_violations, sideways_scroll, sign_in, slowed
from tests.cast import PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser
AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
HUMAN = 80  # ms between keys
SETTLED = 800
KEPT = "Kept as a draft at"
VALUES = {"CEA": "3.10", "CA": "2.40", "WBC": "5.0", "NEUT": "4.0", "LYMPH": "0.8"}


@pytest.fixture
def draw(cast: Cast) -> Draw:
    patient = make_patient(cast.team)
    give_draw(patient, AT - dt.timedelta(days=42), {"CEA": "3.4"})
    return Draw.objects.get(pk=give_draw(patient, AT, VALUES, laboratory="Central").draw_id)


@pytest.fixture
def correction(live_server: LiveServer, draw: Draw, page: Page) -> Iterator[Page]:
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('draw_correct', args=[draw.patient_id, draw.pk])}")
    expect(page.locator("#value_CEA")).to_be_focused()
    yield page
    if not page.is_closed():
        page.wait_for_timeout(SETTLED)  # what the page still sends must find the test's database
        page.close()


def retype(page: Page, code: str, text: str) -> None:
    page.locator(f"#value_{code}").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text, delay=HUMAN)


def note(page: Page, code: str) -> str:
    return page.locator(f"#note_{code}").inner_text().strip()


def standing(draw: Draw) -> dict[str, str]:
    return dict(draw.results.current().values_list("marker_id", "as_typed"))


def test_a_cell_is_checked_while_the_next_one_is_typed(correction: Page, draw: Draw) -> None:
    retype(correction, "CEA", "340")
    expect(correction.locator("#note_CEA")).to_contain_text("like a slip")
    expect(correction.locator("#confirm_CEA")).to_be_visible()
    assert note(correction, "NEUT") == ""
    retype(correction, "CEA", "3.10")  # back to what stands: nothing to say of it
    expect(correction.locator("#confirm_CEA")).to_be_hidden()
    assert note(correction, "CEA") == ""
    retype(correction, "CEA", "3,1")
    expect(correction.locator("#note_CEA")).to_contain_text("a comma may mean decimals or thousands")
    expect(correction.locator("#value_CEA")).to_have_attribute("aria-invalid", "true")
    retype(correction, "CA", "3.6")
    expect(correction.locator("#note_CA")).to_contain_text("URGENT: Ca 3.6 mmol/L")
    retype(correction, "LYMPH", "1.8")
    expect(correction.locator("#grid-across")).to_contain_text("the parts add up to 5.8")
    correction.locator("#act_WBC").focus()
    correction.keyboard.type("cancelled", delay=HUMAN)
    expect(correction.locator("#grid-across")).to_be_hidden()
    expect(correction.locator("#confirm_LYMPH")).to_be_hidden()
    assert accessibility_violations(correction) == []
    assert sideways_scroll(correction) <= 0
    assert standing(draw) == VALUES


def test_the_decimal_comma_of_the_laboratory_is_read_while_it_is_typed(correction: Page) -> None:
    Laboratory.objects.create(name="Central", key="central", decimal_comma=True)
    retype(correction, "CEA", "3,3")
    correction.wait_for_timeout(SETTLED)
    assert note(correction, "CEA") == ""


def test_a_closed_window_costs_nothing_and_the_correction_is_saved_later(correction: Page, draw: Draw) -> None:
    retype(correction, "CEA", "3.3")
    correction.locator("#id_reason").focus()
    correction.keyboard.type("slip of", delay=HUMAN)
    expect(correction.locator("[data-kept]")).to_contain_text(KEPT)
    correction.wait_for_timeout(SETTLED)
    assert set(EntryDraft.objects.get().cells) == {"CEA"}
    address = correction.url
    again = slowed(correction.context.new_page())
    correction.close()
    again.goto(address)
    expect(again.locator("#value_CEA")).to_have_value("3.3")
    expect(again.locator("#id_reason")).to_have_value("slip of")
    expect(again.locator("tr[data-marker=CEA] [data-mark]")).to_have_text("changed")
    expect(again.locator(".grid-strip").first).to_contain_text("This is what you typed until")
    again.locator("#id_reason").focus()
    again.keyboard.press("End")
    again.keyboard.type(" the pen", delay=HUMAN)
    again.keyboard.press("Control+Enter")
    expect(again.locator(".message-success")).to_have_text("1 correction saved.")
    assert standing(draw) == VALUES | {"CEA": "3.3"}
    assert Result.objects.get(version=2).reason == "slip of the pen"
    assert not EntryDraft.objects.exists()


def test_a_lost_session_and_a_lost_line_keep_what_was_typed_and_send_nothing(correction: Page, draw: Draw) -> None:
    retype(correction, "CEA", "3.3")
    expect(correction.locator("[data-kept]")).to_contain_text(KEPT)
    correction.context.set_offline(True)
    correction.keyboard.type("1", delay=HUMAN)
    expect(correction.locator("#grid-strip")).to_contain_text("No connection.")
    correction.keyboard.press("Control+Enter")
    expect(correction.locator("#grid-said")).to_contain_text("The draw is not saved yet.")
    correction.context.set_offline(False)
    expect(correction.locator("#grid-strip")).to_be_hidden()
    Session.objects.all().delete()
    correction.locator("#value_CEA").focus()
    correction.keyboard.press("End")
    correction.keyboard.type("2", delay=HUMAN)
    expect(correction.locator("#grid-strip")).to_contain_text("You were signed out.")
    expect(correction.locator("#value_CEA")).to_have_value("3.312")
    assert standing(draw) == VALUES


@pytest.mark.parametrize(
    "where", ["#value_CEA", "#id_reason", ".entry-save .btn-primary", "button[name=take_back]", "#id_whole-reason"]
)
def test_a_barcode_reader_neither_saves_nor_takes_back_nor_leaves_its_code_in_a_value(
    correction: Page, draw: Draw, where: str
) -> None:
    retype(correction, "CEA", "3.3")
    for name in ("#id_reason", "#id_whole-reason"):
        correction.locator(name).focus()
        correction.keyboard.type("why", delay=HUMAN)
    correction.wait_for_timeout(HUMAN)
    address = correction.url
    for _twice in range(2):
        correction.locator(where).focus()
        scan(correction, "4006381 333931")
    correction.wait_for_timeout(SETTLED)
    assert correction.url == address
    assert standing(draw) == VALUES
    assert correction.locator("#value_CEA").input_value() == "3.3"
    assert correction.locator("#id_accession").input_value() == ""
    if where in {"#value_CEA", ".entry-save .btn-primary", "button[name=take_back]"}:
        expect(correction.locator("#grid-said")).to_contain_text("this draw has no accession number on record")
