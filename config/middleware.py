"""What every request passes through: the clinic's time zone, and answers that nobody keeps."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class NoStoreMiddleware:
    """Adds `Cache-Control: no-store` to what a signed-in person sees (ASVS 14.3.2)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store"
        return response


class ClinicTimeMiddleware:
    """Days and dates are shown in the clinic's time zone; stored and computed in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(settings.CLINIC_TIME_ZONE):
            return self.get_response(request)
