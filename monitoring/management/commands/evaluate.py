"""`manage.py evaluate [--all | --outdated]`: evaluate here and now what waits, or everybody, or what is outdated."""

from __future__ import annotations

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitoring import services

BATCH: Final = 100


class Command(BaseCommand):
    help = "Evaluate the patients who wait for it; with --all everybody on record."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="mark everybody first")
        parser.add_argument(
            "--outdated", action="store_true", help="mark first whose trends an earlier engine or catalogue read"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["all"]:
            services.mark_everybody(reason="command")
        elif options["outdated"]:
            services.mark_outdated()
        ids = services.due_patients(now=now)
        done = services.EvaluationSummary()
        columns = (TextColumn("Evaluating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("evaluate", total=len(ids))
            for start in range(0, len(ids), BATCH):
                part = ids[start : start + BATCH]
                done += services.evaluate(patient_ids=part, now=now, actor="command:evaluate")
                progress.advance(bar, len(part))
        self.stdout.write(
            f"{done.evaluated} patients evaluated, {done.raised} alerts raised, {done.reopened} opened again, "
            f"{done.withdrawn} withdrawn, {done.notifications} notifications, {done.left} left for another turn, "
            f"{done.postponed} postponed after a failure."
        )
