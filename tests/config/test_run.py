from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import run
from tests import servers


@pytest.mark.parametrize(("text", "port"), [("", 8000), ("  ", 8000), ("1", 1), (" 9000 ", 9000), ("65535", 65535)])
def test_a_port_is_read_from_the_environment(text: str, port: int) -> None:
    assert run.wanted_port(text) == port


@pytest.mark.parametrize("text", ["0", "65536", "-1", "80.5", "eight thousand", "8000x", "八〇〇〇", "٨٠٠٠", "1_000"])
def test_nonsense_for_a_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(run.Refused, match=r"is not a port\. Write a number from 1 to 65535"):
        run.wanted_port(text)


def test_a_taken_port_is_said_plainly_and_the_next_free_one_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with run.bind_port(20000) as first:
        taken = first.getsockname()[1]
        capsys.readouterr()
        with run.bind_port(taken) as second:
            found = second.getsockname()[1]
            assert found > taken
            assert capsys.readouterr().out.splitlines()[0] == f"Port {taken} is taken, trying {taken + 1}."


def test_the_port_is_held_while_leadtime_prepares() -> None:
    with run.bind_port(20000) as held, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="Address already in use"):
            other.bind(held.getsockname())


def test_a_port_is_free_again_as_soon_as_it_is_closed() -> None:
    with run.bind_port(20000) as held:
        port = held.getsockname()[1]
        with socket.create_connection(held.getsockname()), held.accept()[0]:
            pass
    with run.bind_port(port) as again:
        assert again.getsockname()[1] == port


def test_a_second_start_on_the_same_data_is_refused_and_told_where_the_first_runs(tmp_path: Path) -> None:
    run.sign(run.lock(tmp_path), "process 123, http://127.0.0.1:8000")
    with pytest.raises(
        run.Refused, match=r"already runs on this data folder \(process 123, http://127\.0\.0\.1:8000\)"
    ):
        run.lock(tmp_path)


def test_a_lock_file_left_by_a_crash_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("process 123, http://127.0.0.1:8000\n")
    descriptor = run.lock(tmp_path)
    run.sign(descriptor, "process 7")
    assert (tmp_path / "run.lock").read_text() == "process 7\n"


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(run.Refused, match="cannot be made: Not a directory"):
        run.data_folder({"LEADTIME_DATA_DIR": str(tmp_path / "file" / "data")})


def test_a_new_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = run.data_folder({"LEADTIME_DATA_DIR": str(tmp_path / "data")})
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_base_of_links_follows_the_port_unless_it_was_set(tmp_path: Path) -> None:
    assert run.child_environment({}, folder=tmp_path, port=8001)["SITE_URL"] == "http://127.0.0.1:8001"
    given = {"SITE_URL": "https://leadtime.example.org"}
    assert run.child_environment(given, folder=tmp_path, port=8001)["SITE_URL"] == "https://leadtime.example.org"


def test_the_demo_logins_are_shown_as_a_table(tmp_path: Path) -> None:
    logins = [
        {"role": "clinician", "username": "clin", "password": "one two"},
        {"role": "nurse", "username": "nurse", "password": "three"},
    ]
    (tmp_path / "demo-logins.json").write_text(json.dumps(logins))
    assert run.login_table(tmp_path).splitlines() == [
        "Sign in to the synthetic demo record as",
        "  role       user name  password",
        "  clinician  clin       one two",
        "  nurse      nurse      three",
    ]


def test_without_a_demo_there_are_no_logins_to_show(tmp_path: Path) -> None:
    assert run.login_table(tmp_path) == ""


def processes_of(data: Path) -> list[int]:
    """Every process that was started with this data folder, whoever its parent is now."""
    wanted = f"LEADTIME_DATA_DIR={data}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def stop(app: servers.App, number: int) -> int:
    os.killpg(app.process.pid, number)  # a terminal sends Ctrl-C to the whole group
    return app.process.wait(20)


@pytest.fixture(scope="module")
def app() -> Iterator[servers.App]:
    with servers.app_processes() as app:
        yield app
        assert stop(app, signal.SIGTERM) == 0
        assert processes_of(app.data) == []


@pytest.mark.story
def test_a_second_start_beside_a_running_leadtime_is_refused(app: servers.App) -> None:
    command = [sys.executable, "-m", "config.run", "--without-demo"]
    second = subprocess.run(
        command, cwd=servers.PROJECT, env=dict(app.environment), capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"(process {app.process.pid}, {app.url})" in second.stdout


@pytest.mark.story
def test_a_killed_web_process_is_started_again_on_the_same_port(app: servers.App) -> None:
    port = int(app.url.rsplit(":", 1)[1])
    (web,) = {os.getpgid(pid) for pid in processes_of(app.data) if "gunicorn" in command_of(pid)}
    os.killpg(web, signal.SIGKILL)
    servers.wait_for(lambda: "Starting it again" in app.output.read_text(), app.process, app.output)
    servers.wait_for(lambda: run.answers(port), app.process, app.output)
    assert "The web process ended by itself (signal SIGKILL)." in app.output.read_text()


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.mark.story
@pytest.mark.postgres
@pytest.mark.redis
def test_leadtime_starts_on_postgresql_and_redis_and_leaves_no_process_behind(
    postgres_database: str, redis_url: str
) -> None:
    environment = {"DATABASE_URL": postgres_database, "REDIS_URL": redis_url, "SECRET_KEY": "0123456789" * 6}
    with servers.app_processes(environment) as app:
        assert run.answers(int(app.url.rsplit(":", 1)[1]))
        assert not (app.data / "leadtime.sqlite3").exists()
        assert len(processes_of(app.data)) >= 4  # the start command, web, beat and worker
        assert stop(app, signal.SIGINT) == 0
        assert app.output.read_text().endswith("Stopping\nStopped.\n")
        assert processes_of(app.data) == []


@pytest.mark.story
def test_settings_that_make_no_sense_end_the_start_with_the_reason(tmp_path: Path) -> None:
    environment = {**os.environ, "LEADTIME_DATA_DIR": str(tmp_path), "PORT": "", "HTTPS": "perhaps"}
    command = [sys.executable, "-m", "config.run", "--without-demo"]
    done = subprocess.run(command, cwd=servers.PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Settings: HTTPS='perhaps' is neither true nor false." in done.stdout
    assert done.stdout.endswith("Preparing failed; the reason stands above.\n")
