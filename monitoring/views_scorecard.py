"""How the alerts of the viewer's teams did: the page, and its figures as a file.

GET ?period=6m|1y|2y|all&team=all|<id>; what is missing is chosen, what is unknown is ignored and said. Of a patient
both hold no name and no number; on the page a point leads to the patient's own page.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.gate import may
from accounts.roles import Permission
from monitoring.scorecard_choice import read_choice
from monitoring.scorecard_file import scorecard_csv
from monitoring.scorecard_page import read_scorecard, scorecard_page
from patients.access import scorecard_read, visible_teams


@login_required
@require_safe
def scorecard(request: HttpRequest) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    teams = list(visible_teams(user))
    choice, ignored = read_choice(request.GET.dict(), teams)
    read = read_scorecard(user, choice, now=timezone.now())
    scorecard_read(user, purpose="viewed", patients=read.material.visible, team=choice.team_word)
    page = scorecard_page(read, teams=teams, ignored=ignored)
    return render(request, "monitoring/scorecard.html", {"page": page})


@login_required
@require_safe
def scorecard_file(request: HttpRequest) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    choice, _ = read_choice(request.GET.dict(), list(visible_teams(user)))
    read = read_scorecard(user, choice, now=timezone.now())
    scorecard_read(user, purpose="exported", patients=read.material.visible, team=choice.team_word)
    response = HttpResponse("".join(scorecard_csv(read)), content_type="text/csv; charset=utf-8")
    name = f"scorecard-{choice.period}-{choice.team_word}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
