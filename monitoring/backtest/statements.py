"""What the data can show and what they cannot, in plain sentences with the numbers behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitoring.backtest.comparison import FEWEST_PROGRESSORS, FEWEST_YEARS, MATCHED, Comparison, is_enough
from monitoring.backtest.event_file import EventFile
from monitoring.backtest.outcomes import Outcomes
from monitoring.backtest.verification import BEFORE, LOOKED_AT_WITHIN, NO_SCAN, Verification
from monitoring.backtest.words import number, plural


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the sentences rest on."""

    patients: int
    draws: int
    events: EventFile
    outcomes: Outcomes
    verification: Verification
    comparison: Comparison
    rejected: int
    synthetic: bool
    has_thresholds: bool


def can_show(on: Grounds) -> Iterator[str]:
    yield (
        f"How often the engine, as it ships, would have said WATCH and ALERT in these {plural(on.patients, 'patient')} "
        f"and {plural(on.draws, 'draw')}. At each draw it was given that draw and earlier ones alone."
    )
    if not on.events.has_imaging:
        return
    yield (
        f"How many of the {plural(len(on.outcomes.progressors), 'progression')} on record it would have announced "
        f"within {on.outcomes.horizon} days before the scan, how early, and how many alerts there would have been "
        f"without one in {number(round(on.outcomes.total_years, 1))} patient-years."
    )
    if is_enough(on.outcomes):
        yield (
            "How it compares with published rules on the same draws, with the same knowledge of variation, treatment "
            "and samples, at the same rate of false alerts."
        )


def cannot_show(on: Grounds) -> Iterator[str]:
    if on.synthetic:
        yield "This cohort is synthetic: nobody in it ever lived. No figure here is clinical evidence."
    if not on.has_thresholds:
        yield "The engine ships without calibrated thresholds for these markers, so it never reached a level."
    if not on.events.has_imaging:
        yield (
            "Sensitivity, lead time, or which alerts were false: there is no imaging on record, so nobody can say "
            "which patients progressed. What follows are rates of alerts, not of errors."
        )
        return
    yield from _too_few(on)
    yield from _verification(on)
    yield (
        f"When a progression began: only the scan is known. An alert counts as true within {on.outcomes.horizon} days "
        "before it, so some that count as false may have been early, and some that count as true may have been luck."
    )
    if is_enough(on.outcomes):
        yield (
            f"How the rules would do elsewhere: the thresholds at {MATCHED:.0f} false alerts per 100 patient-years "
            "were chosen in these patients, for every rule alike, and are judged in the same. The thresholds that the "
            "engine ships with were not."
        )
    yield (
        "Whether anybody would have been helped: no alert of this back-test was seen or acted on, and an earlier "
        "finding is not a better outcome until that is shown."
    )
    yield from _gaps(on)


def _too_few(on: Grounds) -> Iterator[str]:
    progressors, years = len(on.outcomes.progressors), on.outcomes.total_years
    if progressors < FEWEST_PROGRESSORS:
        yield (
            f"Sensitivity or lead time: too few. {plural(progressors, 'progression')} could be found, and below "
            f"{FEWEST_PROGRESSORS} no share is worth printing; counts stand instead."
        )
    if years < FEWEST_YEARS:
        yield (
            f"A rate of false alerts: too few. In {number(round(years, 1))} patient-years not even one is expected at "
            f"{MATCHED:.0f} per 100; {FEWEST_YEARS:.0f} are the least."
        )


def _verification(on: Grounds) -> Iterator[str]:
    found = on.verification.after_alerts
    total = found.total()
    looked_at = total - found[NO_SCAN] - found[BEFORE]
    sentence = (
        f"Which false alerts were false (verification bias). Of {plural(total, 'false alert')} of the engine, "
        f"{looked_at} had a scan within {LOOKED_AT_WITHIN} days that showed no progression, "
        f"{found[NO_SCAN]} had none"
    )
    if found[BEFORE]:
        sentence += f"; {found[BEFORE]} came to patients who did progress, but later than the horizon allows"
    yield sentence + ". Where scans were ordered because a marker rose, sensitivity and lead of every rule look better."
    if on.verification.without_scan:
        yield (
            f"What became of {plural(on.verification.without_scan, 'patient')} without any scan on record: they "
            "count as free of progression."
        )


def _gaps(on: Grounds) -> Iterator[str]:
    if on.verification.from_start:
        yield (
            f"Anything about {plural(on.verification.from_start, 'patient')} whose positive scan lies on or before "
            "their first draw: nothing was left to find, and they are left out."
        )
    if on.events.kinds.total() == on.events.kinds["imaging"]:
        yield (
            "What treatment did: no event but imaging is on record. Rises after the start of a treatment, a fracture "
            "or an infection count as evidence here, which costs false alerts."
        )
    if on.rejected:
        lines = plural(on.rejected, "line")
        yield f"What stands in {lines} that had to be rejected; the file of rejected lines says why."
