"""Weight of the clinician's pages, and when they can be used, in Chromium against the running demo.

    python -m benchmarks.pages.measure

Prints a table: bytes over the wire the first time (empty cache) and again (what is kept is not sent twice), and the
time until the page can be used: the end of the last task longer than 50 ms before half a second of quiet (time to
interactive, https://web.dev/articles/tti), on this machine and with its processor slowed to a quarter. The page to
compare with is the sign-in page, in the same run. Ends with an error where a page passes a limit.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers

RUNS: Final = 5
SLOWER: Final = 4
QUIET_MS: Final = 500
MOST_FIRST: Final = 1_000_000  # bytes with an empty cache: some three seconds on the 2.5 Mbit/s of a bad mobile network
MOST_AGAIN: Final = 300_000
MOST_SECONDS: Final = 5.0  # on the slowed processor: what Lighthouse calls slow begins at 7.3 s
PAGES: Final = {
    "sign-in": "/accounts/login/",
    "worklist, 50 rows": "/worklist/",
    "patient with an alert": "{patient}",
    "cohort": "/cohort/",
}
WATCH: Final = """
window.lastTask = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.lastTask = Math.max(window.lastTask, task.startTime + task.duration);
}).observe({ type: "longtask", buffered: true });
"""
USABLE: Final = """
() => new Promise((found) => {
  const look = () => {
    const loaded = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
    const since = Math.max(window.lastTask, loaded);
    if (performance.now() - since > QUIET) found(since);
    else setTimeout(look, 50);
  };
  look();
})
""".replace("QUIET", str(QUIET_MS))


@dataclass(frozen=True, slots=True)
class Weighed:
    first: int
    again: int
    seconds: float
    slowed: float


class Wire:
    """Counts what a page receives, heads included, as Chromium's network log has it."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        self.session = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.session.on("Network.loadingFinished", self._received)

    def _received(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def slow(self, rate: int) -> None:
        self.session.send("Emulation.setCPUThrottlingRate", {"rate": rate})


@contextmanager
def signed_in(browser: Browser, app: servers.App, *, login: dict[str, str] | None) -> Iterator[Page]:
    """A fresh profile each time: nothing kept but who is signed in."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.add_init_script(WATCH)
    if login is not None:
        page.goto(f"{app.url}/accounts/login/")
        page.fill("#id_login", login["username"])
        page.fill("#id_password", login["password"])
        page.press("#id_password", "Enter")
        page.wait_for_url(f"{app.url}/worklist/**")
    yield page
    context.close()


def weigh(browser: Browser, app: servers.App, address: str, login: dict[str, str] | None) -> Weighed:
    with signed_in(browser, app, login=login) as page:
        wire = Wire(page)
        wire.session.send("Network.clearBrowserCache")
        first = _bytes(page, wire, address)
        again = _bytes(page, wire, address)
        seconds = _seconds(page, address)
        wire.slow(SLOWER)
        return Weighed(first, again, seconds, _seconds(page, address))


def _bytes(page: Page, wire: Wire, address: str) -> int:
    wire.bytes = 0
    page.goto(address, wait_until="networkidle")
    return wire.bytes


def _seconds(page: Page, address: str) -> float:
    times = []
    for _ in range(RUNS):
        page.goto(address)
        times.append(float(page.evaluate(USABLE)) / 1000)
    return statistics.median(times)


def alerted(browser: Browser, app: servers.App, login: dict[str, str]) -> str:
    """The first of the worklist: the page that has the most to show."""
    with signed_in(browser, app, login=login) as page:
        return str(page.locator(".row-name").first.get_attribute("href"))


def main() -> int:
    with servers.app_processes(demo=True) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=servers.find_chromium(), args=servers.chromium_arguments(), headless=True
        )
        listed = json.loads((app.data / "demo-logins.json").read_text(encoding="utf-8"))
        login = next(one for one in listed if one["role"] == "clinician")
        patient = alerted(browser, app, login)
        found = {
            name: weigh(browser, app, app.url + address.format(patient=patient), None if name == "sign-in" else login)
            for name, address in PAGES.items()
        }
        browser.close()
    return told(found)


def told(found: dict[str, Weighed]) -> int:
    bare = found["sign-in"]
    heavy = False
    sys.stdout.write(
        "| page | kB first | kB again | usable, s | slowed x4, s | of sign-in |\n|---|---|---|---|---|---|\n"
    )
    for name, one in found.items():
        sys.stdout.write(
            f"| {name} | {one.first / 1000:.0f} | {one.again / 1000:.0f} | {one.seconds:.2f} | {one.slowed:.2f}"
            f" | {one.slowed / bare.slowed:.1f} |\n"
        )
        heavy = heavy or one.first > MOST_FIRST or one.again > MOST_AGAIN or one.slowed > MOST_SECONDS
    return 1 if heavy else 0


if __name__ == "__main__":
    sys.exit(main())
