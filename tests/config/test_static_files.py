from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.core.management import call_command
from pytest_django import Settings


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    """The static files as a server hands them out."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **project_settings.STORAGES,
        "staticfiles": {"BACKEND": "config.static_files.StaticFiles"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_what_a_script_imports_is_there_under_the_name_it_asks_for(collected: Path) -> None:
    imports = [
        (script, named)
        for script in (collected / "js").rglob("*.js")
        for named in re.findall(r'from "(\.[^"]+)";', script.read_text(encoding="utf-8"))
    ]
    assert {named for _script, named in imports if re.fullmatch(r"\./grid/keys\.[0-9a-f]{12}\.js", named)}
    missing = [
        (script.name, named)
        for script, named in imports
        if not (script.parent / named).resolve().is_file() or not re.search(r"\.[0-9a-f]{12}\.js$", named)
    ]
    assert missing == []
