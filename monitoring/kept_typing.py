"""What somebody sent that could not be taken there: kept until the same person sees a page where it can.

Who was signed out meanwhile has signed in again by then; where two records were merged, it is the page of the one kept.

It lies in the session on the server, never in the address and never in the browser. The page it was typed on takes it
out and puts it back into its form, still unsaved; somebody else who signs in at that browser is not shown it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.translation import gettext

from accounts.models import User

KEPT: Final = "kept_typing"
MOST_PAGES: Final = 3
LONGEST: Final = 20_000  # characters: ten times what a note holds
LEFT_OUT: Final = ("csrfmiddlewaretoken",)
View = Callable[..., HttpResponse]
Typed = dict[str, list[str]]


class TypingKept(HttpResponseRedirect):
    """The way to the sign-in that loses nothing, for whoever says what happened to what was sent."""


def typing_kept(page: Callable[..., str]) -> Callable[[View], View]:
    """Like `login_required` for a form that is sent to this view from `page(**address)`, and keeps what was typed."""

    def decorate(view: View) -> View:
        protected = login_required(view)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and not request.user.is_authenticated:
                return _to_sign_in(request, page(**kwargs)) or protected(request, *args, **kwargs)
            return protected(request, *args, **kwargs)

        return guarded

    return decorate


def take_kept(request: HttpRequest, user: User) -> Typed | None:
    """What this person had sent from this page, once. What somebody else left goes for good."""
    kept: dict[str, Typed] = request.session.get(KEPT, {})
    mine = {page: typed for page, typed in kept.items() if typed.get("by") == [str(user.pk)]}
    typed = mine.pop(request.path, None)
    if mine:
        request.session[KEPT] = mine
    elif kept:
        del request.session[KEPT]
    return typed


def keep_typing(request: HttpRequest, page: str, **changed: str) -> bool:
    """Keep what was sent for the form of `page`; False where that is far more than a form of ours holds."""
    typed = {name: values for name, values in request.POST.lists() if name not in LEFT_OUT}
    typed |= {name: [value] for name, value in changed.items()}
    if sum(len(text) for values in typed.values() for text in values) > LONGEST:
        return False
    others = {key: value for key, value in request.session.get(KEPT, {}).items() if key != page}
    request.session[KEPT] = dict([*others.items(), (page, typed)][-MOST_PAGES:])
    return True


def _to_sign_in(request: HttpRequest, page: str) -> HttpResponse | None:
    if not keep_typing(request, page):
        return None
    messages.warning(
        request, gettext("You were signed out meanwhile. What you typed is kept: sign in, look at it, and save it.")
    )
    return TypingKept(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': page})}")
