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
    found = remembered(stream, team_id=batch.care_team_id)
    if found is None:
        return None
    batch.import_source, mapping = found
    batch.mapping = mapping.to_json()
    batch.dry_run = batch.dry_run or needs_a_look(mapping)
    batch.save(update_fields=["mapping", "import_source", "dry_run"])
    return mapping


def remembered(stream: BinaryIO, *, team_id: int, name: str = "") -> tuple[ImportSource, FileMapping] | None:
    """What was said of files of this team with the same column names; with `name`, at the file of that name."""
    lines = known_lines(stream)
    sources = ImportSource.objects.filter(care_team=team_id, fingerprint__in=lines)
    source = (sources.filter(name=name) if name else sources).first()
    if source is None:
        return None
    return source, replace(FileMapping.from_json(source.mapping), header_line=lines[source.fingerprint])


def needs_a_look(mapping: FileMapping) -> bool:
    """Whether it says what the columns' names cannot show: the order of day and month, or a unit.

    That may differ from file to file, so a person looks at what it would do first.
    """
    return bool(mapping.date_order or any(column.unit for column in mapping.columns))


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
        defaults={"name": batch.file_name, "mapping": mapping.remembered().to_json(), "said_by": user},
    )
    batch.mapping, batch.import_source = mapping.to_json(), source
    batch.state, batch.dry_run = BatchState.WAITING, True
    # What was shown before was read in another way; what was written of it stays written.
    batch.preview, batch.idle_runs = {"written": batch.preview.get("written", 0)}, 0
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
