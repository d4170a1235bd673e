"""One pass through one file, a piece at a time.

Each piece is one transaction: its draws, its rejected lines, what became of the others and the counts of its batch are
committed together or not at all. So the counts are the progress, a run that was stopped goes on where it stopped, and
two runs of one batch cannot both write a piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace

from django.db import transaction
from django.utils import timezone

from exchange.accessions import with_patients
from exchange.csv import LineRead, LineRejected, ResultFile
from exchange.csv.dates import Clock
from exchange.csv.messages import kept_cells
from exchange.memory import FileMemory, contradiction
from exchange.orders import BatchTakenOver, Counts, ImportSummary, OnRejected, Order, Pause, Paused, Progress
from exchange.outcomes import Outcomes
from exchange.people import People
from exchange.preparing import LONGEST_NOTE, DrawIdentity, LineRefused, Prepared, draw_of, note_of, prepare
from exchange.previous import PreviousValues
from exchange.recall import Recall
from exchange.shown import ShownPieces
from patients.models import BatchState, Fate, ImportBatch, LineOutcome, RejectedLine, Result
from patients.plausibility import Concern, facts_filled
from patients.reading import ImpossibleValue
from patients.services import DrawPlan, PatientDraw, plan_draws, record_draws
from patients.services.errors import RecordError
from patients.values import InputProblem

LINES_A_PIECE = 500
REASON = "changed at the source"

Draws = dict[DrawIdentity, dict[str, Prepared]]
Told = Mapping[int, tuple[Concern, ...]]  # line -> what its whole draw does
Patients = dict[str, int | None]  # number -> patient; None: a dry run would make one


class Run:
    """One pass through one file."""

    def __init__(
        self,
        order: Order,
        file: ResultFile,
        batch: ImportBatch | None,
        clock: Clock,
        on_progress: Progress | None,
        on_rejected: OnRejected | None,
        pause: Pause | None = None,
    ) -> None:
        self._order = order
        self._file = file
        self._batch = batch
        self._on_progress = on_progress
        self._on_rejected = on_rejected
        self._pause = pause
        self._memory = FileMemory()
        self._previous = PreviousValues()
        self._outcomes = Outcomes(batch)
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
        self._shown = ShownPieces(batch, dry_run=order.dry_run)
        self._recall = Recall(
            batch,
            user=order.user,
            memory=self._memory,
            people=self._people,
            previous=self._previous,
            dry_run=order.dry_run,
        )

    def run(self) -> ImportSummary:
        shape = self._file.shape
        begun = False
        for piece, last_line in self._pieces():
            if begun and self._pause is not None and self._pause():
                raise Paused(f"after {self._counts.lines_done} lines")
            self._take(piece, lines_done=last_line - shape.header_line)
            begun = True
        if self._counts.lines_done < shape.lines_total:  # blank lines at the end
            with transaction.atomic():
                self._advance(shape.lines_total)
        return ImportSummary(
            batch_id=self._batch.pk if self._batch else None,
            dry_run=self._order.dry_run,
            lines_total=shape.lines_total,
            counts=self._counts,
            ignored_columns=shape.columns.ignored,
            encoding=shape.encoding,
            decimal_comma=shape.decimal_comma,
            lines_to_check=tuple(self._outcomes.lines_to_check),
        )

    def _pieces(self) -> Iterator[tuple[list[Prepared | LineRejected], int]]:
        """What is still to be done, so many lines at a time, with the number of the last line of each piece."""
        done_before = self._file.shape.header_line + self._counts.lines_done
        piece: list[Prepared | LineRejected] = []
        last = done_before
        for line in self._file.lines():
            ready = self._prepare(line)
            if line.line_number <= done_before:
                self._recall.add(ready)
                continue
            self._recall.end()
            if len(piece) >= LINES_A_PIECE and line.line_number > last:  # never between two results of one line
                yield piece, last
                piece = []
            piece.append(ready)
            last = line.last_line_number if isinstance(line, LineRead) else line.line_number
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

    def _take(self, piece: list[Prepared | LineRejected], *, lines_done: int) -> None:
        rejected = [line for line in piece if isinstance(line, LineRejected)]
        again: list[tuple[DrawIdentity, Prepared]] = []
        with transaction.atomic():
            draws = self._gather([line for line in piece if isinstance(line, Prepared)], rejected, again)
            refused = self._write(draws, rejected)
            for draw, repeat in again:
                if draw in refused:  # what it repeats was not taken
                    rejected.append(_rejected(repeat.line, _not_this_draw(refused[draw], repeat)))
                else:
                    self._repeated([repeat], told={})
            rejected.sort(key=lambda line: line.line_number)
            self._counts.lines_rejected += len(rejected)
            self._counts.patients_created = self._people.created
            self._advance(lines_done, rejected)
        for line in rejected:
            if self._on_rejected:
                self._on_rejected(line)
        if self._on_progress:
            self._on_progress(self._counts.lines_done, self._file.shape.lines_total)

    def _gather(
        self, ready: list[Prepared], rejected: list[LineRejected], again: list[tuple[DrawIdentity, Prepared]]
    ) -> Draws:
        """The lines by draw; what belongs nowhere goes to `rejected`, what repeats to `again`."""
        patients: Patients = dict(self._people.find({line.number for line in ready if line.number}))
        draws: Draws = {}
        for found in with_patients(ready, user=self._order.user):
            if not isinstance(found, Prepared):
                rejected.append(_rejected(found[0].line, found[1]))
                continue
            try:
                # By patient, not by number: one patient may have two numbers in one file.
                identity = found.draw_identity(self._patient_of(found, patients))
                if not self._is_news(draws.setdefault(identity, {}), found):
                    again.append((identity, found))
            except InputProblem as problem:
                rejected.append(_rejected(found.line, problem))
        return {identity: draw for identity, draw in draws.items() if draw}

    def _patient_of(self, line: Prepared, patients: Patients) -> int | None:
        if line.patient_id is not None:
            return line.patient_id
        if line.number not in patients:
            patients[line.number] = self._people.make(line.line)
        return patients[line.number]

    def _is_news(self, draw: dict[str, Prepared], line: Prepared) -> bool:
        """Put the line into its draw, unless it repeats one of this file."""
        if not self._memory.see(line):
            return False
        try:
            return _join(draw, line)
        except LineRefused:
            self._memory.forget(line)
            raise

    def _write(self, draws: Draws, rejected: list[LineRejected]) -> dict[DrawIdentity, RecordError]:
        """Write the draws, or say what would be written; the draws that were refused, and why."""
        self._previous.load({who for who, _laboratory, _which in draws if isinstance(who, int)})
        on_record: list[tuple[PatientDraw, list[Prepared]]] = []
        for (patient, _laboratory, _which), draw in draws.items():
            lines = list(draw.values())
            if isinstance(patient, str):  # a dry run that would make the patient: then all of it is new
                self._count_new(lines, patient=None)
            else:
                results = tuple(line.result for line in lines)
                on_record.append((PatientDraw(patient_id=patient, draw=draw_of(lines), results=results), lines))
        items = [item for item, _lines in on_record]
        plans = plan_draws(items) if self._order.dry_run else self._record(items)
        refused: dict[DrawIdentity, RecordError] = {}
        for plan, (item, lines) in zip(plans, on_record, strict=True):
            self._count(plan, lines, rejected)
            if plan.refused is not None:
                refused[lines[0].draw_identity(item.patient_id)] = plan.refused
        return refused

    def _record(self, items: list[PatientDraw]) -> tuple[DrawPlan, ...]:
        return record_draws(
            actor=self._order.actor, draws=items, recorded_by=self._order.user, batch=self._batch, reason=REASON
        )

    def _count(self, plan: DrawPlan, lines: list[Prepared], rejected: list[LineRejected]) -> None:
        if plan.refused is not None:
            for line in lines:
                rejected.append(_rejected(line.line, _not_this_draw(plan.refused, line)))
                self._memory.forget(line)
            return
        if plan.row is None:
            self._count_new(lines, patient=plan.item.patient_id)
            return
        fresh = {result.marker for result in plan.new}
        changed = {result.marker: old for old, result in plan.corrections}
        self._counts.results_corrected += len(changed)
        self._counts.results_new += len(fresh)
        touched = [line for line in lines if line.marker.code in fresh | changed.keys()]
        told = {lines[0].line.line_number: (facts_filled(plan.filled),)} if plan.filled else {}
        self._note(touched, patient=plan.item.patient_id, changed=changed, told=told)
        self._repeated([line for line in lines if line.marker.code not in fresh | changed.keys()], told=told)

    def _count_new(self, lines: list[Prepared], *, patient: int | None) -> None:
        self._counts.results_new += len(lines)
        self._counts.draws_created += self._memory.is_first_piece_of(lines[0].draw_identity(patient))
        self._note(lines, patient=patient, changed={}, told={})

    def _note(self, lines: list[Prepared], *, patient: int | None, changed: Mapping[str, Result], told: Told) -> None:
        """Keep what the lines do, and which of them somebody should look at."""
        for line, found in zip(lines, self._previous.concerns(lines, patient=patient), strict=True):
            old = changed.get(line.marker.code)
            self._keep(line, Fate.CORRECTED if old else Fate.NEW, old=old, concerns=found, told=told)

    def _repeated(self, lines: Sequence[Prepared], *, told: Told) -> None:
        self._counts.results_repeated += len(lines)
        for line in lines:
            self._keep(line, Fate.REPEATED, told=told)

    def _keep(
        self, line: Prepared, fate: Fate, *, told: Told, old: Result | None = None, concerns: Sequence[Concern] = ()
    ) -> None:
        all_told = (*concerns, *told.get(line.line.line_number, ()))
        self._counts.to_check += bool(all_told)
        self._outcomes.add(line, fate, old=old, concerns=all_told)

    def _advance(self, lines_done: int, rejected: Sequence[LineRejected] = ()) -> None:
        before, self._counts.lines_done = self._counts.lines_done, lines_done
        if self._batch is None:
            return
        here = ImportBatch.objects.filter(pk=self._batch.pk, state=BatchState.RUNNING, lines_done=before)
        if not here.update(**asdict(self._counts), idle_runs=0):
            raise BatchTakenOver(f"import {self._batch.pk}")
        outcomes, fates = self._outcomes.flush()
        self._shown.piece(lines_done, fates, rejected)
        LineOutcome.objects.bulk_create(outcomes)
        RejectedLine.objects.bulk_create(
            RejectedLine(
                batch=self._batch,
                line_number=line.line_number,
                code=line.code,
                params=dict(line.params),
                raw=line.raw,
                cells=list(line.cells),
                column=line.column[:200],
            )
            for line in rejected
        )


def _join(draw: dict[str, Prepared], line: Prepared) -> bool:
    """Whether the line is news to its draw; one patient may have two numbers in one file."""
    earlier = draw.setdefault(line.marker.code, line)
    if earlier.signature != line.signature:
        raise contradiction(line, earlier.line.line_number)
    if line.line.note and len(note_of(draw.values())) > LONGEST_NOTE:
        del draw[line.marker.code]
        raise LineRefused("notes_too_long", {"limit": str(LONGEST_NOTE)})
    return earlier is line


def _rejected(line: LineRead, problem: InputProblem | ImpossibleValue) -> LineRejected:
    params = {name: text.replace("\x00", "") for name, text in problem.params.items()}
    return LineRejected(line.line_number, problem.code, params, line.raw, line.column, kept_cells(line.cells))


def _not_this_draw(refused: RecordError, line: Prepared) -> LineRefused:
    collected = timezone.localtime(line.line.collected_at).isoformat(sep=" ", timespec="minutes")
    return LineRefused(refused.code, {**refused.params, "collected": collected})
