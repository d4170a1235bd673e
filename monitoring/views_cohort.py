"""Courses of one marker over the viewer's patients: the page, and its numbers as a file.

GET ?marker=CEA&group=histology&align=bone_metastasis&values=units&scale=linear; what is missing is chosen (the
day: that which most of the viewer's patients have), what is unknown is ignored and said. Both hold numbers over
groups alone: no name, no number and no id of a patient.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from monitoring.cohort_choice import ALIGNMENTS, Choice, Ignored, read_choice
from monitoring.cohort_material import usual_alignment
from monitoring.cohort_page import cohort_csv, cohort_page, read_cohort
from patients.access import cohort_read


@login_required
@require_safe
def cohort(request: HttpRequest) -> HttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    choice, ignored = _choice(request, user)
    page = cohort_page(user, choice, ignored, usual=not request.GET.get("align"))
    cohort_read(user, purpose="viewed", patients=page.patients, marker=page.choice.marker)
    return render(request, "monitoring/cohort.html", {"page": page})


@login_required
@require_safe
def cohort_file(request: HttpRequest) -> StreamingHttpResponse:
    user = may(request, Permission.VIEW_PATIENT)
    choice, _ = _choice(request, user)
    material, found = read_cohort(user, choice)
    cohort_read(user, purpose="exported", patients=found.counted.patients, marker=choice.marker)
    response = StreamingHttpResponse(cohort_csv(material, found, choice), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="cohort-{choice.marker}-{choice.group}-{choice.align}-{choice.values}.csv"'
    )
    return response


def _choice(request: HttpRequest, user: User) -> tuple[Choice, list[Ignored]]:
    asked = request.GET.dict()
    if asked.get("align") in ALIGNMENTS:
        return read_choice(asked)
    return read_choice(asked, usual_align=usual_alignment(user))
