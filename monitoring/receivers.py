"""Where the record meets the conclusions: each change of what is known asks for a new evaluation."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from monitoring.services.marks import mark, nudge
from monitoring.services.places import fill_missing_places, restate_places


def mark_for_evaluation(sender: object, *, patient_ids: Collection[int], reason: str, **_signal: object) -> None:
    """Marks in the sender's transaction, so that a change and its mark are committed together or not at all."""
    mark(patient_ids, reason=reason)
    nudge(patient_ids)


def restate_place(sender: object, *, patient_ids: Collection[int], **_signal: object) -> None:
    """Somebody new, or waited for on another day: written in the sender's transaction too."""
    restate_places(patient_ids)


def fill_places(sender: object, *, using: str, **_signal: object) -> None:
    """After a migration: records of before places were stored get theirs, once the tables are those of this code."""
    database = connections[using]
    executor = MigrationExecutor(database)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    fill_missing_places()
