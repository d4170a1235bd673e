from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings


def ids(*, deploy: bool = True) -> list[str]:
    return [problem.id or "" for problem in found(deploy=deploy) if (problem.id or "").startswith("leadtime")]


def found(*, deploy: bool = True) -> list[CheckMessage]:
    return run_checks(include_deployment_checks=deploy)


@pytest.fixture
def well_installed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings.EMAIL_URL = "smtp://mail:25"
    settings.SITE_URL = "https://leadtime.example.org"
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    return settings


def test_a_good_installation_hears_nothing(well_installed: Settings) -> None:
    assert ids() == []


def test_times_that_are_not_stored_in_utc_are_an_error(well_installed: Settings) -> None:
    well_installed.TIME_ZONE = "Asia/Shanghai"
    assert ids(deploy=False) == ["leadtime.E001"]
    well_installed.TIME_ZONE = "UTC"
    well_installed.USE_TZ = False
    assert ids(deploy=False) == ["leadtime.E001"]


@pytest.mark.parametrize("content", [None, "not a file of thresholds", "version = 'x'"])
def test_a_file_of_thresholds_that_does_not_load_is_an_error(
    well_installed: Settings, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "thresholds.toml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    well_installed.THRESHOLDS_FILE = str(file)

    assert ids(deploy=False) == ["leadtime.E006"]
    (problem,) = found(deploy=False)
    assert "thresholds.toml" in problem.msg
    assert "manage.py calibrate" in (problem.hint or "")


@pytest.mark.parametrize(
    ("name", "value", "warning"),
    [("EMAIL_URL", "", "leadtime.W003"), ("SITE_URL", "http://leadtime.example.org", "leadtime.W005")],
)
def test_what_a_clinic_must_not_be_run_with_is_said_at_deployment_alone(
    well_installed: Settings, name: str, value: str, warning: str
) -> None:
    setattr(well_installed, name, value)
    assert ids() == [warning]
    assert ids(deploy=False) == []


def test_a_database_that_serves_one_machine_is_said_at_deployment_alone(
    well_installed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(well_installed.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert ids() == ["leadtime.W004"]
    assert ids(deploy=False) == []


def test_each_says_what_would_be_right(well_installed: Settings) -> None:
    well_installed.EMAIL_URL, well_installed.SITE_URL, well_installed.TIME_ZONE = "", "http://x", "Asia/Tokyo"
    hints = {str(problem.id): problem.hint for problem in found() if str(problem.id).startswith("leadtime")}
    assert sorted(hints) == ["leadtime.E001", "leadtime.W003", "leadtime.W005"]
    assert all(hints.values())
