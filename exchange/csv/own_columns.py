"""The columns that Leadtime adds to rejected lines, and passes over when they come back mended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LINE: Final = "leadtime_line"
CODE: Final = "leadtime_code"
REASON: Final = "leadtime_reason"
# Without it a file of a few mended lines could lose the proof of what its commas mean.
DECIMAL: Final = "leadtime_decimal"
AS_IT_STOOD: Final = "leadtime_as_it_stood"
OWN: Final = (LINE, CODE, REASON, DECIMAL, AS_IT_STOOD)
EXPORTED: Final = "leadtime_export"  # marks a file of results that Leadtime wrote
PASSED_OVER: Final = (*OWN, EXPORTED)


def is_ours(headers: Sequence[str]) -> bool:
    """Whether these are the columns of rejected lines or of results as Leadtime writes them."""
    return (LINE in headers and CODE in headers) or EXPORTED in headers


def without_own(headers: Sequence[str]) -> list[str]:
    return [header for header in headers if header not in PASSED_OVER]
