"""Writes what the back-test found, draw by draw, and the lines it could not use.

Each file is written under another name beside its place and takes the place only when it is whole, so that a run that
breaks off leaves what was there before.
"""

from __future__ import annotations

import contextlib
import csv
import math
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from monitoring.backtest.cohort import Cohort
from monitoring.backtest.evaluating import LEVELS, PanelReading
from monitoring.backtest.problems import FileRefused, Rejection

FINDING_COLUMNS: Final = ("patient_id", "collected_at", "watch_index", "alert_index", "level", "markers")
REJECTED_COLUMNS: Final = ("file", "line", "column", "code", "found", "what_is_wrong", "what_would_be_right")
# What a spreadsheet would run as a formula. A number with its sign is none.
_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


@contextlib.contextmanager
def written_whole(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A file that takes its place at `path` when the block ends well, and is removed when it does not."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise FileRefused(f"{path} cannot be written: {error.strerror}.") from error
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
            yield file
        part.chmod(0o666 & ~_umask())  # a temporary file is its owner's alone
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


class FindingWriter:
    """One line a patient and collection time. Identifiers and times stand exactly as they came: the file is to be
    joined to the one that was read, so nothing is put before an identifier that a spreadsheet would take for a formula.
    """

    def __init__(self, file: TextIO, cohort: Cohort) -> None:
        self._out = csv.writer(file, lineterminator="\n")
        self._out.writerow(FINDING_COLUMNS)
        self._cohort = cohort

    def write(self, reading: PanelReading, *, first: int, last: int) -> None:
        """The draws from `first` to before `last`."""
        cohort, draws = self._cohort, self._cohort.draws
        self._out.writerows(
            (
                cohort.patients[patient],
                cohort.times[spelled],
                index_text(watch),
                index_text(alert),
                LEVELS[level],
                ";".join(reading.markers_of(at)),
            )
            for at, patient, spelled, watch, alert, level in zip(
                range(first, last),
                draws.patient[first:last].tolist(),
                draws.spelled[first:last].tolist(),
                reading.watch[first:last].tolist(),
                reading.alert[first:last].tolist(),
                reading.level[first:last].tolist(),
                strict=True,
            )
        )


def index_text(index: float) -> str:
    """Six decimals; empty for minus infinity. Never a minus zero."""
    return f"{index + 0.0:.6f}".replace("-0.000000", "0.000000") if math.isfinite(index) else ""


class RejectedWriter:
    """One line a rejected line. It is made to be read in a spreadsheet, so formulas stand behind an apostrophe."""

    def __init__(self, file: TextIO) -> None:
        self._out = csv.writer(file, lineterminator="\n")
        self._out.writerow(REJECTED_COLUMNS)

    def write(self, one: Rejection) -> None:
        cells: Sequence[str] = (one.file, str(one.line), one.column, one.code, one.found, one.wrong, one.right)
        self._out.writerow([safe(cell) for cell in cells])


def safe(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
