"""The chart of the page on paper: the same traces, bands and breaks, put on paper instead of on the screen.

Nothing is computed of a value here: `chart_panels` and `chart_lanes` say what is drawn, this says how wide a line is.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

from django.utils.formats import date_format

from monitoring.chart_axes import break_marks, linear_range, reference_bands
from monitoring.chart_events import rebase_marks
from monitoring.chart_lanes import Lane
from monitoring.chart_panels import Panel, last_value_text, panel_remark, panel_title, panel_traces
from monitoring.event_spans import EventSpan
from monitoring.reports.glyphs import draw_glyph
from monitoring.reports.lettering import width_of
from monitoring.reports.paper import Paper, Point
from monitoring.wording import figures
from patients.wording import chinese

Trace = dict[str, Any]
_Mark = tuple[str, str, str, str]  # day, symbol, colour, word

TITLE_HEIGHT: Final = 12.5
LANE_ROW: Final = 8.5
LANE_GAP: Final = 2.0
TITLE_SIZE, SMALL, TINY = 7.5, 6.2, 5.4
GLYPH_SCALE: Final = 0.55  # the marks of the screen are in pixels
REFERENCE, REFERENCE_EDGE = (
    "var(--ink)@0.10",
    "var(--ink)@0.22",
)  # darker than on a screen: a printer drops what is paler
TICKS: Final = 3
MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
MOST_DATES: Final = 9
MS_A_DAY: Final = 86_400_000
SECONDS_A_DAY: Final = 86_400
NARROWEST_LABEL: Final = 14.0
HATCH_EVERY: Final = 4.0
HATCH: Final = "var(--quiet)@0.45"  # seen on a grey print, beneath points and lines
SAME_DAY_SHIFT: Final = 6.0
_TAG: Final = re.compile(r"<br>")


@dataclass(frozen=True, slots=True)
class TimeFrame:
    """The time axis: from which day to which, and where on the paper."""

    left: float
    width: float
    start: dt.datetime
    end: dt.datetime

    @property
    def right(self) -> float:
        return self.left + self.width

    def at(self, x: str) -> float:
        """Where a moment lies; equal times are equally far apart."""
        whole = (self.end - self.start).total_seconds()
        return self.left + self.width * (dt.datetime.fromisoformat(x) - self.start).total_seconds() / whole

    def holds(self, x: str) -> bool:
        return self.start <= dt.datetime.fromisoformat(x) <= self.end


def plain(text: str) -> str:
    """The words of a chart are escaped for the page."""
    return unescape(_TAG.sub(" · ", text))


# --- lanes --------------------------------------------------------------------------------------------------------
def lane_height(lane: Lane) -> float:
    return LANE_ROW * lane.rows + LANE_GAP


def draw_lane(paper: Paper, lane: Lane, frame: TimeFrame, top: float, *, label_left: float) -> None:
    """The lane's name stands left of it; bars are cut at the window, labels where the next thing begins."""
    paper.text(label_left, top + 6.3, lane.title, SMALL, colour="--quiet", width=frame.left - label_left - 3)
    with paper.within(frame.left - 2, top, frame.width + 4, lane_height(lane)):
        for trace in lane.traces:
            if trace["type"] == "bar":
                _bars(paper, trace, frame, top)
            elif trace["mode"] == "text":
                _bar_labels(paper, trace, frame, top)
            else:
                _happenings(paper, trace, frame, top)


def _bars(paper: Paper, trace: Trace, frame: TimeFrame, top: float) -> None:
    for start, long, row, colour in zip(trace["base"], trace["x"], trace["y"], trace["marker"]["color"], strict=True):
        end = dt.datetime.fromisoformat(start) + dt.timedelta(days=long / MS_A_DAY)
        left, right = frame.at(start), frame.at(end.isoformat())
        upper, lower = top + row * LANE_ROW + 0.6, top + (row + 1) * LANE_ROW - 0.8
        paper.box(left, upper, right - left, lower - upper, fill=colour)
        # Its ends in ink, for a printer that drops the pale area; a name may run on beyond the end.
        paper.line([(left, upper), (left, lower), (right, lower), (right, lower - 2)], colour="--quiet", width=0.5)


def _bar_labels(paper: Paper, trace: Trace, frame: TimeFrame, top: float) -> None:
    """A name stands at the beginning of its bar, or of the window, up to the next bar of its row."""
    starts = [frame.at(start) for start in trace["x"]]
    for left, row, text in zip(starts, trace["y"], trace["text"], strict=True):
        next_one = min(
            (other for other, its in zip(starts, trace["y"], strict=True) if its == row and other > left),
            default=frame.right,
        )
        begin = max(left, frame.left) + 2
        room = min(next_one, frame.right) - begin - 1
        if room >= NARROWEST_LABEL:
            paper.text(begin, top + row * LANE_ROW + 6.2, plain(text).strip(), SMALL, width=room)


