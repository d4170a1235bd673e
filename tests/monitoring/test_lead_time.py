from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from monitoring.lead_time import lead_time_days

RAISED = dt.datetime(2025, 9, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("performed_on", "days"),
    [(dt.date(2025, 9, 1), 0), (dt.date(2025, 9, 2), 1), (dt.date(2025, 11, 30), 90), (dt.date(2025, 8, 29), -3)],
)
def test_the_lead_time_is_the_days_from_the_alert_to_the_scan(performed_on: dt.date, days: int) -> None:
    assert lead_time_days(RAISED, performed_on, tz=dt.UTC) == days


@pytest.mark.parametrize(("second", "days"), [(59, 1), (60, 0)])
def test_the_day_of_an_alert_is_that_of_the_clinic(second: int, days: int) -> None:
    """16:00 UTC is midnight in Shanghai."""
    raised = dt.datetime(2025, 9, 1, 15, 59, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
    assert lead_time_days(raised, dt.date(2025, 9, 2), tz=ZoneInfo("Asia/Shanghai")) == days
