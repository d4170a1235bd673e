"""The pages of imports: parse, call one service, answer."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gate import may
from accounts.roles import Permission
from audit.services import record
from exchange import batches
from exchange.forms import ImportForm
from exchange.rejected_csv import rejected_csv
from exchange.selectors import batch_page, explained, rejected_again, rejected_lines, visible_batch
from exchange.tasks import nudge
from patients.access import visible_batches

BATCHES_A_PAGE = 25
LINES_A_PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    user = may(request, Permission.IMPORT_FILES)
    form = ImportForm(request.POST or None, request.FILES or None, user=user)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        batch = batches.receive(
            user=user,
            file=data["file"],
            file_name=data["file"].name,
            care_team=data["care_team"],
            dry_run=data["dry_run"],
            create_patients=data["create_patients"],
            nudge=nudge,
        )
        return redirect("import_detail", pk=batch.pk)
    rows = visible_batches(user).select_related("care_team", "started_by")
    page = Paginator(rows, BATCHES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "exchange/import_list.html", {"form": form, "page": page})


@login_required
@require_safe
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole page, or, asked by htmx while the import runs, the part of it that changes."""
    user = may(request, Permission.IMPORT_FILES)
    batch = visible_batch(user, pk)
    page = Paginator(rejected_lines(batch), LINES_A_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"shown": batch_page(batch), "page": page, "lines": explained(list(page.object_list))}
    if getattr(request, "htmx", False):
        return render(request, "exchange/partials/batch.html", context)
    record(actor=user.audit_name, action="import.viewed", object_type="import", object_id=batch.pk)
    return render(request, "exchange/import_detail.html", context)


@login_required
@require_safe
def import_rejected(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    user = may(request, Permission.IMPORT_FILES)
    batch = visible_batch(user, pk)
    record(actor=user.audit_name, action="import.rejected_downloaded", object_type="import", object_id=batch.pk)
    response = StreamingHttpResponse(
        rejected_csv(batch.shape, rejected_again(batch)), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="import-{batch.pk}-rejected.csv"'
    return response
