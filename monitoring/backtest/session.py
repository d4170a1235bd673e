"""One run of the back-test, from two files to findings, rejected lines and report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings

from monitoring.backtest.assembly import Assembled, assemble, needed_for
from monitoring.backtest.cohort import Cohort
from monitoring.backtest.comparison import steps_of
from monitoring.backtest.draw_file import DrawFile, read_draw_file
from monitoring.backtest.evaluating import LEVELS, PanelReading, Readings, evaluate_cohort
from monitoring.backtest.event_file import EventFile, no_events, read_event_file
from monitoring.backtest.findings_file import FindingWriter, RejectedWriter, written_whole
from monitoring.backtest.problems import FileRefused, Rejections
from monitoring.backtest.quantities import QuantityReader
from monitoring.backtest.report import Subject, write_report
from monitoring.backtest.running import Engine, shipped_engine
from monitoring.backtest.scopes import PANEL, Scope, scopes_of
from monitoring.rules import event_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for. `panel` () is every marker of the file; `encoding` '' is told from the file."""

    draws: Path
    output: Path
    events: Path | None = None
    panel: tuple[str, ...] = ()
    report: Path | None = None
    horizon: int = 365
    encoding: str = ""
    synthetic: bool = False

    @property
    def rejected(self) -> Path:
        return self.output.with_name(f"{self.output.name}.rejected.csv")


class Steps(Protocol):
    """Told how far the run is."""

    def begin(self, name: str, total: int) -> None: ...

    def done(self, so_far: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    patients: int
    draws: int
    results: int
    markers: tuple[str, ...]
    levels: tuple[tuple[str, int], ...]
    notes: tuple[tuple[str, str], ...]
    rejections: Rejections
    rejected_file: Path


@dataclass(frozen=True, slots=True)
class Material:
    """What was read."""

    file: DrawFile
    assembled: Assembled
    events: EventFile
    rejections: Rejections

    @property
    def cohort(self) -> Cohort:
        return self.assembled.cohort


def run(order: Order, steps: Steps) -> Summary:
    """Read, evaluate and write. Raises FileRefused where a file cannot be read or written."""
    _check_places(order)
    engine = shipped_engine()
    with written_whole(order.rejected, encoding="utf-8-sig") as file:
        rejections = Rejections(keep=RejectedWriter(file).write)
        material = _read(order, rejections, steps)
    readings = _evaluate(order, material, engine, steps) if material.cohort.draws.count else None
    if readings is not None and order.report is not None:
        _report(order, order.report, material, readings, engine, steps)
    return _summary(order, material, readings)


def _check_places(order: Order) -> None:
    """No output may be one of the files that are read, or one another."""
    written = [path for path in (order.output, order.report, order.rejected) if path is not None]
    read = [path for path in (order.draws, order.events) if path is not None]
    places = [path.resolve() for path in (*written, *read)]
    for at, path in enumerate(written):
        if places[at] in places[:at] or places[at] in places[len(written) :]:
            raise FileRefused(f"{path} would be written over another file of this run; give it another name.")
        if not path.parent.is_dir():
            raise FileRefused(f"{path} cannot be written: there is no folder {path.parent}.")


def _read(order: Order, rejections: Rejections, steps: Steps) -> Material:
    zone: dt.tzinfo = ZoneInfo(settings.CLINIC_TIME_ZONE)
    reader = QuantityReader()
    panel = order.panel or reader.codes
    steps.begin("Reading draws", _size(order.draws))
    file = read_draw_file(
        order.draws,
        reader=reader,
        wanted=frozenset(reader.number_of(code) for code in needed_for(panel)),
        zone=zone,
        rejections=rejections,
        encoding=order.encoding,
        on_progress=steps.done,
    )
    assembled = assemble(file, codes=reader.codes, panel=panel, rejections=rejections)
    events = no_events()
    if order.events is not None:
        steps.begin("Reading events", _size(order.events))
        events = read_event_file(
            order.events,
            assembled.cohort,
            zone=zone,
            rejections=rejections,
            encoding=order.encoding,
            on_progress=steps.done,
        )
    return Material(file, assembled, events, rejections)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _evaluate(order: Order, material: Material, engine: Engine, steps: Steps) -> Readings:
    cohort = material.cohort
    steps.begin("Evaluating patients", len(cohort.patients))
    with written_whole(order.output) as file:
        writer = FindingWriter(file, cohort)

        def on_chunk(reading: PanelReading, first: int, last: int) -> None:
            writer.write(reading, first=first, last=last)

        return evaluate_cohort(
            cohort,
            material.events.histories,
            engine=engine,
            rules=event_rules(),
            scopes=_scopes(order, cohort),
            compare=order.report is not None,
            on_chunk=on_chunk,
            on_progress=steps.done,
        )


def _report(order: Order, path: Path, material: Material, readings: Readings, engine: Engine, steps: Steps) -> None:
    steps.begin("Comparing rules", steps_of(readings))
    subject = Subject(
        files=tuple(one.name for one in (order.draws, order.events) if one is not None),
        cohort=material.cohort,
        events=material.events,
        markers=markers_there(material.cohort),
        rejected=material.rejections.total,
        horizon=order.horizon,
        synthetic=order.synthetic,
    )
    with written_whole(path) as file:
        write_report(subject, readings, engine, file, steps.done)


def _scopes(order: Order, cohort: Cohort) -> Sequence[Scope]:
    """Only a report looks at families and single markers."""
    scopes = scopes_of(markers_there(cohort))
    return scopes if order.report is not None else scopes[:1]


def markers_there(cohort: Cohort) -> tuple[str, ...]:
    """The markers with a result, in the catalogue's order."""
    return tuple(cohort.markers[at] for at in np.unique(cohort.results.marker).tolist())


def _summary(order: Order, material: Material, readings: Readings | None) -> Summary:
    cohort, file, events = material.cohort, material.file, material.events
    levels: tuple[tuple[str, int], ...] = ()
    if readings is not None:
        counts = np.bincount(readings.engine[PANEL].level, minlength=len(LEVELS))
        levels = tuple(zip(LEVELS, counts.tolist(), strict=True))
    notes = [
        ("encoding", file.encoding if file.encoding not in ("utf-8", "utf-8-sig") else ""),
        ("columns left out", ", ".join((*file.ignored_columns, *events.ignored_columns))),
        ("lines of other markers, left out", file.elsewhere),
        ("lines that repeat another", material.assembled.repeated),
        ("results of derived markers, computed", material.assembled.computed),
        ("events used", events.kinds.total()),
        ("events of patients without a draw, left out", events.of_others),
        ("treatments of no known kind, read as systemic ones", events.unnamed_treatments.total()),
    ]
    return Summary(
        patients=len(cohort.patients),
        draws=cohort.draws.count,
        results=cohort.results.count,
        markers=markers_there(cohort),
        levels=levels,
        notes=tuple((name, str(count)) for name, count in notes if count),
        rejections=material.rejections,
        rejected_file=order.rejected,
    )
