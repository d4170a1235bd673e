"""From the lines of a file, in whatever order, to a cohort: sorted, each result once, derived markers computed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.backtest.cohort import BoolArray, Cohort, Draws, Results, starts
from monitoring.backtest.draw_file import DrawFile, RawResults
from monitoring.backtest.problems import LineProblem, Rejection, Rejections
from monitoring.trends.types import FloatArray, IntArray
from patients.catalogue import catalogue
from patients.derived import INPUTS_OF, DerivedInput, derive

COMPARATORS: Final = {-1: "<", 0: "", 1: ">"}
STATES: Final = ("fasting", "haemolysis", "clock", "biotin")  # of a draw: of what its lines say the larger holds


@dataclass(frozen=True, slots=True)
class Assembled:
    cohort: Cohort
    repeated: int  # lines that said the same as another
    computed: int  # results of derived markers that were computed


def needed_for(codes: Collection[str]) -> set[str]:
    """The markers to read so that `codes` can be evaluated: themselves, and the inputs of the derived ones."""
    return {read for code in codes for read in (code, *INPUTS_OF.get(code, ()))}


def assemble(file: DrawFile, *, codes: Sequence[str], panel: Collection[str], rejections: Rejections) -> Assembled:
    """`codes` are the markers by the reader's numbers; only those of `panel` stay in the cohort."""
    lines = _Lines(file.raw)
    lines.keep(_of_one_kind(lines, file, rejections))
    kept = len(lines)
    draws, draw_of_line = _draws(lines)
    lines.order(np.lexsort((lines.line, lines.marker, draw_of_line)))
    draw_of_line = np.sort(draw_of_line)
    result_of_line = _results(lines, draw_of_line)
    once, wrong = _each_once(lines, result_of_line, file, codes, rejections)
    names = list(file.raw.names.texts)
    results = Results(
        draw=draw_of_line[once],
        marker=lines.marker[once],
        value=lines.value[once],
        censoring=lines.censoring[once],
        laboratory=_told(lines.laboratory, result_of_line, names)[once],
        assay=_told(lines.assay, result_of_line, names)[once],
        first=starts(draws.patient[draw_of_line[once]], len(lines.patients)),
    )
    results, computed = _with_derived(results, draws, codes, names)
    results = results.where(np.isin(results.marker, [codes.index(code) for code in panel]), draws)
    cohort = _of_those_with_results(lines, draws, results, tuple(names), tuple(codes), file.raw)
    return Assembled(cohort, repeated=kept - len(once) - wrong, computed=computed)


class _Lines:
    """The columns of the file as arrays; patients numbered in the order of their identifiers."""

    def __init__(self, raw: RawResults) -> None:
        times = raw.times
        self.patients = sorted(raw.patients.numbers)
        rank = np.zeros(len(self.patients), dtype=np.int64)
        rank[[raw.patients.numbers[text] for text in self.patients]] = np.arange(len(self.patients))
        # Two spellings of one moment: the lesser as text is kept, whichever came first in the file.
        spelling = np.zeros(len(times.numbers), dtype=np.int64)
        spelling[[times.numbers[text] for text in sorted(times.numbers)]] = np.arange(len(times.numbers))
        self.patient = rank[_ints(raw.patient)]
        self.time = _ints(raw.time)
        self.spelling = spelling[self.time]
        self.day = np.frombuffer(times.day, dtype=np.float64)[self.time] if len(self.time) else np.zeros(0)
        self.date = np.array(times.date, dtype=np.int64)[self.time]
        self.timed = np.array(times.timed, dtype=np.int8)[self.time] > 0
        self.relative = np.array(times.relative, dtype=np.int8)[self.time] > 0
        self.marker = _ints(raw.marker)
        self.value = np.array(raw.value, dtype=np.float64)
        self.censoring = np.array(raw.censoring, dtype=np.int8)
        self.laboratory = _ints(raw.laboratory)
        self.assay = _ints(raw.assay)
        self.fasting = np.array(raw.fasting, dtype=np.int8)
        self.haemolysis = np.array(raw.haemolysis, dtype=np.int8)
        self.clock = np.array(times.clock, dtype=np.int8)[self.time]
        self.biotin = np.array(raw.biotin, dtype=np.int8)
        self.line = _ints(raw.line)

    def __len__(self) -> int:
        return len(self.line)

    def keep(self, chosen: BoolArray) -> None:
        if not bool(np.all(chosen)):
            self.order(np.flatnonzero(chosen))

    def order(self, order: NDArray[np.intp]) -> None:
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray):
                setattr(self, name, column[order])


def _ints(column: Any) -> IntArray:
    return np.array(column, dtype=np.int64)


