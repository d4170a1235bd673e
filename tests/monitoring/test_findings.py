"""Findings as JSON and back."""

from __future__ import annotations

import datetime as dt
import json
from zoneinfo import ZoneInfo

from monitoring.findings import marker_from_json, marker_to_json, nothing_found, patient_from_json, patient_to_json
from monitoring.trends.types import PatientFinding
from tests.monitoring.trends.builders import patient_of, series

SHANGHAI = ZoneInfo("Asia/Shanghai")
RISING = [2.0, 2.1, 1.9, 2.0, 4.5, 6.0, 9.0]


def found() -> PatientFinding:
    """A marker that rose, with an assay change and a draw of each kind of care; one of two draws; one of a limit."""
    rising = series(RISING, rebase={2: 0.5}, extra={3: 0.2}, watch_only=[1], exclusions=["haemolysed", *[""] * 6])
    return patient_of(rising, series([13.0, 14.0], marker="BAP"), series([0.1], marker="BCTX", censoring=[-1]))


def test_a_marker_finding_comes_back_equal_through_json() -> None:
    for finding in found().markers:
        written = json.loads(json.dumps(marker_to_json(finding, tz=SHANGHAI), allow_nan=False))
        assert marker_from_json(written) == finding


def test_the_evidence_and_the_classical_readings_of_a_rise_are_written_too() -> None:
    (cea,) = (one for one in found().markers if one.marker == "CEA")
    assert cea.state == "sustained_rise"
    written = marker_to_json(cea, tz=dt.UTC)
    evidence, classical = written["evidence"], written["classical"]
    assert (evidence["confirmed"], evidence["part"] > 0) == (True, True)
    assert dt.date.fromisoformat(evidence["onset_low_date"]) <= dt.date.fromisoformat(evidence["onset_date"])
    assert dt.date.fromisoformat(evidence["onset_date"]) <= dt.date.fromisoformat(evidence["onset_high_date"])
    assert (classical["date"], classical["rcv_previous"]["exceeded"]) == (written["last_date"], False)
    assert classical["egtm"]["since_date"] == "2025-03-21"  # the fifth draw, 30 % above the mean before it
    assert [one["rebased"] for one in written["readings"]].index("assay_changed") == 2


def test_a_patient_finding_comes_back_equal_through_json() -> None:
    finding = found()
    assert finding.level == "alert"
    written = json.loads(json.dumps(patient_to_json(finding, tz=SHANGHAI), allow_nan=False))
    assert "markers" not in written
    assert patient_from_json(written, markers=finding.markers) == finding


def test_a_finding_that_an_earlier_version_wrote_is_read_as_far_as_it_goes() -> None:
    finding = found()
    (cea,) = (one for one in finding.markers if one.marker == "CEA")
    old = marker_to_json(cea, tz=dt.UTC)
    for unknown_then in ("evidence", "classical"):
        del old[unknown_then]
    for reading in old["readings"]:
        del reading["log_evidence"], reading["weight"], reading["rebased"], reading["uncertain"], reading["watch_only"]
        reading["support_limit"] = 3.1
    read = marker_from_json(old)
    assert (read.state, read.evidence, read.classical, read.readings[2].rebased) == (cea.state, None, None, "")
    assert (read.readings[6].expected, read.doubling_time) == (cea.readings[6].expected, cea.doubling_time)
    of_patient = patient_to_json(finding, tz=dt.UTC)
    for unknown_then in ("watch_index", "alert_index", "watch_threshold", "alert_threshold", "weighed"):
        del of_patient[unknown_then]
    assert patient_from_json(of_patient).watch_index is None
    assert patient_from_json(of_patient).reasons == finding.reasons


def test_a_finding_of_nothing_comes_back_equal() -> None:
    assert patient_from_json(patient_to_json(nothing_found(7), tz=SHANGHAI)) == nothing_found(7)


def test_dates_beside_the_days_are_those_of_the_clinic() -> None:
    evening = series([2.0, 2.1], days=[20_000.75, 20_042.75])  # 18:00 UTC is 02:00 of the next day in Shanghai
    patient = patient_of(evening)
    in_utc = marker_to_json(patient.markers[0], tz=dt.UTC)
    in_shanghai = marker_to_json(patient.markers[0], tz=SHANGHAI)
    assert [reading["date"] for reading in in_utc["readings"]] == ["2024-10-04", "2024-11-15"]
    assert [reading["date"] for reading in in_shanghai["readings"]] == ["2024-10-05", "2024-11-16"]
    assert (in_shanghai["last_date"], in_shanghai["segment_start_date"]) == ("2024-11-16", "2024-10-05")


def test_a_rate_and_a_wait_are_not_taken_for_a_day() -> None:
    of_patient = patient_to_json(found(), tz=dt.UTC)
    assert {key for key in of_patient if "date" in key} == {"since_date"}
    assert (of_patient["interval_days"], of_patient["next_draw_days"] > 0) == (42.0, True)
    (cea,) = (one for one in found().markers if one.marker == "CEA")
    slope = marker_to_json(cea, tz=dt.UTC)["slope"]
    assert set(slope) == {"per_day", "low", "high", "draws", "span_days", "method"}
