"""The tables of the report: rows of text, made from the numbers of the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitoring.backtest.comparison import (
    ENGINE,
    MATCHED,
    RATES,
    Comparison,
    Estimate,
    RuleResult,
    Setting,
    Stratum,
    best_of,
)
from monitoring.backtest.curves import EARLY_DAYS
from monitoring.backtest.figures import binned, lead_bins, ranked
from monitoring.backtest.outcomes import Outcomes
from monitoring.backtest.scopes import Scope
from monitoring.backtest.verification import BEFORE, LOOKED_AT_WITHIN, NO_SCAN, Verification
from monitoring.backtest.words import (
    NONE,
    count_of,
    days,
    difference,
    label_of,
    median_days,
    number,
    percent,
    percents,
    rates,
    scope_name,
)
from monitoring.trends.classical.statistics import RULES
from monitoring.trends.types import IntArray

PER_100: str = "per 100 patient-years"


@dataclass(frozen=True, slots=True)
class Table:
    """`strong` rows stand out; the first cell of each row is its heading."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()
    words: frozenset[int] = frozenset({0})  # columns of words; the others hold figures


def settings_table(comparison: Comparison, outcomes: Outcomes, *, enough: bool, has_imaging: bool) -> Table:
    """As shipped and as published."""
    of = len(outcomes.progressors)
    if not has_imaging:
        rows = tuple((label_of(one.rule), rates(one.rate), number(one.false_alerts)) for one in comparison.settings)
        return Table(f"Alerts {PER_100}", ("Rule", "Alerts", "Number"), rows, frozenset({0, 1}))
    return Table(
        f"The engine as it ships, and the published rules at the thresholds of their sources; false alerts {PER_100}",
        ("Rule", "False alerts", "Found", f"≥ {EARLY_DAYS} d early", "Median lead", "Alerts true / false"),
        tuple(_setting_row(one, of, enough=enough) for one in comparison.settings),
        frozenset({0, 1}),
    )


def _setting_row(one: Setting, of: int, *, enough: bool) -> tuple[str, ...]:
    return (
        label_of(one.rule),
        rates(one.rate),
        percents(one.found, of=of) if enough else count_of(one.true_alerts, of),
        percents(one.early, of=of) if enough else count_of(int((one.leads >= EARLY_DAYS).sum()), of),
        days(one.lead) if enough else median_days(one.leads.tolist()),
        f"{number(one.true_alerts)} / {number(one.false_alerts)}",
    )


def curve_table(results: Sequence[RuleResult], of: int) -> Table:
    return Table(
        f"Progressions found (in brackets ≥ {EARLY_DAYS} days early), %, at so many false alerts {PER_100}",
        ("Rule", *(f"{rate:.0f}" for rate in RATES)),
        tuple(
            (label_of(one.rule), *(_found_and_early(one.found_at[rate], one.early_at[rate], of) for rate in RATES))
            for one in (results[0], *ranked(results))
        ),
        frozenset({0}),
    )


def _found_and_early(found: Estimate, early: Estimate, of: int) -> str:
    text, of_these = (percent(one.value, of=of).removesuffix(" %") for one in (found, early))
    return text if text == NONE else f"{text} ({of_these})"


def matched_table(results: Sequence[RuleResult], of: int) -> Table:
    """Every rule with its threshold where it gives 5 false alerts per 100 patient-years in these patients."""
    return Table(
        f"At {MATCHED:.0f} false alerts {PER_100}",
        ("Rule", "Found", f"≥ {EARLY_DAYS} d early", "Median lead", "Leadtime ahead by, points"),
        tuple(
            (
                label_of(one.rule),
                _matched(one, of),
                percents(one.matched_early, of=of),
                median_days(one.leads.tolist()),
                "" if one.behind is None else difference(one.behind, of=of),
            )
            for one in (results[0], *ranked(results))
        ),
        frozenset({0}),
    )


def lead_table(columns: Sequence[tuple[str, IntArray]], *, progressors: int, horizon: int) -> Table:
    counts = [binned(leads, horizon) for _, leads in columns]
    bins = [text for *_, text in lead_bins(horizon)]
    rows = [(f"{text} d", *(number(one[at]) for one in counts)) for at, text in enumerate(bins)]
    missed = ("not found", *(number(progressors - len(leads)) for _, leads in columns))
    return Table(
        f"Days from the first alert to the scan; patients of {progressors}",
        ("Lead", *(name for name, _ in columns)),
        (*rows, missed),
    )


