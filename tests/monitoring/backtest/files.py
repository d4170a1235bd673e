"""Small cohorts in files, and what is read from them."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Collection, Sequence
from pathlib import Path

from monitoring.backtest.assembly import Assembled, assemble, needed_for
from monitoring.backtest.draw_file import read_draw_file
from monitoring.backtest.event_file import EventFile, read_event_file
from monitoring.backtest.problems import Rejection, Rejections
from monitoring.backtest.quantities import QuantityReader

HEADER = "patient_id,marker,value,unit,collected_at"
EVENT_HEADER = "patient_id,kind,at,detail"
SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def written(path: Path, header: str, lines: Sequence[str], *, encoding: str = "utf-8") -> Path:
    path.write_bytes(("\n".join((header, *lines)) + "\n").encode(encoding))
    return path


def read(
    path: Path, *, panel: Collection[str] = (), zone: dt.tzinfo = SHANGHAI, encoding: str = ""
) -> tuple[Assembled, list[Rejection]]:
    """The cohort of a file, and every line of it that was rejected."""
    rejected: list[Rejection] = []
    rejections = Rejections(keep=rejected.append)
    reader = QuantityReader()
    codes = panel or reader.codes
    wanted = frozenset(reader.number_of(code) for code in needed_for(codes))
    file = read_draw_file(path, reader=reader, wanted=wanted, zone=zone, rejections=rejections, encoding=encoding)
    return assemble(file, codes=reader.codes, panel=codes, rejections=rejections), rejected


def read_events(path: Path, assembled: Assembled, *, zone: dt.tzinfo = SHANGHAI) -> tuple[EventFile, list[Rejection]]:
    rejected: list[Rejection] = []
    file = read_event_file(path, assembled.cohort, zone=zone, rejections=Rejections(keep=rejected.append))
    return file, rejected


def results_of(assembled: Assembled) -> list[tuple[str, str, str, float, int]]:
    """(patient, collected_at, marker, value, censoring) of every result."""
    cohort = assembled.cohort
    results = cohort.results
    return [
        (
            cohort.patients[int(cohort.draws.patient[draw])],
            cohort.collected_at(draw),
            cohort.markers[marker],
            value,
            censoring,
        )
        for draw, marker, value, censoring in zip(
            results.draw.tolist(),
            results.marker.tolist(),
            results.value.tolist(),
            results.censoring.tolist(),
            strict=True,
        )
    ]


def rows_of(path: Path, *, encoding: str = "utf-8") -> list[list[str]]:
    with path.open(newline="", encoding=encoding) as file:
        return list(csv.reader(file))
