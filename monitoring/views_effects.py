"""What events do to markers, as the engine applies it: about no patient."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from monitoring.effects_page import effect_rows


@login_required
@require_safe
def marker_effects(request: HttpRequest) -> HttpResponse:
    return render(request, "monitoring/marker_effects.html", {"rows": effect_rows()})
