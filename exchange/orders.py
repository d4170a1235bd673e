"""What is asked of an import, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import Team, User
from exchange.csv import LineRejected
from exchange.csv.mapping import FileMapping
from patients.models import ImportSource


@dataclass(slots=True)
class Counts:
    """What became of the lines; the names are those of `ImportBatch`."""

    lines_done: int = 0
    results_new: int = 0
    results_repeated: int = 0
    results_corrected: int = 0
    lines_rejected: int = 0
    patients_created: int = 0
    draws_created: int = 0
    to_check: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """The end of a run."""

    batch_id: int | None
    dry_run: bool
    lines_total: int
    counts: Counts
    ignored_columns: tuple[str, ...]
    encoding: str
    decimal_comma: bool
    lines_to_check: tuple[int, ...]  # the first of them

    @property
    def to_check(self) -> int:
        return self.counts.to_check


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants a file taken in, and how."""

    actor: str
    file_name: str
    user: User | None = None  # None: the operator of the installation, who may write to every patient
    care_team: Team | None = None
    laboratory: str = ""  # of lines that name none
    create_patients: bool = False
    dry_run: bool = False
    mapping: FileMapping | None = None  # None: the column names tell
    import_source: ImportSource | None = None  # where the mapping was remembered


class BatchTakenOver(Exception):
    """Another process or a person has gone on with this batch; this run wrote nothing of the piece and ends."""


class Paused(Exception):
    """The time of this run is over. What it did is kept, and the next run goes on from there."""


class OtherThanShown(Exception):
    """A piece would do something else than its preview had shown; nothing of it was written."""


Progress = Callable[[int, int], None]
Pause = Callable[[], bool]
OnRejected = Callable[[LineRejected], None]
