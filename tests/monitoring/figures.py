"""Series points and findings written down by hand, for tests of what is drawn and said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

from monitoring.chart_panels import Panel
from monitoring.points import point_views
from monitoring.trends.types import Baseline, DrawReading, MarkerFinding, RiseEvidence
from patients.catalogue import catalogue
from patients.models import Patient
from patients.ranges import NO_INTERVALS
from patients.selectors import SeriesPoint

FIRST = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
EVERY = dt.timedelta(days=42)


def point(
    marker: str,
    text: str,
    *,
    draw: int = 1,
    low: str = "",
    high: str = "",
    assay: str = "",
    laboratory: str = "",
    version: int = 1,
    fasting: str = "unknown",
    haemolysis: str = "unknown",
    taken: Collection[str] = (),
    hour: int = 8,
) -> SeriesPoint:
    """The value `text` (with its comparator) of draw 1, 2, ... six weeks apart."""
    comparator = text[0] if text[0] in "<>" else ""
    return SeriesPoint(
        patient_id=1,
        marker=marker,
        draw_id=draw,
        collected_at=(FIRST + (draw - 1) * EVERY).replace(hour=hour),
        time_known=True,
        laboratory=laboratory,
        assay=assay,
        fasting=fasting,
        haemolysis=haemolysis,
        comparator=comparator,
        value=text.lstrip("<>"),
        unit=catalogue().marker(marker).unit,
        canonical=Decimal(text.lstrip("<>")),
        factor=Decimal(1),
        reference_low=low,
        reference_high=high,
        version=version,
        result_ids=(draw,),
        **dict.fromkeys(taken, "yes"),
    )


def reading(
    draw: int,
    *,
    stance: str = "neutral",
    reason: str = "",
    band: tuple[float, float] | None = (1.5, 2.6),
    rebased: str = "",
    uncertain: str = "",
    watch_only: str = "",
) -> DrawReading:
    return DrawReading(
        draw_id=draw,
        day=float(draw),
        value=2.0,
        censoring=0,
        expected=2.0 if band else None,
        band_low=band[0] if band else None,
        band_high=band[1] if band else None,
        baseline_draws=3,
        z=None,
        rise_vs_baseline_percent=None,
        rcv_percent=55.0,
        stance=stance,  # type: ignore[arg-type]  # a literal, given as text by the tests
        reason=reason,
        rebased=rebased,
        uncertain=uncertain,
        watch_only=watch_only,
    )


def evidence(
    *, part: float = 2.0, odds: float = 30.0, confirmed: bool = True, noise: float = 1.0, onset: float = 20_500.0
) -> RiseEvidence:
    """A rise that began on 16 February 2026, give or take four weeks."""
    return RiseEvidence(
        log_evidence=9.0,
        odds=odds,
        part=part,
        confirmed=confirmed,
        support=1.0 if confirmed else -1.0,
        onset_day=onset,
        onset_low=onset - 28,
        onset_high=onset + 28,
        noise=noise,
    )


def finding(readings: Sequence[DrawReading], *, marker: str = "CEA", state: str = "calm") -> MarkerFinding:
    supporting = tuple(one.draw_id for one in readings if one.stance == "supports")
    return MarkerFinding(
        patient=1,
        marker=marker,
        family=catalogue().marker(marker).family,
        direction="up",
        state=state,  # type: ignore[arg-type]  # a literal, given as text by the tests
        readings=tuple(readings),
        baseline=Baseline(level=2.04, low=1.8, high=2.3, draws=3, draw_ids=(1, 2, 3), start="series"),
        rcv_up_percent=55.0,
        supporting_draw_ids=supporting,
        since_day=None,
        last_value=None,
        last_censoring=0,
        last_day=None,
        change_percent=263.0 if supporting else 2.0,
        slope=None,
        doubling_time=None,
        doubling_time_reason="span_too_short",
        what_would_lower_it=3.1 if supporting else None,
        grade="R",
        segment=0,
        segment_start_day=None,
    )


def panel(points: Sequence[SeriesPoint], found: MarkerFinding | None = None, *, note: str = "") -> Panel:
    marker = catalogue().marker(points[0].marker)
    patient = Patient(name="Zhuo Quibble", birth_date=dt.date(1958, 4, 17), sex="female", menopausal_status="post")
    views = point_views(points, marker=marker, patient=patient, intervals=NO_INTERVALS, finding=found, notes={1: note})
    return Panel(marker=marker, views=views, finding=found)
