"""The engine's findings as JSON and back.

`Trend.finding` holds a marker's finding, `Evaluation.reason` the patient's without its markers. Beside each day the
JSON carries the date in the clinic's time zone, for whoever reads the table without Leadtime; reading back drops it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from monitoring.evaluation import date_of
from monitoring.trends.types import (
    Baseline,
    DoublingTime,
    DrawReading,
    MarkerFinding,
    PatientFinding,
    Reason,
    Slope,
)

Json = dict[str, Any]
# By name, because "per_day" of a slope is a rate and no day.
DAYS: Final = {
    "day": "date",
    "since_day": "since_date",
    "last_day": "last_date",
    "segment_start_day": "segment_start_date",
}
DATES: Final = frozenset(DAYS.values())


def marker_to_json(finding: MarkerFinding, *, tz: dt.tzinfo) -> Json:
    return _with_dates(asdict(finding), tz)


def patient_to_json(finding: PatientFinding, *, tz: dt.tzinfo) -> Json:
    """Level, reasons, since and pattern; the markers have rows of their own."""
    written = _with_dates(asdict(replace(finding, markers=())), tz)
    del written["markers"]
    return written


def marker_from_json(written: Mapping[str, Any]) -> MarkerFinding:
    fields = _without_dates(written)
    return MarkerFinding(
        **{
            **fields,
            "readings": tuple(DrawReading(**_without_dates(reading)) for reading in fields["readings"]),
            "baseline": _baseline(fields["baseline"]),
            "supporting_draw_ids": tuple(fields["supporting_draw_ids"]),
            "slope": Slope(**fields["slope"]) if fields["slope"] else None,
            "doubling_time": DoublingTime(**fields["doubling_time"]) if fields["doubling_time"] else None,
        }
    )


def patient_from_json(written: Mapping[str, Any], *, markers: tuple[MarkerFinding, ...] = ()) -> PatientFinding:
    fields = _without_dates(written)
    reasons = (_without_dates(reason) for reason in fields["reasons"])
    return PatientFinding(
        **{
            **fields,
            "reasons": tuple(Reason(**{**reason, "draw_ids": tuple(reason["draw_ids"])}) for reason in reasons),
            "markers": markers,
        }
    )


def nothing_found(patient_id: int) -> PatientFinding:
    """The finding of a patient who has no result that may be read."""
    return PatientFinding(patient=patient_id, level="none", reasons=(), markers=(), since_day=None, pattern="")


def _baseline(written: Mapping[str, Any] | None) -> Baseline | None:
    return Baseline(**{**written, "draw_ids": tuple(written["draw_ids"])}) if written else None


def _with_dates(written: Json, tz: dt.tzinfo) -> Json:
    """Each dict with a date beside each day; tuples become lists, as JSON will have them."""
    dated: Json = {}
    for key, value in written.items():
        dated[key] = _nested(value, tz)
        if key in DAYS:
            dated[DAYS[key]] = None if value is None else date_of(value, tz=tz).isoformat()
    return dated


def _nested(value: Any, tz: dt.tzinfo) -> Any:
    if isinstance(value, dict):
        return _with_dates(value, tz)
    if isinstance(value, tuple):
        return [_nested(one, tz) for one in value]
    return value


def _without_dates(written: Mapping[str, Any]) -> Json:
    return {key: value for key, value in written.items() if key not in DATES}
