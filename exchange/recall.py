"""What earlier runs have done of a file, made known to the run that goes on with it.

What a run that writes has done stands in the record. Of a dry run nothing does: which patients and draws it would have
made, and the values before each value, are gathered again from the lines, with one query a piece.
"""

from __future__ import annotations

from contextlib import suppress

from accounts.models import User
from exchange.accessions import with_patients
from exchange.csv import LineRejected
from exchange.memory import FileMemory
from exchange.people import People
from exchange.preparing import LineRefused, Prepared
from exchange.previous import PreviousValues
from patients.models import ImportBatch

LINES_AT_ONCE = 500


class Recall:
    """Takes every line up to where the earlier run ended, in their order; `end` when that line is reached."""

    def __init__(
        self,
        batch: ImportBatch | None,
        *,
        user: User | None,
        memory: FileMemory,
        people: People,
        previous: PreviousValues,
        dry_run: bool,
    ) -> None:
        self._user = user
        self._memory = memory
        self._people = people
        self._previous = previous
        self._dry_run = dry_run
        self._waiting: list[Prepared] = []
        self._rejected: set[int] = set()
        if batch is not None and batch.lines_done:
            rows = batch.rejected_lines.order_by().values_list("line_number", "column")
            self._rejected.update(hash(row) for row in rows.iterator(chunk_size=2000))

    def add(self, line: Prepared | LineRejected) -> None:
        if isinstance(line, LineRejected):
            return
        self._waiting.append(line)
        if len(self._waiting) >= LINES_AT_ONCE:
            self.end()

    def end(self) -> None:
        taken = [line for line in self._waiting if self._was_taken(line)]
        self._waiting = []
        lines = [line for line in with_patients(taken, user=self._user) if isinstance(line, Prepared)]
        for line in lines:
            with suppress(LineRefused):
                self._memory.see(line)
        if self._dry_run:
            self._would_have(lines)

    def _was_taken(self, line: Prepared) -> bool:
        return hash((line.line.line_number, line.line.column[:200])) not in self._rejected

    def _would_have(self, lines: list[Prepared]) -> None:
        known = self._people.find({line.number for line in lines if line.patient_id is None})
        for line in lines:
            patient = line.patient_id if line.patient_id is not None else known.get(line.number)
            if patient is None:
                self._people.made_before(line.number)
            self._memory.is_first_piece_of(line.draw_identity(patient))
            self._previous.see(line)
