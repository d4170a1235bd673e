"""Answers for the script of a page: data, and a plain word when nobody is signed in any more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

View = Callable[..., HttpResponse]


def signed_in_or_401(view: View) -> View:
    """A redirect to the sign-in page would be read as an answer and cost the page its cells: say 401 instead."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return answer({"signed_out": True}, HTTPStatus.UNAUTHORIZED)
        return view(request, *args, **kwargs)

    return guarded


def answer(data: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> JsonResponse:
    return JsonResponse(data, status=status, headers={"Cache-Control": "no-store"})
