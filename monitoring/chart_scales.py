"""What changes with the measure and the scale of the chart: value axes, bands, titles, and the numbers of the points.

All of it is computed here, so that the script of the page only chooses. What stays the same, lines at changes of assay
and the last values as reported, stands in the layout once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.utils.translation import gettext

from monitoring.chart_axes import at_foot, break_marks, linear_range, log_range, reference_bands, stands_at_foot
from monitoring.chart_events import rebase_marks
from monitoring.chart_lanes import Lane
from monitoring.chart_panels import LONGEST_LABEL, Panel, last_value_text, panel_remark, panel_title, panel_traces
from monitoring.relative import MEASURES, WHOLE, Measure, RelativePanel, measure_title, relative_panel, said_of

Json = dict[str, Any]

TITLE_CHARACTER_PX: Final = 7.8
LABEL_BESIDE_ZERO: Final = 24  # all three must fit before the last value: the range, whose it is, and what is said of 0
_TITLE: Final[Json] = {
    "xref": "paper",
    "yref": "paper",
    "x": 0,
    "xanchor": "left",
    "yanchor": "bottom",
    "showarrow": False,
    "align": "left",
    "font": {"size": 12, "color": "var(--ink)"},
}
# What shapes and annotations of one name share is said once; the script lays each over its own (`slim`).
TEMPLATES: Final[dict[str, Json]] = {
    "lane": _TITLE,
    "title": {**_TITLE, "font": {"size": 12, "color": "var(--ink)", "weight": 600}},
    "remark": {**_TITLE, "font": {"size": 11, "color": "var(--quiet)"}},
    "last": {**_TITLE, "x": 1, "xanchor": "right"},
    "reference": {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "fillcolor": "var(--ink)@0.06",
        "line": {"width": 0},
    },
    "rebased": {
        "type": "line",
        "xref": "x",
        "y0": 0,
        "y1": 1,
        "y": 0,
        "xanchor": "left",
        "yanchor": "bottom",
        "xshift": 3,
        "showarrow": False,
        "font": {"size": 10, "color": "var(--quiet)"},
        "line": {"color": "var(--quiet)", "width": 1, "dash": "dash"},
    },
}


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one row of the figure stands, as shares of its height from the bottom."""

    axis: int
    bottom: float
    top: float

    @property
    def ref(self) -> str:
        return "y" if self.axis == 1 else f"y{self.axis}"

    @property
    def key(self) -> str:
        return "yaxis" if self.axis == 1 else f"yaxis{self.axis}"


def fixed_marks(
    lanes: Sequence[Lane], lane_slots: Sequence[Slot], panels: Sequence[Panel], panel_slots: Sequence[Slot]
) -> Json:
    """Shapes and annotations that are the same in every measure and scale."""
    shapes: list[Json] = []
    annotations = [_text("lane", lane.title, slot) for lane, slot in zip(lanes, lane_slots, strict=True)]
    for panel, slot in zip(panels, panel_slots, strict=True):
        lines, labels = break_marks(panel, axis=slot.ref)
        rebased, reasons = rebase_marks(panel, axis=slot.ref)
        shapes += [*lines, *rebased]
        annotations += [_last_value(panel, slot), *labels, *reasons]
    return {"shapes": shapes, "annotations": annotations}


def scales(panels: Sequence[Panel], slots: Sequence[Slot], *, span: Sequence[str], first: int) -> Json:
    """By name: `linear` and `log` of the values, `uln`, `uln-log`, `baseline`, `baseline-log` of what they are to.

    Their `traces` are by the number of the trace, as in `relative_traces`.
    """
    found = {
        name: _scale([_Drawn(panel) for panel in panels], slots, span=span, first=first, logarithmic=name == "log")
        for name in ("linear", "log")
    }
    for measure in MEASURES:
        drawn = [_Drawn(one.panel, measure, one) for one in (relative_panel(panel, measure) for panel in panels)]
        for name, logarithmic in ((measure, False), (f"{measure}-log", True)):
            found[name] = _scale(drawn, slots, span=span, first=first, logarithmic=logarithmic)
    return found


def relative_traces(panels: Sequence[Panel], *, first: int) -> dict[str, dict[str, Json]]:
    """measure -> number of the trace -> what differs from the values; the traces of the panels begin at `first`."""
    return {measure: _restated(panels, measure, first=first) for measure in MEASURES}


