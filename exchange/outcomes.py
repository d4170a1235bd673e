"""What each line does to the record, kept for the person who looks at it before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import Count

from exchange.preparing import Prepared
from patients.models import Fate, ImportBatch, LineOutcome, Result
from patients.plausibility import Concern
from patients.services import NewResult

MOST_KEPT = 200  # of what is new or repeated; of what is corrected or to be checked every line is kept
MOST_TOLD = 100  # line numbers that a summary names


class Outcomes:
    """Collects the outcomes of a piece; `flush` gives them to be written with it."""

    def __init__(self, batch: ImportBatch | None) -> None:
        self._batch = batch
        self._waiting: list[LineOutcome] = []
        self._kept: Counter[str] = Counter()
        self._fates: list[tuple[int, str]] = []
        self.lines_to_check: list[int] = []
        if batch is not None:
            plain = batch.outcomes.filter(to_check=False).order_by().values_list("fate").annotate(Count("pk"))
            self._kept.update(dict(plain))

    def add(self, line: Prepared, fate: Fate, *, old: Result | None = None, concerns: Sequence[Concern] = ()) -> None:
        if concerns and len(self.lines_to_check) < MOST_TOLD:
            self.lines_to_check.append(line.line.line_number)
        if self._batch is None:
            return
        filled = [f" {sorted(concern.params.items())}" for concern in concerns if concern.code == "draw_facts_filled"]
        self._fates.append((line.line.line_number, _fate_in_words(line, fate, old) + "".join(filled)))
        if not self._is_kept(fate, to_check=bool(concerns)):
            return
        self._waiting.append(
            LineOutcome(
                batch=self._batch,
                line_number=line.line.line_number,
                fate=fate,
                patient_number=line.number,
                marker=line.marker.code,
                collected_at=line.line.collected_at,
                old=_stood(old),
                new=_shown(line.result),
                to_check=bool(concerns),
                concerns=[[concern.code, dict(concern.params)] for concern in concerns],
            )
        )

    def flush(self) -> tuple[list[LineOutcome], list[tuple[int, str]]]:
        """The outcomes to be kept, and what becomes of every line of the piece, in words that a digest is made of."""
        found, self._waiting = self._waiting, []
        fates, self._fates = self._fates, []
        return found, fates

    def _is_kept(self, fate: Fate, *, to_check: bool) -> bool:
        if to_check or fate == Fate.CORRECTED:
            return True
        self._kept[fate] += 1
        return self._kept[fate] <= MOST_KEPT


def _fate_in_words(line: Prepared, fate: Fate, old: Result | None) -> str:
    collected = line.line.collected_at.isoformat()
    return f"{fate} {line.number} {line.marker.code} {collected} {_stood(old)} {_shown(line.result)}"


def _stood(old: Result | None) -> str:
    return f"{old.reported} {old.unit}"[:80] if old else ""


def _shown(result: NewResult) -> str:
    return f"{result.comparator}{result.value} {result.unit}"[:80]
