"""The scorecard's charts in Plotly's JSON form; each stands beside a table of the same numbers.

Colours are names of CSS custom properties (docs/adr/0006); a shape says the same as its colour. All words are
translated here, so the script holds none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext

from monitoring.charts import figure_layout
from monitoring.scorecard import AlertFacts, Answers, Card, Rate, Share
from monitoring.scorecard_words import (
    HOURS_A_DAY,
    counts_text,
    days_text,
    part_text,
    per_hundred,
    rate_text,
    share_text,
    too_few_text,
    version_text,
    wait_text,
    years_text,
)
from monitoring.uncertainty import Interval
from monitoring.wording import date_text

Json = dict[str, Any]

ROW_PX, LEADS_ROW_PX, SHARES_ROW_PX, CURVE_PX = 58, 84, 92, 230
TOP_PX, BOTTOM_PX, SIDE_PX = 8, 46, 14
ROOM: Final = 1.08  # of an axis, beyond what it holds
SIZE: Final = 9
LABEL_ABOVE: Final = 0.42  # of a row, over its marks
CLOUD: Final = (0.0, -0.09, 0.09, -0.18, 0.18)  # side by side, so that equal days can be told apart
BOX: Final = 0.27
LONGEST_DAYS: Final = 30  # that the curve of answers shows
SHARES: Final = (
    ("confirmed", "--accent", "circle"),
    ("bone", "--bone", "square"),
    ("progression", "--mineral", "diamond"),
)
BETWEEN_SHARES: Final = 0.24
BELOW: Final = 0.26  # of a row: the rate that is set against the promise, under that of all alerts


def rate_chart(cards: Sequence[Card], *, promised: float, synthetic: bool = True) -> Json | None:
    """All alerts and those closed without progression, with intervals, and the rate promised; None where no version
    has years enough.
    """
    seen = [(at, card) for at, card in enumerate(cards) if not card.rate.too_few]
    if not seen:
        return None
    ends = [card.rate.interval.high for _, card in seen if card.rate.interval]
    end = ROOM * max(*ends, promised)
    few = [
        (at, f"{too_few_text()} ({years_text(card.rate.years)} {gettext('patient-years')})")
        for at, card in enumerate(cards)
        if card.rate.too_few
    ]
    return {
        "data": [
            _rates("rate", [(at, card, card.rate) for at, card in seen], colour="--accent", symbol="circle"),
            _rates(
                "false_rate",
                [(at + BELOW, card, card.false_rate) for at, card in seen],
                colour="--mineral",
                symbol="diamond",
            ),
        ],
        "layout": _rows_layout(
            cards,
            ROW_PX,
            axis={"range": [0, end]},
            title=gettext("alerts per 100 patient-years"),
            shapes=[_upright("promised", promised)],
            notes=[*_few_notes(few), _promised_note(promised, rows=len(cards), end=end, synthetic=synthetic)],
        ),
    }


def _rates(name: str, rates: Iterable[tuple[float, Card, Rate]], *, colour: str, symbol: str) -> Json:
    known = list(rates)
    points = [(at, rate.value or 0.0, rate.interval) for at, _, rate in known]
    labels = {"rate": gettext("all alerts"), "false_rate": gettext("closed without progression")}
    hovers = [f"{version_text(card)}, {labels[name]}: {rate_text(rate)}" for _, card, rate in known]
    return _spread(name, points, hovers, colour=colour, symbol=symbol)


def share_chart(cards: Sequence[Card]) -> Json | None:
    """Confirmed by the repeat, bone metastasis and any progression on imaging, with their intervals."""
    data, few = [], []
    for nth, (name, colour, symbol) in enumerate(SHARES):
        offset = (nth - 1) * BETWEEN_SHARES + 0.1
        shares: list[tuple[float, Share]] = [(at + offset, getattr(card, name)) for at, card in enumerate(cards)]
        drawn = [(at, share) for at, share in shares if not share.too_few]
        few += [(at, f"{too_few_text()} ({counts_text(share)})") for at, share in shares if share.too_few]
        if drawn:
            hovers = [f"{share_label(name)}: {share_text(share)}, {counts_text(share)}" for _, share in drawn]
            points = [(at, 100 * (share.value or 0.0), _percent(share.interval)) for at, share in drawn]
            data.append(_spread(name, points, hovers, colour=colour, symbol=symbol))
    if not data:
        return None
    return {
        "data": data,
        "layout": _rows_layout(
            cards,
            SHARES_ROW_PX,
            axis={"range": [0, 100], "ticksuffix": " %"},
            title=gettext("of those whose answer is known"),
            shapes=[],
            notes=list(_few_notes(few)),
        ),
    }


def share_label(name: str) -> str:
    return {
        "confirmed": gettext("confirmed by the repeat draw"),
        "bone": gettext("bone metastasis on imaging"),
        "progression": gettext("any progression on imaging"),
    }[name]


def lead_chart(cards: Sequence[Card]) -> Json | None:
    """Each alert a point that leads to its patient; from six on with quartiles and median."""
    points = [(at, one) for at, card in enumerate(cards) for one in _cloud(card.leads.alerts)]
    if not points:
        return None
    days = [alert.lead_days or 0 for _, (_, alert) in points]
    low, high = min(0, *days), max(0, *days)
    margin = max((high - low) * (ROOM - 1), 1)
    few = [(at, too_few_text()) for at, card in enumerate(cards) if card.leads.too_few]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": "lead",
                "x": days,
                "y": [at + beside for at, (beside, _) in points],
                "customdata": [reverse("patient", args=[alert.patient]) for _, (_, alert) in points],
                "marker": {
                    "symbol": "circle",
                    "size": SIZE,
                    "color": "var(--bone)@0.55",
                    "line": {"width": 1, "color": "var(--ink)"},
                },
                "hovertext": [escape(point_text(alert)) for _, (_, alert) in points],
                "hoverinfo": "text",
                "cliponaxis": False,
            }
        ],
        "layout": _rows_layout(
            cards,
            LEADS_ROW_PX,
            axis={"range": [low - margin, high + margin]},
            title=gettext("days from the alert to the scan"),
            shapes=[_upright("scan", 0), *_boxes(cards)],
            notes=list(_few_notes(few, at_right=True)),
        ),
    }


def point_text(alert: AlertFacts) -> str:
    return gettext("alert of %(day)s: %(days)s before the scan") % {
        "day": date_text(alert.day),
        "days": days_text(alert.lead_days or 0),
    }


def answer_chart(answers: Answers) -> Json | None:
    """The share that was answered by each time, and its interval, as steps; None of too few."""
    if answers.too_few or answers.curve is None:
        return None
    last = min(answers.curve.longest, LONGEST_DAYS * HOURS_A_DAY)
    hours = [0.0, *(float(one) for one in answers.curve.times if one <= last), float(last)]
    steps = [answers.within(hour) or (0.0, Interval(0.0, 0.0)) for hour in hours]
    days = [hour / HOURS_A_DAY for hour in hours]
    line = {"shape": "hv", "color": "var(--accent)", "width": 1.8}
    edge = {"shape": "hv", "color": "var(--accent)@0", "width": 0}
    common: Json = {"type": "scatter", "mode": "lines", "x": days}
    return {
        "data": [
            {**common, "name": "low", "y": [100 * one.low for _, one in steps], "line": edge, "hoverinfo": "skip"},
            {
                **common,
                "name": "high",
                "y": [100 * one.high for _, one in steps],
                "line": edge,
                "fill": "tonexty",
                "fillcolor": "var(--accent)@0.14",
                "hoverinfo": "skip",
            },
            {
                **common,
                "name": "answered",
                "y": [100 * share for share, _ in steps],
                "line": line,
                "hovertext": [
                    escape(f"{wait_text(hour)}: {part_text(share, interval)}")
                    for hour, (share, interval) in zip(hours, steps, strict=True)
                ],
                "hoverinfo": "text",
            },
        ],
        "layout": {
            **figure_layout(CURVE_PX),
            "margin": {"t": TOP_PX, "b": BOTTOM_PX, "l": 44, "r": SIDE_PX, "pad": 0},
            "xaxis": {**_axis(gettext("days since the alert")), "range": [0, max(last / HOURS_A_DAY, 0.1)]},
            "yaxis": {**_axis(""), "range": [0, 100], "ticksuffix": " %", "nticks": 5},
        },
    }


# --- parts --------------------------------------------------------------------------------------------------------
def _percent(interval: Interval | None) -> Interval | None:
    return Interval(100 * interval.low, 100 * interval.high) if interval else None


def _spread(
    name: str,
    points: Sequence[tuple[float, float, Interval | None]],
    hovers: Sequence[str],
    *,
    colour: str,
    symbol: str,
) -> Json:
    """Points with their intervals, one a row."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [value for _, value, _ in points],
        "y": [at for at, _, _ in points],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [interval.high - value if interval else 0 for _, value, interval in points],
            "arrayminus": [value - interval.low if interval else 0 for _, value, interval in points],
            "color": f"var({colour})",
            "thickness": 1.6,
            "width": 4,
        },
        "marker": {"symbol": symbol, "size": SIZE, "color": f"var({colour})"},
        "hovertext": [escape(one) for one in hovers],
        "hoverinfo": "text",
        "cliponaxis": False,
    }


