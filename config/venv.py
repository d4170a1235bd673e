"""Makes and mends the virtual environment, so that a machine with nothing but Python can start Leadtime.

Runs under the machine's own Python before anything is installed: standard library only, and by path (`python3 -I
config/venv.py requirements.txt`), because importing the `config` package already needs Celery.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
PROJECT = Path(__file__).resolve().parent.parent


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def digest(requirements: Path) -> str:
    """Of the list, of the lists it includes, and of the Python that runs it: a change in any asks for a new install."""
    text = requirements.read_text(encoding="utf-8")
    parts = [f"python {sys.version_info.major}.{sys.version_info.minor}", text]
    for line in text.splitlines():
        if line.startswith("-r "):
            parts.append(digest(requirements.parent / line.removeprefix("-r ").strip()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def stamp_of(venv: Path, requirements: Path) -> Path:
    return venv / f"installed-{requirements.name}.sha256"


def interpreter(venv: Path) -> Path:
    return venv / "bin" / "python"


def works(venv: Path) -> bool:
    """Whether the environment's Python starts, is of our version and has pip: a venv broken off half way has not."""
    probe = "import sys, pip; sys.exit(sys.version_info[:2] != ({}, {}))".format(*sys.version_info[:2])
    try:
        answer = subprocess.run([interpreter(venv), "-c", probe], capture_output=True, check=False)  # noqa: S603  # our own path
    except OSError:
        return False
    return answer.returncode == 0


def is_current(venv: Path, requirements: Path) -> bool:
    stamp = stamp_of(venv, requirements)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == digest(requirements) and works(venv)


def make(venv: Path) -> None:
    say(f"Making a virtual environment in {venv.name} with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=False)  # noqa: S603  # our own path
    if made.returncode != 0:
        say(
            "Python could not make a virtual environment. On Debian and Ubuntu this needs one more package:\n"
            "    sudo apt-get install python3-venv"
        )
        raise SystemExit(1)


def install(venv: Path, requirements: Path) -> None:
    stamp = stamp_of(venv, requirements)
    stamp.unlink(missing_ok=True)  # first, so that an install that breaks off is never taken for a whole one
    say(f"Installing {requirements.name} (once, and again only when the list changes)")
    pip = [str(interpreter(venv)), "-m", "pip", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "-r", str(requirements)], check=False)  # noqa: S603  # our own path
    if done.returncode != 0:
        say(f"pip could not install {requirements.name}: its message stands above. The same command goes on from here.")
        raise SystemExit(1)
    fresh = stamp.with_suffix(".new")
    fresh.write_text(digest(requirements), encoding="utf-8")
    fresh.replace(stamp)


def ensure(venv: Path, requirements: Path) -> bool:
    """Leaves a working environment with these requirements behind; says whether anything had to be done."""
    if is_current(venv, requirements):
        return False
    if not works(venv):
        make(venv)
    install(venv, requirements)
    return True


def lock_project(project: Path) -> int:
    """Two commands started at once must not install into one environment; the lock ends with the process."""
    descriptor = os.open(project, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another command is installing here; waiting for it")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        say("Leadtime needs Python {}.{} or newer".format(*OLDEST_PYTHON))
        return 1
    if len(arguments) != 1:
        say("usage: venv.py REQUIREMENTS")
        return 2
    lock_project(PROJECT)
    try:
        ensure(PROJECT / ".venv", PROJECT / arguments[0])
    except KeyboardInterrupt:
        say("Stopped. The same command goes on from here.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
