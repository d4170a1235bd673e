"""What is printed: the sheet of a patient and the list of the worklist. A print is a disclosure, so it is audited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET

from accounts.gate import may, signed_in
from accounts.roles import Permission
from monitoring.patient_page import patient_page
from monitoring.reports.clinic_list import ListHead, clinic_list, cut_text
from monitoring.reports.patient_report import WINDOWS, patient_report
from monitoring.reports.patient_sheet import patient_sheet
from monitoring.wording import date_text, moment_text
from monitoring.worklist import worklist
from monitoring.worklist_filters import read_filters
from patients.access import access_patient, record_printed, visible_teams
from patients.banner import banner_of

if TYPE_CHECKING:
    from accounts.models import Team

MOST_PRINTED: Final = 200  # rows: some twenty pages; whoever needs more asks for one team or one kind


@login_required
@require_GET
def patient_paper(request: HttpRequest, patient_id: int) -> HttpResponse:
    """`?months=6|12|24|all`; without it the window in which the page opens."""
    months = request.GET.get("months", "")
    if months and months not in WINDOWS:
        return _bad(gettext("“months” is one of %(known)s.") % {"known": ", ".join(WINDOWS)})
    found = access_patient(request.user, patient_id, purpose="printed")
    now = timezone.now()
    report = patient_report(
        patient_page(found, now=now),
        banner=banner_of(found),
        months=months,
        printed_by=str(signed_in(request)),
        now=now,
        today=timezone.localdate(now),
    )
    return _pdf(patient_sheet(report), f"marker-sheet-{timezone.localdate(now):%Y-%m-%d}.pdf")


@login_required
@require_GET
def worklist_paper(request: HttpRequest) -> HttpResponse:
    """The worklist's patients in its order, with the filters of its address; `?day=` those waited for that day.

    A sheet of paper cannot say later that a word of its address was not understood: then none is printed.
    """
    user, on = may(request, Permission.VIEW_PATIENT), request.GET.get("day", "")
    teams = list(visible_teams(user))
    filters = read_filters(request.GET, teams=teams)
    day = parse_date(on) if is_date(on) else None
    if filters.ignored:
        return _bad(gettext("This was not understood: %(what)s.") % {"what": gettext(", ").join(filters.ignored)})
    if on and day is None:
        return _bad(gettext("“day” is a date, written as 2026-03-31."))
    now = timezone.now()
    asked = (*_only_team(teams), *(chip.text for chip in filters.chips), *_of_day(day))
    found = worklist(user, filters=filters, day=day, now=now, page_size=MOST_PRINTED)
    record_printed(user, [row.patient_id for row in found.rows])
    head = ListHead(
        title=gettext("Clinic list"),
        of=" · ".join((*asked, _counted(found.found))),
        cut=cut_text(len(found.rows), found.found),
        printed_by=str(user),
        printed_at=moment_text(now),
    )
    return _pdf(clinic_list(found.rows, head), f"clinic-list-{timezone.localdate(now):%Y-%m-%d}.pdf")


def is_date(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except ValueError:  # 2026-02-30
        return False


def _only_team(teams: Sequence[Team]) -> tuple[str, ...]:
    """Who has one team is not asked which, but the paper says whose list it is."""
    return (teams[0].name,) if len(teams) == 1 else ()


def _of_day(day: dt.date | None) -> tuple[str, ...]:
    return () if day is None else (gettext("waited for on %(day)s") % {"day": date_text(day)},)


def _counted(found: int) -> str:
    return ngettext("%(n)d patient", "%(n)d patients", found) % {"n": found}


def _pdf(content: bytes, filename: str) -> HttpResponse:
    """Shown in the browser, kept by nobody; the file's name says nothing of a patient."""
    headers = {"Content-Disposition": f'inline; filename="{filename}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _bad(problem: str) -> HttpResponse:
    return HttpResponseBadRequest(problem, content_type="text/plain; charset=utf-8")
