"""The engine's findings as JSON and back.

`Trend.finding` holds a marker's finding, `Evaluation.reason` the patient's without its markers. Beside each day the
JSON carries the date in the clinic's time zone, for whoever reads the table without Leadtime; reading back drops it.

A finding stays on record until the patient is evaluated again, so one that an earlier version of the engine wrote is
read too: what this version does not know is passed over, what that one did not say is absent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any, Final, TypeVar, get_type_hints

from monitoring.evaluation import date_of
from monitoring.trends.classical.readings import ClassicalReadings
from monitoring.trends.types import (
    Baseline,
    DoublingTime,
    DrawReading,
    MarkerFinding,
    PatientFinding,
    Reason,
    RiseEvidence,
    Slope,
)

MOVED: Final = ("sustained_rise", "single_rise")  # states of a marker that speaks for a rise by itself

Json = dict[str, Any]
Written = Mapping[str, Any]
_T = TypeVar("_T")

# By name, because "per_day" of a slope is a rate and "next_draw_days" a wait, and neither is a day.
DAYS: Final = {
    "day": "date",
    "since_day": "since_date",
    "last_day": "last_date",
    "segment_start_day": "segment_start_date",
    "onset_day": "onset_date",
    "onset_low": "onset_low_date",
    "onset_high": "onset_high_date",
}
# The rules of the classical readings: name -> the class that holds its numbers.
RULES: Final[Mapping[str, Callable[..., object]]] = {
    name: kind
    for name, kind in get_type_hints(ClassicalReadings).items()
    if isinstance(kind, type) and is_dataclass(kind)
}


def marker_to_json(finding: MarkerFinding, *, tz: dt.tzinfo) -> Json:
    return _with_dates(asdict(finding), tz)


def patient_to_json(finding: PatientFinding, *, tz: dt.tzinfo) -> Json:
    """Level, reasons, since and pattern; the markers have rows of their own."""
    written = _with_dates(asdict(replace(finding, markers=())), tz)
    del written["markers"]
    return written


def marker_from_json(written: Written) -> MarkerFinding:
    return _read(
        MarkerFinding,
        written,
        readings=tuple(_read(DrawReading, reading) for reading in written["readings"]),
        baseline=_baseline(written["baseline"]),
        supporting_draw_ids=tuple(written["supporting_draw_ids"]),
        slope=_part(Slope, written["slope"]),
        doubling_time=_part(DoublingTime, written["doubling_time"]),
        evidence=_part(RiseEvidence, written.get("evidence")),
        classical=_classical(written.get("classical")),
    )


def patient_from_json(written: Written, *, markers: tuple[MarkerFinding, ...] = ()) -> PatientFinding:
    reasons = tuple(_read(Reason, reason, draw_ids=tuple(reason["draw_ids"])) for reason in written["reasons"])
    weighed = tuple(written.get("weighed", ()))
    return _read(PatientFinding, written, reasons=reasons, markers=markers, weighed=weighed)


def nothing_found(patient_id: int) -> PatientFinding:
    """The finding of a patient who has no result that may be read."""
    return PatientFinding(patient=patient_id, level="none", reasons=(), markers=(), since_day=None, pattern="")


def _read(kind: Callable[..., _T], written: Written, **parts: object) -> _T:
    """The dataclass `kind` from the fields it knows, its nested `parts` already read."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]  # every kind here is a dataclass
    return kind(**{**{name: value for name, value in written.items() if name in known}, **parts})


def _part(kind: Callable[..., _T], written: Written | None) -> _T | None:
    return _read(kind, written) if written else None


def _baseline(written: Written | None) -> Baseline | None:
    return _read(Baseline, written, draw_ids=tuple(written["draw_ids"])) if written else None


def _classical(written: Written | None) -> ClassicalReadings | None:
    if not written:
        return None
    return _read(ClassicalReadings, written, **{name: _read(kind, written[name]) for name, kind in RULES.items()})


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
