"""The landing page: who needs looking at, in order."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.gate import may
from accounts.roles import Permission
from monitoring.worklist import SHOWS
from monitoring.worklist import worklist as read_worklist
from patients.forms import SearchForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def worklist(request: HttpRequest) -> HttpResponse:
    """A search is posted, so that no name stands in an address, and kept nowhere: a search that was forgotten would
    hide a rise the next time the page is opened."""
    user = may(request, Permission.VIEW_PATIENT)
    searched = request.method == "POST"
    show = "" if searched else request.GET.get("show", "")
    found = read_worklist(
        user,
        show=show if show in SHOWS else "",
        query=_query(request) if searched else "",
        page=1 if searched else _page(request.GET.get("page", "")),
        now=timezone.now(),
    )
    return render(request, "monitoring/worklist.html", {"worklist": found})


def _query(request: HttpRequest) -> str:
    form = SearchForm(request.POST)
    return str(form.cleaned_data["q"]) if form.is_valid() else ""


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
