"""Puts the report together: what is shown, in which order, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from monitoring.backtest import figures, tables
from monitoring.backtest.cohort import Cohort
from monitoring.backtest.comparison import (
    FEWEST_PROGRESSORS,
    MATCHED,
    RATES,
    Comparison,
    RuleResult,
    Setting,
    compare,
    is_enough,
)
from monitoring.backtest.curves import EARLY_DAYS, RESAMPLES
from monitoring.backtest.evaluating import LEVELS, Readings
from monitoring.backtest.event_file import EventFile
from monitoring.backtest.outcomes import Outcomes, read_outcomes
from monitoring.backtest.page import Figure, Page, Part, write_page
from monitoring.backtest.running import Engine
from monitoring.backtest.scopes import PANEL, Scope
from monitoring.backtest.scoring import REFRACTORY_DAYS
from monitoring.backtest.statements import Grounds, can_show, cannot_show
from monitoring.backtest.verification import Verification, verify
from monitoring.backtest.words import count_of, days, label_of, listed, median_days, number, percents, plural, rates
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import IntArray
from patients.catalogue import catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the report is about."""

    files: tuple[str, ...]
    cohort: Cohort
    events: EventFile
    markers: tuple[str, ...]
    rejected: int
    horizon: int
    synthetic: bool


def write_report(
    subject: Subject, readings: Readings, engine: Engine, file: TextIO, on_progress: Callable[[int], None]
) -> None:
    cohort, events = subject.cohort, subject.events
    outcomes = read_outcomes(cohort, events.histories, horizon=subject.horizon)
    comparison = compare(cohort, readings, outcomes, on_progress)
    alerts = readings.engine[PANEL].level == LEVELS.index("alert")
    verification = verify(cohort, events.histories, outcomes, alerts)
    grounds = Grounds(
        patients=len(cohort.patients),
        draws=cohort.draws.count,
        events=events,
        outcomes=outcomes,
        verification=verification,
        comparison=comparison,
        rejected=subject.rejected,
        synthetic=subject.synthetic,
        has_thresholds=engine.has_thresholds,
    )
    page = Page(
        title="Leadtime: back-test",
        subtitle=tuple(_subtitle(subject, engine)),
        synthetic=subject.synthetic,
        tiles=tuple(_tiles(comparison, outcomes, events)),
        can=tuple(can_show(grounds)),
        cannot=tuple(cannot_show(grounds)),
        parts=tuple(_parts(subject, comparison, outcomes, verification)),
        definitions=tuple(_definitions(outcomes, events)),
        sources=tuple((label_of(name), rule.citation) for name, rule in RULES.items()),
    )
    write_page(page, file)


def _subtitle(subject: Subject, engine: Engine) -> Iterator[str]:
    cohort = subject.cohort
    names = [catalogue().marker(code).short_name for code in subject.markers]
    yield (
        f"{listed(subject.files)}: {plural(len(cohort.patients), 'patient')}, {plural(cohort.draws.count, 'draw')}, "
        f"{plural(cohort.results.count, 'result')} of {listed(names)}. Engine {engine.version}."
    )


def _tiles(comparison: Comparison, outcomes: Outcomes, events: EventFile) -> Iterator[tuple[str, str, str]]:
    alert, of = comparison.settings[0], len(outcomes.progressors)
    years = f"in {number(round(outcomes.total_years, 1))} patient-years"
    if not events.has_imaging:
        yield "Alerts per 100 patient-years", *_split(rates(alert.rate))
        yield "Alerts", number(alert.false_alerts), years
        return
    yield f"Progressions found by ALERT, {outcomes.horizon} days at most before the scan", *_found(alert, of, outcomes)
    early = int(np.count_nonzero(alert.leads >= EARLY_DAYS))
    if is_enough(outcomes):
        yield f"… at least {EARLY_DAYS} days early", *_split(percents(alert.early, of=of))
        yield "Median lead of those found", *_split(days(alert.lead))
    else:
        yield f"… at least {EARLY_DAYS} days early", count_of(early, of), "too few for a share"
        yield "Median lead of those found", median_days(alert.leads.tolist()), ""
    value, rest = _split(rates(alert.rate))
    yield "False alerts per 100 patient-years", value, f"{rest} {years}".strip()


def _found(alert: Setting, of: int, outcomes: Outcomes) -> tuple[str, str]:
    if not is_enough(outcomes):
        return count_of(alert.true_alerts, of), "too few for a share"
    value, rest = _split(percents(alert.found, of=of))
    return value, f"{rest} of {number(of)}"


def _split(text: str) -> tuple[str, str]:
    """`52 % (46–58)` -> the figure, and its interval."""
    value, bracket, rest = text.partition(" (")
    return value, f"({rest}" if bracket else ""


def _parts(subject: Subject, comparison: Comparison, outcomes: Outcomes, verification: Verification) -> Iterator[Part]:
    of, enough, imaging = len(outcomes.progressors), is_enough(outcomes), subject.events.has_imaging
    if comparison.rules:
        yield _curve_part(comparison, of)
        yield _matched_part(comparison.rules, of)
    yield Part(
        "As shipped, and as published" if imaging else "Alerts",
        "No threshold was fitted to these patients."
        + ("" if imaging else " Without imaging nobody can say which alerts were false."),
        tables=(tables.settings_table(comparison, outcomes, enough=enough, has_imaging=imaging),),
    )
    if imaging and of:
        yield _lead_part(comparison, outcomes)
    if comparison.scopes:
        yield _scope_part(comparison, of)
    if comparison.strata:
        yield _interval_part(comparison, has_imaging=imaging)
    if imaging:
        yield Part(
            "Who was looked at",
            "An alert can only be called false where somebody looked.",
            tables=(tables.verification_table(verification),),
        )


