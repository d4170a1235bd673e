"""Doorbells: each calls one service. Run twice they have the effect of once; where the row is gone they do nothing."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from monitoring import services
from monitoring.notifications import delivery


@shared_task
def evaluate(patient_ids: list[int]) -> None:
    services.evaluate(patient_ids=patient_ids, now=timezone.now())


@shared_task
def sweep() -> None:
    services.sweep(now=timezone.now())


@shared_task
def deliver() -> None:
    delivery.deliver()


@shared_task
def drop_sessions() -> None:
    """Sessions that ended; with them what was kept for somebody who never came back to save it."""
    SessionStore.clear_expired()
