"""The one command that runs Leadtime on one machine: web, worker and beat, started, watched and stopped together.

`make run` calls `python -m config.run`. It reads PORT, LEADTIME_DATA_DIR and what config/settings.py reads from the
environment, ends with 0 after Ctrl-C or SIGTERM and with 1 when something failed.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from config.supervisor import GaveUp, Program, Supervisor, end_with_parent, kill_group
from config.worker_ready import READY_FILE

PROJECT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
DEFAULT_PORT = 8000
PORTS_TRIED = 50
HIGHEST_PORT = 65535
GRACE = 6.0  # seconds for children to finish what they do
START_PATIENCE = 120.0
TICK = 0.1


class Refused(Exception):
    """Leadtime cannot start; the text says why and what to do."""


class Stopped(Exception):
    """Somebody asked us to stop."""


def say(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:  # the terminal is gone; stopping the children matters more than saying so
        return


@dataclass(slots=True)
class StopRequest:
    """Set by a signal. Repeats are ignored: make and the terminal may both pass the same Ctrl-C on."""

    asked: bool = False

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays nohup
                signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def raise_if_asked(self) -> None:
        if self.asked:
            raise Stopped


# --- what was asked for -------------------------------------------------------------------------------------------


def wanted_port(text: str) -> int:
    if not text.strip():
        return DEFAULT_PORT
    if not text.strip().isascii() or not text.strip().isdecimal() or not 1 <= int(text) <= HIGHEST_PORT:
        raise Refused(f"PORT={text!r} is not a port. Write a number from 1 to {HIGHEST_PORT}, for example PORT=8000.")
    return int(text)


def bind_port(first: int) -> socket.socket:
    """The first free port from `first` on, held from now on, so that nobody takes it while we prepare."""
    for port in range(first, min(first + PORTS_TRIED, HIGHEST_PORT + 1)):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left by ourselves is free
        try:
            bound.bind((HOST, port))
            bound.listen()  # before that, a second process could still bind the same port
        except OSError as problem:
            bound.close()
            if problem.errno == errno.EACCES:
                raise Refused(f"This user may not open port {port}. Choose one from 1024 on.") from None
            if problem.errno != errno.EADDRINUSE:
                raise
            say(f"Port {port} is taken, trying {port + 1}.")
            continue
        return bound
    raise Refused(f"No free port from {first} on. Choose another, for example PORT=9000.")


def data_folder(environment: Mapping[str, str]) -> Path:
    folder = Path(environment.get("LEADTIME_DATA_DIR") or PROJECT / "var").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # patient data: the owner's alone
    except OSError as problem:
        raise Refused(f"The data folder {folder} cannot be made: {problem.strerror}. Set LEADTIME_DATA_DIR.") from None
    return folder


def lock(folder: Path) -> int:
    """Held until this process ends, however it ends; a second start on the same data is refused."""
    file = folder / "run.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = file.read_text(encoding="utf-8").strip() or "starting just now"
        os.close(descriptor)
        advice = "Stop it first, or set LEADTIME_DATA_DIR to another folder."
        raise Refused(f"Leadtime already runs on this data folder ({other}). {advice}") from None
    return descriptor


def sign(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{text}\n".encode(), 0)


# --- the three programs -------------------------------------------------------------------------------------------


def child_environment(environment: Mapping[str, str], *, folder: Path, port: int) -> dict[str, str]:
    return {
        **environment,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LEADTIME_DATA_DIR": str(folder),
        "SITE_URL": environment.get("SITE_URL") or f"http://{HOST}:{port}",
        "PYTHONUNBUFFERED": "1",
        READY_FILE: str(folder / "worker.ready"),
    }


def programs(folder: Path, *, listener: int) -> tuple[Program, ...]:
    """In the order in which they are asked to stop: no new requests, no new schedules, then finish the tasks."""
    logs = folder / "logs"
    python = sys.executable
    web = (
        *(python, "-m", "gunicorn", "config.wsgi:application", "--bind", f"fd://{listener}"),
        *("--worker-class", "gthread", "--workers", "1", "--threads", "8", "--graceful-timeout", "3"),
        "--no-control-socket",  # its default place is the home folder, which may be missing
    )
    # No --pidfile, and a damaged schedule is made anew by beat: nothing left by a crash can stop the next start.
    beat = (python, "-m", "celery", "-A", "config", "beat", "--schedule", str(folder / "beat-schedule"))
    worker = (
        *(python, "-m", "celery", "-A", "config", "worker", "--include", "config.worker_ready"),
        # A thread instead of a pool of processes: half the memory, and it stops in 4 s where the pool takes 6 and more.
        *("--pool", "threads", "--concurrency", "2"),  # a long import must not keep evaluations and mails waiting
        *("--without-gossip", "--without-mingle"),  # one worker: nobody to talk to
    )
    return (
        Program(name="web", command=web, log=logs / "web.log", pass_fds=(listener,)),
        Program(name="beat", command=beat, log=logs / "beat.log"),
        Program(name="worker", command=worker, log=logs / "worker.log"),
    )


def answers(port: int) -> bool:
    """Whether the page of health answers 200. Not a port that is open: gunicorn listens before Django is loaded."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/health/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


