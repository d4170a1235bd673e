"""System checks of the installation: each has an id, says what is wrong and what would be right."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register
def time_is_utc(**_kwargs: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE == "UTC" and settings.USE_TZ:
        return []
    hint = "Leave TIME_ZONE alone and set CLINIC_TIME_ZONE: days and dates are shown in it."
    return [Error("Times must be stored in UTC.", hint=hint, id="leadtime.E001")]


@register
def catalogue_loads(**_kwargs: Any) -> list[CheckMessage]:
    from patients.catalogue import CatalogueError, catalogue

    try:
        catalogue()
    except CatalogueError as error:
        return [Error(f"The marker catalogue does not load: {error}", id="leadtime.E002")]
    return []


@register
def thresholds_load(**_kwargs: Any) -> list[CheckMessage]:
    from monitoring.detection import thresholds_path
    from monitoring.errors import RuleProblem
    from monitoring.threshold_file import read

    path = thresholds_path()
    hint = "Set THRESHOLDS_FILE to a file that `manage.py calibrate --output` wrote, or leave it empty."
    try:
        read(path)
    except (OSError, ValueError, RuleProblem) as error:
        return [Error(f"The thresholds of the levels do not load: {path.name}: {error}", hint=hint, id="leadtime.E006")]
    return []


@register(Tags.security, deploy=True)
def mail_leaves_the_house(**_kwargs: Any) -> list[CheckMessage]:
    if settings.EMAIL_URL:
        return []
    hint = "Set EMAIL_URL, for example smtp+tls://user:password@mail.example.org:587."
    return [Warning("Alert mails are written to a folder and reach nobody.", hint=hint, id="leadtime.W003")]


@register(Tags.database, deploy=True)
def database_is_a_server(**_kwargs: Any) -> list[CheckMessage]:
    if not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return []
    hint = "Set DATABASE_URL, for example postgres://leadtime@db/leadtime."
    return [Warning("SQLite serves one machine only.", hint=hint, id="leadtime.W004")]


@register(deploy=True)
def links_in_mails_are_encrypted(**_kwargs: Any) -> list[CheckMessage]:
    if settings.SITE_URL.startswith("https://"):
        return []
    hint = "Set SITE_URL to the https address people use."
    return [Warning("SITE_URL, the base of every link in a mail, is not https.", hint=hint, id="leadtime.W005")]
