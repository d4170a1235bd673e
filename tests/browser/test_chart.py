"""The patient's chart by keys alone: measure and scale, the focus line, and the files of each chart."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from monitoring.wording import date_text
from patients.models import Patient, SkeletalEvent
from tests.browser.steps import sign_in
from tests.cast import PASSWORD, Cast, give_draw
from tests.monitoring.scenes import RISING, correct, day, patient_with, run

pytestmark = pytest.mark.browser


@pytest.fixture
def rising(live_server: LiveServer, cast: Cast) -> Patient:
    patient = patient_with(cast.team, RISING, name="Aster Rising", also={"ALP": "80"})
    run(patient)
    return patient


@pytest.fixture
def opened(live_server: LiveServer, rising: Patient, page: Page) -> Page:
    sign_in(page, live_server.url, username="clinician", password=PASSWORD)
    page.goto(f"{live_server.url}{reverse('patient', args=[rising.pk])}")
    page.locator("#chart .main-svg").first.wait_for()
    return page


def drawn(page: Page) -> str:
    """The title of the first panel, as the library has it."""
    titles = "document.getElementById('chart').layout.annotations.filter((one) => one.name === 'title')"
    return str(page.evaluate(f"{titles}[0].text"))


# --- measure and scale ----------------------------------------------------------------------------------------------
def test_the_measure_is_chosen_by_keys_is_on_the_axis_and_is_kept(opened: Page) -> None:
    assert drawn(opened) == "CEA ng/mL"
    button = opened.get_by_role("button", name="× ULN")
    button.focus()
    opened.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    opened.wait_for_function(
        "document.getElementById('chart').layout.annotations.some((one) => one.text === 'CEA, × ULN')"
    )
    opened.keyboard.press("Tab")
    opened.keyboard.press("Space")
    expect(opened.get_by_role("button", name="% of own level")).to_have_attribute("aria-pressed", "true")
    opened.get_by_role("button", name="Log", exact=True).press("Enter")
    assert "measure=baseline" in opened.url
    assert "scale=log" in opened.url
    opened.goto(opened.url.partition("?")[0])
    opened.locator("#chart .main-svg").first.wait_for()
    assert drawn(opened) == "CEA, % of own level"
    assert opened.evaluate("document.getElementById('chart').layout.yaxis.type") == "log"


def test_an_address_with_a_measure_that_is_none_shows_the_values(opened: Page) -> None:
    opened.goto(f"{opened.url}?measure=__proto__&scale=cubic")
    opened.locator("#chart .main-svg").first.wait_for()
    assert drawn(opened) == "CEA ng/mL"


# --- the scale of one panel -------------------------------------------------------------------------------------------
def scale_of(page: Page, axis: str) -> str:
    return str(page.evaluate(f"document.getElementById('chart').layout.{axis}.type"))


def test_the_scale_of_one_panel_is_turned_by_keys_and_remembered_for_the_marker_alone(opened: Page) -> None:
    switch = opened.get_by_role("button", name="Log scale of CEA")
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.focus()
    opened.keyboard.press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert (scale_of(opened, "yaxis"), scale_of(opened, "yaxis2")) == ("log", "linear")
    for name in ("Linear", "Log"):
        expect(opened.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "false")
    expect(switch).to_be_focused()
    opened.reload()
    opened.locator("#chart .main-svg").first.wait_for()
    assert (scale_of(opened, "yaxis"), scale_of(opened, "yaxis2")) == ("log", "linear")
    kept = opened.evaluate("Object.entries(localStorage).filter(([key]) => key.startsWith('leadtime.scale'))")
    assert [(key.rpartition(".")[2], scale) for key, scale in kept] == [("CEA", "log")]
    opened.get_by_role("button", name="Linear", exact=True).press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert scale_of(opened, "yaxis") == "linear"
    assert opened.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('leadtime.scale'))") == []


def test_a_zero_is_drawn_on_a_log_scale(opened: Page, rising: Patient) -> None:
    correct(rising, 2, "0")
    opened.reload()
    opened.get_by_role("button", name="Log scale of CEA").press("Enter")
    opened.wait_for_function("document.getElementById('chart').layout.yaxis.type === 'log'")
    drawn = opened.evaluate(
        "document.getElementById('chart').data.filter((one) => one.mode === 'markers' && one.meta?.marker === 'CEA')"
        ".flatMap((one) => one.y.map((y, n) => [one.marker.symbol[n], y]))"
    )
    assert [y > 0 for symbol, y in drawn if symbol == "bowtie-open"] == [True]
    expect(opened.locator("#chart")).to_contain_text("0 stands at the foot: a log scale has no 0")


# --- the focus line -------------------------------------------------------------------------------------------------
def test_the_focus_line_is_moved_by_keys_and_tells_value_before_and_after(opened: Page) -> None:
    opened.locator("#chart").focus()
    opened.keyboard.press("End")
    opened.keyboard.press("ArrowLeft")
    readout = opened.locator("#chart-readout")
    expect(readout).to_contain_text("CEA 4.5 ng/mL")
    expect(readout).to_contain_text("(before 2.0 · after 6.0 H)")
    expect(opened.locator(".focus-line")).to_be_visible()
    expect(opened.locator(".focus-date")).to_have_text(readout.locator("b").inner_text())


def test_enter_tells_everything_of_the_draw_and_esc_leads_back(opened: Page) -> None:
    detail = opened.locator("#draw-detail")
    chart = opened.locator("#chart")
    chart.focus()
    opened.keyboard.press("Enter")
    expect(detail).to_be_hidden()
    opened.keyboard.press("End")
    opened.keyboard.press("ArrowLeft")
    opened.keyboard.press("Enter")
    expect(detail.get_by_role("heading", level=3)).to_be_focused()
    expect(opened.get_by_role("region", name=f"Draw of {date_text(day(4))}")).to_be_visible()
    facts = detail.locator(".draw-facts > li").first
    expect(facts.get_by_role("heading")).to_have_text("CEA 4.5 ng/mL")
    said = facts.locator("li").all_inner_texts()
    assert said[0].startswith("+2.5 ng/mL, +125\xa0% in 42 days since the previous draw, more than noise (")
    assert said[1].startswith("reference ")
    opened.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(chart).to_be_focused()
    opened.keyboard.press("ArrowRight")
    expect(opened.locator("#chart-readout")).to_contain_text("CEA 6.0 ng/mL")


# --- why a panel looks as it does -------------------------------------------------------------------------------------
def test_why_days_are_hatched_is_said_at_the_panel_for_the_window_shown_and_on_its_image(
    opened: Page, rising: Patient
) -> None:
    SkeletalEvent.objects.create(patient=rising, kind="fracture", occurred_on=day(-6))
    give_draw(rising, day(20), {"ALP": "82"})
    opened.reload()
    reason = opened.locator("[data-panel-reason=ALP]")
    opened.locator("[data-window='all']").press("Enter")
    first, last = (date_text(day(-6) + dt.timedelta(days=days)) for days in (1, 152))
    held = f"a healing fracture raises this marker, {first} – {last}, held back 152 days"
    expect(reason).to_have_text(f"Hatched: {held}")
    expect(opened.locator("[data-panel-reason=CEA]")).to_be_hidden()
    opened.locator("#chart-files > summary").press("Enter")
    with opened.expect_download() as saved:
        opened.locator("[data-image=ALP]").press("Enter")
    assert held in saved.value.path().read_text(encoding="utf-8")
    opened.locator("[data-window='6m']").press("Enter")
    expect(reason).to_be_hidden()
    with opened.expect_download() as saved:
        opened.locator("[data-image=ALP]").press("Enter")
    assert "Hatched" not in saved.value.path().read_text(encoding="utf-8")


def test_the_image_says_why_the_series_starts_anew(opened: Page, rising: Patient) -> None:
    for at, laboratory in ((6, "Central"), (7, "North & West")):
        give_draw(rising, day(at), {"ALP": "82"}, laboratory=laboratory)
    opened.reload()
    opened.locator("[data-window='all']").press("Enter")
    opened.locator("#chart-files > summary").press("Enter")
    with opened.expect_download() as saved:
        opened.locator("[data-image=ALP]").press("Enter")
    said = f"{date_text(day(7))} laboratory changed: Central → North &amp; West"
    assert said in saved.value.path().read_text(encoding="utf-8")


# --- files ----------------------------------------------------------------------------------------------------------
def test_a_chart_is_saved_as_an_image_by_keys_with_its_unit_window_scale_and_maker(opened: Page) -> None:
    opened.get_by_role("button", name="Log scale of CEA").press("Enter")
    opened.locator("#chart-files > summary").press("Enter")
    with opened.expect_download() as saved:
        opened.locator("[data-image=CEA]").press("Enter")
    assert saved.value.suggested_filename.startswith("chart-CEA-20")
    assert saved.value.suggested_filename.endswith(".svg")
    image = saved.value.path().read_text(encoding="utf-8")
    for words in ("CEA ng/mL", "Shown: ", "Made by clinician", "log scale"):
        assert words in image
    assert "Aster" not in image
    expect(opened.locator("#chart-files-said")).to_contain_text("Saved: chart-CEA-")
