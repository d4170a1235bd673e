"""What every request passes through: the clinic's time zone, answers that nobody keeps, and a word on what was lost."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext

from monitoring.kept_typing import TypingKept


class NoStoreMiddleware:
    """Adds `Cache-Control: no-store` to what a signed-in person sees (ASVS 14.3.2)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store"
        return response


class NothingSavedMiddleware:
    """Says to who was signed out meanwhile that what they just sent was not saved; the way to the sign-in drops it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and self._was_turned_away(request, response):
            messages.warning(
                request,
                gettext("You were signed out meanwhile. What you sent was not saved: sign in and enter it again."),
            )
        return response

    @staticmethod
    def _was_turned_away(request: HttpRequest, response: HttpResponse) -> bool:
        return (
            not request.user.is_authenticated
            and not isinstance(response, TypingKept)
            and response.status_code == HTTPStatus.FOUND
            and response.headers.get("Location", "").startswith(f"{resolve_url(settings.LOGIN_URL)}?")
        )


class ClinicTimeMiddleware:
    """Days and dates are shown in the clinic's time zone; stored and computed in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(settings.CLINIC_TIME_ZONE):
            return self.get_response(request)