def _of_one_kind(lines: _Lines, file: DrawFile, rejections: Rejections) -> BoolArray:
    """A day number cannot be placed among the dates of its patient."""
    dated = np.zeros(len(lines.patients), dtype=np.bool_)
    dated[lines.patient[~lines.relative]] = True
    wrong: BoolArray = lines.relative & dated[lines.patient]
    spelled = list(file.raw.times.numbers) if bool(np.any(wrong)) else []
    for at in np.flatnonzero(wrong).tolist():
        problem = LineProblem("day_beside_dates", "collected_at", spelled[int(lines.time[at])])
        rejections.add(Rejection.of(file.name, int(lines.line[at]), problem))
    return ~wrong


def _draws(lines: _Lines) -> tuple[Draws, IntArray]:
    """The draws, and which of them each line belongs to."""
    order = np.lexsort((lines.spelling, lines.day, lines.patient))
    patient, day = lines.patient[order], lines.day[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(patient) != 0) | (np.diff(day) != 0)
    number = np.cumsum(new) - 1
    draw_of_line = np.zeros(len(order), dtype=np.int64)
    draw_of_line[order] = number
    count = int(number[-1]) + 1 if len(order) else 0
    timed = np.zeros(count, dtype=np.bool_)
    np.logical_or.at(timed, draw_of_line, lines.timed)
    said = {name: np.zeros(count, dtype=np.int8) for name in STATES}
    for name, state in said.items():
        np.maximum.at(state, draw_of_line, getattr(lines, name))
    patient, day, date = patient[new], day[new], lines.date[order][new]
    draws = Draws(
        patient=patient,
        day=_taken_with(patient, day, date, timed),
        date=date,
        spelled=lines.time[order][new],
        **said,
        first=starts(patient, len(lines.patients)),
    )
    return draws, draw_of_line


def _taken_with(patient: IntArray, day: FloatArray, date: IntArray, timed: BoolArray) -> FloatArray:
    """A draw of which only the day is known has the time of the first timed one of that day, where there is one.

    Midnight comes before every time of its day, so a draw without a time is the first of its day.
    """
    taken = day.copy()
    for at in np.flatnonzero(~timed[:-1] & timed[1:] & (np.diff(patient) == 0) & (np.diff(date) == 0)).tolist():
        taken[at] = day[at + 1]
    return taken


def _results(lines: _Lines, draw: IntArray) -> IntArray:
    """Which result, one a draw and marker, each line is of."""
    new = np.ones(len(draw), dtype=np.bool_)
    new[1:] = (np.diff(draw) != 0) | (np.diff(lines.marker) != 0)
    return (np.cumsum(new) - 1).astype(np.int64)


def _each_once(
    lines: _Lines, result: IntArray, file: DrawFile, codes: Sequence[str], rejections: Rejections
) -> tuple[IntArray, int]:
    """The lines to use, one a result, and how many were rejected.

    A wrong number can hurt and which is right cannot be known, so of values that contradict each other none is used.
    """
    firsts = np.flatnonzero(np.diff(result, prepend=-1))
    first = firsts[result]
    differs = (lines.value != lines.value[first]) | (lines.censoring != lines.censoring[first])
    contradicts = firsts.copy()  # of each result the first line that differs from its first line; this where none does
    places = np.flatnonzero(differs)[::-1]
    contradicts[result[places]] = places
    other = contradicts[result]
    wrong = other != first
    for at in np.flatnonzero(wrong).tolist():
        against = int(first[at] if differs[at] else other[at])
        rejections.add(Rejection.of(file.name, int(lines.line[at]), _contradiction(lines, at, against, codes)))
    return firsts[~wrong[firsts]], int(np.count_nonzero(wrong))


def _contradiction(lines: _Lines, at: int, other: int, codes: Sequence[str]) -> LineProblem:
    marker = codes[int(lines.marker[at])]
    shown = f"{COMPARATORS[int(lines.censoring[at])]}{float(lines.value[at]):.10g}"
    return LineProblem(
        "value_differs",
        "value",
        f"{shown} {catalogue().marker(marker).unit}",
        line=str(int(lines.line[other])),
        marker=marker,
    )


def _told(column: IntArray, result: IntArray, names: Sequence[str]) -> IntArray:
    """What the lines of each result name: a name before none, of two the lesser as text, whichever came first."""
    ranked = sorted(range(len(names)), key=lambda at: (not names[at], names[at]))
    rank = np.zeros(len(names), dtype=np.int64)
    rank[ranked] = np.arange(len(names))
    best = rank[column]
    order = np.lexsort((best, result))
    firsts = np.flatnonzero(np.diff(result, prepend=-1))  # `result` is sorted, so each begins at the same place in both
    return np.array(ranked, dtype=np.int64)[best[order][firsts][result]]