def _restated(panels: Sequence[Panel], measure: Measure, *, first: int) -> dict[str, Json]:
    changes: dict[str, Json] = {}
    at = first
    for panel in panels:
        relative = relative_panel(panel, measure).panel
        said = {(view.point.draw_id, view.x): said_of(view, measure) for view in relative.views}
        for trace, other in zip(panel_traces(panel), panel_traces(relative), strict=True):
            change: Json = {"y": other["y"]}
            if other["x"] != trace["x"]:
                change["x"] = other["x"]
            if "customdata" in trace:
                change["said"] = [said[key] for key in zip(trace["customdata"], trace["x"], strict=True)]
            changes[str(at)] = change
            at += 1
    return changes


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A panel as it is drawn in one measure; '' is the values themselves."""

    panel: Panel
    measure: Measure | None = None
    relative: RelativePanel | None = None

    @property
    def title(self) -> str:
        return escape(measure_title(self.panel, self.measure)) if self.measure else panel_title(self.panel)

    @property
    def in_view(self) -> tuple[float, ...]:
        return (WHOLE[self.measure],) if self.measure else ()

    def remark(self, *, logarithmic: bool) -> str:
        zero = logarithmic and stands_at_foot(self.panel)
        if self.relative is None:
            longest = LABEL_BESIDE_ZERO if zero else LONGEST_LABEL
            said = panel_remark(self.panel, logarithmic=logarithmic, longest=longest)
        else:
            said = escape(" · ".join([*self.relative.texts, *([gettext("log scale")] if logarithmic else [])]))
        if not zero:
            return said
        return f"{said} · {escape(gettext('0 stands at the foot: a log scale has no 0'))}"

    def narrow_remark(self, *, logarithmic: bool) -> str:
        """What may not be left away where title and last value take the whole line."""
        gaps = self.relative.gaps if self.relative else ""
        scale = gettext("log scale")
        if logarithmic and stands_at_foot(self.panel):
            scale = gettext("log scale, 0 at the foot")
        return escape(" · ".join([*([gaps] if gaps else []), *([scale] if logarithmic else [])]))


def _scale(
    drawn: Sequence[_Drawn], slots: Sequence[Slot], *, span: Sequence[str], first: int, logarithmic: bool
) -> Json:
    """As one relayout: axes, bands (they end where the axis ends) and titles; and what differs of the traces."""
    change: Json = {"shapes": [], "annotations": [], "traces": {}}
    at = first
    for one, slot in zip(drawn, slots, strict=True):
        powers = log_range(one.panel, in_view=one.in_view) if logarithmic else None
        ends = linear_range(one.panel, in_view=one.in_view) if powers is None else powers
        bottom, top = ends if powers is None else (10 ** ends[0], 10 ** ends[1])
        change[f"{slot.key}.type"] = "linear" if powers is None else "log"
        change[f"{slot.key}.range"] = list(ends)
        foot = [{} for _ in panel_traces(one.panel)] if powers is None else at_foot(one.panel, foot=bottom)
        change["traces"] |= {str(number): other for number, other in enumerate(foot, start=at) if other}
        at += len(foot)
        bands = reference_bands(one.panel, axis=slot.ref, start=span[0], end=span[1], bottom=bottom, top=top)
        change["shapes"] += slim(bands)
        change["annotations"] += [
            _text("title", one.title, slot),
            _remark(one, slot, logarithmic=powers is not None),
        ]
    return change


def slim(marks: Sequence[Json]) -> list[Json]:
    """The marks without what their template says already."""
    return [
        {key: value for key, value in one.items() if TEMPLATES.get(one["name"], {}).get(key, ...) != value}
        for one in marks
    ]


def _text(name: str, text: str, slot: Slot, **own: Any) -> Json:
    return {"name": name, "text": text, "y": slot.top, **own}


def _remark(one: _Drawn, slot: Slot, *, logarithmic: bool) -> Json:
    """Set behind the title, whose width is estimated: one annotation cannot hold two weights under the policy."""
    shift = round(12 + TITLE_CHARACTER_PX * len(one.title), 1)
    narrow = one.narrow_remark(logarithmic=logarithmic)
    return _text("remark", one.remark(logarithmic=logarithmic), slot, xshift=shift, narrow=narrow)


def _last_value(panel: Panel, slot: Slot) -> Json:
    font = {"size": 14, "color": f"var({panel.colour})", "weight": 600}
    return _text("last", last_value_text(panel), slot, font=font)
