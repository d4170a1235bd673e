"""Findings as JSON and back."""

from __future__ import annotations

import datetime as dt
import json
from zoneinfo import ZoneInfo

from monitoring.findings import marker_from_json, marker_to_json, nothing_found, patient_from_json, patient_to_json
from monitoring.trends.engine import evaluate
from monitoring.trends.types import PatientFinding
from tests.monitoring.trends.builders import PANEL, series

SHANGHAI = ZoneInfo("Asia/Shanghai")
RISING = [2.0, 2.1, 1.9, 2.0, 4.5, 6.0, 9.0]


def found() -> PatientFinding:
    batch = [series(RISING), series([13.0, 14.0], marker="BAP"), series([0.1], marker="BCTX", censoring=[-1])]
    (patient,) = evaluate(batch, PANEL)
    return patient


def test_a_marker_finding_comes_back_equal_through_json() -> None:
    for finding in found().markers:
        written = json.loads(json.dumps(marker_to_json(finding, tz=SHANGHAI), allow_nan=False))
        assert marker_from_json(written) == finding


def test_a_patient_finding_comes_back_equal_through_json() -> None:
    finding = found()
    assert finding.level == "alert"
    written = json.loads(json.dumps(patient_to_json(finding, tz=SHANGHAI), allow_nan=False))
    assert "markers" not in written
    assert patient_from_json(written, markers=finding.markers) == finding


def test_a_finding_of_nothing_comes_back_equal() -> None:
    assert patient_from_json(patient_to_json(nothing_found(7), tz=SHANGHAI)) == nothing_found(7)


def test_dates_beside_the_days_are_those_of_the_clinic() -> None:
    evening = series([2.0, 2.1], days=[20_000.75, 20_042.75])  # 18:00 UTC is 02:00 of the next day in Shanghai
    (patient,) = evaluate([evening], PANEL)
    in_utc = marker_to_json(patient.markers[0], tz=dt.UTC)
    in_shanghai = marker_to_json(patient.markers[0], tz=SHANGHAI)
    assert [reading["date"] for reading in in_utc["readings"]] == ["2024-10-04", "2024-11-15"]
    assert [reading["date"] for reading in in_shanghai["readings"]] == ["2024-10-05", "2024-11-16"]
    assert (in_shanghai["last_date"], in_shanghai["since_date"]) == ("2024-11-16", None)


def test_a_rate_per_day_is_not_taken_for_a_day() -> None:
    (cea,) = (one for one in found().markers if one.marker == "CEA")
    slope = marker_to_json(cea, tz=dt.UTC)["slope"]
    assert set(slope) == {"per_day", "low", "high", "draws", "span_days", "method"}
