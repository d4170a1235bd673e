"""The Celery app and the whole beat schedule.

The table of marks is the truth and a message only a nudge: `sweep` finds every mark whose nudge was lost.
Each entry expires before its next run, so that a worker that was away does not replay a backlog.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("leadtime")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["audit", "patients", "monitoring", "exchange"])


def every(seconds: int, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds * 0.9}}


app.conf.beat_schedule = {
    "sweep-marks": every(10, "monitoring.tasks.sweep"),
    "deliver-notifications": every(10, "monitoring.tasks.deliver"),
    "sweep-imports": every(30, "exchange.tasks.sweep"),
    "seal-audit": every(60, "audit.tasks.seal"),
    "drop-drafts": every(3600, "patients.tasks.drop_drafts"),
    "drop-sessions": every(3600, "monitoring.tasks.drop_sessions"),
}
