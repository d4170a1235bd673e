"""What the pages show of an import."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.services import record
from exchange.batches import OPEN_STATES, WHOLE_FILE
from exchange.csv import LineRejected
from exchange.messages_i18n import explain
from exchange.previews import Difference, changed_counts, differences
from exchange.read_as import ReadAs, read_as
from exchange.rejected_csv import reason_of
from exchange.shown import seen
from patients.access import visible_batches
from patients.catalogue import catalogue
from patients.models import BatchState, Fate, ImportBatch, LineOutcome, RejectedLine

MOST_SHOWN = 100
COUNTED = {
    "results_new": _("Results new"),
    "results_repeated": _("Results repeated"),
    "results_corrected": _("Results corrected"),
    "to_check": _("To check: an unusual value or a large change"),
    "lines_rejected": _("Lines rejected"),
    "draws_created": _("Draws new"),
    "patients_created": _("Patients made"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of a file with what it does to the record."""

    line_number: int
    patient_number: str
    marker: str
    collected_at: dt.datetime
    old: str
    new: str
    concerns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """The first lines with one fate; `total` is how many there are of it."""

    key: str
    rows: tuple[Outcome, ...]
    total: int

    @property
    def left_out(self) -> int:
        return max(0, self.total - len(self.rows))


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One import as its page shows it."""

    batch: ImportBatch
    running: bool
    percent: int
    failure: str
    ended: bool  # its counts are final, of a preview too
    ignored_columns: tuple[str, ...]
    other_sheets: tuple[str, ...]
    outcomes: tuple[OutcomeTable, ...]
    differences: tuple[Difference, ...]
    changed_counts: tuple[tuple[object, int, int], ...]
    read_as: ReadAs | None
    seen: str  # stands for what this page shows, where it can be confirmed

    @property
    def asks(self) -> bool:
        return self.batch.state == BatchState.NEEDS_MAPPING

    @property
    def previewed(self) -> bool:
        return self.batch.state == BatchState.PREVIEWED and bool(self.batch.stored_as)

    @property
    def discardable(self) -> bool:
        return self.running and self.batch.dry_run and bool(self.batch.stored_as)

    @property
    def written(self) -> int:
        """Results that were confirmed and written before the rest was to be shown again."""
        return int(self.batch.preview.get("written", 0))


@dataclass(frozen=True, slots=True)
class Rejected:
    """One rejected line with its reason in the reader's language."""

    line_number: int
    reason: str
    raw: str


def visible_batch(user: User, pk: int) -> ImportBatch:
    """The import of this key, where the person may see it; absent and forbidden look the same."""
    batches = visible_batches(user).select_related("care_team", "started_by", "confirmed_by", "import_source__said_by")
    found = batches.filter(pk=pk).first()
    if found is None:
        record(actor=user.audit_name, action="import.refused", object_type="import", object_id=pk)
        raise Http404("No such import.")
    return found


def batch_page(batch: ImportBatch) -> BatchPage:
    done = batch.lines_done * 100 // batch.lines_total if batch.lines_total else 0
    ended = batch.state in {BatchState.DONE, BatchState.PREVIEWED}
    changed = changed_counts(batch)
    return BatchPage(
        batch=batch,
        running=batch.state in OPEN_STATES,
        percent=100 if ended else done,
        failure=_failure(batch) if batch.state in {BatchState.FAILED, BatchState.NEEDS_MAPPING} else "",
        ended=ended,
        ignored_columns=tuple(batch.shape.get("ignored", ())),
        other_sheets=tuple(title for title in batch.shape.get("sheets", ()) if title != batch.shape["sheet"]),
        outcomes=_outcome_tables(batch) if ended else (),
        differences=differences(batch)[:MOST_SHOWN],
        changed_counts=tuple((COUNTED[name], *changed[name]) for name in COUNTED if name in changed),
        read_as=read_as(batch),
        seen=seen(batch) if batch.state == BatchState.PREVIEWED else "",
    )


def _outcome_tables(batch: ImportBatch) -> tuple[OutcomeTable, ...]:
    rows = batch.outcomes.all()
    tables = (
        ("corrected", rows.filter(fate=Fate.CORRECTED), batch.results_corrected),
        ("to_check", rows.filter(to_check=True), batch.to_check),
        ("new", rows.filter(fate=Fate.NEW), batch.results_new),
        ("repeated", rows.filter(fate=Fate.REPEATED), batch.results_repeated),
    )
    return tuple(OutcomeTable(key, tuple(map(_outcome, found[:MOST_SHOWN])), total) for key, found, total in tables)


def _outcome(row: LineOutcome) -> Outcome:
    return Outcome(
        line_number=row.line_number,
        patient_number=row.patient_number,
        marker=catalogue().marker(row.marker).short_name,
        collected_at=row.collected_at,
        old=row.old,
        new=row.new,
        concerns=tuple(explain(code, params) for code, params in row.concerns),
    )


def _failure(batch: ImportBatch) -> str:
    """The sentence for a file that was refused; the name of the error for a run that broke."""
    whole = batch.rejected_lines.filter(line_number=WHOLE_FILE).first()
    return explain(whole.code, whole.params) if whole else batch.failure


def rejected_lines(batch: ImportBatch) -> QuerySet[RejectedLine]:
    return batch.rejected_lines.exclude(line_number=WHOLE_FILE)


def rejected_again(batch: ImportBatch) -> Iterator[LineRejected]:
    """Every rejected line as it was read, one at a time."""
    for line in rejected_lines(batch).iterator(chunk_size=1000):
        yield LineRejected(line.line_number, line.code, line.params, line.raw, line.column, tuple(line.cells))


def explained(lines: list[RejectedLine]) -> list[Rejected]:
    return [Rejected(line.line_number, reason_of(line.column, line.code, line.params), line.raw) for line in lines]
