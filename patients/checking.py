"""The cells of one draw, checked: each against its own history, and all of them together. Pure.

The entry page, the answer to its script and the files ask here, so that all three know the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from patients.catalogue import MarkerDefinition, ReferenceInterval, catalogue
from patients.consistency import check_together
from patients.plausibility import Concern, check_first
from patients.reading import AbsentReading, ImpossibleValue, Previous, Reading, read_cell
from patients.units import UnitProblem
from patients.values import ValueProblem, parse_value

SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Known:
    """One earlier value of a marker, in its canonical unit."""

    canonical: Decimal
    comparator: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class CellInput:
    """One cell as typed; `confirm` is what was typed when asked again."""

    marker: str
    text: str
    unit: str
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class CellCheck:
    """What a cell says, or why it cannot be taken; an empty cell has neither.

    `concerns` hold those of the cell and those across the draw that name its marker.
    """

    marker: str
    reading: Reading | AbsentReading | None = None
    problem: tuple[str, dict[str, str]] | None = None
    concerns: tuple[Concern, ...] = ()
    confirmed: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether it must be typed a second time, be that done or not."""
        return any(concern.severity == "confirm" for concern in self.concerns)


@dataclass(frozen=True, slots=True)
class DrawCheck:
    cells: tuple[CellCheck, ...]
    across: tuple[Concern, ...]


def check_draw(
    cells: Sequence[CellInput],
    *,
    at: dt.datetime,
    history: Mapping[str, Sequence[Known]],
    references: Mapping[str, ReferenceInterval | None],
    decimal_comma: bool = False,
    beside: Mapping[str, Decimal] | None = None,
) -> DrawCheck:
    """Check the cells of one draw, each marker at most once. `history`: earlier values by marker, in any order.

    `beside` is what stands in that draw already and stays, canonical values by marker: what does not go together is
    told of the draw as it would stand.
    """
    checks = [
        _check_cell(
            cell,
            at=at,
            known=history.get(cell.marker, ()),
            reference=references.get(cell.marker),
            decimal_comma=decimal_comma,
        )
        for cell in cells
    ]
    typed = {cell.marker for cell in cells if cell.text.strip()}
    across = check_together(
        {code: value for code, value in (beside or {}).items() if code not in typed}
        | {
            check.marker: check.reading.canonical.value
            for check in checks
            if isinstance(check.reading, Reading) and not check.reading.reported.comparator
        }
    )
    return DrawCheck(
        tuple(
            _confirmed(check, across, again=cell.confirm, decimal_comma=decimal_comma)
            for check, cell in zip(checks, cells, strict=True)
        ),
        across,
    )


def last_exact(known: Iterable[Known], before: dt.datetime) -> Known | None:
    """The last value before a moment that is a number: behind a limit such as `<0.5` a slip would go unseen."""
    exact = [one for one in known if not one.comparator and one.at < before]
    return max(exact, key=lambda one: one.at, default=None)


def concerned(concern: Concern) -> tuple[str, ...]:
    """The markers that a concern across the draw is about."""
    return tuple(concern.params.get("markers", "").split(","))


def _check_cell(
    cell: CellInput,
    *,
    at: dt.datetime,
    known: Sequence[Known],
    reference: ReferenceInterval | None,
    decimal_comma: bool,
) -> CellCheck:
    if not cell.text.strip():
        return CellCheck(cell.marker)
    marker = catalogue().marker(cell.marker)
    last = last_exact(known, at)
    previous = None if last is None else Previous(last.canonical, (at - last.at).total_seconds() / SECONDS_A_DAY)
    try:
        reading = read_cell(
            marker=marker, text=cell.text, unit=cell.unit, previous=previous, decimal_comma=decimal_comma
        )
    except (ValueProblem, UnitProblem, ImpossibleValue) as problem:
        return CellCheck(cell.marker, problem=(problem.code, problem.params))
    if isinstance(reading, AbsentReading):
        return CellCheck(cell.marker, reading)
    first = () if previous is not None else _first(marker, reading, reference)
    return CellCheck(cell.marker, reading, concerns=(*reading.concerns, *first))


def _first(marker: MarkerDefinition, reading: Reading, reference: ReferenceInterval | None) -> tuple[Concern, ...]:
    return check_first(marker, reading.canonical.value, reading.reported.comparator, reference)


def _confirmed(check: CellCheck, across: Sequence[Concern], *, again: str, decimal_comma: bool) -> CellCheck:
    """With what concerns the whole draw, and whether all of it was answered by typing the value again, the same."""
    reading = check.reading
    if not isinstance(reading, Reading):
        return check
    concerns = (*check.concerns, *(concern for concern in across if check.marker in concerned(concern)))
    check = replace(check, concerns=concerns)
    return replace(check, confirmed=check.doubtful and _agree(reading, again, decimal_comma=decimal_comma))


def _agree(reading: Reading, again: str, *, decimal_comma: bool) -> bool:
    try:
        second = parse_value(again, decimal_comma=decimal_comma)
    except ValueProblem:
        return False
    return (second.comparator, second.number) == (reading.reported.comparator, reading.reported.number)