def _happenings(paper: Paper, trace: Trace, frame: TimeFrame, top: float) -> None:
    """A mark each; its word stands right of it as far as the next mark lets it, left of it at the right edge."""
    count = len(trace["x"])
    marker = trace["marker"]
    drawn = zip(trace["x"], _each(marker["symbol"], count), _each(marker["color"], count), trace["text"], strict=True)
    rows: dict[int, list[_Mark]] = {}
    for mark, row in zip(drawn, trace["y"], strict=True):
        rows.setdefault(row, []).append(mark)
    for row, marks in rows.items():
        _row_of_marks(paper, marks, frame, top + row * LANE_ROW)


def _row_of_marks(paper: Paper, marks: Sequence[_Mark], frame: TimeFrame, top: float) -> None:
    places = _beside([frame.at(x) for x, _symbol, _colour, _text in marks])
    taken = frame.left - 2
    for at, (place, (_x, symbol, colour, text)) in enumerate(zip(places, marks, strict=True)):
        draw_glyph(paper, symbol, (place, top + LANE_ROW / 2), 2.6, colour=colour)
        word = plain(text)
        after = places[at + 1] - 5 if at + 1 < len(places) else frame.right
        room, long = after - place - 5, width_of(word, SMALL)
        if long > room and at + 1 == len(places) and place - 5 - long > taken:
            paper.text(place - 5, top + 6.3, word, SMALL, colour="--quiet", align="right")
        elif room >= NARROWEST_LABEL or long <= room:
            paper.text(place + 5, top + 6.3, word, SMALL, colour="--quiet", width=max(room, 1))
        taken = place + 5 + min(long, max(room, 0))


def _beside(places: Sequence[float]) -> list[float]:
    """Marks of one day stand side by side: none hides another."""
    return [place + places[:at].count(place) * SAME_DAY_SHIFT for at, place in enumerate(places)]


def _each(value: Any, count: int) -> list[Any]:
    return list(value) if isinstance(value, list) else [value] * count


# --- panels -------------------------------------------------------------------------------------------------------
def draw_panel(
    paper: Paper, panel: Panel, frame: TimeFrame, top: float, height: float, spans: Sequence[EventSpan] = ()
) -> None:
    """Title line, then a plot of `height`: bands, dates, breaks, lines, points."""
    _head(paper, panel, frame, top)
    top += TITLE_HEIGHT
    low, high = linear_range(panel)
    scale = _Scale(top, height, low, high)
    start, end = frame.start.isoformat(), frame.end.isoformat()
    with paper.within(frame.left, top, frame.width, height):
        first = min(start, panel.views[0].x)
        for shape in reference_bands(panel, axis="y", start=first, end=end, bottom=low, top=high):
            left, right = frame.at(shape["x0"]), frame.at(shape["x1"])
            upper, lower = scale.at(shape["y1"]), scale.at(shape["y0"])
            paper.box(left, upper, right - left, lower - upper, fill=REFERENCE, edge=REFERENCE_EDGE)
        for at, _text in dates(frame):
            paper.line([(at, top), (at, top + height)], colour="--rule", width=0.3)
        for span in spans:
            _hatching(paper, span, frame, top, height)
        _breaks(paper, panel, frame, top, height)
        for trace in panel_traces(panel):
            if trace["mode"] == "lines":
                _lines(paper, trace, frame, scale)
    _axis(paper, scale, frame)
    with paper.within(frame.left - 5, top - 4, frame.width + 10, height + 8):
        for trace in panel_traces(panel):
            if trace["mode"] == "markers":
                _points(paper, trace, frame, scale)


@dataclass(frozen=True, slots=True)
class _Scale:
    """The value axis of one panel."""

    top: float
    height: float
    low: float
    high: float

    def at(self, value: float) -> float:
        return self.top + self.height * (self.high - value) / (self.high - self.low)


def _head(paper: Paper, panel: Panel, frame: TimeFrame, top: float) -> None:
    base = top + 8
    last = plain(last_value_text(panel))
    long = paper.text(frame.left, base, plain(panel_title(panel)), TITLE_SIZE, bold=True)
    room = frame.width - long - 6 - width_of(last, TITLE_SIZE) - 8
    remark = plain(panel_remark(panel, logarithmic=False))
    if remark and room > NARROWEST_LABEL:
        paper.text(frame.left + long + 6, base, remark, SMALL, colour="--quiet", width=room)
    paper.text(frame.right, base, last, TITLE_SIZE, bold=True, align="right")


