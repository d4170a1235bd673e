"""Fills an empty record with the synthetic demo cohort and reads its trends once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from exchange.demo.cohort import COHORT_SIZE, make_cohort
from exchange.demo.loading import (
    ACTOR,
    RecordState,
    load_patient,
    loaded_numbers,
    mark_as_loaded,
    record_state,
    synthetic_patient_ids,
)
from exchange.demo.logins import LoginTaken, ensure_people, write_logins
from exchange.demo.types import DemoPatient
from monitoring.services import EvaluationSummary, evaluate, hold_nudges

BATCH: Final = 25  # patients evaluated at once: few enough for the bar to move
INTERRUPTED: Final = 130  # what a shell calls a command that was stopped with Ctrl-C
LEFT_ALONE: Final = {
    RecordState.LOADED: "The synthetic demo patients are on record already; nothing was changed.",
    RecordState.REAL_PATIENTS: (
        "The record holds patients who are not synthetic; demo patients are never mixed with them. Nothing was changed."
    ),
}


class Command(BaseCommand):
    help = (
        "Load synthetic patients, teams and demo logins into an empty record. The passwords are public: never load the "
        "demo where real patients are to be kept. A load that was interrupted is continued by the next one."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing, without an error, if not empty")
        parser.add_argument("--patients", type=_size, default=COHORT_SIZE, metavar="N", help=f"1 to {COHORT_SIZE}")
        parser.add_argument("--quiet", action="store_true", help="no progress bars")

    def handle(self, *_args: Any, if_empty: bool, patients: int, quiet: bool, **_options: Any) -> None:
        reason = LEFT_ALONE.get(record_state())
        if reason is not None:
            if not if_empty:
                raise CommandError(reason)
            self.stdout.write(reason)
            return
        try:
            self._load(patients, quiet=quiet)
        except LoginTaken as problem:
            raise CommandError(f"The user name {problem} belongs to somebody else. Nothing was loaded.") from None
        except KeyboardInterrupt:
            message = f"Interrupted with {len(loaded_numbers())} patients on record. The next load continues there."
            raise CommandError(message, returncode=INTERRUPTED) from None

    def _load(self, size: int, *, quiet: bool) -> None:
        teams = ensure_people(actor=ACTOR)
        there = loaded_numbers()
        cohort = make_cohort(anchor=timezone.localdate(timezone=ZoneInfo(settings.CLINIC_TIME_ZONE)), size=size)
        missing = [patient for patient in cohort if patient.person.number not in there]
        # Marks are settled right here; a message a draw would only keep the workers busy with nothing.
        with _progress(quiet=quiet) as progress, hold_nudges():
            for patient in progress.track(missing, description="Loading synthetic patients"):
                load_patient(patient, team=teams[patient.team])
            summary = _evaluate(cohort, progress)
        mark_as_loaded(patients=len(cohort))
        logins = write_logins()
        self.stdout.write(
            f"{len(cohort)} synthetic patients, {sum(len(patient.draws) for patient in cohort)} draws, "
            f"{sum(len(draw.results) for patient in cohort for draw in patient.draws)} results; "
            f"{summary.evaluated} evaluated, {summary.raised} alerts raised."
        )
        self.stdout.write(f"Demo logins (public passwords, for synthetic patients only) are in {logins}.")


def _evaluate(cohort: Sequence[DemoPatient], progress: Progress) -> EvaluationSummary:
    """Read the trends of everybody who is marked; who is not has been read before an interruption."""
    ids = synthetic_patient_ids([patient.person.number for patient in cohort])
    total = EvaluationSummary()
    bar = progress.add_task("Reading trends", total=len(ids))
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        total += evaluate(patient_ids=part, now=timezone.now(), actor=ACTOR)
        progress.advance(bar, len(part))
    return total


def _progress(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
    )


def _size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= COHORT_SIZE:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {COHORT_SIZE}")
    return int(text)
