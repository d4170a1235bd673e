"""How the report names rules and writes figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from monitoring.backtest.comparison import ENGINE, Estimate
from monitoring.backtest.scopes import Scope
from patients.catalogue import catalogue

DASH: Final = "–"
NONE: Final = "—"
MINUS: Final = "−"
MANY: Final = 200  # progressors from which on a tenth of a percent says something
LABELS: Final = {
    ENGINE: "Leadtime",
    "alert": "Leadtime: ALERT",
    "watch": "Leadtime: WATCH or ALERT",
    "fixed_threshold": "One limit for everybody",
    "rcv_previous": "Change from the previous result (RCV)",
    "rcv_first": "Change from the first result (Lund)",
    "egtm_confirmed": "30 % over baseline, confirmed (EGTM)",
    "nadir_confirmed": "Twice the nadir, confirmed (GCIG)",
    "prri": "Personal reference interval",
    "peb": "Parametric empirical Bayes (PEB)",
    "peb_confirmed": "PEB, a second draw must agree",
    "ols_slope": "Slope of the values",
    "log_slope": "Slope of the logarithms, 365 days",
    "mann_kendall": "Mann-Kendall, last 8 draws",
    "cusum": "CUSUM",
    "ewma": "EWMA",
    "bocpd": "Bayesian change point (BOCPD)",
}
FAMILIES: Final = {
    "tumour": "Tumour markers",
    "bone_turnover": "Bone turnover markers",
    "blood_count": "Blood count",
    "inflammation": "Inflammation",
    "mineral": "Minerals",
}


def label_of(rule: str) -> str:
    return LABELS.get(rule, rule.replace("_", " "))


def scope_name(scope: Scope, *, by_watch: bool = False) -> str:
    """`ALP`, or `ALP (WATCH)` where it is judged by its WATCH index."""
    return f"{_scope_name(scope)} (WATCH)" if by_watch else _scope_name(scope)


def _scope_name(scope: Scope) -> str:
    if scope.kind == "panel":
        return "All markers together"
    if scope.kind == "family":
        return FAMILIES.get(scope.name, scope.name)
    return catalogue().marker(scope.name).short_name


def percent(share: float, *, of: int) -> str:
    """`52 %`; a tenth where so many patients stand behind it that it says something."""
    return NONE if math.isnan(share) else f"{100 * share:.{_digits(of)}f} %"


def percents(one: Estimate, *, of: int) -> str:
    """`52 % (46–58)`"""
    return _with_interval(percent(one.value, of=of), 100 * one.low, 100 * one.high, _digits(of))


def difference(one: Estimate, *, of: int) -> str:
    """`+12 (7–16)` points; a difference below zero has a minus."""
    if math.isnan(one.value):
        return NONE
    digits = _digits(of)
    return _with_interval(_signed(100 * one.value, digits), 100 * one.low, 100 * one.high, digits, signed=True)


def rates(one: Estimate) -> str:
    """`6.2 (4.6–7.9)`"""
    return _with_interval(NONE if math.isnan(one.value) else f"{one.value:.1f}", one.low, one.high, 1)


def days(one: Estimate) -> str:
    """`84 d (71–99)`"""
    return _with_interval(NONE if math.isnan(one.value) else f"{one.value:.0f} d", one.low, one.high, 0)


def median_days(leads: Sequence[int]) -> str:
    if not len(leads):
        return NONE
    ordered = sorted(leads)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return f"{middle:.0f} d"


def count_of(count: int, total: int) -> str:
    return f"{count} of {total}"


def number(count: float) -> str:
    """`12,345`, `12.5`"""
    return f"{count:,.0f}" if count == int(count) or count >= 100 else f"{count:.1f}"


def plural(count: int, one: str, many: str = "") -> str:
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """`CEA, CYFRA 21-1 and ALP`"""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _digits(of: int) -> int:
    return 1 if of >= MANY else 0


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    return f"{MINUS if value < 0 else '+'}{text}" if float(text) else text


def _with_interval(text: str, low: float, high: float, digits: int, *, signed: bool = False) -> str:
    if math.isnan(low) or math.isnan(high) or text == NONE:
        return text
    if signed:
        return f"{text} ({_signed(low, digits)} to {_signed(high, digits)})"
    return f"{text} ({low:.{digits}f}{DASH}{high:.{digits}f})"
