"""Taking a file in, in a test."""

from __future__ import annotations

import io
from typing import Any

from django.apps import apps

from exchange.csv import LineRejected
from exchange.loader import import_file
from exchange.orders import ImportSummary, Order
from patients.models import ImportBatch

HEADER = "patient_id,marker,value,unit,collected_at\n"


def take_in(content: str | bytes, *, batch: ImportBatch | None = None, **order: Any) -> ImportSummary:
    data = content.encode() if isinstance(content, str) else content
    return import_file(
        order=Order(actor="test", file_name="results.csv", **order), stream=io.BytesIO(data), batch=batch
    )


def refusals(content: str | bytes, **order: Any) -> list[tuple[int, str]]:
    """Line number and reason of every rejected line."""
    found: list[LineRejected] = []
    data = content.encode() if isinstance(content, str) else content
    import_file(
        order=Order(actor="test", file_name="results.csv", **order),
        stream=io.BytesIO(data),
        on_rejected=found.append,
    )
    return [(line.line_number, line.code) for line in found]


def rows_of_every_table() -> dict[str, int]:
    return {model._meta.db_table: model._base_manager.count() for model in apps.get_models(include_auto_created=True)}
