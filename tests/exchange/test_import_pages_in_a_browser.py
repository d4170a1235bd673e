"""A file from the upload to the record, every button by its key, on pages that everyone can use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from exchange import tasks
from patients.models import ImportBatch, Result
from tests.browser.steps import accessibility_violations, sideways_scroll
from tests.cast import PASSWORD, Cast, make_patient
from tests.exchange.test_batches import own_folder

__all__ = ["own_folder"]

pytestmark = pytest.mark.browser

ODD = "Nr;Was;Zahl;Einheit;Tag\nP1;CEA;4,125;ng/mL;13/03/2024\nP1;ALP;90;U/L;13/03/2024\nP1;XX;9;U/L;13/03/2024\n"


def looks_right(page: Page) -> None:
    for width, scheme in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert accessibility_violations(page) == []
        assert sideways_scroll(page) == 0
    page.set_viewport_size({"width": 1440, "height": 900})


def choose(page: Page, label: str, words: str) -> None:
    """Pick an entry of a select by its words."""
    field = page.get_by_label(label, exact=True)
    field.focus()
    field.select_option(label=words)


def work(page: Page) -> None:
    """What the worker does meanwhile; the page asks again by itself."""
    tasks.import_file(ImportBatch.objects.get().pk)
    page.reload()


def press(page: Page, find: Callable[[], object]) -> None:
    button = find()
    button.focus()  # type: ignore[attr-defined]
    page.keyboard.press("Enter")


def test_a_file_is_explained_looked_at_and_taken_in(
    live_server: LiveServer, cast: Cast, page: Page, own_folder: Path
) -> None:
    make_patient(cast.team, number="P1")
    page.goto(f"{live_server.url}{reverse('account_login')}?next={reverse('import_list')}")
    page.fill("#id_login", "nurse")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator("input[type=file]").set_input_files(
        files={"name": "odd.csv", "mimeType": "text/csv", "buffer": ODD.encode()}
    )
    press(page, lambda: page.get_by_role("button", name="Show what would change"))
    page.wait_for_url("**/imports/*/")
    assert ImportBatch.objects.get().dry_run is True
    work(page)
    looks_right(page)
    press(page, lambda: page.get_by_role("link", name="Say what the columns mean"))
    page.wait_for_url("**/columns/")
    looks_right(page)
    choose(page, "Decimal sign", "comma: 4,7")
    choose(page, "Dates", "day first: 13/03/2024")
    for column, meaning in (
        ("Nr", "Patient number"),
        ("Was", "Name or code of the marker"),
        ("Zahl", "Value"),
    ):
        choose(page, f"Meaning of {column}", meaning)
    choose(page, "Meaning of Tag", "Day, or day and time, of collection")
    press(page, lambda: page.get_by_role("button", name="Show what would change"))
    page.wait_for_url("**/imports/*/")
    work(page)
    expect(page.locator("#batch")).to_contain_text("Nothing is in the record yet.")
    expect(page.locator("#batch")).to_contain_text("“XX” is no marker of the catalogue.")
    looks_right(page)
    assert Result.objects.count() == 0
    press(page, lambda: page.get_by_role("button", name="Take this file in"))
    expect(page.locator("#batch")).to_contain_text("waiting")
    work(page)
    expect(page.locator("#batch")).to_contain_text("done")
    assert set(Result.objects.values_list("value", flat=True)) == {"4.125", "90"}
