"""What the pages show of an import."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from exchange.batches import OPEN_STATES, WHOLE_FILE
from exchange.messages_i18n import explain
from patients.models import BatchState, ImportBatch, RejectedLine


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One import as its page shows it."""

    batch: ImportBatch
    running: bool
    percent: int
    failure: str
    ignored_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """One rejected line with its reason in the reader's language."""

    line_number: int
    reason: str
    raw: str


def batch_page(batch: ImportBatch) -> BatchPage:
    done = batch.lines_done * 100 // batch.lines_total if batch.lines_total else 0
    return BatchPage(
        batch=batch,
        running=batch.state in OPEN_STATES,
        percent=100 if batch.state == BatchState.DONE else done,
        failure=_failure(batch) if batch.state == BatchState.FAILED else "",
        ignored_columns=tuple(batch.shape.get("ignored", ())),
    )


def _failure(batch: ImportBatch) -> str:
    """The sentence for a file that was refused; the name of the error for a run that broke."""
    whole = batch.rejected_lines.filter(line_number=WHOLE_FILE).first()
    return explain(whole.code, whole.params) if whole else batch.failure


def rejected_lines(batch: ImportBatch) -> QuerySet[RejectedLine]:
    return batch.rejected_lines.exclude(line_number=WHOLE_FILE)


def explained(lines: list[RejectedLine]) -> list[Rejected]:
    return [Rejected(line.line_number, explain(line.code, line.params), line.raw) for line in lines]
