"""Real servers for the tests, each a context manager: PostgreSQL, Redis, an SMTP sink and Leadtime's own processes.

Everything runs on free ports and in temporary folders, so that suites run beside each other and beside installations.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

PROJECT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PATIENCE = 30.0
APP_PATIENCE = 300.0
# What a developer's shell may hold and what the suite sets for itself: the app's processes start without either.
OWN_ENVIRONMENT = (
    *("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SITE_URL", "SECRET_KEY", "SECRET_KEY_FILE", "LEADTIME_DATA_DIR"),
    *("PORT", "STATIC_MANIFEST", "DEBUG", "HTTPS", "ALLOWED_HOSTS", "MFA_ENABLED", "DJANGO_SETTINGS_MODULE"),
)


class ServerFailed(Exception):
    """A server of the tests did not start."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, patience: float = PATIENCE
) -> None:
    deadline = time.monotonic() + patience
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerFailed(f"{process.args!r} did not get ready:\n{log.read_text(encoding='utf-8')[-3000:]}")
        time.sleep(0.05)


def port_answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def end(process: subprocess.Popen[bytes], number: int, grace: float = 15.0) -> None:
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def temporary_folder(*, owner: int | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="leadtime-"))
    if owner is not None:
        os.chown(folder, owner, -1)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a killed server may still be writing its last file


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def find_postgres() -> Path | None:
    """The folder of PostgreSQL's programs; the newest, where a distribution keeps several beside the search path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda folder: float(folder.parent.name), default=None)


def postgres_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; then it runs as the user that its package made."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


@contextlib.contextmanager
def postgres(port: int | None = None) -> Iterator[str]:
    """A server of its own; gives the address of a database in it."""
    programs = find_postgres()
    if programs is None:
        raise ServerFailed("PostgreSQL's initdb was not found")
    account = postgres_account()
    owner: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    port = port or free_port()
    with temporary_folder(owner=account.pw_uid if account else None) as folder:
        data, log = folder / "data", folder / "log"
        make = [str(programs / "initdb"), "-D", str(data), "-U", "leadtime", "-A", "trust", "-E", "UTF8"]
        make += ["--locale=C.UTF-8", "--no-sync"]
        subprocess.run(make, cwd=folder, check=True, capture_output=True, **owner)
        # Speed over safety: this data is thrown away. -k: the usual place of the socket belongs to the distribution.
        options = ["listen_addresses=127.0.0.1", "fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-p", str(port)]
        command += [part for option in options for part in ("-c", option)]
        with log.open("wb") as output:
            server: subprocess.Popen[bytes] = subprocess.Popen(
                command, cwd=folder, stdout=output, stderr=output, preexec_fn=_fast_stop_with_parent(), **owner
            )
        try:
            accepts = [str(programs / "pg_isready"), "-q", "-h", HOST, "-p", str(port)]
            wait_for(lambda: subprocess.run(accepts, check=False).returncode == 0, server, log)
            yield f"postgres://leadtime@{HOST}:{port}/postgres"
        finally:
            end(server, signal.SIGINT)  # PostgreSQL's "fast": does not wait for clients


def _fast_stop_with_parent() -> Callable[[], None] | None:
    from config.supervisor import end_with_parent  # late: `config` reads settings, which the suite sets first

    return end_with_parent(signal.SIGINT)


@contextlib.contextmanager
def postgres_database(server: str, name: str) -> Iterator[str]:
    """An empty database of its own in a running server."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield f"{server.rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


# --- Redis --------------------------------------------------------------------------------------------------------


def find_redis() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None


@contextlib.contextmanager
def redis() -> Iterator[str]:
    from config.supervisor import end_with_parent

    program = find_redis()
    if program is None:
        raise ServerFailed("redis-server was not found")
    port = free_port()
    with temporary_folder() as folder:
        log = folder / "log"
        command = [str(program), "--port", str(port), "--bind", HOST, "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no"]
        with log.open("wb") as output:
            server = subprocess.Popen(
                command, cwd=folder, stdout=output, stderr=output, preexec_fn=end_with_parent(signal.SIGTERM)
            )
        try:
            wait_for(lambda: port_answers(port), server, log)
            yield f"redis://{HOST}:{port}/0"
        finally:
            end(server, signal.SIGTERM)


# --- mail ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class MailSink:
    """Takes every mail by SMTP and keeps it."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append(message)
        self.recipients.extend(envelope.rcpt_tos)
        return "250 Message accepted"

    def wait_for_mail(self, count: int, patience: float = PATIENCE) -> list[EmailMessage]:
        deadline = time.monotonic() + patience
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(self.messages) >= count, f"{len(self.messages)} mails after {patience:.0f} s, expected {count}"
        return self.messages


@contextlib.contextmanager
def mail_sink() -> Iterator[MailSink]:
    sink = MailSink(port=free_port())
    controller = Controller(sink, hostname=HOST, port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


# --- a browser ----------------------------------------------------------------------------------------------------


def find_chromium() -> Path | None:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return Path(found) if found else None


def chromium_arguments() -> list[str]:
    """Quiet, and unable to reach any other host: a page that needs one fails here."""
    return [
        *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"),
        *("--disable-component-update", "--disable-default-apps", "--disable-domain-reliability"),
        *("--metrics-recording-only", "--disable-dev-shm-usage"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium's sandbox refuses root
    ]


# --- Leadtime itself ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class App:
    """Leadtime running as it does for its users: web, worker and beat, by the one run command."""

    url: str
    data: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes]
    output: Path

    def manage(self, *arguments: str, given: str = "") -> str:
        """Runs `manage.py` on the same record; `given` is what it reads from standard input, as for `shell`."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=dict(self.environment), input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def log(self, program: str) -> str:
        return (self.data / "logs" / f"{program}.log").read_text(encoding="utf-8")


@contextlib.contextmanager
def app_processes(environment: Mapping[str, str] | None = None, *, demo: bool = False) -> Iterator[App]:
    """Starts Leadtime with these settings (none: embedded) and an empty record, and waits until it is ready.

    The record is filled by the test, through the pages or `app.manage(...)`, or with `demo` by the demo cohort.
    """
    port = free_port()
    with temporary_folder() as folder:
        data, output = folder / "data", folder / "output"
        inherited = {name: value for name, value in os.environ.items() if name not in OWN_ENVIRONMENT}
        whole = {
            **inherited,
            "LEADTIME_DATA_DIR": str(data),
            "PORT": str(port),
            "SITE_URL": f"http://{HOST}:{port}",
            **(environment or {}),
        }
        command = [sys.executable, "-m", "config.run", *([] if demo else ["--without-demo"])]
        with output.open("wb") as written:
            process = subprocess.Popen(
                command, cwd=PROJECT, env=whole, stdout=written, stderr=written, start_new_session=True
            )
        url = f"http://{HOST}:{port}"
        try:
            wait_for(lambda: f"Ready: {url}\n" in output.read_text(encoding="utf-8"), process, output, APP_PATIENCE)
            yield App(url=url, data=data, environment=whole, process=process, output=output)
        finally:
            end(process, signal.SIGINT)
