"""What a person does in the browser, as steps the browser tests share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Keyboard, Locator, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
HANDS: dict[type, tuple[str, ...]] = {
    Keyboard: ("press", "type", "insert_text"),
    Locator: ("press", "press_sequentially", "fill", "focus", "check", "select_option"),
}
# Where screenshots for the documentation go; unset, none are made.
SCREENSHOTS = os.environ.get("LEADTIME_SCREENSHOTS", "")
# Addresses of servers that share this process's database.
OWN_SERVERS: set[str] = set()
# So many times slower than this machine; finds the steps that only pass because a page was ready in no time.
SLOWER = int(os.environ.get("LEADTIME_SLOW_BROWSER", "1"))


def _once_loaded(act: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(act)
    def acted(hand: Any, *given: Any, **named: Any) -> Any:
        impl = hand._impl_obj
        page = impl._page if isinstance(hand, Keyboard) else impl.page
        hand._sync(page.wait_for_load_state(state="load", timeout=None))
        return act(hand, *given, **named)

    return acted


def type_only_into_loaded_pages() -> None:
    """Keys and fields wait until the page has run its scripts.

    Playwright waits for an element, not for the module that listens to it: after a link or a save, keys that come in
    the first milliseconds are heard by nobody. A person does not type then; a test on a busy machine does.
    """
    for kind, names in HANDS.items():
        for name in names:
            setattr(kind, name, _once_loaded(getattr(kind, name)))


class Watched:
    """A browser page that remembers every complaint of the console: a blocked style, a missing file, a script error."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")


def open_page(
    browser: Browser, *, language: str = "en-GB", width: int = 1440, dark: bool = False, height: int = 900
) -> Watched:
    context = browser.new_context(
        locale=language,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    return Watched(slowed(context.new_page()))


def slowed(page: Page) -> Page:
    """The page on a machine as slow as `LEADTIME_SLOW_BROWSER` says."""
    if SLOWER > 1:
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page


def follow(page: Page, link: Locator) -> None:
    """Take a link by keyboard and wait until the page behind it hears keys."""
    with page.expect_navigation():
        link.press("Enter")


def sign_in(page: Page, address: str, *, username: str, password: str) -> None:
    """By the form; at the server of this process by its cookie, which saves each test two pages it is not about."""
    if address in OWN_SERVERS:
        client = Client()
        assert client.login(username=username, password=password)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
        page.goto(f"{address}/worklist/")
        return
    page.goto(f"{address}/accounts/login/")
    page.locator("#id_login").fill(username)
    page.locator("#id_password").fill(password)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(f"{address}/worklist/**")


def accessibility_violations(page: Page) -> list[str]:
    """What axe-core objects to, one line each: rule, first element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    )
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]


def sideways_scroll(page: Page) -> int:
    """By how many pixels the page is wider than the window; a phone must not need to scroll sideways."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def keep_screenshot(page: Page, name: str) -> None:
    if SCREENSHOTS:
        folder = Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / f"{name}.png"))
