"""Whether the pipeline moves: what waits, since when, and what has stopped."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from celery import current_app
from django.db.models import Count, DateTimeField, Exists, ExpressionWrapper, Max, Min, OuterRef, Q, QuerySet
from kombu.exceptions import KombuError

from monitoring.models import Alert, AlertState, DeliveryState, Evaluation, EvaluationMark, Notification
from monitoring.notifications.outbox import WITHDRAWN_UNSENT
from monitoring.services.alerts import NEWS_FOR
from patients.models import Draw

BROKER_PATIENCE_SECONDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineStatus:
    marks_waiting: int
    marks_failing: int
    oldest_mark: dt.datetime | None
    notifications_waiting: int
    notifications_failed: int
    oldest_notification: dt.datetime | None
    last_sent: dt.datetime | None
    open_alerts: int
    alerts_nobody_was_told_of: int
    last_evaluation: dt.datetime | None
    broker_reachable: bool


def pipeline_status() -> PipelineStatus:
    marks = EvaluationMark.objects.aggregate(
        waiting=Count("pk"), failing=Count("pk", filter=~Q(failure="")), oldest=Min("marked_at")
    )
    undelivered = Q(state__in=(DeliveryState.WAITING, DeliveryState.SENDING))
    failed = Q(state=DeliveryState.FAILED) & ~Q(failure=WITHDRAWN_UNSENT)
    mails = Notification.objects.aggregate(
        waiting=Count("pk", filter=undelivered),
        failed=Count("pk", filter=failed),
        oldest=Min("created_at", filter=undelivered),
        last_sent=Max("sent_at"),
    )
    standing = Alert.objects.filter(state=AlertState.OPEN)
    return PipelineStatus(
        marks_waiting=marks["waiting"],
        marks_failing=marks["failing"],
        oldest_mark=marks["oldest"],
        notifications_waiting=mails["waiting"],
        notifications_failed=mails["failed"],
        oldest_notification=mails["oldest"],
        last_sent=mails["last_sent"],
        open_alerts=standing.count(),
        alerts_nobody_was_told_of=_untold(standing),
        last_evaluation=Evaluation.objects.aggregate(last=Max("at"))["last"],
        broker_reachable=broker_reachable(),
    )


def _untold(standing: QuerySet[Alert]) -> int:
    """Open alerts that should have been told of; a rise of long ago is told to nobody and is no fault."""
    news = Draw.objects.filter(
        patient=OuterRef("patient"),
        collected_at__gte=ExpressionWrapper(OuterRef("raised_at") - NEWS_FOR, output_field=DateTimeField()),
    )
    told = Notification.objects.filter(alert_event__alert=OuterRef("pk"))
    return standing.filter(Exists(news), ~Exists(told)).count()


def broker_reachable() -> bool:
    """One short try; never raises."""
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_PATIENCE_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_PATIENCE_SECONDS)
    except (KombuError, OSError):
        return False
    return True
