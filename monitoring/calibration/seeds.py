"""Which synthetic cohorts were looked at for what. No seed serves two purposes (docs/adr/0008)."""

from __future__ import annotations

from typing import Final

TUNING: Final = frozenset({11, 101, 102, 103})  # the engine's figures were chosen by looking at these
CALIBRATION: Final = range(201, 207)  # thresholds are fitted to these, one for each drawing interval
TEST: Final = range(301, 400)  # nothing is chosen by these; every published figure comes from them