def _breaks(paper: Paper, panel: Panel, frame: TimeFrame, top: float, height: float) -> None:
    lines, labels = break_marks(panel, axis="y")
    rebased, reasons = rebase_marks(panel, axis="y")
    marks = sorted(zip([*lines, *rebased], [*labels, *reasons], strict=True), key=lambda one: str(one[0]["x0"]))
    inside = [(line, label) for line, label in marks if frame.holds(line["x0"])]
    places = [frame.at(line["x0"]) for line, _label in inside]
    for at, (line, label) in enumerate(inside):
        place, dash = places[at], "dot" if line["name"] == "break" else "dash"
        paper.line([(place, top), (place, top + height)], colour="--quiet", width=0.7, dash=dash)
        room = (places[at + 1] if at + 1 < len(places) else frame.right) - place - 3
        if room >= NARROWEST_LABEL:
            paper.text(place + 2, top + 5.5, plain(label["text"]), TINY, colour="--quiet", width=room)


def _hatching(paper: Paper, span: EventSpan, frame: TimeFrame, top: float, height: float) -> None:
    """Slanted lines over the days in which an event holds the marker back; the notes below say which and why."""
    left, right = (frame.at(dt.date.fromordinal(day).isoformat()) for day in (span.first, span.last + 1))
    left, right = max(left, frame.left), min(right, frame.right)
    with paper.within(left, top, max(right - left, 0), height):
        for at in range(int((right - left + height) / HATCH_EVERY) + 1):
            foot = left - height + at * HATCH_EVERY
            paper.line([(foot, top + height), (foot + height, top)], colour=HATCH, width=0.5)


def _lines(paper: Paper, trace: Trace, frame: TimeFrame, scale: _Scale) -> None:
    if trace.get("fill") == "toself":
        for patch in stretches(trace):
            outline = [(frame.at(x), scale.at(y)) for x, y in patch]
            paper.area(outline, fill=trace["fillcolor"], edge="--quiet", width=0.3, dash="dash")
        return
    for stretch in stretches(trace):
        paper.line([(frame.at(x), scale.at(y)) for x, y in stretch], colour=trace["line"]["color"], width=0.8)


def stretches(trace: Trace) -> Iterator[list[tuple[str, float]]]:
    """The unbroken parts of a line: a missing value parts it."""
    part: list[tuple[str, float]] = []
    for x, y in zip(trace["x"], trace["y"], strict=True):
        if y is None:
            yield part
            part = []
        else:
            part.append((x, y))
    yield part


def _points(paper: Paper, trace: Trace, frame: TimeFrame, scale: _Scale) -> None:
    marker = trace["marker"]
    drawn = zip(trace["x"], trace["y"], marker["symbol"], marker["size"], _edges(marker, len(trace["x"])), strict=True)
    for x, y, symbol, size, edge in drawn:
        if frame.holds(x):
            at: Point = (frame.at(x), scale.at(y))
            draw_glyph(paper, symbol, at, size * GLYPH_SCALE / 2 + 0.3, colour=marker["color"], edge=edge)


def _edges(marker: Trace, count: int) -> list[str]:
    return _each(marker["line"]["color"], count)


def _axis(paper: Paper, scale: _Scale, frame: TimeFrame) -> None:
    bottom = scale.top + scale.height
    paper.line([(frame.left, scale.top), (frame.left, bottom), (frame.right, bottom)], colour="--quiet", width=0.4)
    for value in ticks(scale.low, scale.high):
        y = scale.at(value)
        paper.line([(frame.left - 2, y), (frame.left, y)], colour="--quiet", width=0.4)
        paper.text(frame.left - 3.5, y + 1.9, figures(value, 4), TINY, colour="--quiet", align="right")


def ticks(low: float, high: float) -> list[float]:
    """Round numbers within the axis, about three."""
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough * 0.75)
    first = math.ceil(low / step)
    return [at * step for at in range(first, math.floor(high / step + 1e-9) + 1)]


# --- dates --------------------------------------------------------------------------------------------------------
def draw_dates(paper: Paper, frame: TimeFrame, base: float) -> None:
    for at, text in dates(frame):
        paper.text(at, base, text, TINY, colour="--quiet", align="middle")


def dates(frame: TimeFrame) -> list[tuple[float, str]]:
    """The first days of months that stand under the axis, as far apart as the times between them."""
    months = (frame.end.year - frame.start.year) * 12 + frame.end.month - frame.start.month
    step = next((step for step in MONTH_STEPS if months / step <= MOST_DATES), MONTH_STEPS[-1])
    pattern = "Y-m" if chinese() else "M Y"
    first = frame.start.year * 12 + frame.start.month - 1
    days = [dt.datetime(at // 12, at % 12 + 1, 1) for at in range(first, first + months + 1) if at % step == 0]  # noqa: DTZ001
    return [(frame.at(day.isoformat()), date_format(day, pattern)) for day in days if frame.start <= day <= frame.end]
