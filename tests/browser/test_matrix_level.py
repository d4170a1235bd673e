"""The clinic grid and the dates grid know what the grid of one draw knows: all of it by keys alone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Draw, EntryDraft, Patient, Result
from patients.services import ReportLine, save_laboratory
from tests.browser.scanner import scan
from tests.browser.steps import accessibility_violations, sideways_scroll, sign_in
from tests.browser.test_matrix import paste
from tests.cast import ACTOR, PASSWORD, Cast, give_draw, make_patient

pytestmark = pytest.mark.browser
PATIENCE = 20_000  # ms for an answer of a busy machine
HUMAN = 70
SETTLED = 900
MARKERS = "CEA,NSE,CA,ALB,NEUT,LYMPH"
ABOUT = "#matrix-about"
KEPT = "Kept as a draft at"
COLUMNS = "(all) => all.map(({dataset}) => dataset.column)"


@pytest.fixture
def nurse_page(live_server: LiveServer, cast: Cast, page: Page) -> Iterator[Page]:
    sign_in(page, live_server.url, username="nurse", password=PASSWORD)
    yield page
    page.wait_for_timeout(SETTLED)  # what the page still sends must find the test's database
    page.close()


@pytest.fixture
def patient(cast: Cast) -> Patient:
    """Four steady draws, so that there is a personal band."""
    patient = make_patient(cast.team, name="Ada Quibble", number="441000")
    for month, value in enumerate(("3.4", "3.3", "3.5", "3.4"), start=6):
        give_draw(patient, dt.date(2025, month, 12), {"CEA": value, "NEUT": "4.0", "LYMPH": "1.6"})
    return patient


def open_clinic(page: Page, address: str, cast: Cast, patients: list[Patient], **facts: str) -> None:
    ids = ",".join(str(patient.pk) for patient in patients)
    context = {"day": "2026-03-02", "laboratory": "", "markers": MARKERS, "patients": ids} | facts
    EntryDraft.objects.create(user=cast.nurse, scope="clinic", key="clinic", context=context, revision=1)
    page.goto(f"{address}{reverse('clinic')}")
    expect(page.locator("input[data-row='0'][data-col='0']")).to_be_focused()


def open_dates(page: Page, address: str, cast: Cast, patient: Patient, **facts: str) -> None:
    context = {"laboratory": "", "markers": MARKERS, "lines": "3"} | facts
    EntryDraft.objects.create(
        user=cast.nurse, scope="dates", key=str(patient.pk), patient=patient, context=context, revision=1
    )
    page.goto(f"{address}{reverse('dates', args=[patient.pk])}")
    expect(page.locator("input:focus")).to_have_count(1)


def described(page: Page, selector: str) -> str:
    """What a screen reader says of the field beside its name and value."""
    words: str = page.locator(selector).evaluate(
        """(field) => field.getAttribute("aria-describedby").split(" ")
          .map((id) => document.getElementById(id).textContent.trim()).join(" ")"""
    )
    return words


def describe_laboratory() -> None:
    lines = [ReportLine(marker="NSE", assay="Elecsys"), ReportLine(marker="ALB", unit="g/dL")]
    lines += [ReportLine(marker="CA", unit="mg/dL"), ReportLine(marker="CEA", assay="Architect")]
    save_laboratory(actor=ACTOR, name="Central", decimal_comma=True, is_active=True, lines=lines)


def computed(line: str, code: str) -> str:
    return f"[data-computed='{line}:{code}']"


def test_the_line_about_a_cell_of_a_clinic_asks_once_a_row(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient
) -> None:
    page = nurse_page
    other = make_patient(cast.team, name="Bo Quibble")
    asked: list[str] = []

    def heard(request: Request) -> None:
        if reverse("entry_bands") in request.url:
            asked.append(request.url)

    page.on("request", heard)
    open_clinic(page, live_server.url, cast, [patient, other])
    about = page.locator(ABOUT)
    expect(about).to_contain_text("Previous 3.4 ng/mL, 12-Sep-2025, 171 days before")
    expect(about).to_contain_text(re.compile(r"Personal band [\d.]+–[\d.]+ ng/mL · RCV −\d+ % to \+\d+ %"))
    page.keyboard.type("4.1", delay=HUMAN)
    expect(about).to_contain_text("Change +21 %")
    expect(page.locator(".matrix-about strong")).to_have_text("CEA, Ada Quibble")
    assert described(page, f"#value_{patient.pk}_CEA").startswith("Previous 3.4 ng/mL, 12-Sep-2025, 171 days before")
    page.keyboard.press("ArrowDown")
    expect(about).to_have_text(re.compile("^No earlier value · Reference"))
    page.wait_for_timeout(SETTLED)
    page.keyboard.press("ArrowUp")
    for _each in range(3):
        page.keyboard.press("Enter")
    page.wait_for_timeout(SETTLED)
    assert len(asked) == 2  # one a patient
    expect(page.locator(".matrix-about strong")).to_have_text("Alb, Ada Quibble")


def test_the_line_about_a_cell_of_a_date_compares_with_what_stood_before_that_date(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient
) -> None:
    page = nurse_page
    open_dates(page, live_server.url, cast, patient)
    about = page.locator(ABOUT)
    first = page.locator("td[data-cell='1:CEA'] [data-previous]")
    expect(first).to_have_text("")
    page.locator("#value_1_CEA").focus()
    expect(about).to_have_text("No date yet, so nothing is compared")
    page.keyboard.press("F8")
    expect(page.locator("#day_1")).to_be_focused()
    page.keyboard.type("20-Jul-2025", delay=HUMAN)
    page.keyboard.press("Enter")
    page.keyboard.type("2025-12-01", delay=HUMAN)
    page.locator("#value_1_CEA").focus()
    expect(about).to_contain_text("Previous 3.3 ng/mL, 12-Jul-2025, 8 days before")
    expect(first).to_have_text("3.3")
    page.keyboard.press("ArrowRight")
    expect(about).to_contain_text("Previous 3.4 ng/mL, 12-Sep-2025, 80 days before")
    expect(about).to_contain_text("Personal band")
    page.keyboard.type("4.1", delay=HUMAN)
    expect(about).to_contain_text("Change +21 %")
    assert "Previous 3.4 ng/mL" in described(page, "#value_2_CEA")
    page.locator("#day_2").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    expect(page.locator("td[data-cell='2:CEA'] [data-previous]")).to_have_text("")


def test_time_number_and_state_of_a_row_are_typed_by_keys_and_saved(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient
) -> None:
    page = nurse_page
    other = make_patient(cast.team, name="Bo Quibble")
    open_clinic(page, live_server.url, cast, [patient, other])
    page.locator("#id_fasting").focus()
    page.keyboard.type("yes")
    page.keyboard.press("Tab")
    expect(page.locator(f"#fasting_{other.pk}")).to_have_value("yes")
    page.locator(f"#value_{patient.pk}_CEA").focus()
    page.keyboard.type("3.4", delay=HUMAN)
    page.keyboard.press("F9")
    expect(page.locator(f"#time_{patient.pk}")).to_be_focused()
    page.keyboard.type("815", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator(f"#time_{patient.pk}")).to_have_value("08:15")
    expect(page.locator(f"#accession_{patient.pk}")).to_be_focused()
    page.wait_for_timeout(HUMAN)
    scan(page, "7712345678")
    expect(page.locator(f"#accession_{patient.pk}")).to_have_value("7712345678")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("no", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator(f"#haemolysis_{patient.pk}")).to_be_focused()
    page.keyboard.type("yes", delay=HUMAN)
    page.keyboard.press("F9")
    expect(page.locator(f"#value_{patient.pk}_CEA")).to_be_focused()
    assert accessibility_violations(page) == []
    page.locator(f"#value_{other.pk}_CEA").focus()
    page.keyboard.type("2.2", delay=HUMAN)
    page.wait_for_timeout(SETTLED)
    expect(page.locator("[data-kept]")).to_contain_text(KEPT)
    page.reload()
    expect(page.locator(f"#accession_{patient.pk}")).to_have_value("7712345678")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".matrix-done")).to_contain_text("2 draws are saved.", timeout=PATIENCE)
    draw = Draw.objects.get(accession="7712345678")
    assert (draw.patient, draw.fasting, draw.haemolysis, draw.biotin) == (patient, "no", "present", "unknown")
    assert timezone.localtime(draw.collected_at).strftime("%H:%M") == "08:15"
    assert Draw.objects.get(patient=other).fasting == "yes"
    expect(page.locator("tr.saved").first).to_contain_text("08:15")
    expect(page.locator("tr.saved").first).to_contain_text("7712345678")


def test_time_number_and_state_of_a_column_are_typed_pasted_and_scanned(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient
) -> None:
    page = nurse_page
    open_dates(page, live_server.url, cast, patient)
    block = "2025-10-01\t2025-11-03\t2025-12-03\n0740\t8:05\tnoon\nA-1\tA-2\t\n3.4\t3.5\t3.6"
    paste(page, "#day_1", block)
    expect(page.locator("#grid-said")).to_contain_text("left out: noon.")
    values = {name: page.locator(f"#{name}").input_value() for name in ("day_3", "time_1", "time_2", "accession_2")}
    assert values == {"day_3": "2025-12-03", "time_1": "07:40", "time_2": "08:05", "accession_2": "A-2"}
    assert page.locator("#value_3_CEA").input_value() == "3.6"
    paste(page, "#fasting_1", "yes\tno\tunsure")
    expect(page.locator("#fasting_2")).to_have_value("no")
    expect(page.locator("#fasting_3")).to_have_value("unknown")
    page.locator("#value_3_CEA").focus()
    page.wait_for_timeout(HUMAN)
    scan(page, "4006381333931")
    expect(page.locator("#accession_3")).to_have_value("4006381333931")
    expect(page.locator("#grid-said")).to_contain_text("put down as the accession number of column 3")
    assert page.locator("#value_3_CEA").input_value() == "3.6"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#time_3")).to_be_focused()
    page.keyboard.type("25:00", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator("#time_3")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#grid-said")).to_contain_text("“25:00” is not a time.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".error-summary")).to_contain_text("This is not a time", timeout=PATIENCE)
    kept = {draw.accession: draw.fasting for draw in Draw.objects.exclude(accession="")}
    assert kept == {"A-1": "yes", "A-2": "no"}
    page.set_viewport_size({"width": 390, "height": 800})
    assert sideways_scroll(page) == 0


@pytest.mark.parametrize("kind", ["clinic", "dates"])
def test_what_is_computed_follows_the_typing_and_an_urgent_calcium_is_announced(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient, kind: str
) -> None:
    page = nurse_page
    if kind == "clinic":
        open_clinic(page, live_server.url, cast, [patient])
        line, whose = str(patient.pk), "Ada Quibble"
    else:
        open_dates(page, live_server.url, cast, patient, day_1="2026-03-02")
        line, whose = "1", "column 1"
    for code, typed in (("NEUT", "6.4"), ("LYMPH", "1.6"), ("CA", "2.9"), ("ALB", "20")):
        page.locator(f"#value_{line}_{code}").focus()
        page.keyboard.type(typed, delay=HUMAN)
    expect(page.locator(computed(line, "NLR"))).to_contain_text("4")
    expect(page.locator(computed(line, "NLR"))).to_contain_text("2.5 +60 %")
    urgent = page.locator("#grid-across")
    expect(urgent).to_contain_text(f"{whose} · URGENT: Ca corr. 3.3 mmol/L")
    expect(urgent).to_have_attribute("aria-live", "polite")
    expect(page.locator(computed(line, "CA_CORR"))).to_contain_text("URGENT: Ca corr. 3.3 mmol/L")
    page.locator(f"#value_{line}_NEUT").focus()
    expect(page.locator("#matrix-about-computed")).to_contain_text("NLR 4")
    expect(page.locator("#matrix-about-computed")).to_contain_text("Previous 2.5, 12-Sep-2025, 171 days before")
    assert accessibility_violations(page) == []
    page.locator(f"#value_{line}_ALB").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator(f"{computed(line, 'CA_CORR')} output")).to_have_text("–")
    expect(urgent).to_be_hidden()


@pytest.mark.parametrize("kind", ["clinic", "dates"])
def test_naming_a_laboratory_puts_the_grid_in_the_order_of_its_report_and_keeps_what_is_typed(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient, kind: str
) -> None:
    describe_laboratory()
    page = nurse_page
    if kind == "clinic":
        open_clinic(page, live_server.url, cast, [patient])
        line, step = str(patient.pk), "ArrowRight"
    else:
        open_dates(page, live_server.url, cast, patient, day_1="2026-03-02")
        line, step = "1", "ArrowDown"
    page.locator(f"#value_{line}_CA").focus()
    page.keyboard.type("2,31", delay=HUMAN)
    expect(page.locator(f"#value_{line}_CA")).to_have_attribute("aria-invalid", "true")
    page.locator("#id_laboratory").focus()
    page.keyboard.type("central", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator("#grid-said")).to_contain_text("now follow the report of central.")
    expect(page.locator("#grid-said")).to_contain_text("unit and assay stay: Ca.")
    expect(page.locator(f"#value_{line}_CA")).not_to_have_attribute("aria-invalid", "true")
    order = page.eval_on_selector_all("[data-column]", COLUMNS)
    assert order == ["NSE", "ALB", "CA", "CEA", "NEUT", "LYMPH"]
    cells = page.eval_on_selector_all(f"input[data-line='{line}'].entry-value", "(all) => all.map(({id}) => id)")
    assert [name.rpartition("_")[2] for name in cells] == order
    expect(page.locator("#unit_ALB")).to_have_value("g/dL")
    expect(page.locator("#unit_CA")).to_have_value("mmol/L")
    expect(page.locator("#assay_NSE")).to_have_value("Elecsys")
    type_on_and_save(page, line, step)
    saved = Result.objects.filter(draw__laboratory="central").values_list("as_typed", "unit", "assay__name")
    assert sorted(saved) == [("2,31", "mmol/L", "Cobas"), ("9,5", "ng/mL", "Elecsys")]


def type_on_and_save(page: Page, line: str, step: str) -> None:
    """The arrows follow the new order; the assay of a column is typed once; a reload changes nothing."""
    order = page.eval_on_selector_all("[data-column]", COLUMNS)
    page.locator(f"#value_{line}_NSE").focus()
    page.keyboard.type("9,5", delay=HUMAN)
    page.keyboard.press(step)
    expect(page.locator(f"#value_{line}_ALB")).to_be_focused()
    page.keyboard.press(step)
    expect(page.locator(f"#value_{line}_CA")).to_be_focused()
    page.keyboard.press("F4")
    expect(page.locator("#assay_CA")).to_be_focused()
    page.keyboard.type("Cobas", delay=HUMAN)
    page.keyboard.press("Enter")
    expect(page.locator(f"#value_{line}_CA")).to_be_focused()
    expect(page.locator("[data-kept]")).to_contain_text(KEPT)
    page.wait_for_timeout(SETTLED)
    page.reload()
    assert page.eval_on_selector_all("[data-column]", COLUMNS) == order
    page.keyboard.press("Control+Enter")
    expect(page.locator(".matrix-done")).to_contain_text("1 draw is saved.", timeout=PATIENCE)


def test_a_row_of_eight_markers_costs_its_characters_and_one_key_a_cell(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient
) -> None:
    page = nurse_page
    values = dict.fromkeys(("CEA", "CYFRA211", "NSE", "PROGRP", "SCC", "BAP"), "3") | {"CA": "2.3", "ALB": "41"}
    other = make_patient(cast.team, name="Bo Quibble")
    open_clinic(page, live_server.url, cast, [patient, other], markers=",".join(values))
    for text in values.values():
        page.keyboard.type(text, delay=HUMAN)
        page.keyboard.press("Enter")
    expect(page.locator(f"#value_{other.pk}_CEA")).to_be_focused()
    page.locator(f"#value_{patient.pk}_ALB").focus()
    page.keyboard.press("Tab")  # units, assays and the facts of the draw have keys of their own
    expect(page.locator(f"#value_{other.pk}_CEA")).to_be_focused()
    typed = {code: page.locator(f"#value_{patient.pk}_{code}").input_value() for code in values}
    assert typed == values


@pytest.mark.parametrize("kind", ["clinic", "dates"])
def test_on_a_phone_the_grid_scrolls_in_its_frame_beside_a_first_column_that_stays(
    nurse_page: Page, live_server: LiveServer, cast: Cast, patient: Patient, kind: str
) -> None:
    page = nurse_page
    page.set_viewport_size({"width": 390, "height": 800})
    if kind == "clinic":
        open_clinic(page, live_server.url, cast, [patient])
    else:
        open_dates(page, live_server.url, cast, patient, day_1="2026-03-02")
    places = """() => [...document.querySelectorAll(".matrix tr")]
      .map((row) => Math.round(row.children[0].getBoundingClientRect().left))"""
    before = page.evaluate(places)
    page.eval_on_selector(".matrix-frame", "(frame) => { frame.scrollLeft = 9999; }")
    assert page.eval_on_selector(".matrix-frame", "(frame) => frame.scrollLeft") > 0
    assert page.evaluate(places) == before
    assert sideways_scroll(page) == 0
