"""What every page needs to know about the site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(_request: HttpRequest) -> dict[str, Any]:
    return {"mail_goes_to_folder": not settings.EMAIL_URL, "mfa_enabled": settings.MFA_ENABLED}
