"""Compiles the translations, `python -m config.compile_messages`: a fresh machine has no GNU gettext to do it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import polib

PROJECT = Path(__file__).resolve().parent.parent


def is_stale(source: Path, compiled: Path) -> bool:
    return not compiled.is_file() or compiled.stat().st_mtime < source.stat().st_mtime


def compile_catalogues(locale: Path) -> tuple[Path, ...]:
    """Compiles each catalogue that changed; entries marked fuzzy stay in English, as with msgfmt."""
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if not is_stale(source, compiled):
            continue
        # Replaced in one step: a web process that starts meanwhile never reads half a file.
        unfinished = compiled.with_name(f"{compiled.name}.{os.getpid()}")
        polib.pofile(str(source)).save_as_mofile(str(unfinished))
        unfinished.replace(compiled)
        written.append(compiled)
    return tuple(written)


def main() -> int:
    for compiled in compile_catalogues(PROJECT / "locale"):
        sys.stdout.write(f"{compiled.relative_to(PROJECT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