def _rows_layout(
    cards: Sequence[Card], row_px: int, *, axis: Json, title: str, shapes: list[Json], notes: list[Json]
) -> Json:
    """One row a version, the first at the top, its name above its marks."""
    names = [
        {
            **_note(version_text(card), at - LABEL_ABOVE, colour="--ink"),
            "bgcolor": "var(--paper)",  # over the upright lines
            "name": "version",
            "xref": "paper",
            "x": 0,
        }
        for at, card in enumerate(cards)
    ]
    return {
        **figure_layout(len(cards) * row_px + TOP_PX + BOTTOM_PX),
        "margin": {"t": TOP_PX, "b": BOTTOM_PX, "l": SIDE_PX, "r": SIDE_PX, "pad": 0},
        "xaxis": {**_axis(title), **axis},
        "yaxis": {"range": [len(cards) - 0.5, -0.6], "fixedrange": True, "visible": False},
        "shapes": shapes,
        "annotations": [*names, *notes],
    }


def _axis(title: str) -> Json:
    return {
        "type": "linear",
        "fixedrange": True,
        "zeroline": False,
        "nticks": 6,
        "tickangle": 0,
        "gridcolor": "var(--rule)",
        "tickfont": {"size": 11, "color": "var(--quiet)"},
        "title": {"text": escape(title), "font": {"size": 12, "color": "var(--ink)"}, "standoff": 8},
    }


