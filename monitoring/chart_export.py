"""The data of one chart as a file: each value as it was reported, with everything the chart says of it.

Texts that a spreadsheet would run as a formula are made harmless in the CSV; the JSON holds them as they are.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any, Final

from django.utils import timezone

from monitoring.chart_panels import Panel
from monitoring.charts import panels_of
from monitoring.draw_notes import held_back_texts
from monitoring.findings import marker_from_json
from monitoring.models import Trend
from monitoring.points import PointView
from monitoring.ranges import intervals_behind
from monitoring.relative import own_level_segment, percent_of_own_level, times_upper_limit
from patients.catalogue import MarkerDefinition, catalogue
from patients.models import Draw, Patient
from patients.selectors import series_points
from patients.spreadsheet_cells import safe

MARK: Final = "\ufeff"  # so that a spreadsheet reads Chinese as such
DIGITS: Final = 6
NOT_KNOWN: Final = "unknown"
COLUMNS: Final = (
    *("collected_at", "marker", "comparator", "value", "unit", "value_canonical", "unit_canonical"),
    *("ref_low", "ref_high", "ref_unit", "ref_origin", "flag", "times_uln", "percent_of_own_level"),
    *("expected_low", "expected_high", "change_percent", "days_since_previous", "series_broken"),
    *("laboratory", "assay", "fasting", "haemolysis", "biotin", "g_csf", "steroid", "draw_note", "read_as", "version"),
    *("own_level", "own_level_unit", "own_level_draws", "own_level_assay"),
    "synthetic",
)
Row = dict[str, Any]


def marker_panel(patient: Patient, marker: MarkerDefinition) -> Panel | None:
    """The panel of one marker; None where the patient has no value of it. The patient has passed `patients.access`."""
    series = series_points([patient.pk], only={patient.pk: (marker.code,)})[patient.pk]
    points = {marker.code: series.get(marker.code, [])}
    trend = Trend.objects.filter(patient=patient, marker_id=marker.code).first()
    found = {marker.code: marker_from_json(trend.finding)} if trend and trend.finding else {}
    draws = Draw.objects.filter(patient=patient).only("pk", "note")
    panels = panels_of(
        points,
        patient=patient,
        intervals=intervals_behind([points]),
        findings=found,
        notes={draw.pk: draw.note for draw in draws},
        markers=catalogue(),
    )
    return panels[0] if panels else None


def chart_rows(panel: Panel | None, *, synthetic: bool) -> list[Row]:
    """One row a value, oldest first; None where there is nothing to say. Each says whether its patient was made up."""
    if panel is None:
        return []
    levels = percent_of_own_level(panel)
    made_up = {"synthetic": "yes" if synthetic else "no"}
    own = own_level(panel)
    return [
        _row(panel.marker, view, level) | _held_to(own if level is not None else None) | made_up
        for view, level in zip(panel.views, levels, strict=True)
    ]


def own_level(panel: Panel | None) -> Row | None:
    """What `percent_of_own_level` is of: the level, its interval and unit, its draws, and the stretch it holds for."""
    held = own_level_segment(panel) if panel else []
    found = panel.finding.baseline if panel and panel.finding else None
    if panel is None or found is None or not held:
        return None
    return {
        "value": _rounded(found.level),
        "low": _rounded(found.low),
        "high": _rounded(found.high),
        "unit": panel.marker.unit,
        "draws": [_collected(view) for view in panel.views if view.point.draw_id in found.draw_ids],
        "assay": held[-1].point.assay or None,
        "laboratory": held[-1].point.laboratory or None,
        "segment_from": _collected(held[0]),
        "segment_to": _collected(held[-1]),
    }


def _held_to(own: Row | None) -> Row:
    """The same in columns of a value that has a percentage; empty for another."""
    return {
        "own_level": own["value"] if own else None,
        "own_level_unit": own["unit"] if own else None,
        "own_level_draws": "; ".join(own["draws"]) if own else None,
        "own_level_assay": own["assay"] if own else None,
    }


def chart_csv(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    out.write(MARK)
    lines = csv.writer(out)
    lines.writerow(COLUMNS)
    lines.writerows([safe(_cell(row[name])) for name in COLUMNS] for row in rows)
    return out.getvalue()


def chart_json(marker: MarkerDefinition, rows: Sequence[Row], *, own: Row | None, now: dt.datetime) -> Row:
    """`own` is what the percentages of the rows are of; None where the engine states no level."""
    return {
        "marker": marker.code,
        "name": marker.name_en,
        "unit": marker.unit,
        "loinc": [one.code for one in marker.loinc],
        "catalogue": catalogue().version,
        "exported_at": timezone.localtime(now).isoformat(timespec="seconds"),
        "own_level": own,
        "values": list(rows),
    }


def _row(marker: MarkerDefinition, view: PointView, level: float | None) -> Row:
    point, within, reading = view.point, view.within, view.reading
    reported = str(point.canonical) if point.derived else point.value
    return {
        "collected_at": _collected(view),
        "marker": marker.code,
        "comparator": point.comparator,
        "value": reported,
        "unit": point.unit,
        "value_canonical": str(point.canonical),
        "unit_canonical": marker.unit,
        "ref_low": _text(within.low if within else None),
        "ref_high": _text(within.high if within else None),
        "ref_unit": marker.unit if within else None,
        "ref_origin": within.label if within else None,
        "flag": view.flag or None,
        "times_uln": _rounded(times_upper_limit(view)),
        "percent_of_own_level": _rounded(level),
        "expected_low": _rounded(reading.band_low if reading else None),
        "expected_high": _rounded(reading.band_high if reading else None),
        "change_percent": _rounded(view.change_percent),
        "days_since_previous": view.days_since_previous,
        "series_broken": view.breaks or None,
        "laboratory": point.laboratory,
        "assay": point.assay,
        **{name: _known(getattr(point, name)) for name in ("fasting", "haemolysis", "biotin", "g_csf", "steroid")},
        "draw_note": view.note,
        "read_as": "; ".join(held_back_texts(view)) or None,
        "version": point.version,
    }


def _collected(view: PointView) -> str:
    local = timezone.localtime(view.point.collected_at)
    return local.isoformat() if view.point.time_known else local.date().isoformat()


def _text(number: object) -> str | None:
    return None if number is None else str(number)


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.{DIGITS}g}")


def _known(said: str) -> str | None:
    return None if said == NOT_KNOWN else said


def _cell(value: object) -> str:
    return "" if value is None else str(value)
