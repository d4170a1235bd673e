"""The landing page: who needs looking at, in order."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.gate import may
from accounts.roles import Permission
from monitoring import walk, worklist_pages
from monitoring.worklist import worklist as read_worklist
from monitoring.worklist_filters import read_filters
from patients.access import visible_teams
from patients.forms import SearchForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def worklist(request: HttpRequest) -> HttpResponse:
    """Filters stand in the address, and in every link of the page.

    A search is posted, so that no name stands in an address, and kept nowhere: a search that was forgotten would
    hide a rise the next time the page is opened. It looks among all patients, whatever was filtered before.
    """
    user = may(request, Permission.VIEW_PATIENT)
    searched = request.method == "POST"
    asked = QueryDict() if searched else request.GET
    came_from = _number(asked.get("at", ""))
    filters = read_filters(asked, teams=visible_teams(user))
    page = _number(asked.get("page", "")) or 1
    found = read_worklist(
        user,
        filters=filters,
        query=_query(request) if searched else "",
        page=page,
        before=worklist_pages.end_of(request.session, address=filters.address, page=page - 1),
        at=walk.following(request.session, came_from) if came_from else (),
        now=timezone.now(),
    )
    if not searched:
        worklist_pages.keep_end(request.session, found)
    walk.forget(request.session)
    return render(request, "monitoring/worklist.html", {"worklist": found, "came_from": came_from})


def _query(request: HttpRequest) -> str:
    form = SearchForm(request.POST)
    return str(form.cleaned_data["q"]) if form.is_valid() else ""


def _number(text: str) -> int:
    """0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