def _with_derived(results: Results, draws: Draws, codes: Sequence[str], names: list[str]) -> tuple[Results, int]:
    """NLR, SII and corrected calcium of each draw that has their inputs, as the record computes them.

    A value of the file stays where it cannot be computed, and gives way where it can: one formula for all draws.
    """
    numbers = {name: at for at, name in enumerate(names)}
    added: list[tuple[int, int, float, int, int]] = []
    for draw, inputs in _draws_with_inputs(results, codes):
        given = {
            codes[int(results.marker[at])]: DerivedInput(
                result_id=at,
                value=Decimal(repr(float(results.value[at]))),
                comparator=COMPARATORS[int(results.censoring[at])],
            )
            for at in inputs
        }
        for one in derive(given):
            if one.value is not None:
                laboratory, assay = (
                    numbers.setdefault(_names_of_inputs(results, column, codes, names, one.input_ids), len(numbers))
                    for column in (results.laboratory, results.assay)
                )
                added.append((draw, codes.index(one.marker), float(one.value), laboratory, assay))
    names[:] = list(numbers)
    return (_merged(results, draws, added) if added else results), len(added)


def _draws_with_inputs(results: Results, codes: Sequence[str]) -> list[tuple[int, list[int]]]:
    """Each draw that has all inputs of some derived marker, with its results."""
    ready: set[int] = set()
    for inputs in INPUTS_OF.values():
        having = [set(results.draw[results.marker == codes.index(code)].tolist()) for code in inputs]
        ready |= set.intersection(*having)
    wanted = [codes.index(code) for inputs in INPUTS_OF.values() for code in inputs]
    places = np.flatnonzero(np.isin(results.draw, sorted(ready)) & np.isin(results.marker, wanted))
    by_draw: dict[int, list[int]] = {}
    for at in places.tolist():
        by_draw.setdefault(int(results.draw[at]), []).append(at)
    return list(by_draw.items())


def _names_of_inputs(
    results: Results, column: IntArray, codes: Sequence[str], names: Sequence[str], inputs: Sequence[int]
) -> str:
    """The laboratories or assays of the inputs, as `changes_of` reads them: one that is not named says nothing."""
    named = [at for at in inputs if column[at]]
    return ", ".join(f"{codes[int(results.marker[at])]} {names[int(column[at])]}" for at in named)


def _merged(results: Results, draws: Draws, added: Sequence[tuple[int, int, float, int, int]]) -> Results:
    columns = list(zip(*added, strict=True))
    draw, marker, laboratory, assay = (np.array(columns[at], dtype=np.int64) for at in (0, 1, 3, 4))
    value = np.array(columns[2], dtype=np.float64)
    width = int(max(results.marker.max(initial=0), marker.max())) + 1
    stays = ~np.isin(results.draw * width + results.marker, draw * width + marker)
    all_draws = np.concatenate([results.draw[stays], draw])
    all_markers = np.concatenate([results.marker[stays], marker])
    order = np.lexsort((all_markers, all_draws))
    return Results(
        draw=all_draws[order],
        marker=all_markers[order],
        value=np.concatenate([results.value[stays], value])[order],
        censoring=np.concatenate([results.censoring[stays], np.zeros(len(draw), dtype=np.int8)])[order],
        laboratory=np.concatenate([results.laboratory[stays], laboratory])[order],
        assay=np.concatenate([results.assay[stays], assay])[order],
        first=starts(draws.patient[all_draws[order]], len(draws.first) - 1),
    )


def _of_those_with_results(
    lines: _Lines, draws: Draws, results: Results, names: tuple[str, ...], codes: tuple[str, ...], raw: RawResults
) -> Cohort:
    """Patients and draws that still have a result, numbered anew."""
    drawn = np.unique(results.draw)
    seen = np.unique(draws.patient[drawn])
    patient = np.searchsorted(seen, draws.patient[drawn]).astype(np.int64)
    kept = Draws(
        patient=patient,
        day=draws.day[drawn],
        date=draws.date[drawn],
        spelled=draws.spelled[drawn],
        **{name: getattr(draws, name)[drawn] for name in STATES},
        first=starts(patient, len(seen)),
    )
    draw = np.searchsorted(drawn, results.draw).astype(np.int64)
    relative = np.zeros(len(lines.patients), dtype=np.bool_)
    relative[lines.patient[lines.relative]] = True
    return Cohort(
        patients=tuple(lines.patients[at] for at in seen.tolist()),
        times=tuple(raw.times.numbers),
        names=names,
        markers=codes,
        draws=kept,
        results=Results(
            draw=draw,
            marker=results.marker,
            value=results.value,
            censoring=results.censoring,
            laboratory=results.laboratory,
            assay=results.assay,
            first=starts(patient[draw], len(seen)),
        ),
        relative=relative[seen],
    )
