"""Wiring: settings, URLs, the Celery app and the start command. Knows every package; no package knows it."""

from __future__ import annotations

from config.celery import app as celery_app

__all__ = ["celery_app"]
