"""Panels in a relative measure, so that markers can be compared: times the upper limit of each draw, or percent of the
person's own level (Torsvik 2013: relative graphs show more of what moves together).

A value that has nothing to be divided by stays where it is in time and has no number: NaN, drawn as a gap and said.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import accumulate
from typing import Final, Literal

from django.utils.translation import gettext, ngettext

from monitoring.chart_panels import Panel
from monitoring.points import PointView
from monitoring.ranges import LIMIT_DIGITS
from monitoring.trends.types import DrawReading
from monitoring.wording import figures
from patients.ranges import Range
from patients.wording import unit_text

Measure = Literal["uln", "baseline"]
MEASURES: Final[tuple[Measure, ...]] = ("uln", "baseline")
WHOLE: Final[dict[Measure, float]] = {"uln": 1.0, "baseline": 100.0}  # what the measure is counted in
DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class RelativePanel:
    """`panel` with every number in the measure; `missing` values have none; `remark` says what the measure is of."""

    panel: Panel
    missing: int
    remark: str

    @property
    def texts(self) -> list[str]:
        """The remark, and how many values are not drawn, if any."""
        if not self.missing or self.missing == len(self.panel.views):
            return [self.remark]
        return [self.remark, self.gaps]

    @property
    def gaps(self) -> str:
        """How many values are not drawn; '' where all are."""
        if not self.missing:
            return ""
        said = ngettext("%(n)d value without it is not drawn", "%(n)d values without it are not drawn", self.missing)
        return said % {"n": self.missing}


def relative_panel(panel: Panel, measure: Measure) -> RelativePanel:
    divisors = _upper_limits(panel) if measure == "uln" else _own_level(panel)
    whole = WHOLE[measure]
    views = [
        _lost(view) if divisor is None else _divided(view, divisor, whole=whole)
        for view, divisor in zip(panel.views, divisors, strict=True)
    ]
    remark = _limit_remark(panel, divisors) if measure == "uln" else _level_remark(panel, divisors)
    return RelativePanel(replace(panel, views=views), sum(divisor is None for divisor in divisors), remark)


def times_upper_limit(view: PointView) -> float | None:
    """The value as a multiple of the upper limit of its own draw; None where that has none."""
    limit = _upper_limit(view)
    return None if limit is None else view.y / limit


def percent_of_own_level(panel: Panel) -> list[float | None]:
    """Each value as percent of the person's own level; None where the engine states none, or of another assay."""
    levels = _own_level(panel)
    return [None if level is None else view.y / level * 100 for view, level in zip(panel.views, levels, strict=True)]


def own_level_segment(panel: Panel) -> list[PointView]:
    """The values that the own level holds for: those of the stretch it was learnt in. Empty where none is stated."""
    return [view for view, level in zip(panel.views, _own_level(panel), strict=True) if level is not None]


def measure_title(panel: Panel, measure: Measure) -> str:
    """The label of the axis: what a number on it is, in words instead of the unit."""
    if measure == "uln":
        return gettext("%(marker)s, × ULN") % {"marker": panel.marker.short_name}
    return gettext("%(marker)s, %% of own level") % {"marker": panel.marker.short_name}


def said_of(view: PointView, measure: Measure) -> str:
    """What the hover text of a point begins with in this measure; the sign of a reporting limit stays."""
    if math.isnan(view.y):
        return ""
    number = f"{view.point.comparator}{figures(view.y)}"
    if measure == "uln":
        return gettext("%(times)s × upper limit") % {"times": number}
    return gettext("%(percent)s %% of own level") % {"percent": number}


def _upper_limits(panel: Panel) -> list[float | None]:
    return [_upper_limit(view) for view in panel.views]


def _upper_limit(view: PointView) -> float | None:
    high = view.within.high if view.within else None
    return float(high) if high is not None and high > 0 else None


def _own_level(panel: Panel) -> list[float | None]:
    """The engine's level is of the assay its draws were measured with: no value of another is held to it."""
    own = panel.finding.baseline if panel.finding else None
    if own is None or own.level <= 0:
        return [None] * len(panel.views)
    stretches = list(accumulate(1 if view.breaks else 0 for view in panel.views))
    # The last of its draws: the memory of those before a change of assay was let go by then.
    own_draws = [at for view, at in zip(panel.views, stretches, strict=True) if view.point.draw_id in own.draw_ids]
    return [own.level if own_draws and stretch == own_draws[-1] else None for stretch in stretches]


def _lost(view: PointView) -> PointView:
    """Without a number; a band that was known stays, without numbers too, so that the traces are the same ones."""
    return replace(
        view, y=math.nan, within=None, reading=_reading(view.reading, lambda _: math.nan) if view.reading else None
    )


def _divided(view: PointView, divisor: float, *, whole: float) -> PointView:
    def part(number: float) -> float:
        return float(f"{number / divisor * whole:.{DIGITS}g}")

    return replace(
        view,
        y=part(view.y),
        within=_range(view.within, part) if view.within else None,
        reading=_reading(view.reading, part) if view.reading else None,
    )


def _range(within: Range, part: Callable[[float], float]) -> Range:
    low, high = (None if limit is None else Decimal(str(part(float(limit)))) for limit in (within.low, within.high))
    return replace(within, low=low, high=high)


def _reading(reading: DrawReading, part: Callable[[float], float]) -> DrawReading:
    low, high = (None if edge is None else part(edge) for edge in (reading.band_low, reading.band_high))
    return replace(reading, band_low=low, band_high=high)


def _limit_remark(panel: Panel, divisors: list[float | None]) -> str:
    known = [
        (view, limit) for view, limit in zip(panel.views, divisors, strict=True) if limit is not None and view.within
    ]
    if not known:
        return gettext("no upper limit known: not drawn")
    _view, limit = known[-1]
    words = {"limit": figures(limit, LIMIT_DIGITS), "unit": unit_text(panel.marker.unit)}
    if len({limit for _view, limit in known}) == 1:
        return (gettext("1 = %(limit)s %(unit)s") % words).strip()
    return (gettext("1 = upper limit of each draw, now %(limit)s %(unit)s") % words).strip()


def _level_remark(panel: Panel, divisors: list[float | None]) -> str:
    if divisors[-1] is None:
        return gettext("no own level stated yet: not drawn")
    words = {"level": figures(divisors[-1]), "unit": unit_text(panel.marker.unit)}
    remark = (gettext("100 %% = own level, %(level)s %(unit)s") % words).strip()
    if divisors[0] is None:
        return gettext("%(remark)s; values of another assay have no level here") % {"remark": remark}
    return remark
