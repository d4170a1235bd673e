"""The figures of the report as plain dicts in Plotly's JSON form; colours are names of the page's tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from monitoring.backtest.comparison import ENGINE, RATES, Estimate, RuleResult, Setting, Stratum, best_of
from monitoring.backtest.scopes import Scope
from monitoring.backtest.words import label_of, scope_name
from monitoring.trends.types import IntArray

Json = dict[str, Any]
LEAST_DRAWN, MOST_DRAWN = 25, 40  # false alerts per 100 patient-years: so far goes the operating curve
NAMED: Final = 3  # published rules with a colour of their own: those that find most
COLOURS: Final = ("var(--bone)", "var(--blood)", "var(--mineral)")
DASHES: Final = ("dash", "dot", "dashdot")
LEAD_EDGES: Final = (0, 30, 60, 90, 120, 150, 180)


def _figure(data: list[Json], *, x: str, y: str, **layout: Any) -> Json:
    axes = {"xaxis": {"title": {"text": x}, **layout.pop("x_axis", {})}}
    axes["yaxis"] = {"title": {"text": y}, **layout.pop("y_axis", {})}
    return {"data": data, "layout": {**axes, **layout}}


def ranked(results: Sequence[RuleResult]) -> list[RuleResult]:
    """The published rules, those that find most at the matched rate first."""
    others = [one for one in results if one.rule != ENGINE]
    return sorted(others, key=lambda one: -one.matched.value)


def operating_curve(results: Sequence[RuleResult], settings: Sequence[Setting]) -> Json:
    """Share found against false alerts: the engine, the best published rules in colour, the others in grey."""
    engine, *_ = results
    others = ranked(results)
    shipped = [one for one in settings if one.rule in ("alert", "watch")]
    reached = max((one.rate.value for one in shipped if math.isfinite(one.rate.value)), default=0.0)
    traces = [_curve(one, colour="var(--quiet)@0.45", group="others") for one in others[NAMED:]]
    for at, trace in enumerate(traces):
        trace |= {
            "name": "other published rules",
            "showlegend": at == 0,
            "hovertext": label_of(others[NAMED + at].rule),
        }
    traces += [_curve(one, colour=COLOURS[at], dash=DASHES[at], width=2) for at, one in enumerate(others[:NAMED])]
    traces.append(_curve(engine, colour="var(--accent)", width=3.5))
    traces.append(_bars_of(engine))
    traces += [_shipped(one) for one in shipped]
    return _figure(
        traces,
        x="False alerts per 100 patient-years",
        y="Progressions found, %",
        x_axis={"range": [0, min(max(LEAST_DRAWN, 5 * math.ceil(reached / 5 + 0.2)), MOST_DRAWN)]},
        y_axis={"range": [0, 100]},
    )


def _curve(one: RuleResult, *, colour: str, dash: str = "solid", width: float = 1, group: str = "") -> Json:
    points = [(rate, 100 * found) for rate, found in zip(one.rates, one.found, strict=True) if rate <= 2 * MOST_DRAWN]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label_of(one.rule),
        "legendgroup": group or one.rule,
        "x": [round(rate, 3) for rate, _ in points],
        "y": [round(found, 2) for _, found in points],
        "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": f"{label_of(one.rule)}<br>%{{x:.1f}} false: %{{y:.1f}} % found<extra></extra>",
    }


def _bars_of(one: RuleResult) -> Json:
    """95 % intervals on the engine's curve, at the rates of the table."""
    known = [(rate, one.found_at[rate]) for rate in RATES if not math.isnan(one.found_at[rate].low)]
    return {
        "type": "scatter",
        "mode": "markers",
        "showlegend": False,
        "hoverinfo": "skip",
        "x": [rate for rate, _ in known],
        "y": [round(100 * estimate.value, 2) for _, estimate in known],
        "marker": {"color": "var(--accent)", "size": 5},
        "error_y": _error([estimate for _, estimate in known], scale=100, colour="var(--accent)"),
    }


def _error(estimates: Sequence[Estimate], *, scale: float, colour: str) -> Json:
    return {
        "type": "data",
        "symmetric": False,
        "array": [_or_none(scale * (one.high - one.value)) for one in estimates],
        "arrayminus": [_or_none(scale * (one.value - one.low)) for one in estimates],
        "color": colour,
        "thickness": 1.2,
        "width": 3,
    }


