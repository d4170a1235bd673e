"""What can be wrong with a file of the back-test: the whole file refused, or a line rejected, with what is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MOST_SHOWN: Final = 20
MOST_FOUND: Final = 60  # as much of a wrong cell as is repeated

# Code -> what is wrong, what would be right. What the catalogue's own readers refuse brings its own words.
TEXTS: Final[dict[str, tuple[str, str]]] = {
    "line_has_nul": ("the line holds signs that are no text (NUL)", "a text file, best in UTF-8"),
    "line_quote_not_closed": (
        "a quotation mark opens a cell here and none closes it",
        'a mark within a cell twice: ""',
    ),
    "line_quotes_broken": ("a cell goes on after its closing quotation mark", 'a mark within a cell twice: ""'),
    "line_cells_too_many": (
        "{count} cells under {columns} column names",
        "one cell a column, with a decimal point or in quotation marks where it holds the separator",
    ),
    "cell_missing": ("there is no {column}", "{right}"),
    "marker_unknown": (
        "this is no marker of the catalogue",
        "a code such as CEA, a name or alias of the catalogue, or a LOINC code",
    ),
    "date_not_understood": (
        "this is neither a date nor a number of days",
        "2024-03-01, 2024-03-01 08:30, 2024-03-01T08:30:00+08:00 or a day number such as 147",
    ),
    "day_beside_dates": (
        "a day number beside dates",
        "one kind for all lines of a patient, draws and events",
    ),
    "state_not_understood": ("this is neither yes nor no", "yes, no, or an empty cell where it is not known"),
    "value_differs": (
        "line {line} has another value of {marker} for the same patient and time; "
        "either may be wrong, so neither is used",
        "one value of a marker for a draw: take out the line that is wrong",
    ),
    "kind_unknown": ("this is no kind of event", "one of: {kinds}"),
    "imaging_unknown": ("this is no result of an imaging study", "one of: {details}"),
    "event_detail_unknown": ("this says nothing about {kind}", "one of: {details}"),
    "end_before_start": ("the end lies before the start", "an end on or after the start, or an empty cell"),
}


class FileRefused(Exception):
    """A file of which nothing can be used; the message says why and what would be right."""


class LineProblem(ValueError):
    """One line that cannot be used."""

    def __init__(self, code: str, column: str, found: str = "", *, wrong: str = "", right: str = "", **of: str) -> None:
        super().__init__(code)
        self.code = code
        self.column = column
        self.found = found if len(found) <= MOST_FOUND else f"{found[:MOST_FOUND]}…"
        texts = TEXTS.get(code, ("", ""))
        self.wrong = wrong or texts[0].format(column=column, right=right, **of)
        self.right = texts[1].format(column=column, right=right, **of) if texts[1] else right


@dataclass(frozen=True, slots=True)
class Rejection:
    """One line that was not used. `line` counts from 1, the line of the column names included."""

    file: str
    line: int
    column: str
    code: str
    found: str
    wrong: str
    right: str

    @classmethod
    def of(cls, file: str, line: int, problem: LineProblem) -> Rejection:
        return cls(file, line, problem.column, problem.code, problem.found, problem.wrong, problem.right)


def _nowhere(_rejection: Rejection) -> None:
    return None


@dataclass(slots=True)
class Rejections:
    """Counts what is rejected, keeps the first few and hands each on at once, so that a bad file takes no memory."""

    keep: Callable[[Rejection], None] = _nowhere
    first: list[Rejection] = field(default_factory=list)
    by_code: Counter[str] = field(default_factory=Counter)

    def add(self, rejection: Rejection) -> None:
        if len(self.first) < MOST_SHOWN:
            self.first.append(rejection)
        self.by_code[rejection.code] += 1
        self.keep(rejection)

    @property
    def total(self) -> int:
        return self.by_code.total()
