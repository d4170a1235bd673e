from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import kept_secret_key

PROJECT = Path(__file__).resolve().parents[2]


def start(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own, with nothing set but `settings`."""
    environment = {"PATH": os.environ["PATH"], "LEADTIME_DATA_DIR": str(tmp_path), **settings}
    program = (
        "import config.settings as s; print(s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL, s.DEBUG, s.HTTPS)"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )


def test_with_nothing_set_it_runs_embedded_and_safe(tmp_path: Path) -> None:
    answer = start(tmp_path)
    assert answer.stdout.split() == ["django.db.backends.sqlite3", "filesystem://localhost", "False", "False"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_with_servers_set_it_uses_them(tmp_path: Path) -> None:
    answer = start(
        tmp_path,
        SECRET_KEY="k" * 60,
        DATABASE_URL="postgres://leadtime@db/leadtime",
        REDIS_URL="redis://redis:6379/0",
        SITE_URL="https://leadtime.example.org",
    )
    assert answer.stdout.split() == ["django.db.backends.postgresql", "redis://redis:6379/0", "False", "True"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DEBUG": "ture"}, "DEBUG='ture' is neither true nor false"),
        ({"DATABASE_URL": "mysql://db/leadtime"}, "DATABASE_URL must begin with one of postgres://"),
        ({"REDIS_URL": "http://redis"}, "REDIS_URL must begin with one of redis://"),
        ({"DATABASE_URL": "postgres://db/leadtime"}, "SECRET_KEY (or SECRET_KEY_FILE) must be set"),
        ({"SITE_URL": "leadtime.example.org"}, "is not an address such as https://leadtime.example.org"),
        ({"CLINIC_TIME_ZONE": "Shanghai"}, "CLINIC_TIME_ZONE='Shanghai' is not a time zone"),
        ({"SECRET_KEY_FILE": "/nowhere/secret"}, "SECRET_KEY_FILE='/nowhere/secret' cannot be read"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path: Path, given: dict[str, str], said: str) -> None:
    answer = start(tmp_path, **given)
    assert answer.returncode != 0
    assert said in answer.stderr


def test_the_key_of_an_embedded_installation_is_made_once(tmp_path: Path) -> None:
    first = kept_secret_key(tmp_path / "new")
    assert len(first) >= 50
    assert kept_secret_key(tmp_path / "new") == first
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["secret_key"]
