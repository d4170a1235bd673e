"""Fixtures of the whole suite and the servers behind them.

The environment decides everything Leadtime does, so it must be set before Django reads its settings. That is why
DJANGO_SETTINGS_MODULE is set here and not in pyproject.toml, where pytest-django would load the settings first.
With xdist the controller starts PostgreSQL once and its workers inherit the address.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.utils import translation
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django import DjangoDbBlocker, Settings
from pytest_django.live_server_helper import LiveServer

from tests import servers
from tests.browser.steps import OWN_SERVERS, slowed, type_only_into_loaded_pages

if TYPE_CHECKING:
    from tests.cast import Cast

PROJECT = servers.PROJECT
SHARED_DATA = PROJECT.parent / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
POSTGRES_ADDRESS = "LEADTIME_TEST_POSTGRES"  # the controller's server, for its workers

_running = contextlib.ExitStack()
atexit.register(_running.close)  # also where a run breaks off before pytest says that it ends


def missing_kinds() -> dict[str, str]:
    """Kind of test -> why it cannot run on this machine, or was not asked for."""
    missing = {}
    if os.environ["TEST_DATABASE"] == "sqlite":
        missing["postgres"] = "PostgreSQL is left out by TEST_DATABASE=sqlite"
    if servers.find_postgres() is None:
        missing["postgres"] = "no PostgreSQL (apt-get install postgresql)"
    if servers.find_redis() is None:
        missing["redis"] = "no Redis (apt-get install redis-server)"
    if servers.find_chromium() is None:
        missing["browser"] = "no Chromium (apt-get install chromium fonts-noto-cjk)"
    return missing


def absent_servers() -> list[str]:
    return [why for why in missing_kinds().values() if why.startswith("no ")]


def choose_database() -> None:
    """TEST_DATABASE=postgres or sqlite; PostgreSQL where there is one and nothing was chosen."""
    chosen = os.environ.setdefault("TEST_DATABASE", "postgres" if servers.find_postgres() else "sqlite")
    if chosen not in {"postgres", "sqlite"}:
        raise pytest.UsageError(f"TEST_DATABASE={chosen!r} is neither postgres nor sqlite")


def set_environment() -> None:
    for name in servers.OWN_ENVIRONMENT:
        os.environ.pop(name, None)
    folder = _running.enter_context(servers.temporary_folder())
    (folder / "static").mkdir()  # whitenoise warns when its folder is missing, and a warning is an error here
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        LEADTIME_DATA_DIR=str(folder),  # one a worker: no test sees the files of another
        SECRET_KEY="only-for-tests-" + "0123456789" * 5,
        STATIC_MANIFEST="off",  # pages name their static files as they lie in the source tree
    )


def set_database() -> None:
    if os.environ["TEST_DATABASE"] == "sqlite":
        return
    if IS_WORKER:
        os.environ["DATABASE_URL"] = os.environ[POSTGRES_ADDRESS]
        return
    port = servers.free_port()  # chosen first: starting the server imports `config`, whose settings want the address
    os.environ["DATABASE_URL"] = f"postgres://leadtime@{servers.HOST}:{port}/postgres"
    os.environ[POSTGRES_ADDRESS] = _running.enter_context(servers.postgres(port))


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The first moment a conftest is asked anything, before those of subfolders, which may import models, are read."""
    parser.addoption(
        "--database-only", action="store_true", help="leave out what touches no database: another one changes nothing"
    )
    import django
    from django.conf import settings

    if settings.configured:
        raise pytest.UsageError("Settings were read too early: unset DJANGO_SETTINGS_MODULE and leave --ds out")
    choose_database()
    if IN_CI and absent_servers():
        raise pytest.UsageError("CI needs every server: " + "; ".join(absent_servers()))
    set_environment()
    set_database()
    if not IS_WORKER:
        from config.compile_messages import compile_catalogues

        compile_catalogues(PROJECT / "locale")
    django.setup()
    from tests.flushing import allow_flush

    allow_flush()
    # Inherited, it would make pytest-django in xdist's workers read the settings before they get their own.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    _running.close()


def pytest_report_header() -> list[str]:
    left_out = [f"left out: tests of kind {kind}: {why}" for kind, why in missing_kinds().items()]
    return [f"database: {os.environ['TEST_DATABASE']}", *left_out]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """A file's tests share what they start, so one worker runs them all; the demo is loaded by one worker alone.

    That is the longest row of tests, so it begins first. The others come as they are shuffled: a browser waits more
    than it works, so two files of the browser side by side would leave both processors idle.
    """
    leave_out(config, items)
    for item in items:
        item.add_marker(pytest.mark.xdist_group("demo" if uses_demo(item) else item.location[0]))
    yield
    items.sort(key=lambda item: not uses_demo(item))


def uses_demo(item: pytest.Item) -> bool:
    return "demo" in getattr(item, "fixturenames", ())


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what this machine has no server for (the header has said so), or what was not asked for."""
    missing = missing_kinds().keys()
    left_out = [item for item in items if any(item.get_closest_marker(kind) for kind in missing)]
    if config.getoption("database_only"):
        left_out += [item for item in items if not touches_database(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def touches_database(item: pytest.Item) -> bool:
    """pytest-django refuses every query of a test without one of these."""
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or not {"db", "transactional_db"}.isdisjoint(fixtures)


@pytest.fixture(autouse=True)
def quick_and_fresh(settings: Settings) -> None:
    """Passwords hashed quickly; neither the failed sign-ins nor the language of the test before are left standing."""
    from tests.cast import QUICK_HASHERS

    settings.PASSWORD_HASHERS = QUICK_HASHERS
    cache.clear()
    translation.deactivate()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The published data that some tests read in place, beside the checkout."""
    if not SHARED_DATA.is_dir():
        if IN_CI:
            pytest.fail("../shared/data is missing")
        pytest.skip("../shared/data is missing: the published series are not beside this checkout")
    return SHARED_DATA


@pytest.fixture
def postgres_database() -> Iterator[str]:
    """The address of an empty database, for processes of their own."""
    with servers.postgres_database(os.environ[POSTGRES_ADDRESS], f"own_{uuid.uuid4().hex}") as address:
        yield address


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with servers.redis() as address:
        yield address


@pytest.fixture
def mail_sink() -> Iterator[servers.MailSink]:
    with servers.mail_sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright runs an event loop in this thread, where Django would refuse every query of a test.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    program = servers.find_chromium()
    # Ten seconds more than Playwright's own: a machine of CI may be three times slower than the one at hand.
    expect.set_options(timeout=15_000)
    type_only_into_loaded_pages()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=servers.chromium_arguments(), headless=True)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def live_server(live_server: LiveServer) -> LiveServer:
    from django.db import connection

    if connection.vendor == "postgresql":  # one SQLite in memory would be written to by both
        OWN_SERVERS.add(live_server.url)
    return live_server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh browser profile, in English, wide as a clinic's screen."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    yield slowed(context.new_page())
    context.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A thread of the live server that is still ending on a busy machine holds up the dropping of its database."""
    yield
    with django_db_blocker.unblock():
        from django.db import connection

        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture
def cast(db: None) -> Cast:
    """Two teams and a person of each role; models can be imported only once Django is set up."""
    from tests.cast import make_cast

    return make_cast()
