"""How long before the scan the alert came. Pure; what the scorecard counts and the patient page says."""

from __future__ import annotations

import datetime as dt


def lead_time_days(raised_at: dt.datetime, performed_on: dt.date, *, tz: dt.tzinfo) -> int:
    """Days of the clinic's calendar from the alert to the examination; below zero where the scan came first."""
    return (performed_on - raised_at.astimezone(tz).date()).days
