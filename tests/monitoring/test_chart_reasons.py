"""The words at a panel: what is hatched and why, joined where one reason holds back in several ways, and breaks."""

from __future__ import annotations

import datetime as dt

from monitoring.chart_reasons import break_reasons, hatched_reasons
from monitoring.charts import Events, patient_chart
from monitoring.event_spans import EventSpan
from patients.models import SkeletalEvent
from tests.monitoring.figures import finding, panel, point, reading
from tests.monitoring.test_charts import TODAY, chart

DAY = dt.date(2026, 3, 3).toordinal()


def test_a_time_says_why_from_when_to_when_and_for_how_many_days() -> None:
    (said,) = hatched_reasons([EventSpan(DAY, DAY + 20, "blank", "g_csf_window")])
    assert said == {
        "from": "2026-03-03",
        "to": "2026-03-24",
        "text": "G-CSF raises this marker, 03-Mar-2026 – 23-Mar-2026, held back 21 days",
    }


def test_one_day_is_one_day() -> None:
    (said,) = hatched_reasons([EventSpan(DAY, DAY, "uncertain", "surgery_window")])
    assert said["text"] == "too soon after surgery, 03-Mar-2026 – 03-Mar-2026, held back 1 day"


def test_what_one_reason_holds_back_in_two_ways_is_one_time_and_the_newest_stands_first() -> None:
    both = [
        EventSpan(DAY, DAY + 9, "watch_only", "cholestasis_window"),
        EventSpan(DAY + 5, DAY + 19, "uncertain", "cholestasis_window"),
        EventSpan(DAY + 19, DAY + 29, "blank", "g_csf_window"),
        EventSpan(DAY + 21, DAY + 25, "watch_only", "cholestasis_window"),
    ]
    assert [
        (one["from"], one["text"].partition(",")[0], one["text"].rpartition(" back ")[2])
        for one in hatched_reasons(both)
    ] == [
        ("2026-03-24", "cholestasis raises this marker", "5 days"),
        ("2026-03-22", "G-CSF raises this marker", "11 days"),
        ("2026-03-03", "cholestasis raises this marker", "20 days"),
    ]


def test_a_break_says_its_day_and_why_and_a_new_assay_is_not_said_twice() -> None:
    series = [point("CEA", "2", draw=at, assay="Roche" if at < 3 else "Abbott") for at in (1, 2, 3)]
    found = finding([reading(1), reading(2, rebased="surgery"), reading(3, rebased="assay_change")])
    assert break_reasons(panel(series, found)) == [
        {"at": "2026-02-16T08:00:00", "text": "16-Feb-2026 level re-based: surgery"},
        {"at": "2026-03-30T08:00:00", "text": "30-Mar-2026 assay changed: Roche → Abbott"},
    ]


def test_a_hatched_panel_has_room_for_its_reasons_below_it_and_the_last_one_below_the_dates() -> None:
    bone, tumour = panel([point("ALP", "80")]), panel([point("CEA", "2")])
    broken = Events(skeletal=[SkeletalEvent(kind="fracture", occurred_on=dt.date(2026, 1, 10))])
    plain, hatched = chart(bone, tumour), patient_chart([bone, tumour], events=broken, today=TODAY)
    assert hatched is not None
    lane = 20 + 22 + 12  # its row, its title, the gap
    assert hatched["layout"]["height"] == plain["layout"]["height"] + lane + 32
    assert hatched["layout"]["margin"]["b"] == hatched["plot"]["bottom"] == 40
    assert [(one["marker"], len(one["hatched"])) for one in hatched["panels"]] == [("ALP", 1), ("CEA", 0)]
    last = patient_chart([tumour, bone], events=broken, today=TODAY)
    assert last is not None
    assert last["layout"]["height"] == hatched["layout"]["height"]
    assert last["layout"]["margin"]["b"] == last["plot"]["bottom"] == 72
