"""Fills the marker table from the catalogue's data files."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, router

from patients.catalogue import catalogue
from patients.models import Marker


def load_markers(*, using: str = DEFAULT_DB_ALIAS) -> int:
    """One row a catalogue entry; idempotent. A marker that left the catalogue keeps its row: results point at it."""
    rows = [
        Marker(code=marker.code, unit=marker.unit, order=marker.order, derived=marker.derived)
        for marker in catalogue().markers
    ]
    Marker.objects.using(using).bulk_create(
        rows, update_conflicts=True, unique_fields=["code"], update_fields=["unit", "order", "derived"]
    )
    return len(rows)


def load_markers_after_migrate(*, using: str, plan: Any = (), apps: Any = None, **_kwargs: Any) -> None:
    """Receiver of `post_migrate`; silent while the table does not exist yet (migrating to an older state).

    `flush` sends the signal too, without `apps`: the tables are there and have just been emptied.
    """
    if not router.allow_migrate_model(using, Marker):
        return
    if apps is not None:
        try:
            apps.get_model("patients", "Marker")
        except LookupError:
            return
    load_markers(using=using)
