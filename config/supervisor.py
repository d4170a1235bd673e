"""Starts programs as child processes, restarts those that die, and stops them all without leaving one behind.

Each child leads a session of its own: a Ctrl-C in the terminal reaches only the supervisor, which then stops the
children, and whatever a child has started itself can be ended with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LONG_LIFE = 60.0  # seconds; a child that lived this long has not failed to start
DEATHS_ALLOWED = 5  # in a row, each after a short life; then something is wrong that a restart does not mend
LONGEST_PAUSE = 30.0
LOG_SIZE_KEPT = 5_000_000
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


class GaveUp(Exception):
    """A child cannot be kept alive."""


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: tuple[str, ...]
    log: Path
    pass_fds: tuple[int, ...] = ()


@dataclass(slots=True)
class Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    restart_at: float | None = None


def end_with_parent(number: int = signal.SIGTERM) -> Callable[[], None] | None:
    """For Popen(preexec_fn=...): where the kernel can, it stops the child when the parent was killed outright."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded here, since little is safe between fork and exec

    def ask_kernel() -> None:
        libc.prctl(PARENT_DEATH_SIGNAL, number)

    return ask_kernel


def last_lines(log: Path, count: int) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 200 * count))
            return file.read().decode("utf-8", errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []


def open_log(log: Path) -> int:
    """For appending; a log that has grown large is put aside as `<name>.1`, and the one before it is dropped."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.is_file() and log.stat().st_size > LOG_SIZE_KEPT:
        log.replace(log.with_name(log.name + ".1"))
    return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a child at once, with everything it started: its process group carries its own number."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


@dataclass(slots=True)
class Supervisor:
    programs: Sequence[Program]
    environment: Mapping[str, str]
    folder: Path
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)

    def start(self) -> None:
        for program in self.programs:
            self.children.append(Child(program=program, process=self._spawn(program), started=time.monotonic()))

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        log = open_log(program.log)
        try:
            return subprocess.Popen(  # noqa: S603  # commands are written in our own code
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=dict(self.environment),
                pass_fds=program.pass_fds,
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )
        finally:
            os.close(log)

    def first_dead(self) -> Child | None:
        return next((child for child in self.children if child.process.poll() is not None), None)

    def report_death(self, child: Child) -> None:
        self.say(f"The {child.program.name} process ended by itself ({describe_exit(child.process.returncode)}).")
        lines = last_lines(child.program.log, 15)
        self.say("\n".join(["  Last lines of its log:", *(f"    {line}" for line in lines)]))

    def keep_alive(self, now: float) -> None:
        """One look at the children; call it a few times a second. Raises GaveUp when restarting does not help."""
        for child in self.children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    self._restart(child, now)
            elif child.process.poll() is not None:
                self._plan_restart(child, now)

    def _plan_restart(self, child: Child, now: float) -> None:
        self.report_death(child)
        kill_group(child.process)  # what it had started must not live beside its successor
        child.deaths = 1 if now - child.started >= LONG_LIFE else child.deaths + 1
        if child.deaths > DEATHS_ALLOWED:
            raise GaveUp(f"The {child.program.name} process ended {child.deaths} times in a row.")
        pause = min(2.0 ** (child.deaths - 1), LONGEST_PAUSE)
        self.say(f"  Starting it again in {pause:.0f} s.")
        child.restart_at = now + pause

    def _restart(self, child: Child, now: float) -> None:
        child.process = self._spawn(child.program)
        child.started, child.restart_at = now, None

    def stop(self, grace: float) -> None:
        """Asks all to stop, waits up to `grace` seconds in all, then kills what is left, children of children too."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        for child in self.children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"The {child.program.name} process did not stop in {grace:.0f} s and is ended now.")
            kill_group(child.process)
            child.process.wait()
        self.children.clear()


def describe_exit(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
