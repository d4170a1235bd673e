"""The sealing job."""

from __future__ import annotations

from celery import shared_task

from audit import services


@shared_task
def seal() -> None:
    services.seal()
