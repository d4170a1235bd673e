"""Profiles of laboratories: for the administrator, who has the report form at hand. No patient is in sight."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may
from accounts.roles import Permission
from patients.forms_laboratory import LaboratoryForm, report_lines, rows_of, typed_lines
from patients.messages import explain
from patients.models import Laboratory
from patients.services import LaboratoryInUse, LaboratoryKnown, save_laboratory


@login_required
@require_safe
def laboratory_list(request: HttpRequest) -> HttpResponse:
    may(request, Permission.MANAGE_LABORATORIES)
    laboratories = Laboratory.objects.prefetch_related("markers__marker")
    return render(request, "patients/laboratory_list.html", {"laboratories": laboratories})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def laboratory_new(request: HttpRequest) -> HttpResponse:
    return _page(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def laboratory_edit(request: HttpRequest, pk: int) -> HttpResponse:
    may(request, Permission.MANAGE_LABORATORIES)
    return _page(request, get_object_or_404(Laboratory, pk=pk))


def _page(request: HttpRequest, laboratory: Laboratory | None) -> HttpResponse:
    user = may(request, Permission.MANAGE_LABORATORIES)
    if request.method != "POST":
        known = laboratory and {
            "name": laboratory.name,
            "decimal_comma": laboratory.decimal_comma,
            "second_check": laboratory.second_check,
            "is_active": laboratory.is_active,
        }
        context = {"form": LaboratoryForm(initial=known or None), "rows": rows_of(laboratory)}
        return render(request, "patients/laboratory.html", context | _head(laboratory))
    form, rows = LaboratoryForm(request.POST), typed_lines(request.POST)
    if form.is_valid() and not any(row.error for row in rows):
        try:
            saved = save_laboratory(
                actor=user.audit_name,
                laboratory_id=laboratory.pk if laboratory else None,
                lines=report_lines(rows),
                **form.cleaned_data,
            )
        except (LaboratoryKnown, LaboratoryInUse) as refused:
            form.add_error("name", explain(refused.code, refused.params))
        else:
            messages.success(
                request, gettext("Saved. The next draw of %(name)s is laid out so.") % {"name": saved.name}
            )
            return redirect("laboratory_list")
    return render(request, "patients/laboratory.html", {"form": form, "rows": rows} | _head(laboratory))


def _head(laboratory: Laboratory | None) -> dict[str, object]:
    return {"laboratory": laboratory, "title": _("Laboratory") if laboratory else _("New laboratory")}
