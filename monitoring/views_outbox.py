"""Who was told: notifications, and in the embedded way of running the mails themselves."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.gate import may
from accounts.roles import Permission
from monitoring.models import Notification
from monitoring.outbox import mail_heads, read_mail

ROWS_A_PAGE = 50


@login_required
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    may(request, Permission.VIEW_OUTBOX)
    rows = Notification.objects.select_related("person").order_by("-pk")
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    mails = [] if settings.EMAIL_URL else mail_heads(settings.OUTBOX_DIR)
    context = {"page": page, "mails": mails, "in_folder": not settings.EMAIL_URL}
    return render(request, "monitoring/outbox.html", context)


@login_required
@require_safe
def outbox_message(request: HttpRequest, name: str) -> HttpResponse:
    may(request, Permission.VIEW_OUTBOX)
    mail = None if settings.EMAIL_URL else read_mail(settings.OUTBOX_DIR, name)
    if mail is None:
        raise Http404("No such mail.")
    return render(request, "monitoring/outbox_message.html", {"mail": mail})
