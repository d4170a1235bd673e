"""03-Mar-2026: day, letters for the month, four-digit year, so that no reader can swap day and month (NHS CUI)."""

from __future__ import annotations

DATE_FORMAT = "d-M-Y"
SHORT_DATE_FORMAT = "d-M-Y"
DATETIME_FORMAT = "d-M-Y H:i"
SHORT_DATETIME_FORMAT = "d-M-Y H:i"
TIME_FORMAT = "H:i"
