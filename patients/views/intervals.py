"""A laboratory's table of reference intervals: read, added to, ended, withdrawn. No patient is in sight."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.forms import short_date
from patients.forms_interval import (
    EndForm,
    IntervalRow,
    TableHeadForm,
    WithdrawForm,
    blank_rows,
    checked,
    head_of,
    typed_rows,
)
from patients.interval_tables import line_of, table_of
from patients.messages import explain
from patients.models import Laboratory, LaboratoryInterval
from patients.services import IntervalOverlaps, RecordError, add_intervals, end_interval, withdraw_interval


@login_required
@require_safe
def interval_list(request: HttpRequest, pk: int) -> HttpResponse:
    may(request, Permission.MANAGE_LABORATORIES)
    laboratory = get_object_or_404(Laboratory, pk=pk)
    lines = table_of(laboratory, today=timezone.localdate())
    context = {
        "laboratory": laboratory,
        "now": [line for line in lines if line.state in {"holds", "will_hold"}],
        "past": [line for line in lines if line.state in {"held", "withdrawn"}],
    }
    return render(request, "patients/interval_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def interval_new(request: HttpRequest, pk: int) -> HttpResponse:
    """One page of the laboratory's paper: whose limits they are, and a line a marker. All is recorded, or nothing."""
    user = may(request, Permission.MANAGE_LABORATORIES)
    laboratory = get_object_or_404(Laboratory.objects.prefetch_related("markers"), pk=pk)
    if request.method != "POST":
        like = _like(request, laboratory)
        return _table(request, laboratory, TableHeadForm(initial=head_of(like)), blank_rows(laboratory, like=like))
    form, rows = TableHeadForm(request.POST), typed_rows(request.POST.dict(), laboratory)
    if not any(row.filled for row in rows):
        form.add_error(None, gettext("No limit was typed. Type at least one."))
    if form.is_valid():
        rows, new = checked(rows, head=form.cleaned_data, laboratory=laboratory)
        if not any(row.blocks for row in rows):
            try:
                added = add_intervals(actor=user.audit_name, laboratory_id=laboratory.pk, intervals=new)
            except IntervalOverlaps:  # somebody else added one since the page was checked: now it can be named
                rows, _new = checked(rows, head=form.cleaned_data, laboratory=laboratory)
            else:
                return _added(request, laboratory, added)
    return _table(request, laboratory, form, rows, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _like(request: HttpRequest, laboratory: Laboratory) -> LaboratoryInterval | None:
    text = request.GET.get("like", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return laboratory.intervals.filter(pk=int(text)).first()


def _added(request: HttpRequest, laboratory: Laboratory, added: list[LaboratoryInterval]) -> HttpResponse:
    text = ngettext(
        "%(count)d line added. It holds from %(day)s on.",
        "%(count)d lines added. They hold from %(day)s on.",
        len(added),
    )
    messages.success(request, text % {"count": len(added), "day": short_date(added[0].valid_from)})
    return redirect("interval_list", laboratory.pk)


def _table(
    request: HttpRequest,
    laboratory: Laboratory,
    form: TableHeadForm,
    rows: tuple[IntervalRow, ...],
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "laboratory": laboratory,
        "form": form,
        "rows": rows,
        "wrong": [row for row in rows if row.error],
        "asking": [row for row in rows if row.asks and not row.error],
    }
    return render(request, "patients/interval_new.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def interval_close(request: HttpRequest, pk: int, interval_id: int) -> HttpResponse:
    """End a line that holds no longer, or withdraw one that was wrong from the first."""
    user = may(request, Permission.MANAGE_LABORATORIES)
    known = LaboratoryInterval.objects.select_related("laboratory", "marker")
    interval = get_object_or_404(known, pk=interval_id, laboratory_id=pk)
    withdraws = "withdraw" in request.POST
    posted = request.method == "POST"
    end = EndForm(request.POST if posted and not withdraws else None, initial={"last_day": timezone.localdate()})
    withdraw = WithdrawForm(request.POST if withdraws else None)
    form = withdraw if withdraws else end
    if posted and form.is_valid():
        try:
            return _close(request, user, interval, form)
        except RecordError as refusal:
            form.add_error(None, explain(refusal.code, refusal.params))
    context = {
        "laboratory": interval.laboratory,
        "line": line_of(interval, today=timezone.localdate()),
        "end": end,
        "withdraw": withdraw,
        "form": form,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if posted else HTTPStatus.OK
    return render(request, "patients/interval_close.html", context, status=status)


def _close(
    request: HttpRequest, user: User, interval: LaboratoryInterval, form: EndForm | WithdrawForm
) -> HttpResponse:
    if isinstance(form, EndForm):
        ended = end_interval(actor=user.audit_name, interval_id=interval.pk, last_day=form.cleaned_data["last_day"])
        assert ended.valid_to is not None
        messages.success(request, gettext("Ended. Its last day is %(day)s.") % {"day": short_date(ended.valid_to)})
        return redirect("interval_list", interval.laboratory_id)
    withdraw_interval(actor=user.audit_name, interval_id=interval.pk, reason=form.cleaned_data["reason"])
    messages.success(request, gettext("Withdrawn. No value is held against it any more. Type here what is right."))
    return redirect(f"{reverse('interval_new', args=[interval.laboratory_id])}?like={interval.pk}")
