"""Keeping house in the record."""

from __future__ import annotations

from celery import shared_task

from patients.services import drop_expired_drafts


@shared_task
def drop_drafts() -> None:
    drop_expired_drafts(actor="task:drafts")
