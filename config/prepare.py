"""What must be in place before Leadtime serves: `python -m config.prepare [--without-demo]`.

One process for all steps, because loading Django takes longer than most of them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from config.compile_messages import PROJECT, compile_catalogues

Step = tuple[str, Callable[[], object]]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def steps(*, with_demo: bool) -> list[Step]:
    wanted: list[Step] = [
        ("Translations", lambda: compile_catalogues(PROJECT / "locale")),
        ("Database tables", lambda: call_command("migrate", interactive=False, verbosity=0)),
        ("Static files", lambda: call_command("collectstatic", interactive=False, verbosity=0)),
    ]
    wanted.append(("Trends of an earlier version", _mark_outdated))
    if with_demo:
        wanted.append(("Synthetic demo patients", lambda: call_command("load_demo", "--if-empty")))
    return wanted


def _mark_outdated() -> None:
    """After an upgrade the worker reads these again; until then the pages say that they wait."""
    from monitoring.services import mark_outdated  # late: models can be imported only once Django is set up

    mark_outdated()


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
    except ImproperlyConfigured as problem:
        say(f"  Settings: {problem}")
        return 1
    for name, step in steps(with_demo="--without-demo" not in arguments):
        say(f"  {name} ...")
        begun = time.monotonic()
        try:
            step()
        except CommandError as problem:
            say(f"  {name}: {problem}")
            return 1
        say(f"  {name}: done in {time.monotonic() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
