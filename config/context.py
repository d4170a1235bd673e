"""What every page needs to know about the site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config.navigation import section_of


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "mail_goes_to_folder": not settings.EMAIL_URL,
        "mfa_enabled": settings.MFA_ENABLED,
        "section": section_of(request),
    }
