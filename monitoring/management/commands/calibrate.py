"""`manage.py calibrate`: thresholds that come to a stated rate of false alerts at every drawing interval."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from monitoring.backtest.findings_file import written_whole
from monitoring.backtest.problems import FileRefused
from monitoring.calibration.calibrate import LEAST_REACH, TARGETS, calibrated
from monitoring.calibration.own_patients import OwnFiles, TooFew, calibrated_on_own
from monitoring.calibration.seeds import CALIBRATION, TEST, TUNING
from monitoring.calibration.strata import PATIENTS, Plan, Told, panels_within, read_plan, weighed
from monitoring.detection import detection_file, parameters_from, threshold_file
from monitoring.parameters import marker_parameters
from monitoring.rules import event_rules
from monitoring.simulator.scenario import INTERVALS
from monitoring.threshold_file import GATES, Stratum, ThresholdFile, render, signed
from monitoring.trends.detection import Gate
from patients.catalogue import catalogue

FEWEST_PATIENTS: Final = 100
WITHIN: Final = 0.2  # of the target: a rate further off is pointed out


class Command(BaseCommand):
    help = (
        "Fit the thresholds of WATCH and ALERT to a stated rate of false alerts per 100 patient-years at every drawing "
        "interval, on synthetic patients or on a hospital's own stable ones, and write them as a data file "
        "(docs/operations.md). Needs no database. What was read is kept, so that a run that was stopped goes on."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, default=Path("thresholds.toml"), metavar="FILE")
        parser.add_argument("--panel", type=_panel, default=(), metavar="CEA,ALP", help="for these markers alone")
        parser.add_argument(
            "--patients", type=_patients, default=PATIENTS, metavar="N", help=f"synthetic, an interval ({PATIENTS})"
        )
        parser.add_argument(
            "--seed", type=_seed, default=CALIBRATION[0], metavar="N", help="of the first interval; the next follow on"
        )
        parser.add_argument("--target-alert", type=_rate, default=TARGETS["alert"], metavar="RATE")
        parser.add_argument("--target-watch", type=_rate, default=TARGETS["watch"], metavar="RATE")
        parser.add_argument(
            "--from-draws", type=Path, metavar="FILE", help="results of own patients, as `backtest --draws` takes them"
        )
        parser.add_argument("--events", type=Path, metavar="FILE", help="their events; who progressed is left out")
        parser.add_argument("--signed-by", default="", metavar="NAME", help="who signs the thresholds off, today")
        parser.add_argument(
            "--keep-in", type=Path, default=None, metavar="FOLDER", help="where what was read is kept between runs"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        targets: Mapping[Gate, float] = {"alert": options["target_alert"], "watch": options["target_watch"]}
        if targets["alert"] > targets["watch"]:
            raise CommandError("ALERT cannot be meant to come more often than WATCH: an ALERT is a WATCH as well.")
        if options["events"] and not options["from_draws"]:
            raise CommandError("--events goes with --from-draws.")
        told = shipped_without_thresholds()
        try:
            found = _own(options, told, targets) if options["from_draws"] else _synthetic(options, told, targets)
            if options["signed_by"].strip():
                found = signed(found, by=options["signed_by"].strip(), on=timezone.localdate())
            with written_whole(options["output"]) as file:
                file.write(render(found))
        except (FileRefused, TooFew) as refused:
            raise CommandError(str(refused)) from refused
        for line in tell(found, options["output"]):
            self.stdout.write(line)


def shipped_without_thresholds() -> Told:
    parameters = parameters_from(detection_file(), None, bone_layer=True)
    return Told(markers=marker_parameters(), parameters=parameters, rules=event_rules())


def _synthetic(options: Mapping[str, Any], told: Told, targets: Mapping[Gate, float]) -> ThresholdFile:
    panels = panels_within(options["panel"] or weighed(told.markers))
    unknown = {code for panel in panels for code in panel} - set(weighed(told.markers))
    if unknown:
        raise CommandError(f"The engine gives {', '.join(sorted(unknown))} no weight, or no synthetic patient has it.")
    first = options["seed"]
    plan = Plan(panels=panels, patients=options["patients"], seeds=tuple(range(first, first + len(INTERVALS))))
    if used := sorted(set(plan.seeds) & {*TUNING, *TEST}):
        raise CommandError(f"Seed {used[0]} served to tune or to test the engine; take others (the default is 201).")
    with _bar() as progress:
        task = progress.add_task("Reading synthetic patients", total=plan.cells)
        folder = options["keep_in"] or settings.DATA_DIR / "calibration"
        cells = read_plan(plan, told, folder, lambda done: progress.update(task, completed=done))
        progress.update(task, description="Fitting", completed=plan.cells)
        return calibrated(cells, told, targets=targets, date=timezone.localdate())


def _own(options: Mapping[str, Any], told: Told, targets: Mapping[Gate, float]) -> ThresholdFile:
    files = OwnFiles(draws=options["from_draws"], events=options["events"], panel=options["panel"])
    with _bar() as progress:
        task = progress.add_task("Reading own patients", total=1)
        return calibrated_on_own(
            files,
            told,
            threshold_file().thresholds,
            targets=targets,
            date=timezone.localdate(),
            on_share=lambda share: progress.update(task, completed=share),
        )


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)


def tell(file: ThresholdFile, output: Path) -> Iterator[str]:
    """What came of it, for the terminal."""
    yield f"Thresholds {file.version} for engine {file.engine}, parameters {file.parameters}: {output}"
    for gate in GATES:
        rates = [(one, one.alert if gate == "alert" else one.watch) for one in file.strata]
        values = [rate.value for _, rate in rates]
        target = file.targets[gate]
        yield (
            f"{gate.upper()}, target {target:g} false alerts per 100 patient-years: "
            f"{min(values):.1f} to {max(values):.1f} over {len(values)} strata"
        )
        if max(values) < LEAST_REACH * target:
            yield "  No stratum comes near the target at any threshold: its curve stays where it started."
        for one, rate in rates:
            if not math.isclose(rate.value, target, rel_tol=WITHIN):
                yield f"  {_named(one)}: {rate.value:.1f} ({rate.low:.1f} to {rate.high:.1f})"
    yield f"Signed off by {file.signed_off_by}." if file.is_signed_off else "Nobody has signed them off."


def _named(one: Stratum) -> str:
    return f"{', '.join(one.panel)} every {one.interval:g} days"


def _panel(text: str) -> tuple[str, ...]:
    codes = []
    for name in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        marker = catalogue().find(name)
        if marker is None:
            raise ArgumentTypeError(f"{name!r} is no marker of the catalogue")
        codes.append(marker.code)
    if not codes:
        raise ArgumentTypeError("name at least one marker")
    return tuple(dict.fromkeys(codes))


def _patients(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < FEWEST_PATIENTS:
        raise ArgumentTypeError(f"{text!r} is no number of patients from {FEWEST_PATIENTS}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate <= 1000:
        raise ArgumentTypeError(f"{text!r} is no rate of false alerts per 100 patient-years")
    return rate