def _curve_part(comparison: Comparison, of: int) -> Part:
    return Part(
        "Progressions found against false alerts",
        "Each line is one rule with its threshold moved. Higher is better; further to the left costs fewer false "
        f"alerts. Bars: 95 % intervals, patients resampled {RESAMPLES} times.",
        Figure(
            "curve",
            "Share of progressions found by each rule against its false alerts per 100 patient-years; the same numbers "
            "stand in the table beside it.",
            figures.operating_curve(comparison.rules, comparison.settings),
        ),
        (tables.curve_table(comparison.rules, of),),
    )


def _matched_part(results: tuple[RuleResult, ...], of: int) -> Part:
    return Part(
        f"At the same price: {MATCHED:.0f} false alerts per 100 patient-years",
        "Every rule with the threshold at which it gives so many in these very patients. In brackets 95 % intervals; "
        "those of the difference are paired, patient by patient.",
        tables=(tables.matched_table(results, of),),
    )


def _lead_part(comparison: Comparison, outcomes: Outcomes) -> Part:
    of = len(outcomes.progressors)
    columns: list[tuple[str, IntArray]] = [("ALERT as shipped", comparison.settings[0].leads)]
    if comparison.rules:
        columns.append((f"Leadtime at {MATCHED:.0f}", comparison.rules[0].leads))
    if (best := comparison.best_rule) is not None:
        columns.append((f"{label_of(best.rule)} at {MATCHED:.0f}", best.leads))
    return Part(
        "How early",
        "From the first alert within the horizon to the scan that showed the progression.",
        Figure(
            "lead",
            "Distribution of the days from the first alert to the scan; the same numbers stand in the table beside it.",
            figures.lead_times(columns, progressors=of, horizon=outcomes.horizon),
        )
        if is_enough(outcomes)
        else None,
        (tables.lead_table(columns, progressors=of, horizon=outcomes.horizon),),
    )


def _scope_part(comparison: Comparison, of: int) -> Part:
    panel: tuple[Scope, tuple[RuleResult, ...]] = (comparison.rules[0].scope, comparison.rules)
    shown = (panel, *comparison.scopes)
    return Part(
        "Marker by marker",
        f"Each set of markers by itself, at {MATCHED:.0f} false alerts per 100 patient-years. The best published rule "
        "is chosen anew for each, in these patients, which flatters it. Markers that may not carry an ALERT by "
        "themselves (bone markers) are judged by their WATCH index.",
        Figure(
            "scopes",
            "Share of progressions found with each set of markers, by Leadtime and by the best published rule; the "
            "same numbers stand in the table beside it.",
            figures.by_scope(shown),
        ),
        (tables.scope_table(shown, of),),
        (("Every rule on every set of markers", tables.every_rule_table(shown, of)),),
    )


def _interval_part(comparison: Comparison, *, has_imaging: bool) -> Part:
    strata = comparison.strata
    return Part(
        "By drawing interval",
        "The engine as it ships is meant to give as many false alerts whatever the interval between draws: 5 per 100 "
        "patient-years at ALERT, 20 at WATCH." + ("" if has_imaging else " Here stand all alerts, the true ones too."),
        Figure(
            "intervals",
            "Alerts per 100 patient-years by drawing interval; the same numbers stand in the table beside it.",
            figures.by_interval([(tables.interval_name(one), one) for one in strata], has_imaging=has_imaging),
        ),
        (tables.interval_table(strata, has_imaging=has_imaging, fewest=FEWEST_PROGRESSORS),),
    )


def _definitions(outcomes: Outcomes, events: EventFile) -> Iterator[str]:
    if events.has_imaging:
        yield (
            "Progression: the first scan recorded as bone_metastasis or progression, after the patient's first draw. "
            "Draws after it are not looked at."
        )
        yield (
            f"True alert: an alert within the {outcomes.horizon} days before that scan, or on its day. Found: the "
            "patient had one. Lead: days from the first of them to the scan."
        )
        yield (
            "False alert: an alert earlier than that, or in a patient without such a scan. One alert counts for "
            f"{REFRACTORY_DAYS} days."
        )
        yield (
            f"Patient-years: from the first draw to {outcomes.horizon} days before the scan, or to the last draw, "
            "whichever comes first."
        )
    else:
        yield f"One alert counts for {REFRACTORY_DAYS} days. Patient-years: from the first draw to the last."
    yield (
        "A published rule speaks when any of its markers does. It was given what the engine has: within-person "
        "variation of patients, treatments, other events, doubtful samples."
    )
    if is_enough(outcomes):
        yield (
            "For the curve the engine's ALERT index is moved; ALERT and WATCH as shipped also depend on the drawing "
            f"interval and on which markers are measured. At {', '.join(f'{rate:.0f}' for rate in RATES)} false alerts "
            "per 100 patient-years figures are read off between neighbouring thresholds by a straight line; a rule "
            "that cannot give so many stands with the most that it can."
        )
    yield (
        f"Intervals: central 95 % of {RESAMPLES} resamples of patients, from a fixed seed; exact limits where none or "
        "all were found."
    )