# --- the run ------------------------------------------------------------------------------------------------------


def prepare(environment: Mapping[str, str], stop: StopRequest, *, with_demo: bool) -> None:
    say("Preparing")
    command = [sys.executable, "-m", "config.prepare", *([] if with_demo else ["--without-demo"])]
    process = subprocess.Popen(  # noqa: S603  # our own module
        command, cwd=PROJECT, env=dict(environment), start_new_session=True, preexec_fn=end_with_parent()
    )
    try:
        while process.poll() is None:
            stop.raise_if_asked()
            time.sleep(TICK)
    finally:
        # Every step is a transaction of its own or repeats without harm, so ending it in the middle loses nothing.
        kill_group(process)
        process.wait()
    if process.returncode != 0:
        raise Refused("Preparing failed; the reason stands above.")


def wait_until_ready(supervisor: Supervisor, stop: StopRequest, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_PATIENCE
    while not ready():
        stop.raise_if_asked()
        if (dead := supervisor.first_dead()) is not None:
            supervisor.report_death(dead)
            raise Refused(f"Leadtime could not start its {dead.program.name} process.")
        if time.monotonic() > deadline:
            raise Refused(f"Leadtime was not ready after {START_PATIENCE:.0f} s. See the logs in the data folder.")
        time.sleep(TICK)


def login_table(folder: Path) -> str:
    """The demo's logins as the demo cohort wrote them; empty where there is no demo."""
    try:
        logins = json.loads((folder / "demo-logins.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    rows = [("role", "user name", "password")]
    rows += [(str(login["role"]), str(login["username"]), str(login["password"])) for login in logins]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n  ".join(["Sign in to the synthetic demo record as", *lines])


def serve(folder: Path, stop: StopRequest, *, listener: socket.socket, with_demo: bool) -> None:
    port: int = listener.getsockname()[1]
    environment = child_environment(os.environ, folder=folder, port=port)
    prepare(environment, stop, with_demo=with_demo)
    worker_ready = Path(environment[READY_FILE])
    worker_ready.unlink(missing_ok=True)
    supervisor = Supervisor(programs(folder, listener=listener.fileno()), environment, PROJECT, say)
    say("Starting web, worker and beat")
    try:
        supervisor.start()
        wait_until_ready(supervisor, stop, lambda: worker_ready.exists() and answers(port))
        say(f"Ready: http://{HOST}:{port}")
        if table := login_table(folder):
            say(table)
        say(f"Logs are in {folder / 'logs'}. Ctrl-C stops Leadtime.")
        while True:
            stop.raise_if_asked()
            supervisor.keep_alive(time.monotonic())
            time.sleep(TICK)
    finally:
        say("Stopping")
        supervisor.stop(GRACE)


def run(*, with_demo: bool) -> int:
    stop = StopRequest()
    stop.listen()
    try:
        port = wanted_port(os.environ.get("PORT", ""))
        folder = data_folder(os.environ)
        held = lock(folder)
        with bind_port(port) as listener:
            sign(held, f"process {os.getpid()}, http://{HOST}:{listener.getsockname()[1]}")
            serve(folder, stop, listener=listener, with_demo=with_demo)
    except Stopped:
        say("Stopped.")
        return 0
    except (Refused, GaveUp) as problem:
        say(str(problem))
        return 1
    return 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.run", description="Runs Leadtime: web, worker and beat.")
    parser.add_argument("--without-demo", action="store_true", help="start with an empty record")
    return run(with_demo=not parser.parse_args(arguments).without_demo)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
