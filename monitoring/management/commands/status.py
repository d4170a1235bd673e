"""`manage.py status`: what waits, since when, and whether the broker answers. Exits 1 where something stands still."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.utils import timezone

from monitoring.services import PipelineStatus, pipeline_status

PATIENCE: Final = dt.timedelta(minutes=5)


class Command(BaseCommand):
    help = "Say what waits in the pipeline; exit status 1 where something stands still or failed."

    def handle(self, *_args: Any, **_options: Any) -> None:
        now, status = timezone.now(), pipeline_status()
        for line in report(status, now=now):
            self.stdout.write(line)
        if stands_still(status, now=now):
            sys.exit(1)


def report(status: PipelineStatus, *, now: dt.datetime) -> list[str]:
    return [
        f"Waiting for evaluation:  {status.marks_waiting}, oldest {_age(status.oldest_mark, now)}, "
        f"{status.marks_failing} postponed after a failure",
        f"Last evaluation:         {_age(status.last_evaluation, now)}",
        f"Notifications waiting:   {status.notifications_waiting}, oldest {_age(status.oldest_notification, now)}",
        f"Notifications failed:    {status.notifications_failed}",
        f"Last notification sent:  {_age(status.last_sent, now)}",
        f"Alerts open:             {status.open_alerts}, of which nobody was told: {status.alerts_nobody_was_told_of}",
        f"Broker:                  {'reachable' if status.broker_reachable else 'NOT reachable'}",
    ]


def stands_still(status: PipelineStatus, *, now: dt.datetime) -> bool:
    waiting = (status.oldest_mark, status.oldest_notification)
    late = any(since is not None and now - since > PATIENCE for since in waiting)
    failed = status.marks_failing or status.notifications_failed or status.alerts_nobody_was_told_of
    return late or bool(failed) or not status.broker_reachable


def _age(moment: dt.datetime | None, now: dt.datetime) -> str:
    if moment is None:
        return "none"
    return f"{dt.timedelta(seconds=int((now - moment).total_seconds()))} ago"
