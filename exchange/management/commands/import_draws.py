"""Takes a laboratory's CSV file in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from accounts.models import Team
from exchange.csv import FileRefused, LineRejected
from exchange.csv.mapping import ColumnSaid
from exchange.loader import ImportSummary, Order, import_file
from exchange.messages_i18n import explain
from exchange.rejected_csv import RejectedFile
from exchange.sources import needs_a_look, remembered
from patients.models import ImportSource

ACTOR = "command:import_draws"
MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Take results in from a CSV file or an XLSX workbook: patient_id,marker,value,unit,collected_at, or one column "
        "a marker such as CEA (ng/mL) (docs/import.md)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV or XLSX file")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
        parser.add_argument("--create-patients", action="store_true", help="make the patients that are not on record")
        parser.add_argument("--team", default="", help="the care team of patients that are made")
        parser.add_argument("--laboratory", default="", help="the laboratory of lines that name none")
        parser.add_argument(
            "--source",
            default="",
            metavar="NAME",
            help="read the columns as was said at the file of this name",
        )
        parser.add_argument(
            "--as-shown", action="store_true", help="with --source: a dry run was looked at and showed what is right"
        )
        parser.add_argument("--rejected", type=Path, metavar="FILE", help="write every rejected line here, as CSV")

    def handle(self, *_args: Any, **options: Any) -> None:
        console = Console(file=self.stdout, soft_wrap=True, highlight=False)  # type: ignore[arg-type]
        order = Order(
            actor=ACTOR,
            file_name=options["file"].name,
            care_team=_team(options["team"], needed=_needing_a_team(options)),
            laboratory=options["laboratory"].strip(),
            create_patients=options["create_patients"],
            dry_run=options["dry_run"],
        )
        shown: list[LineRejected] = []
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(_open(options["file"]))
            if options["source"]:
                order = _as_said(order, stream, name=options["source"], looked_at=options["as_shown"])
                _tell_source(console, order)
            keep = stack.enter_context(_rejected_file(options["rejected"]))
            bar = stack.enter_context(_progress(console))
            task = bar.add_task(order.file_name, total=None)

            def on_rejected(line: LineRejected) -> None:
                if len(shown) < MOST_SHOWN:
                    shown.append(line)
                keep.add(line)

            def on_progress(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            try:
                summary = import_file(
                    order=order,
                    stream=stream,
                    on_progress=on_progress,
                    on_rejected=on_rejected,
                    on_shape=keep.begin,
                )
            except FileRefused as refused:
                raise CommandError(f"{order.file_name}: {explain(refused.code, refused.params)}") from refused
        _tell(console, summary, shown)


def _needing_a_team(options: dict[str, Any]) -> str:
    if options["create_patients"]:
        return "New patients need"
    return "What was said of files is kept for" if options["source"] else ""


def _as_said(order: Order, stream: BinaryIO, *, name: str, looked_at: bool) -> Order:
    """The order with what was said on the page of files with these column names, found as the page finds it."""
    assert order.care_team is not None  # asked for beside --source
    try:
        found = remembered(stream, team_id=order.care_team.pk, name=name)
    except FileRefused as refused:
        raise CommandError(f"{order.file_name}: {explain(refused.code, refused.params)}") from refused
    if found is None:
        known = ImportSource.objects.filter(care_team=order.care_team).order_by("name").values_list("name", flat=True)
        raise CommandError(
            f"{order.care_team} has said nothing at a file {name!r} with the column names of {order.file_name}. "
            f"Said at: {', '.join(known[:MOST_SHOWN]) or 'no file yet'}."
        )
    source, mapping = found
    if needs_a_look(mapping) and not (order.dry_run or looked_at):
        raise CommandError(
            "A unit or the order of day and month was said of these files, and may be another in this one. Look at it "
            "with --dry-run, then take it in with --as-shown."
        )
    return replace(order, mapping=mapping, import_source=source)


def _tell_source(console: Console, order: Order) -> None:
    source, mapping = order.import_source, order.mapping
    assert source is not None
    assert mapping is not None
    console.print(escape(f"Read as {source.said_by or '-'} said on {source.said_at:%Y-%m-%d} at {source.name}:"))
    for column in mapping.columns:
        if column.role:
            console.print(escape(f"  {column.header}: {' '.join(filter(None, _meaning(column)))}"))
    console.print(f"  dates: {mapping.date_order or 'each as it tells'}")
    console.print(f"  decimal sign: {mapping.decimal or 'as the values tell'}")


def _meaning(column: ColumnSaid) -> tuple[str, ...]:
    return (column.marker or column.role, column.unit, "unit in the next column" if column.unit_beside else "")


def _team(name: str, *, needed: str) -> Team | None:
    """The team that is named, or the only one there is; `needed` says what cannot be done without one, if anything."""
    if name:
        team = Team.objects.filter(name=name).first()
        if team is None:
            raise CommandError(f"There is no team {name!r}. {_teams()}")
        return team
    teams = list(Team.objects.order_by("name")[:2])
    if len(teams) == 1:
        return teams[0]
    if needed:
        raise CommandError(f"{needed} a care team; say which with --team NAME. {_teams()}")
    return None


def _teams() -> str:
    names = list(Team.objects.order_by("name").values_list("name", flat=True)[:MOST_SHOWN])
    if names:
        return f"Teams: {', '.join(names)}."
    return "There is no team yet; an administrator makes one (manage.py load_demo makes a demo team)."


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


class _Keep:
    """Writes rejected lines to a file, or nowhere."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self._rejected = RejectedFile({})

    def begin(self, shape: dict[str, Any]) -> None:
        self._rejected = RejectedFile(shape)
        self._write(self._rejected.begin())

    def add(self, line: LineRejected) -> None:
        self._write(self._rejected.add(line))

    def end(self) -> None:
        self._write(self._rejected.end())

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text)


@contextlib.contextmanager
def _rejected_file(path: Path | None) -> Iterator[_Keep]:
    if path is None:
        yield _Keep(None)
        return
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    with file:
        keep = _Keep(file)
        yield keep
        keep.end()


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _tell(console: Console, summary: ImportSummary, shown: list[LineRejected]) -> None:
    if summary.dry_run:
        console.print("Dry run: nothing was written. This is what would happen:")
    counts = summary.counts
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, count in (
        ("lines", summary.lines_total),
        ("results new", counts.results_new),
        ("results repeated", counts.results_repeated),
        ("results corrected", counts.results_corrected),
        ("to check (unusual value or large change)", summary.to_check),
        ("lines rejected", counts.lines_rejected),
        ("draws new", counts.draws_created),
        ("patients created", counts.patients_created),
    ):
        table.add_row(name, f"{count:>8}")
    console.print(table)
    if summary.lines_to_check:
        more = " ..." if summary.to_check > len(summary.lines_to_check) else ""
        console.print(f"Lines to check: {', '.join(map(str, summary.lines_to_check))}{more}")
    if summary.ignored_columns:
        console.print(f"Columns left out: {escape(', '.join(summary.ignored_columns))}")
    for line in shown:
        console.print(f"  line {line.line_number}: {escape(explain(line.code, line.params))}")
    if counts.lines_rejected > len(shown):
        console.print(f"  and {counts.lines_rejected - len(shown)} more; --rejected FILE writes all of them.")