def _note(text: str, at: float, *, colour: str = "--quiet") -> Json:
    return {
        "text": escape(text),
        "yref": "y",
        "y": at,
        "xanchor": "left",
        "yanchor": "middle",
        "align": "left",
        "showarrow": False,
        "font": {"size": 12, "color": f"var({colour})"},
    }


def _few_notes(few: Iterable[tuple[float, str]], *, at_right: bool = False) -> Iterable[Json]:
    for at, text in few:
        place = {"xref": "paper", "x": 1, "xanchor": "right"} if at_right else {"xref": "paper", "x": 0, "xshift": 8}
        yield {**_note(text, at - (LABEL_ABOVE if at_right else 0)), **place, "name": "too_few"}


def _promised_note(promised: float, *, rows: int, end: float, synthetic: bool) -> Json:
    """At the foot of its line, where no version has its name, on the side that has more room."""
    words = gettext("promised (synthetic): %(rate)s") if synthetic else gettext("promised (own patients): %(rate)s")
    text = words % {"rate": per_hundred(promised)}
    side = {"xanchor": "left", "xshift": 4} if promised < end / 2 else {"xanchor": "right", "xshift": -4}
    foot = {"xref": "x", "x": promised, "yanchor": "bottom"}
    return {**_note(text, rows - 0.5), **foot, **side, "name": "promised"}


def _upright(name: str, x: float) -> Json:
    return {
        "type": "line",
        "name": name,
        "xref": "x",
        "yref": "paper",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": {"color": "var(--quiet)", "width": 1.4, "dash": "dot"},
    }


def _boxes(cards: Sequence[Card]) -> Iterable[Json]:
    for at, card in enumerate(cards):
        if card.leads.quartiles is None:
            continue
        first, middle, third = card.leads.quartiles
        rows = {"xref": "x", "yref": "y", "y0": at - BOX, "y1": at + BOX, "layer": "below"}
        yield {
            **rows,
            "type": "rect",
            "name": "quartiles",
            "x0": first,
            "x1": third,
            "fillcolor": "var(--bone)@0.14",
            "line": {"width": 0},
        }
        ink = {"color": "var(--ink)", "width": 2}
        yield {**rows, "type": "line", "name": "median", "x0": middle, "x1": middle, "line": ink}


def _cloud(alerts: Sequence[AlertFacts]) -> list[tuple[float, AlertFacts]]:
    return [(CLOUD[at % len(CLOUD)], alert) for at, alert in enumerate(alerts)]
