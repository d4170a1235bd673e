"""Installs the servers that the tests use, where that is possible, and says plainly what stays left out.

`make test` calls `python -m tests.prepare`. Never fails by itself: that a server is missing is a failure in CI alone,
where pytest says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests import servers


@dataclass(frozen=True, slots=True)
class Need:
    name: str
    present: Callable[[], bool]
    packages: tuple[str, ...]
    without: str


def has_chinese_font() -> bool:
    """Without one, pages in Chinese still work but their screenshots show empty boxes."""
    lister = shutil.which("fc-list")
    return lister is not None and bool(subprocess.check_output([lister, ":lang=zh-cn"]).strip())


NEEDS = (
    Need("PostgreSQL", lambda: servers.find_postgres() is not None, ("postgresql",), "tests on PostgreSQL"),
    Need("Redis", lambda: servers.find_redis() is not None, ("redis-server",), "tests with Redis as the broker"),
    Need("Chromium", lambda: servers.find_chromium() is not None, ("chromium",), "tests in a browser"),
    Need("GNU gettext", lambda: shutil.which("xgettext") is not None, ("gettext",), "the search for new texts"),
    Need("a Chinese font", has_chinese_font, ("fonts-noto-cjk", "fontconfig"), "Chinese in screenshots"),
)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def administrator() -> list[str] | None:
    """What to put before a command to run it as root: nothing, sudo if it asks no password, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n", "env"]
    return None


def install(packages: list[str]) -> None:
    prefix = administrator()
    if shutil.which("apt-get") is None or prefix is None:
        return
    say(f"Installing {' '.join(packages)}")
    quiet = [*prefix, *([] if prefix else ["env"]), "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    for step in (["update"], ["install", "--no-install-recommends", *packages]):
        if subprocess.run([*quiet, *step], check=False).returncode != 0:
            say("apt-get failed; its message stands above.")
            return


def main() -> int:
    missing = [need for need in NEEDS if not need.present()]
    if missing:
        install([package for need in missing for package in need.packages])
    for need in NEEDS:
        if need.present():
            say(f"{need.name}: found")
        else:
            say(f"{need.name}: missing, so left out: {need.without}. To have it: apt-get install {need.packages[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
