"""The addresses of Leadtime and one more: the least that a page of 50 patients can be."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path

from config.urls import urlpatterns as leadtime
from patients.access import visible_patients


def bare(request: HttpRequest) -> JsonResponse:
    rows = visible_patients(request.user).order_by("name", "pk").values("pk", "name")[:50]
    return JsonResponse({"patients": list(rows)})


urlpatterns = [path("bare/", bare), *leadtime]
