"""The usability figure of the clinician: what it costs to review twenty patients of the demo, most of them calm."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests import servers
from tests.browser.steps import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.story]
PATIENTS, MOST_EACH = 20, 4
COUNT = """
const counted = () => sessionStorage.setItem("acts", Number(sessionStorage.getItem("acts")) + 1);
for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, counted, { capture: true });
"""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the page says at a glance, and what it took to get there from the patient before."""

    name: str
    why: str
    newest: str
    keys: int


def keys_so_far(page: Page) -> int:
    return int(page.evaluate("sessionStorage.getItem('acts')") or 0)


def look_at(page: Page, before: int) -> Reviewed:
    """The patient is named, the reading is there, and the chart is drawn: all in the window, without a scroll."""
    expect(page.locator(".main-svg").first).to_be_visible()
    expect(page.locator("#why-title")).to_be_in_viewport()
    expect(page.locator("#chart")).to_be_in_viewport()
    return Reviewed(
        name=page.locator(".banner-name").inner_text(),
        why=page.locator(".why-level").inner_text(),
        newest=page.locator(".patient-next").inner_text(),
        keys=keys_so_far(page) - before,
    )


def press(page: Page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)
    expect(page.locator("[data-keys-open]").first).to_be_visible()


def test_twenty_calm_patients_of_the_demo_are_reviewed_with_at_most_four_keys_each(
    page: Page, demo: servers.App, logins: dict[str, dict[str, str]]
) -> None:
    who = logins["clinician"]
    page.add_init_script(COUNT)
    sign_in(page, demo.url, username=who["username"], password=who["password"])
    page.goto(f"{demo.url}/worklist/?level=calm")
    expect(page.locator("[data-keys-open]").first).to_be_visible()
    before = keys_so_far(page)
    page.keyboard.press("j")
    press(page, "Enter")
    seen = [look_at(page, before)]
    while len(seen) < PATIENTS:
        before = keys_so_far(page)
        press(page, "n")
        seen.append(look_at(page, before))
    assert len({one.name for one in seen}) == PATIENTS
    assert all(one.why and one.newest for one in seen)
    assert max(one.keys for one in seen) <= MOST_EACH
    assert [one.keys for one in seen] == [2, *[1] * (PATIENTS - 1)]
