"""Leadtime as `make run` starts it, with its synthetic demo patients: once for all tests of a worker."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import servers


@pytest.fixture(autouse=True)
def nothing_stays_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """A page that is left open goes on working beside the tests that follow."""
    yield
    if "browser" in request.fixturenames:
        browser: Browser = request.getfixturevalue("browser")
        for context in browser.contexts:
            context.close()


@pytest.fixture(scope="session")
def demo() -> Iterator[servers.App]:
    with servers.app_processes(demo=True) as app:
        yield app


@pytest.fixture(scope="session")
def logins(demo: servers.App) -> dict[str, dict[str, str]]:
    """By role: the first login of each that the demo prints."""
    listed = json.loads((demo.data / "demo-logins.json").read_text(encoding="utf-8"))
    return {login["role"]: login for login in reversed(listed)}
