"""The rules of the house that a machine can hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "exchange", "monitoring", "patients", "accounts", "audit")


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [PROJECT / line for line in listing.splitlines() if (PROJECT / line).is_file()]


def own_python() -> list[Path]:
    return [path for path in tracked("*.py") if "migrations" not in path.parts and path.parts[-2] != "vendor"]


def lines_matching(paths: list[Path], pattern: str) -> list[str]:
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(PROJECT)}:{number}: {line.strip()}")
    return found


def production() -> list[Path]:
    return [path for path in own_python() if path.relative_to(PROJECT).parts[0] in PACKAGES]


def test_no_file_has_a_name_that_says_nothing() -> None:
    banned = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path in own_python() if path.name in banned] == []


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(PROJECT)): n for path in production() if (n := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_messages_are_sent_on_commit_only() -> None:
    # Where a function is itself what on_commit calls, the line says so.
    assert lines_matching(production(), r"\.(delay|apply_async)\((?!.*# after commit: )") == []


def test_patients_are_read_through_the_gate_outside_the_record() -> None:
    outside = [path for path in production() if path.relative_to(PROJECT).parts[0] not in {"patients"}]
    assert lines_matching(outside, r"\bPatient\.objects\b") == []


def test_production_knows_nothing_of_tests() -> None:
    assert lines_matching(production(), r"^\s*(from|import) tests\b") == []


@pytest.mark.parametrize(
    "pattern", [r"<script(?![^>]*\b(src|type=\"application/json\"))[^>]*>", r"<style", r"\sstyle=\"", r"\son[a-z]+=\""]
)
def test_pages_hold_nothing_inline(pattern: str) -> None:
    # Mails are not pages: their readers know no style sheets, and no policy of ours reaches them.
    pages = [path for path in tracked("templates/*.html", "templates/**/*.html") if "mail" not in path.parts]
    assert pages
    assert lines_matching(pages, pattern) == []


def test_pages_name_no_foreign_host() -> None:
    pages = tracked("templates/**/*.html", "static/css/*.css", "static/js/*.js")
    assert lines_matching(pages, r"(src|href|url\()\s*=?\s*[\"']?(https?:)?//") == []


def test_no_machine_path_stands_in_the_tree() -> None:
    text = [
        path for path in tracked() if path.suffix in {".py", ".md", ".toml", ".html", ".js", ".css", ".in", ".txt", ""}
    ]
    own = [path for path in text if "vendor" not in path.parts and path.name != "test_house.py"]
    assert lines_matching(own, r"(^|[^\w.$}/~-])/(work|root|home)/") == []