def _matched(one: RuleResult, of: int) -> str:
    """The share found, and at how many false alerts where the rule cannot give as many as asked."""
    text = percents(one.matched, of=of)
    return text if one.matched_rate >= MATCHED else f"{text} at {one.matched_rate:.1f}"


def scope_table(scopes: Sequence[tuple[Scope, Sequence[RuleResult]]], of: int) -> Table:
    return Table(
        f"Found at {MATCHED:.0f} false alerts {PER_100}, each family and each marker alone",
        ("Markers", "Leadtime", f"≥ {EARLY_DAYS} d early", "Best published rule", "Leadtime ahead by, points"),
        tuple(_scope_row(scope, results, of) for scope, results in scopes),
        frozenset(at for at, (scope, _) in enumerate(scopes) if scope.kind != "marker"),
        frozenset({0, 3}),
    )


def _scope_row(scope: Scope, results: Sequence[RuleResult], of: int) -> tuple[str, ...]:
    engine, best = results[0], best_of(results)
    own = (
        scope_name(scope, by_watch=engine.by_watch),
        _matched(engine, of),
        percent(engine.matched_early.value, of=of),
    )
    if best is None:
        return (*own, NONE, NONE)
    ahead = difference(best.behind, of=of) if best.behind else NONE
    return (*own, f"{label_of(best.rule)}: {percent(best.matched.value, of=of)}", ahead)


def every_rule_table(scopes: Sequence[tuple[Scope, Sequence[RuleResult]]], of: int) -> Table:
    rules = (ENGINE, *RULES)
    by_scope = [{one.rule: one for one in results} for _, results in scopes]
    return Table(
        f"Found at {MATCHED:.0f} false alerts {PER_100}: every rule on every set of markers",
        ("Rule", *(scope_name(scope, by_watch=results[0].by_watch) for scope, results in scopes)),
        tuple(
            (label_of(rule), *(percent(results[rule].matched.value, of=of) for results in by_scope)) for rule in rules
        ),
        frozenset({0}),
    )


def interval_name(one: Stratum) -> str:
    if one.low == 0:
        return f"≤ {one.high:.0f}"
    return f"> {one.low:.0f}" if one.high == float("inf") else f"{one.low:.0f}–{one.high:.0f}"


def interval_table(strata: Sequence[Stratum], *, has_imaging: bool, fewest: int) -> Table:
    word = "False alerts" if has_imaging else "Alerts"
    head = ("Days between draws", "Patients", "Patient-years", f"{word}: ALERT", f"{word}: WATCH or ALERT")
    return Table(
        f"By the median interval between the draws of a patient; {word.lower()} {PER_100}",
        (*head, "Found by ALERT") if has_imaging else head,
        tuple(_stratum_row(one, has_imaging=has_imaging, fewest=fewest) for one in strata),
    )


def _stratum_row(one: Stratum, *, has_imaging: bool, fewest: int) -> tuple[str, ...]:
    alert, watch = one.settings
    row = (
        interval_name(one),
        number(one.patients),
        number(round(one.years, 1)),
        rates(alert.rate),
        rates(watch.rate),
    )
    if not has_imaging:
        return row
    few = one.progressors < fewest
    found = count_of(alert.true_alerts, one.progressors) if few else percents(alert.found, of=one.progressors)
    return (*row, found)


def verification_table(verification: Verification) -> Table:
    return Table(
        "Who was looked at",
        ("", "Number"),
        tuple((name, number(count)) for name, count in _verification_rows(verification)),
    )


def _verification_rows(of: Verification) -> Iterator[tuple[str, int]]:
    yield "Patients with a progression on imaging after their first draw", of.progressed
    yield "Patients whose positive scan lies on or before their first draw (left out)", of.from_start
    yield "Patients with scans, none of them positive", of.negative_only
    yield "Patients without any scan on record", of.without_scan
    yield "Scans", of.scans
    for finding, name in (("none", "no progression"), ("equivocal", "an equivocal finding")):
        yield f"False alerts followed by a scan within {LOOKED_AT_WITHIN} days: {name}", of.after_alerts[finding]
    yield f"False alerts without a scan within {LOOKED_AT_WITHIN} days", of.after_alerts[NO_SCAN]
    yield "False alerts before a progression that came later than the horizon", of.after_alerts[BEFORE]
