"""The patient's chart by keys alone: measure and scale, the focus line, and the files of each chart."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from patients.models import Patient
from tests.browser.steps import sign_in
from tests.cast import PASSWORD, Cast
from tests.monitoring.scenes import RISING, patient_with, run

pytestmark = pytest.mark.browser


@pytest.fixture
def rising(live_server: LiveServer, cast: Cast) -> Patient:
    patient = patient_with(cast.team, RISING, name="Aster Rising")
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


# --- the focus line -------------------------------------------------------------------------------------------------
def test_the_focus_line_is_moved_by_keys_and_tells_value_before_and_after(opened: Page) -> None:
    opened.locator("#chart").focus()
    opened.keyboard.press("End")
    opened.keyboard.press("ArrowLeft")
    readout = opened.locator("#chart-readout")
    expect(readout).to_contain_text("CEA 4.5 ng/mL")
    expect(readout).to_contain_text("(before 2.0 · after 6.0 H)")
    expect(opened.locator(".focus-line")).to_be_visible()


# --- files ----------------------------------------------------------------------------------------------------------
def test_a_chart_is_saved_as_an_image_by_keys_with_its_unit_window_and_maker(opened: Page) -> None:
    opened.locator("#chart-files > summary").press("Enter")
    with opened.expect_download() as saved:
        opened.locator("[data-image=CEA]").press("Enter")
    assert saved.value.suggested_filename.startswith("chart-CEA-20")
    assert saved.value.suggested_filename.endswith(".svg")
    image = saved.value.path().read_text(encoding="utf-8")
    for words in ("CEA ng/mL", "Shown: ", "Made by clinician"):
        assert words in image
    assert "Aster" not in image
    expect(opened.locator("#chart-files-said")).to_contain_text("Saved: chart-CEA-")
