"""Leadtime as `make run` starts it, with its synthetic demo patients: once for all tests of a worker."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests import servers


@pytest.fixture(scope="session")
def demo() -> Iterator[servers.App]:
    with servers.app_processes(demo=True) as app:
        yield app


@pytest.fixture(scope="session")
def logins(demo: servers.App) -> dict[str, dict[str, str]]:
    """By role: the first login of each that the demo prints."""
    listed = json.loads((demo.data / "demo-logins.json").read_text(encoding="utf-8"))
    return {login["role"]: login for login in reversed(listed)}