def _shipped(one: Setting) -> Json:
    level = one.rule
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{level.upper()} as shipped",
        "x": [_or_none(one.rate.value)],
        "y": [_or_none(100 * one.found.value)],
        "marker": {
            "symbol": "triangle-up" if level == "alert" else "triangle-up-open",
            "size": 13,
            "color": f"var(--{level})",
            "line": {"width": 2, "color": f"var(--{level})"},
        },
        "hovertemplate": f"{level.upper()} as shipped<br>%{{x:.1f}} false: %{{y:.1f}} % found<extra></extra>",
    }


def lead_bins(horizon: int) -> list[tuple[int, int, str]]:
    """First and last day of each bin, and its name; the last bin goes up to the horizon."""
    edges = [edge for edge in LEAD_EDGES if edge <= horizon]
    bins = [(low, high - 1, f"{low}–{high - 1}") for low, high in pairwise(edges)]
    return [*bins, (edges[-1], horizon, f"{edges[-1]}–{horizon}" if horizon > edges[-1] else str(horizon))]


def binned(leads: IntArray, horizon: int) -> list[int]:
    return [int(((leads >= low) & (leads <= high)).sum()) for low, high, _ in lead_bins(horizon)]


def lead_times(columns: Sequence[tuple[str, IntArray]], *, progressors: int, horizon: int) -> Json:
    """How many days before the scan the first true alert came; shares of all progressions that could be found."""
    colours = ("var(--alert)", "var(--accent)", "var(--quiet)@0.6")
    return _figure(
        [
            {
                "type": "bar",
                "name": name,
                "x": [text for *_, text in lead_bins(horizon)],
                "y": [round(100 * count / progressors, 2) for count in binned(leads, horizon)],
                "marker": {"color": colours[at % len(colours)]},
                "hovertemplate": f"{name}<br>%{{x}} days before the scan: %{{y:.1f}} %<extra></extra>",
            }
            for at, (name, leads) in enumerate(columns)
        ],
        x="Days from the first alert to the scan",
        y="Share of the progressions, %",
        x_axis={"type": "category"},
        y_axis={"rangemode": "tozero"},
        barmode="group",
    )


def by_scope(scopes: Sequence[tuple[Scope, Sequence[RuleResult]]]) -> Json:
    """The engine and the best published rule at the matched rate, in each family and with each marker alone."""
    upwards = list(reversed(scopes))
    names = [scope_name(scope, by_watch=results[0].by_watch) for scope, results in upwards]
    engines = [results[0].matched for _, results in upwards]
    best = [best_of(results) for _, results in upwards]
    others = [one.matched if one else Estimate(math.nan) for one in best]
    rules = [label_of(one.rule) if one else "" for one in best]
    return _figure(
        [
            _dots("Best published rule", names, others, colour="var(--quiet)", symbol="diamond-open", text=rules),
            _dots("Leadtime", names, engines, colour="var(--accent)", symbol="circle", text=["Leadtime"] * len(names)),
        ],
        x="Progressions found, %",
        y="",
        x_axis={"rangemode": "tozero"},
        y_axis={"type": "category", "automargin": True, "title": None},
        rows=len(names),
    )


def _dots(
    name: str, names: Sequence[str], estimates: Sequence[Estimate], *, colour: str, symbol: str, text: Sequence[str]
) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [_or_none(100 * one.value) for one in estimates],
        "y": list(names),
        "text": list(text),
        "marker": {"color": colour, "symbol": symbol, "size": 10},
        "error_x": _error(estimates, scale=100, colour=colour),
        "hovertemplate": "%{y}: %{text}<br>%{x:.1f} %<extra></extra>",
    }


def by_interval(strata: Sequence[tuple[str, Stratum]], *, has_imaging: bool) -> Json:
    """False alerts of the engine as shipped (all alerts without imaging), by the patients' own drawing interval."""
    return _figure(
        [
            {
                "type": "bar",
                "name": level.upper() if level == "alert" else "WATCH or ALERT",
                "x": [name for name, _ in strata],
                "y": [_or_none(one.settings[at].rate.value) for _, one in strata],
                "marker": {"color": f"var(--{level})@0.75"},
                "error_y": _error([one.settings[at].rate for _, one in strata], scale=1, colour="var(--ink)"),
                "hovertemplate": f"{level.upper()}, %{{x}} days: %{{y:.1f}} per 100 patient-years<extra></extra>",
            }
            for at, level in enumerate(("alert", "watch"))
        ],
        x="Median days between the draws of a patient",
        y=f"{'False alerts' if has_imaging else 'Alerts'} per 100 patient-years",
        x_axis={"type": "category"},
        y_axis={"rangemode": "tozero"},
        barmode="group",
    )


def _or_none(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
