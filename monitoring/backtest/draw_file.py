"""Reads the results of a cohort from a CSV file into compact columns, and rejects line by line what cannot be used."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitoring.backtest.csv_table import Layout, OnProgress, open_table
from monitoring.backtest.moments import Moment, read_moment
from monitoring.backtest.problems import LineProblem, Rejection, Rejections
from monitoring.backtest.quantities import CLOCK, QuantityReader, read_biotin, read_fasting, read_haemolysis

LAYOUT: Final = Layout(
    required=("patient_id", "marker", "value", "unit", "collected_at"),
    optional=("laboratory", "assay", "fasting", "haemolysis", "biotin"),
    also={"hemolysis": "haemolysis", "lab": "laboratory", "method": "assay"},
)
RIGHT: Final = {
    "patient_id": "the identifier of the patient",
    "marker": "a code such as CEA",
    "value": "the number as the laboratory printed it",
    "collected_at": "2024-03-01 08:30 or a day number",
}


class Interned:
    """Every text once; the number of a text is the order in which it first came."""

    def __init__(self, *first: str) -> None:
        self.numbers: dict[str, int] = {text: at for at, text in enumerate(first)}

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(self.numbers)


class Times:
    """Every spelling of a collection time, read once."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self._zone = zone
        self.numbers: dict[str, int] = {}
        self.day, self.date = array("d"), array("q")
        self.timed, self.relative, self.clock = array("b"), array("b"), array("b")

    def number(self, text: str, column: str) -> int:
        known = self.numbers.get(text)
        if known is None:
            moment: Moment = read_moment(text, zone=self._zone, column=column)
            known = self.numbers[text] = len(self.numbers)
            self.day.append(moment.day)
            self.date.append(moment.date)
            self.timed.append(moment.timed)
            self.relative.append(moment.relative)
            self.clock.append(CLOCK[moment.clock])
        return known


@dataclass(slots=True)
class RawResults:
    """The lines that can be read, one entry each, in the order of the file."""

    patients: Interned
    times: Times
    names: Interned
    patient: array[int] = field(default_factory=lambda: array("i"))
    marker: array[int] = field(default_factory=lambda: array("b"))
    value: array[float] = field(default_factory=lambda: array("d"))
    censoring: array[int] = field(default_factory=lambda: array("b"))
    time: array[int] = field(default_factory=lambda: array("i"))
    laboratory: array[int] = field(default_factory=lambda: array("i"))
    assay: array[int] = field(default_factory=lambda: array("i"))
    fasting: array[int] = field(default_factory=lambda: array("b"))
    haemolysis: array[int] = field(default_factory=lambda: array("b"))
    biotin: array[int] = field(default_factory=lambda: array("b"))
    line: array[int] = field(default_factory=lambda: array("i"))


@dataclass(frozen=True, slots=True)
class DrawFile:
    """What reading gave. `lines` counts those with anything in them, `elsewhere` results of markers not asked for."""

    name: str
    encoding: str
    ignored_columns: tuple[str, ...]
    lines: int
    elsewhere: int
    raw: RawResults


def read_draw_file(
    path: Path,
    *,
    reader: QuantityReader,
    wanted: Collection[int],
    zone: dt.tzinfo,
    rejections: Rejections,
    encoding: str = "",
    on_progress: OnProgress | None = None,
) -> DrawFile:
    """Every line of the markers `wanted` (numbers of the reader); FileRefused where the file itself will not do."""
    raw = RawResults(Interned(), Times(zone), Interned(""))
    lines = elsewhere = unread = 0
    with open_table(path, LAYOUT, encoding=encoding, on_progress=on_progress) as table:
        before = rejections.total
        for number, cells in table.rows(rejections):
            lines += 1
            try:
                elsewhere += not _take(raw, reader, wanted, number, cells)
            except LineProblem as problem:
                unread += 1
                rejections.add(Rejection.of(table.name, number, problem))
        no_cells = rejections.total - before - unread  # lines of which not even cells could be made
        return DrawFile(table.name, table.encoding, table.ignored, lines + no_cells, elsewhere, raw)


def _take(raw: RawResults, reader: QuantityReader, wanted: Collection[int], line: int, cells: list[str]) -> bool:
    """Read one line; False where its marker was not asked for."""
    patient, marker_text, value_text, unit, time, laboratory, assay, fasting_text, haemolysis_text, biotin_text = cells
    if not (patient and marker_text and value_text and time):
        column = LAYOUT.required[[bool(patient), bool(marker_text), bool(value_text), True, bool(time)].index(False)]
        raise LineProblem("cell_missing", column, right=RIGHT[column])
    marker = reader.marker(marker_text)
    if marker not in wanted:
        return False
    value, censoring = reader.value(marker, value_text, unit)
    moment = raw.times.number(time, "collected_at")
    fasting = read_fasting(fasting_text) if fasting_text else 0
    haemolysis = read_haemolysis(haemolysis_text) if haemolysis_text else 0
    biotin = read_biotin(biotin_text) if biotin_text else 0
    raw.patient.append(raw.patients.number(patient))
    raw.marker.append(marker)
    raw.value.append(value)
    raw.censoring.append(censoring)
    raw.time.append(moment)
    raw.laboratory.append(raw.names.number(laboratory))
    raw.assay.append(raw.names.number(assay))
    raw.fasting.append(fasting)
    raw.haemolysis.append(haemolysis)
    raw.biotin.append(biotin)
    raw.line.append(line)
    return True
