"""One value with everything a reader asks of it: range, flag, change, how it was read, where the series breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext

from monitoring.evaluation import segments_of
from monitoring.ranges import flag_of, range_of
from monitoring.trends.types import DrawReading, MarkerFinding
from monitoring.wording import figures
from patients.catalogue import MarkerDefinition, catalogue
from patients.models import Patient
from patients.ranges import Intervals, Range
from patients.selectors import SeriesPoint
from patients.wording import unit_text

NO_FIGURE: Final = "no_variation_estimate"  # the engine's word for a marker nobody has a variation figure of


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """`breaks` says why the line may not be drawn from the previous point to this one; '' where it may. Across a break
    there is no change either: two assays give two numbers for one sample."""

    point: SeriesPoint
    x: str
    y: float
    reported: str
    unit: str
    within: Range | None
    flag: str
    change: Decimal | None  # from the previous value, in the canonical unit
    change_percent: float | None
    days_since_previous: int | None
    reading: DrawReading | None
    supports: bool
    breaks: str
    note: str
    entered_by: str  # '' where it came with a file or nobody is on record

    @property
    def censored(self) -> bool:
        return bool(self.point.comparator)

    @property
    def left_out(self) -> bool:
        """Shown and not used by the engine, for a reason that lies in this draw."""
        reading = self.reading
        return reading is not None and reading.stance == "not_used" and reading.reason not in {NO_FIGURE, ""}

    @property
    def converted(self) -> bool:
        return self.point.factor != 1

    @property
    def canonical_text(self) -> str:
        """`33 g/L` of a value reported as 3.3 g/dL: in the unit of all that is computed; '' where it is in that."""
        if not self.converted:
            return ""
        return f"{figures(self.y, 4)} {unit_text(catalogue().marker(self.point.marker).unit)}".strip()


def point_views(
    points: Sequence[SeriesPoint],
    *,
    marker: MarkerDefinition,
    patient: Patient,
    intervals: Intervals,
    finding: MarkerFinding | None = None,
    notes: Mapping[int, str] | None = None,
    entered: Mapping[int, str] | None = None,
) -> list[PointView]:
    """The points of one series, oldest first. Without a finding nothing is said about support."""
    readings = {reading.draw_id: reading for reading in finding.readings} if finding else {}
    supporting = set(finding.supporting_draw_ids) if finding else set()
    views: list[PointView] = []
    previous: SeriesPoint | None = None
    segment = 0
    for point, now in zip(points, segments_of(points), strict=True):
        within = range_of(point, marker=marker, patient=patient, intervals=intervals)
        breaks = "" if previous is None or now == segment else _break(previous, point)
        views.append(
            PointView(
                point=point,
                x=timezone.localtime(point.collected_at).replace(tzinfo=None).isoformat(timespec="seconds"),
                y=float(point.canonical),
                reported=reported_text(point),
                unit=unit_text(point.unit),
                within=within,
                flag=flag_of(point, within),
                change=None
                if breaks or previous is None or not _comparable(previous, point)
                else point.canonical - previous.canonical,
                change_percent=None if breaks else _change(previous, point),
                days_since_previous=None if previous is None else _days(previous, point),
                reading=readings.get(point.draw_id),
                supports=point.draw_id in supporting,
                breaks=breaks,
                note=(notes or {}).get(point.draw_id, ""),
                entered_by=(entered or {}).get(point.draw_id, ""),
            )
        )
        previous, segment = point, now
    return views


def reported_text(point: SeriesPoint) -> str:
    """Exactly as reported: 0, <0.5, 0.004. A derived value is computed, so it is rounded to what is worth reading."""
    return figures(point.canonical, keep_zeros=True) if point.derived else f"{point.comparator}{point.value}"


def draw_days(views: Iterable[PointView]) -> dict[int, PointView]:
    return {view.point.draw_id: view for view in views}


def _days(previous: SeriesPoint, point: SeriesPoint) -> int:
    """On the calendar: from Monday 08:00 to the next Monday 07:30 are seven days."""
    return (timezone.localdate(point.collected_at) - timezone.localdate(previous.collected_at)).days


def _change(previous: SeriesPoint | None, point: SeriesPoint) -> float | None:
    """Percent from the previous value; none where either is only a limit, or where there is nothing to divide by."""
    if previous is None or not _comparable(previous, point) or previous.canonical == 0:
        return None
    return float((point.canonical - previous.canonical) / previous.canonical * 100)


def _comparable(previous: SeriesPoint, point: SeriesPoint) -> bool:
    return not (previous.comparator or point.comparator)


def _break(previous: SeriesPoint, point: SeriesPoint) -> str:
    """The series starts anew here (as the engine sees it): from which method or laboratory to which."""
    if point.assay and previous.assay != point.assay:
        return gettext("assay changed: %(old)s → %(new)s") % {"old": previous.assay or "…", "new": point.assay}
    return gettext("laboratory changed: %(old)s → %(new)s") % {
        "old": previous.laboratory or "…",
        "new": point.laboratory,
    }
