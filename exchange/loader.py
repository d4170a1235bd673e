"""A file into the record: lines to draws, a piece at a time, through `patients.services` alone.

Each piece of a file is one transaction: its draws, its rejected lines and the counts of its batch are committed
together or not at all. So the counts are the progress, a run that was stopped goes on where it stopped, and two runs of
one batch cannot both write a piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import Team, User
from accounts.roles import Permission
from audit.services import record
from exchange.csv import LineRead, LineRejected, ResultFile, open_results
from exchange.csv.dates import Clock
from exchange.memory import FileMemory, contradiction
from exchange.people import People
from exchange.preparing import DrawIdentity, LineRefused, Prepared, draw_of, prepare
from exchange.previous import PreviousValues
from patients.access import visible_teams
from patients.models import BatchState, ImportBatch, RejectedLine
from patients.reading import ImpossibleValue
from patients.services import DrawPlan, PatientDraw, plan_draws, record_draws
from patients.services.errors import RecordError
from patients.values import InputProblem

LINES_A_PIECE = 500
REASON = "changed at the source"
MOST_IGNORED_NAMED = 40


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """The end of a run."""

    batch_id: int | None
    dry_run: bool
    lines_total: int
    counts: Counts
    to_check: int
    ignored_columns: tuple[str, ...]
    encoding: str
    decimal_comma: bool


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


class BatchTakenOver(Exception):
    """Another process has gone on with this batch; this one wrote nothing of the piece and ends."""


Draws = dict[DrawIdentity, dict[str, Prepared]]
Patients = dict[str, int | None]  # number -> patient; None: a dry run would make one
Progress = Callable[[int, int], None]
OnRejected = Callable[[LineRejected], None]


def import_file(
    *,
    order: Order,
    stream: BinaryIO,
    batch: ImportBatch | None = None,
    on_progress: Progress | None = None,
    on_rejected: OnRejected | None = None,
) -> ImportSummary:
    """Take a file in, or say what would happen (`order.dry_run`).

    Without `batch` a dry run writes nothing at all, and a run makes its own batch. A batch that was begun goes on after
    its last whole piece. Taking the same file in again changes nothing.

    Raises
    ------
    FileRefused
        nothing of the file can be taken; nothing was written.
    PermissionDenied
        the person may not import, or not into this team.
    BatchTakenOver
        see there.
    """
    _check_permission(order)
    clock = Clock(zone=ZoneInfo(settings.CLINIC_TIME_ZONE), now=timezone.now())
    file = open_results(stream, clock=clock)
    with timezone.override(clock.zone):
        if batch is not None:
            _take_up(batch, file)
        elif not order.dry_run:
            return _run_own_batch(order, file, clock, on_progress, on_rejected)
        return _Run(order, file, batch, clock, on_progress, on_rejected).run()


def _run_own_batch(
    order: Order, file: ResultFile, clock: Clock, on_progress: Progress | None, on_rejected: OnRejected | None
) -> ImportSummary:
    """Nobody else would end a batch whose file is not stored, so it is ended here, whatever happens."""
    batch = _new_batch(order, file)
    try:
        return _Run(order, file, batch, clock, on_progress, on_rejected).run()
    except BaseException as error:
        ImportBatch.objects.filter(pk=batch.pk).update(
            state=BatchState.FAILED, failure=type(error).__name__, finished_at=timezone.now()
        )
        raise


def _check_permission(order: Order) -> None:
    if order.user is None:
        return
    if not order.user.may(Permission.IMPORT_FILES):
        raise PermissionDenied
    if order.care_team is not None and not visible_teams(order.user).filter(pk=order.care_team.pk).exists():
        raise PermissionDenied


@transaction.atomic
def _new_batch(order: Order, file: ResultFile) -> ImportBatch:
    batch = ImportBatch.objects.create(
        file_name=order.file_name[:255],
        sha256=file.shape.sha256,
        care_team=order.care_team,
        create_patients=order.create_patients,
        state=BatchState.RUNNING,
        lines_total=file.shape.lines_total,
        started_by=order.user,
    )
    record(actor=order.actor, action="import.started", object_type="import", object_id=batch.pk)
    return batch


@transaction.atomic
def _take_up(batch: ImportBatch, file: ResultFile) -> None:
    if batch.dry_run:
        # Nothing of it stands in the record, so there is nothing to go on from.
        batch.rejected_lines.all().delete()
        for count in fields(Counts):
            setattr(batch, count.name, 0)
    batch.lines_total = file.shape.lines_total
    batch.sha256 = file.shape.sha256
    batch.state = BatchState.RUNNING
    batch.save()


class _Run:
    """One pass through one file."""

    def __init__(
        self,
        order: Order,
        file: ResultFile,
        batch: ImportBatch | None,
        clock: Clock,
        on_progress: Progress | None,
        on_rejected: OnRejected | None,
    ) -> None:
        self._order = order
        self._file = file
        self._batch = batch
        self._on_progress = on_progress
        self._on_rejected = on_rejected
        self._memory = FileMemory()
        self._previous = PreviousValues()
        self._people = People(
            actor=order.actor,
            user=order.user,
            care_team=order.care_team,
            create=order.create_patients,
            dry_run=order.dry_run,
            clock=clock,
        )
        self._counts = Counts()
        if batch is not None:
            self._counts = Counts(*(getattr(batch, count.name) for count in fields(Counts)))
        self._people.created = self._counts.patients_created
        self._to_check = 0

    def run(self) -> ImportSummary:
        shape = self._file.shape
        for piece, last_line in self._pieces():
            self._take(piece, lines_done=last_line - shape.header_line)
        if self._counts.lines_done < shape.lines_total:  # blank lines at the end
            with transaction.atomic():
                self._advance(shape.lines_total)
        summary = ImportSummary(
            batch_id=self._batch.pk if self._batch else None,
            dry_run=self._order.dry_run,
            lines_total=shape.lines_total,
            counts=self._counts,
            to_check=self._to_check,
            ignored_columns=shape.columns.ignored,
            encoding=shape.encoding,
            decimal_comma=shape.decimal_comma,
        )
        if self._batch is not None:
            _finish(self._batch, summary, actor=self._order.actor)
        return summary

    def _pieces(self) -> Iterator[tuple[list[Prepared | LineRejected], int]]:
        """What is still to be done, so many lines at a time, with the number of the last line of each piece."""
        done_before = self._file.shape.header_line + self._counts.lines_done
        piece: list[Prepared | LineRejected] = []
        last = done_before
        for line in self._file.lines():
            ready = self._prepare(line)
            if line.line_number <= done_before:
                self._remember(ready)
                continue
            piece.append(ready)
            last = line.last_line_number if isinstance(line, LineRead) else line.line_number
            if len(piece) == LINES_A_PIECE:
                yield piece, last
                piece = []
        if piece:
            yield piece, last

    def _prepare(self, line: LineRead | LineRejected) -> Prepared | LineRejected:
        if isinstance(line, LineRejected):
            return line
        if not line.laboratory and self._order.laboratory:
            line = replace(line, laboratory=self._order.laboratory)
        try:
            return prepare(line, decimal_comma=self._file.shape.decimal_comma)
        except (InputProblem, ImpossibleValue) as problem:
            return _rejected(line, problem)

    def _remember(self, line: Prepared | LineRejected) -> None:
        """A line of a piece that an earlier run has taken in."""
        if isinstance(line, Prepared):
            with suppress(LineRefused):
                self._memory.see(line)

    def _take(self, piece: list[Prepared | LineRejected], *, lines_done: int) -> None:
        rejected = [line for line in piece if isinstance(line, LineRejected)]
        with transaction.atomic():
            draws, patients = self._gather([line for line in piece if isinstance(line, Prepared)], rejected)
            self._write(draws, patients, rejected)
            rejected.sort(key=lambda line: line.line_number)
            self._counts.lines_rejected += len(rejected)
            self._counts.patients_created = self._people.created
            self._advance(lines_done, rejected)
        for line in rejected:
            if self._on_rejected:
                self._on_rejected(line)
        if self._on_progress:
            self._on_progress(self._counts.lines_done, self._file.shape.lines_total)

    def _gather(self, ready: list[Prepared], rejected: list[LineRejected]) -> tuple[Draws, Patients]:
        """The lines by draw, and the patients by number; what belongs nowhere goes to `rejected`."""
        patients: Patients = dict(self._people.find({line.number for line in ready}))
        draws: Draws = {}
        for line in ready:
            try:
                if line.number not in patients:
                    patients[line.number] = self._people.make(line.line)
                if self._memory.see(line):
                    # By patient, not by number: one patient may have two numbers in one file.
                    draw = draws.setdefault(line.draw_identity(patients[line.number]), {})
                    self._join(draw, line)
                else:
                    self._counts.results_repeated += 1
            except InputProblem as problem:
                rejected.append(_rejected(line.line, problem))
        return draws, patients

    def _join(self, draw: dict[str, Prepared], line: Prepared) -> None:
        earlier = draw.setdefault(line.marker.code, line)
        if earlier is line:
            return
        if earlier.signature != line.signature:
            raise contradiction(line, earlier.line.line_number)
        self._counts.results_repeated += 1

    def _write(self, draws: Draws, patients: Patients, rejected: list[LineRejected]) -> None:
        self._previous.load([patient for patient in patients.values() if patient is not None])
        on_record: list[tuple[PatientDraw, list[Prepared]]] = []
        for draw in draws.values():
            lines = list(draw.values())
            patient = patients[lines[0].number]
            if patient is None:  # a dry run that would make the patient: then all of it is new
                self._count_new(lines, patient=None)
            else:
                results = tuple(line.result for line in lines)
                on_record.append((PatientDraw(patient_id=patient, draw=draw_of(lines), results=results), lines))
        items = [item for item, _lines in on_record]
        plans = plan_draws(items) if self._order.dry_run else self._record(items)
        for plan, (_item, lines) in zip(plans, on_record, strict=True):
            self._count(plan, lines, rejected)

    def _record(self, items: list[PatientDraw]) -> tuple[DrawPlan, ...]:
        return record_draws(
            actor=self._order.actor, draws=items, recorded_by=self._order.user, batch=self._batch, reason=REASON
        )

    def _count(self, plan: DrawPlan, lines: list[Prepared], rejected: list[LineRejected]) -> None:
        if plan.refused is not None:
            rejected.extend(_rejected(line.line, _not_this_draw(plan.refused, line)) for line in lines)
            return
        fresh = {result.marker for result in plan.new}
        changed = {result.marker for _old, result in plan.corrections}
        self._counts.results_repeated += plan.repeated
        self._counts.results_corrected += len(changed)
        if plan.row is None:
            self._count_new(lines, patient=plan.item.patient_id)
            return
        self._counts.results_new += len(fresh)
        touched = [line for line in lines if line.marker.code in fresh | changed]
        self._to_check += len(self._previous.odd(touched, patient=plan.item.patient_id))

    def _count_new(self, lines: list[Prepared], *, patient: int | None) -> None:
        self._counts.results_new += len(lines)
        self._counts.draws_created += self._memory.is_first_piece_of(lines[0].draw_identity(patient))
        self._to_check += len(self._previous.odd(lines, patient=patient))

    def _advance(self, lines_done: int, rejected: Sequence[LineRejected] = ()) -> None:
        before, self._counts.lines_done = self._counts.lines_done, lines_done
        if self._batch is None:
            return
        here = ImportBatch.objects.filter(pk=self._batch.pk, state=BatchState.RUNNING, lines_done=before)
        if not here.update(**asdict(self._counts)):
            raise BatchTakenOver(f"import {self._batch.pk}")
        RejectedLine.objects.bulk_create(
            RejectedLine(
                batch=self._batch, line_number=line.line_number, code=line.code, params=dict(line.params), raw=line.raw
            )
            for line in rejected
        )


def _rejected(line: LineRead, problem: InputProblem | ImpossibleValue) -> LineRejected:
    params = {name: text.replace("\x00", "") for name, text in problem.params.items()}
    return LineRejected(line.line_number, problem.code, params, line.raw)


def _not_this_draw(refused: RecordError, line: Prepared) -> LineRefused:
    collected = timezone.localtime(line.line.collected_at).isoformat(sep=" ", timespec="minutes")
    return LineRefused(refused.code, {**refused.params, "collected": collected})


@transaction.atomic
def _finish(batch: ImportBatch, summary: ImportSummary, *, actor: str) -> None:
    batch.refresh_from_db()
    batch.state = BatchState.DONE
    batch.finished_at = timezone.now()
    batch.save(update_fields=["state", "finished_at"])
    # What the batch has no column for is told by its audit event; the page reads it there.
    details = asdict(summary.counts) | {
        "to_check": summary.to_check,
        "ignored_columns": [name[:40] for name in summary.ignored_columns[:MOST_IGNORED_NAMED]],
        "dry_run": summary.dry_run,
    }
    record(actor=actor, action="import.finished", object_type="import", object_id=batch.pk, details=details)
