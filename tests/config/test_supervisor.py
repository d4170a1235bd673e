"""Real child processes, small Python sleepers, under the supervisor that runs Leadtime."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.supervisor import DEATHS_ALLOWED, LOG_SIZE_KEPT, GaveUp, Program, Supervisor, last_lines, open_log

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
FAILING = "print('the disk is full', flush=True); raise SystemExit(3)"
# Starts a child of its own, says its number, and ignores the request to stop.
PARENT = (
    "import subprocess, sys; "
    f'grandchild = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.DEVNULL); '
    "print(grandchild.pid, flush=True); " + STUBBORN
)

Start = Callable[..., Supervisor]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def start(tmp_path: Path, said: list[str]) -> Iterator[Start]:
    started: list[Supervisor] = []

    def start_all(**sources: str) -> Supervisor:
        programs = [
            Program(name=name, command=(sys.executable, "-c", source), log=tmp_path / "logs" / f"{name}.log")
            for name, source in sources.items()
        ]
        supervisor = Supervisor(programs, dict(os.environ), tmp_path, said.append)
        started.append(supervisor)
        supervisor.start()
        wait_until(lambda: all(program.log.read_text() for program in programs))
        return supervisor

    yield start_all
    for supervisor in started:
        supervisor.stop(0)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "nothing happened in 20 s"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Running: a process that ended and waits for its parent to notice is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stop_ends_every_child_and_says_nothing(start: Start, said: list[str]) -> None:
    supervisor = start(web=SLEEPER, worker=SLEEPER)
    pids = [child.process.pid for child in supervisor.children]
    supervisor.stop(10)
    assert [alive(pid) for pid in pids] == [False, False]
    assert said == []


def test_a_child_that_does_not_stop_is_killed_after_the_grace(start: Start, said: list[str]) -> None:
    supervisor = start(web=STUBBORN)
    pid = supervisor.children[0].process.pid
    begun = time.monotonic()
    supervisor.stop(0.3)
    assert time.monotonic() - begun < 5
    assert not alive(pid)
    assert said == ["The web process did not stop in 0 s and is ended now."]


def test_the_children_of_a_child_are_ended_too(start: Start) -> None:
    supervisor = start(worker=PARENT)
    grandchild = int(supervisor.programs[0].log.read_text().split()[0])
    assert alive(grandchild)
    supervisor.stop(0.3)
    wait_until(lambda: not alive(grandchild))


def test_a_child_leads_its_own_session_so_that_ctrl_c_does_not_reach_it(start: Start) -> None:
    pid = start(web=SLEEPER).children[0].process.pid
    assert os.getsid(pid) == pid
    assert os.getpgid(pid) == pid


def test_a_dead_child_is_named_with_its_last_lines_and_started_again(start: Start, said: list[str]) -> None:
    supervisor = start(web=SLEEPER)
    first = supervisor.children[0].process
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    now = supervisor.children[0].started + 5
    supervisor.keep_alive(now)
    assert said == [
        "The web process ended by itself (signal SIGKILL).",
        "  Last lines of its log:\n    up",
        "  Starting it again in 1 s.",
    ]
    supervisor.keep_alive(now + 0.99)
    assert supervisor.children[0].process is first
    supervisor.keep_alive(now + 1)
    assert supervisor.children[0].process.pid != first.pid
    assert supervisor.children[0].process.poll() is None


def test_a_child_that_keeps_dying_is_given_up_after_longer_and_longer_pauses(start: Start, said: list[str]) -> None:
    supervisor = start(web=FAILING)
    now = supervisor.children[0].started
    for _ in range(DEATHS_ALLOWED):
        supervisor.children[0].process.wait()
        supervisor.keep_alive(now)
        assert supervisor.children[0].restart_at is not None
        now = supervisor.children[0].restart_at
        supervisor.keep_alive(now)
    supervisor.children[0].process.wait()
    with pytest.raises(GaveUp, match=r"^The web process ended 6 times in a row\.$"):
        supervisor.keep_alive(now)
    assert [line for line in said if "again" in line] == [
        f"  Starting it again in {pause} s." for pause in (1, 2, 4, 8, 16)
    ]
    assert said[1].endswith("    the disk is full")


def test_a_long_life_forgives_earlier_deaths(start: Start) -> None:
    supervisor = start(web=FAILING)
    child = supervisor.children[0]
    child.process.wait()
    child.deaths = DEATHS_ALLOWED
    supervisor.keep_alive(child.started + 60)
    assert child.deaths == 1


def test_first_dead_is_none_while_all_live(start: Start) -> None:
    assert start(web=SLEEPER).first_dead() is None


def test_a_large_log_is_put_aside_and_a_small_one_is_continued(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("x" * (LOG_SIZE_KEPT + 1))
    os.close(open_log(log))
    assert log.read_text() == ""
    assert (tmp_path / "web.log.1").stat().st_size == LOG_SIZE_KEPT + 1
    log.write_text("kept")
    os.close(open_log(log))
    assert log.read_text() == "kept"


def test_last_lines_of_a_log_that_is_not_there_are_none(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "absent.log", 15) == []
