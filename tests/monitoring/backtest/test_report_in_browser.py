"""The report as a reader opens it: from a file, without a network, on a screen and on a phone, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser

from tests.browser.steps import accessibility_violations, keep_screenshot, open_page, sideways_scroll
from tests.monitoring.backtest.files import EVENT_HEADER, HEADER, written
from tests.monitoring.test_backtest_command import cohort_lines

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backtest")
    draws, events = cohort_lines(60)
    call_command(
        "backtest",
        draws=written(folder / "draws.csv", HEADER, draws),
        events=written(folder / "events.csv", EVENT_HEADER, events),
        output=folder / "findings.csv",
        report=folder / "report.html",
        synthetic=True,
    )
    return folder / "report.html"


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (390, False), (390, True)])
def test_the_report_is_drawn_without_complaint_and_fits_the_screen(
    report: Path, browser: Browser, width: int, *, dark: bool
) -> None:
    watched = open_page(browser, width=width, dark=dark)
    page = watched.page
    page.goto(report.as_uri())
    for name in ("curve", "lead", "scopes", "intervals"):
        drawn = page.locator(f"#figure-{name} svg.main-svg").first
        drawn.wait_for()
        box = drawn.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
    keep_screenshot(page, f"backtest-{width}-{'dark' if dark else 'light'}")
    assert watched.complaints == []
    assert sideways_scroll(page) == 0
    assert accessibility_violations(page) == []
    page.context.close()
