"""What every page needs to know about the site."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from config.navigation import section_of
from monitoring.note_reading import unread_mentions


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "mail_goes_to_folder": not settings.EMAIL_URL,
        "mfa_enabled": settings.MFA_ENABLED,
        "section": section_of(request),
        # Called by the head of the page alone: what has none asks nothing.
        "unread_mentions": partial(unread_mentions, getattr(request, "user", AnonymousUser())),
    }
