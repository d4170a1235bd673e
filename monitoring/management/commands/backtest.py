"""`manage.py backtest`: the engine over a hospital's own past cohort in CSV files, without a database."""

from __future__ import annotations

import contextlib
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from monitoring.backtest.problems import FileRefused
from monitoring.backtest.session import Order, Steps, Summary, run
from patients.catalogue import catalogue

MOST_HORIZON: Final = 3650


class Command(BaseCommand):
    help = (
        "Run the engine over a past cohort in CSV files and write what it would have found (docs/backtest.md). "
        "Needs no database and changes nothing but the files it writes."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--draws", type=Path, required=True, metavar="FILE", help="the results, one a line")
        parser.add_argument("--events", type=Path, metavar="FILE", help="imaging, treatments and other events")
        parser.add_argument("--panel", type=_panel, default=(), metavar="CEA,ALP", help="these markers alone")
        parser.add_argument(
            "--output", type=Path, required=True, metavar="FILE", help="write the findings here, as CSV"
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="write a report here, as one HTML page")
        parser.add_argument(
            "--horizon", type=_horizon, default=365, metavar="DAYS", help="how early an alert is still a true one (365)"
        )
        parser.add_argument("--encoding", type=_encoding, default="", help="of both files, where it cannot be told")
        parser.add_argument("--synthetic", action="store_true", help="say in the report that the cohort is synthetic")
        parser.add_argument("--strict", action="store_true", help="exit with 1 where any line was rejected")

    def handle(self, *_args: Any, **options: Any) -> None:
        order = Order(
            draws=options["draws"],
            events=options["events"],
            panel=options["panel"],
            output=options["output"],
            report=options["report"],
            horizon=options["horizon"],
            encoding=options["encoding"],
            synthetic=options["synthetic"],
        )
        try:
            with _ending_on_a_signal(), _Bars() as bars:
                summary = run(order, bars)
        except FileRefused as refused:
            raise CommandError(str(refused)) from refused
        for line in tell(order, summary):
            self.stdout.write(line)
        if summary.draws == 0:
            raise CommandError(f"{order.draws.name}: nothing in it could be used, so no findings were written.")
        if options["strict"] and summary.rejections.total:
            sys.exit(1)


def _panel(text: str) -> tuple[str, ...]:
    codes = []
    for name in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        marker = catalogue().find(name)
        if marker is None:
            known = ", ".join(one.code for one in catalogue().markers)
            raise ArgumentTypeError(f"{name!r} is no marker of the catalogue ({known})")
        codes.append(marker.code)
    if not codes:
        raise ArgumentTypeError("name at least one marker")
    return tuple(one.code for one in catalogue().markers if one.code in codes)


def _horizon(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_HORIZON:
        raise ArgumentTypeError(f"{text!r} is no number of days from 1 to {MOST_HORIZON}")
    return int(text)


def _encoding(text: str) -> str:
    try:
        "".encode(text or "utf-8")
    except LookupError as error:
        raise ArgumentTypeError(f"{text!r} is no encoding; write utf-8, gb18030 or cp1252") from error
    return text


@contextlib.contextmanager
def _ending_on_a_signal() -> Iterator[None]:
    """A run that is told to end clears its unfinished files away."""

    def end(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread: whoever started it ends it otherwise
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Bars(Steps):
    """A bar for each step, on the terminal; nothing where there is none."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task: Any = None

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._progress.stop()

    def begin(self, name: str, total: int) -> None:
        self._task = self._progress.add_task(name, total=total)

    def done(self, so_far: int) -> None:
        self._progress.update(self._task, completed=so_far)


def tell(order: Order, summary: Summary) -> Iterator[str]:
    """What came of it, for the terminal."""
    yield f"{summary.patients} patients, {summary.draws} draws, {summary.results} results of {_listed(summary.markers)}"
    for name, count in summary.notes:
        yield f"  {name}: {count}"
    yield (
        f"Lines rejected: {summary.rejections.total}"
        + (f", all in {summary.rejected_file}" if summary.rejections.total else "")
    )
    for one in summary.rejections.first:
        found = f" ({one.found!r})" if one.found else ""
        yield f"  {one.file} line {one.line}, {one.column or 'whole line'}: {one.wrong}{found}; right: {one.right}"
    if (more := summary.rejections.total - len(summary.rejections.first)) > 0:
        yield f"  and {more} more; all by reason: " + ", ".join(
            f"{n} {code}" for code, n in summary.rejections.by_code.most_common()
        )
    if summary.draws:
        counts = ", ".join(f"{count} {level}" for level, count in summary.levels)
        yield f"Draws by level: {counts}. Findings: {order.output}"
        if order.report is not None:
            yield f"Report: {order.report}"


def _listed(markers: tuple[str, ...]) -> str:
    return ", ".join(markers) if markers else "no marker"
