"""What was said of the columns of a file: kept for its team, and found again by the line of column names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, Final

from django.db import transaction

from accounts.models import User
from audit.services import record
from exchange.csv.mapping import FileMapping, fingerprint
from exchange.csv.tables import known_lines
from patients.models import BatchState, ImportBatch, ImportSource

# Refusals that a person can answer by saying what the columns are.
MENDABLE: Final = ("file_columns_missing", "file_columns_doubtful", "file_encoding_unknown", "file_encoding_broken")
ASKABLE: Final = (BatchState.NEEDS_MAPPING, BatchState.PREVIEWED)
READ: Final = (BatchState.WAITING, BatchState.RUNNING)


class NotWaiting(Exception):
    """The file is no longer at the step that somebody wants to take: taken in, discarded, or being read."""


def mapping_for(batch: ImportBatch, stream: BinaryIO) -> FileMapping | None:
    """What was said of this file, or of an earlier one with the same column names in the same team."""
    if batch.mapping:
        return FileMapping.from_json(batch.mapping)
    if batch.care_team_id is None or batch.state != BatchState.WAITING:
        return None  # what is said while the file is being read must not change how the rest of it is read
    lines = known_lines(stream)
    source = ImportSource.objects.filter(care_team=batch.care_team_id, fingerprint__in=lines).first()
    if source is None:
        return None
    mapping = replace(FileMapping.from_json(source.mapping), header_line=lines[source.fingerprint])
    batch.mapping, batch.import_source = mapping.to_json(), source
    # What the columns' names cannot show, the order of day and month or a unit, may differ from file to file: a person
    # looks at what it would do first.
    batch.dry_run = batch.dry_run or bool(mapping.date_order or any(column.unit for column in mapping.columns))
    batch.save(update_fields=["mapping", "import_source", "dry_run"])
    return mapping


@transaction.atomic
def say_columns(*, user: User, batch_id: int, mapping: FileMapping, nudge: Callable[[int], None]) -> ImportSource:
    """Read a waiting file by what a person says of it, show again what would happen, and remember it for the team.

    Raises
    ------
    NotWaiting
        nothing is to be said of this file any more.
    """
    batch = waiting_batch(batch_id, ASKABLE)
    assert batch.care_team is not None  # an uploaded file has a team
    source, _made = ImportSource.objects.update_or_create(
        care_team=batch.care_team,
        fingerprint=fingerprint([column.header for column in mapping.columns]),
        defaults={"name": batch.file_name, "mapping": mapping.to_json(), "said_by": user},
    )
    batch.mapping, batch.import_source = mapping.to_json(), source
    batch.state, batch.dry_run = BatchState.WAITING, True
    batch.preview, batch.idle_runs = {}, 0  # what was shown before was read in another way
    batch.save(update_fields=["mapping", "import_source", "state", "dry_run", "preview", "idle_runs"])
    record(
        actor=user.audit_name,
        action="import.columns_said",
        object_type="import",
        object_id=batch.pk,
        details={"source": source.pk, "roles": [column.marker or column.role for column in mapping.columns]},
    )
    transaction.on_commit(lambda: nudge(batch_id), robust=True)
    return source


def waiting_batch(batch_id: int, states: tuple[BatchState, ...]) -> ImportBatch:
    """The batch, locked, if it is in one of `states` and its file is still there. Call inside a transaction."""
    found = ImportBatch.objects.select_for_update().filter(pk=batch_id, state__in=states).exclude(stored_as="").first()
    if found is None:
        raise NotWaiting
    return found
